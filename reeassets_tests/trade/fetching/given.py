"""What a fetch is tried with: archives, answers that break, and a look at what is there afterwards."""

import hashlib
import io
import random
import re
import zipfile
from itertools import pairwise

from reeassets.trade.download import Patience, Watch
from reeassets.trade.fetch import fetch_baci
from reeassets_tests.misbehaving_server import Answer

NAME = "BACI_HS07_V202601.zip"
QUICK = Patience(
    connect_timeout=2, read_timeout=0.3, attempts=3, first_wait=0.01, longest_wait=0.03, jitter=0.01, progress=200_000
)


def archive(seed):
    """A zip archive of 1 MB that does not compress, and ends just after a multiple of 64 KiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr("BACI_HS07_Y2007_V202601.csv", random.Random(seed).randbytes(15 * 64 * 1024))
    return buffer.getvalue()


WHOLE, OTHER = archive(1), archive(2)
HALF = 500_000
GOOD = Answer(WHOLE, etag='"one"')
GOOD_OTHER = Answer(OTHER, etag='"two"')


def broken(ending, answer=GOOD, **changes):
    return Answer(**{**answer.__dict__, "stop_after": HALF, "ending": ending, **changes})


class Heard(Watch):
    def __init__(self):
        self.words, self.positions = [], []

    def advanced(self, position, total):
        self.positions.append((position, total))

    def told(self, what):
        self.words.append(what)


def fetched(server, folder, patience=QUICK, **options):
    return fetch_baci("HS07", "V202601", folder, base_url=server.url, patience=patience, **options)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_in_place(folder, content=WHOLE):
    assert (folder / NAME).read_bytes() == content
    assert (folder / f"{NAME}.sha256").read_text() == f"{hashlib.sha256(content).hexdigest()}  {NAME}\n"
    assert files(folder) == [NAME, f"{NAME}.sha256"]


def asked(server):
    """Range and If-Range of every request."""
    return [(request.headers.get("Range"), request.headers.get("If-Range")) for request in server.requests]


def range_start(server, request):
    return int(re.fullmatch(r"bytes=(\d+)-", asked(server)[request][0])[1])


def pauses(server):
    return [later.at - earlier.at for earlier, later in pairwise(server.requests)]
