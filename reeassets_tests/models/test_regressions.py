import os
import subprocess
import sys

import pandas as pd
import pytest

from reeassets import plugins
from reeassets.models.contract import ROW_KEY
from reeassets.models.regressions import rca_models, sample_counts
from reeassets.models.schema import RCA_MODELS, panel_table, tables
from reeassets_tests.indicators.builders import FixedHazard
from reeassets_tests.models.made import NO_LINKS, made_panel, product_names, settings


def test_every_registered_model_runs_and_the_table_holds():
    panel = made_panel(seed=41)
    names = product_names(3)
    links = pd.DataFrame({"input": names[:2], "output": names[1:], "in_network": True, "weight": 1.0})
    rows = rca_models(panel, links, settings())
    assert set(rows["model"]) == {"rca_growth", "entry", "exit", "input_linked"}
    pd.testing.assert_frame_equal(RCA_MODELS.check(rows), rows, check_dtype=False)
    assert not rows.duplicated(list(ROW_KEY)).any()
    again = rca_models(panel.sample(frac=1, random_state=2), links.iloc[::-1], settings())
    pd.testing.assert_frame_equal(again, rows, check_exact=True)
    assert "input_linked" not in set(rca_models(panel, NO_LINKS, settings())["model"])


class Broken:
    name = "broken"
    description = "returns half a row"

    def specifications(self, settings, hazards):
        return []

    def fit(self, panel, links, specifications, settings):
        return pd.DataFrame({"model": ["broken"], "term": ["risk"]})


def test_a_model_that_breaks_the_contract_is_named(monkeypatch):
    monkeypatch.setattr(plugins, "every", lambda group, contract: {"broken": Broken()})
    with pytest.raises(plugins.PluginError, match=r"model 'broken' returned rows without outcome, delta"):
        rca_models(made_panel(seed=42), NO_LINKS, settings())


def test_sample_counts_by_hand():
    panel = made_panel(seed=43, countries=3, products=3, years=4, n_input=1, kept=1.1, null_share=0.0)
    assert len(panel) == 36
    first = panel.index[(panel["country"] == "AAA") & (panel["product"] == "280100")]
    panel.loc[first[0], "supplier_concentration"] = float("nan")
    panel.loc[first[1], "log1p_exports"] = 0.0
    panel["import_intensity"] = float("nan")
    # The pair has one row left of three with an outcome: alone in its pair, it goes.
    assert sample_counts(panel, settings()) == {
        "delta1_exporting": 26,
        "delta1_complete": 25,
        "delta1_dropped_pair": 1,
        "delta1_dropped_country_year": 0,
        "delta1_dropped_product_year": 0,
        "delta1_used": 24,
    }
    rows = rca_models(panel, NO_LINKS, settings())
    own = rows[(rows["model"] == "rca_growth") & rows["in_curve"] & (rows["exposure_definition"] != "import_intensity")]
    assert own.loc[own["n_obs"] > 0, "n_obs"].isin([24]).all()


def test_the_panel_table_follows_hazards_and_deltas(monkeypatch):
    names = list(panel_table(settings((2, 4))).columns)
    assert [name for name in names if "_lead" in name] == ["rca_lead2", "rsca_lead2", "rca_lead4", "rsca_lead4"]
    another = plugins.Plugin("hazards", "drought", "somewhere", "1", FixedHazard({}, name="drought"), None)
    found = plugins.discover("hazards")
    monkeypatch.setattr(plugins, "discover", lambda group: [*found, another])
    more = list(panel_table(settings((2, 4))).columns)
    assert set(more) - set(names) == {
        "systemic_trade_risk__drought",
        "indirect_risk__drought",
        "multi_tier_risk__drought",
    }
    assert [table.name for table in tables(settings())] == [
        "panel",
        "rca_models",
        "model_diagnostics",
        "model_multiplicity",
        "findings",
        "robust_claims",
        "trade_measures",
        "event_study",
    ]


def test_importing_the_stage_does_not_load_statsmodels():
    code = (
        "import sys, reeassets.models.regressions, reeassets.models.schema, reeassets.models.entry, "
        "reeassets.models.input_linked, reeassets.models.panel, reeassets.models.event_study, "
        "reeassets.models.robust_claims; "
        "print([m for m in sys.modules if m.startswith("
        "('statsmodels', 'sklearn', 'scipy.stats', 'dagster'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"
