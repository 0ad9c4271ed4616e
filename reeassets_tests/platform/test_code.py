"""Which code a table is out of date by: what it computes with, and nothing else."""

import json
import subprocess
import sys

import pytest

from reeassets.platform import code
from reeassets.platform.code import Sources
from reeassets.platform.graph import Graph
from reeassets.settings import Settings
from reeassets_tests.conftest import REPOSITORY

ASSETS = '''"""Assets."""
from reeassets.tables import column
from acme.helper import twice


def made(step):
    """Make it."""
    from acme.pictures import drawn

    step.pictures["it"] = drawn()
    # Twice is enough.
    return twice(step, column("float64", "A number", ge=0))
'''
HELPER = "from . import deep\n\n\ndef twice(step, column):\n    return 2 * deep.NUMBER\n"
FILES = {
    "acme/__init__.py": "",
    "acme/assets.py": ASSETS,
    "acme/helper.py": HELPER,
    "acme/deep.py": "NUMBER = 1\n",
    "acme/pictures.py": "import plotly\n\n\ndef drawn():\n    return b'1'\n",
    "acme/other.py": "NUMBER = 1\n",
}


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """A package of a few modules; a function that writes some of them anew and gives the hash of its assets."""
    monkeypatch.syspath_prepend(tmp_path)

    def digest(words=False, **changed):
        code._file.cache_clear()
        for name, text in (FILES | {f"acme/{name}.py": text for name, text in changed.items()}).items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return Sources().digest(["acme.assets"], words=words)

    yield digest
    code._file.cache_clear()


@pytest.mark.parametrize(
    ("changed", "remade"),
    [
        ({"assets": ASSETS.replace("# Twice is enough.", "# Enough.")}, False),
        ({"assets": ASSETS.replace('"""Make it."""', '"""Make it, twice."""')}, False),
        ({"assets": ASSETS.replace('    """Make it."""\n', "")}, False),
        ({"assets": ASSETS.replace("\n\n\n", "\n\n\n\n")}, False),
        ({"assets": ASSETS.replace("A number", "A share")}, False),
        ({"pictures": "def drawn():\n    return b'2'\n"}, False),
        ({"other": "NUMBER = 2\n"}, False),
        ({"assets": ASSETS.replace("ge=0", "ge=1")}, True),
        ({"assets": ASSETS.replace("return twice", "return 2 * twice")}, True),
        ({"helper": HELPER.replace("2 *", "3 *")}, True),
        ({"deep": "NUMBER = 2\n"}, True),
        ({"deep": "from acme.other import NUMBER\n"}, True),
    ],
)
def test_one_edit_of_each_kind(acme, changed, remade):
    assert (acme(**changed) != acme()) is remade


def test_what_shows_words_and_pictures_follows_them(acme):
    before = acme(words=True)
    assert acme(words=True, assets=ASSETS.replace("A number", "A share")) != before
    assert acme(words=True, pictures="def drawn():\n    return b'2'\n") != before
    assert acme(words=True, assets=ASSETS.replace("# Twice is enough.", "#")) == before


def test_another_version_of_a_package_that_computes_is_other_code(acme, monkeypatch):
    before = acme()
    monkeypatch.setattr(code, "_versions", lambda: {"numpy": "99"})
    assert acme() != before


def test_everything_that_a_stage_imports_is_in_the_closure_of_its_recipes():
    """What Python itself imports, against what is read from the source."""
    graph = Graph(Settings(home=REPOSITORY / "no-home", years="2020"))
    modules = sorted({recipe.compute.__module__ for recipe in graph.recipes.values()})
    assert len(modules) >= 8
    program = (
        "import sys, json, importlib\n"
        "[importlib.import_module(name) for name in json.loads(sys.argv[1])]\n"
        "print(json.dumps([name for name in sys.modules if name.split('.')[0] == 'reeassets']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(modules)], capture_output=True, text=True, check=True, timeout=120
    )
    sources = Sources()
    found = set().union(*(sources.closure(module, words=True) for module in modules))
    assert set(json.loads(done.stdout)) <= found


def test_what_has_been_read_is_kept_beside_the_home_and_found_to_be_the_same(tmp_path):
    kept = tmp_path / "cache" / "code.json"
    first = Sources(kept)
    digest = first.digest(["reeassets.clusters.assets"])
    first.keep()
    assert json.loads(kept.read_text())
    second = Sources(kept)
    assert second.digest(["reeassets.clusters.assets"]) == digest
    kept.write_text("{ not json")
    assert Sources(kept).digest(["reeassets.clusters.assets"]) == digest


def test_the_sources_of_trade_are_told_apart(tmp_path, monkeypatch):
    """An edit of the Comtrade client makes no sample anew, and one of the table of products does."""

    def hashes(source, edited=""):
        read = code.read_source
        monkeypatch.setattr(
            code,
            "read_source",
            lambda text, module, package: read(
                text + ("\nEDITED = 1\n" if module == edited else ""), module, package=package
            ),
        )
        # In a home that is not there nothing is kept.
        graph = Graph(Settings(home=tmp_path / "home", source=source, years="2020", data=tmp_path / "a.zip"))
        found = {name: graph.own_hash(name) for name in ("raw_trade", "classified_products", "product_indicators")}
        monkeypatch.undo()
        return found

    def remade(source, edited):
        now, before = hashes(source, edited), hashes(source)
        return {name for name in now if now[name] != before[name]}

    client, nomenclature = "reeassets.trade.comtrade.client", "reeassets.trade.nomenclature"
    assert remade("sample", client) == set()
    assert remade("comtrade", client) == {"raw_trade"}
    assert "classified_products" in remade("sample", nomenclature)
    assert remade("sample", "reeassets.indicators.influence") == {"product_indicators"}
    assert remade("sample", "reeassets.language_model.client") <= {"classified_products"}
