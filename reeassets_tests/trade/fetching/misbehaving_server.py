"""A web server on 127.0.0.1 that gives a scripted answer to each request, well-behaved or not."""

import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """How to answer one request.

    Attributes
    ----------
    stop_after : int or None
        Bytes of the body after which the answer ends early, in the way that ``ending`` says: ``close`` (an orderly end,
        so a truncated body), ``reset`` (a dropped connection) or ``stall`` (silence).
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
    """What was asked, when, and how much of the body was sent."""

    path: str
    headers: dict[str, str]
    at: float
    sent: int = 0


class MisbehavingServer:
    """Serve ``answers``, one a request, the last one for ever; ``requests`` tells what was asked."""

    def __init__(self, *answers: Answer):
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.ended = threading.Event()
        outer = self

        class Handler(_Handler):
            server_of = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/baci/"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    server_of: MisbehavingServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        request = Request(self.path, dict(self.headers), time.monotonic())
        self.server_of.requests.append(request)
        answer = self.server_of.next_answer()
        start = self._start(answer)
        body = answer.body[start:]
        self._head(answer, start, len(body))
        for at in range(0, len(body), 16 * 1024):
            chunk = body[at : at + 16 * 1024]
            if answer.stop_after is not None and at + len(chunk) > answer.stop_after:
                self._send(request, chunk[: answer.stop_after - at])
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
