"""A web server on 127.0.0.1 that gives a scripted answer to each request, well-behaved or not."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """How to answer one request.

    Attributes
    ----------
    stop_after : int or None
        Bytes of the body after which the answer ends early, in the way that ``ending`` says: ``close`` (an orderly end,
        so a truncated body), ``reset`` (a dropped connection), ``stall`` (silence) or ``drip`` (a byte now and then).
    ranges : bool
        Whether a Range is honoured; If-Range is, unless ``heeds_if_range`` is false.
    length : int or None
        What Content-Length says, if not the truth; -1 for an answer without one.
    """

    body: bytes = b""
    status: int = 200
    etag: str | None = None
    last_modified: str | None = None
    stop_after: int | None = None
    ending: str = "close"
    ranges: bool = True
    heeds_if_range: bool = True
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """What was asked, when, with which body, and how much of the answer was sent."""

    path: str
    headers: dict[str, str]
    at: float
    sent: int = 0
    body: bytes = b""


class MisbehavingServer:
    """Serve ``answers``, one a request, the last one for ever; ``requests`` tells what was asked.

    An answer may also be a function of the request that returns one.
    """

    def __init__(self, *answers: Answer | Callable[[Request], Answer]):
        self.answers = list(answers)
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self.ended = threading.Event()
        outer = self

        class Handler(_Handler):
            server_of = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.url = f"{self.root}baci/"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_answer(self, request):
        with self._lock:
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer


class _Handler(BaseHTTPRequestHandler):
    server_of: MisbehavingServer

    def log_message(self, *_):
        pass

    def do_POST(self):
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self):
        self._serve(b"")

    def _serve(self, asked):
        request = Request(self.path, dict(self.headers), time.monotonic(), body=asked)
        answer = self.server_of.next_answer(request)
        start = self._start(answer)
        body = answer.body[start:]
        self._head(answer, start, len(body))
        for at in range(0, len(body), 16 * 1024):
            chunk = body[at : at + 16 * 1024]
            if answer.stop_after is not None and at + len(chunk) > answer.stop_after:
                self._send(request, chunk[: answer.stop_after - at])
                if answer.ending == "drip":
                    self._drip(request, body[answer.stop_after :])
                self._end(answer.ending)
                return
            self._send(request, chunk)

    def _start(self, answer):
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not match or not answer.ranges or answer.status != 200:
            return 0
        current = (answer.etag, answer.last_modified)
        if answer.heeds_if_range and self.headers.get("If-Range") not in current:
            return 0
        return int(match[1])

    def _head(self, answer, start, length):
        self.send_response_only(206 if start else answer.status)  # no Date unless the script has one
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}")
        if answer.length != -1:
            self.send_header("Content-Length", str(length if answer.length is None else answer.length))
        for name, value in (("ETag", answer.etag), ("Last-Modified", answer.last_modified), *answer.headers.items()):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def _send(self, request, data):
        try:
            self.wfile.write(data)
        except OSError:  # the client has gone: what it got is on its side
            return
        request.sent += len(data)

    def _drip(self, request, rest):
        for byte in rest:
            if self.server_of.ended.wait(0.05):
                return
            self._send(request, bytes([byte]))

    def _end(self, ending):
        self.wfile.flush()
        if ending == "stall":
            self.server_of.ended.wait(10)
        elif ending == "reset":
            time.sleep(0.05)  # let the client read what is on the way, then send RST instead of FIN
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The handler's own files keep the socket open; only its last close sends the reset.
            self.wfile.close()
            self.rfile.close()
            self.connection.close()
        self.close_connection = True
