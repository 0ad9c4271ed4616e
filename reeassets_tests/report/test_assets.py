"""The recipe of the report: what it reads, and what it says of where the tables come from."""

import contextlib

import duckdb
import pytest

from reeassets.platform.recipe import Step
from reeassets.report.assets import HTML_REPORT, html_report
from reeassets.report.html import TABLES, TEMPLATE
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, Provenance, TableStore
from reeassets.trade.sample import SampleSource
from reeassets_tests.report import made

SCENARIOS = tuple(made.shock_scenarios()["scenario"])


@contextlib.contextmanager
def connect():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def step(tmp_path):
    """A step over a store that holds the made tables."""
    settings = Settings(home=tmp_path, years=made.YEARS)
    store = TableStore(settings.tables_root)
    provenance = Provenance("f" * 64, "sample", "V", "HS17", "1", "feedfacefeedface", {"flows.parquet": "cd" * 32})
    for name, frame in made.tables().items():
        table = made.SCHEMAS[name]
        if table.by_year:
            for year in made.YEARS:
                store.write(table, frame[frame["year"] == year], provenance, year)
        elif table.by_scenario:
            for scenario in SCENARIOS:
                store.write(table, frame[frame["scenario"] == scenario], provenance, scenario)
        else:
            store.write(table, frame, provenance)
    read = {name: made.SCHEMAS[name] for name in TABLES}
    return Step(settings, None, store, read, connect, scenarios=SCENARIOS, years=made.YEARS)


def test_the_recipe_writes_the_page_with_source_set_and_provenance(step, tmp_path):
    html_report.compute(step, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert SampleSource.version in page  # the configured source, by default the sample
    assert "critical33, version 2." in page
    assert "feedfacefeedface" in page
    assert "flows.parquet" in page
    assert "cd" * 32 in page
    assert str(tmp_path) not in page


def test_a_missing_table_is_named(step, tmp_path):
    step.store.path(step.tables["findings"]).unlink()
    with pytest.raises(MissingPartition, match="findings"):
        html_report.compute(step, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_what_the_recipe_depends_on():
    assert html_report.inputs == TABLES
    assert list(html_report.outside(made.SETTINGS, None)) == [TEMPLATE.name, "source"]
    assert list(html_report.lineage(made.SETTINGS, None)) == [TEMPLATE.name]
    assert HTML_REPORT.path(made.SETTINGS) == made.SETTINGS.report_file
    read = {name for name, field in Settings.model_fields.items() if field is not None} & set(html_report.uses)
    assert read == set(html_report.uses)  # every name is a setting
