"""A small graph that runs through the real factory, store and runner: two yearly tables and two without a year."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from reeassets.platform.graph import Graph
from reeassets.platform.recipe import FileOutput, Recipe
from reeassets.settings import Settings
from reeassets.tables import Table, column, year_column

YEARS = (2019, 2020, 2021, 2022)


def _table(name, by_year):
    columns = {"n": column("int64", "Number", ge=0, le=100)}
    if by_year:
        columns = {"year": year_column(), **columns}
    return Table("trade", name, f"Table {name}.", columns, tuple(columns), by_year=by_year)


class Calls(list):
    """What was computed, in order, what each table adds, what a year waits for, and the files it is read from."""

    def __init__(self):
        super().__init__()
        self.add = {}
        self.wait = lambda: None
        self.files = {}


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def make_graph(tmp_path, calls, monkeypatch):
    """Return a function that builds the small graph under given settings."""
    # Set and unset, so that what a run leaves in the environment is gone after the test.
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    tables = {name: _table(name, by_year) for name, by_year in (("base", True), ("total", False), ("share", True))}

    def base(step):
        calls.append(("base", step.year))
        calls.wait()
        return pd.DataFrame({"year": [step.year], "n": [step.year - 2000 + calls.add.get(step.year, 0)]})

    def total(step):
        calls.append(("total", None))
        return pd.DataFrame({"n": [int(step.read("base")["n"].sum() % 100)]})

    def share(step):
        calls.append(("share", step.year))
        return step.read("base").assign(n=lambda frame: frame["n"] + step.read("total")["n"].iloc[0] % 10)

    def summary(step, path):
        calls.append(("summary", None))
        path.write_text(str(step.read("share")["n"].sum()))

    recipes = [
        Recipe("base", base, uses=("link_draws",), outside=lambda *_: dict(calls.files)),
        Recipe("total", total, inputs=("base",), uses=("years",)),
        Recipe("share", share, inputs=("base", "total"), uses=("pass_through",)),
        Recipe(
            "summary",
            summary,
            inputs=("share",),
            uses=("years",),
            output=FileOutput("report", "summary", "A summary.", lambda settings: settings.home / "summary.txt"),
        ),
    ]

    def make(**settings):
        # One partition after the other, so that the order of calls is known; more at a time where a test says so.
        graph = Graph(Settings(**{"home": tmp_path / "home", "workers": 1, "years": YEARS, **settings}))
        graph.tables = tables
        graph.recipes = {made_by.name: made_by for made_by in recipes}
        return graph

    return make


class Silent:
    """A progress observer that only remembers."""

    def __init__(self):
        self.seen = []

    def started(self, stage, name, year):
        pass

    def finished(self, stage, name, year, rows, seconds):
        self.seen.append((stage, name, year, rows))


@pytest.fixture
def silent():
    return Silent()


class Web:
    """A web server on this machine: ``pages`` by path, 404 for others; ``asked`` is what was asked of it."""

    def __init__(self):
        self.pages, self.asked = {}, []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                web.asked.append((self.command, self.path, body))
                status, kind, page = web.pages.get(self.path, (404, "text/html", b"no such page"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(page)

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web():
    found = Web()
    yield found
    found.server.shutdown()
    found.server.server_close()
