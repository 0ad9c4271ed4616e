import dataclasses

import numpy as np
import pandas as pd
import pytest

from reeassets.clusters import choice
from reeassets.clusters.cluster import ClusterResult, cluster_economies
from reeassets.clusters.features import cluster_features
from reeassets.clusters.paths import cluster_transitions
from reeassets.clusters.profiles import cluster_profiles
from reeassets.clusters.schema import tables
from reeassets.tables import SchemaViolation
from reeassets_tests.clusters.planted import make_settings, planted, shuffled, stage_row

SETTINGS = make_settings(cluster_countries=25, cluster_bootstraps=3, cluster_n_init=3)


def world():
    """Thirty planted countries, five of them outside the 25 largest; one that trades upstream products only."""
    frame = planted(noise=0.05)
    frame["imports_kusd"] += np.where(frame["country"].str.endswith("05"), 0.0, 50.0)
    return pd.concat([frame, pd.DataFrame([stage_row(2010, "ZZZ", "upstream", imports_kusd=1.0)])], ignore_index=True)


@pytest.fixture(scope="module")
def result() -> ClusterResult:
    return cluster_economies(world(), SETTINGS)


def test_every_table_obeys_its_schema(result):
    declared = {table.name: table for table in tables(SETTINGS)}
    assert set(declared) == {field.name for field in dataclasses.fields(ClusterResult)}
    for name, table in declared.items():
        assert table.stage == "clusters"
        assert not table.by_year
        frame = getattr(result, name)
        assert len(frame)
        checked = table.check(frame)
        assert list(frame.columns) == list(checked.columns)
        assert frame[list(table.key)].to_numpy().tolist() == checked[list(table.key)].to_numpy().tolist()


def test_stored_tables_are_read_like_fresh_ones(result):
    stored = {table.name: table.check(getattr(result, table.name)) for table in tables(SETTINGS)}
    profiles = cluster_profiles(stored["cluster_features"], stored["country_clusters"], SETTINGS)
    pd.testing.assert_frame_equal(profiles, result.cluster_profiles, check_dtype=False)
    transitions = cluster_transitions(stored["country_clusters"])
    pd.testing.assert_frame_equal(transitions, result.cluster_transitions)


def test_the_tables_agree_with_each_other(result):
    paths = result.country_clusters
    clustered = paths.dropna(subset="cluster")
    assert paths["reason"].isna().tolist() == paths["cluster"].notna().tolist()
    assert set(paths.loc[paths["cluster"].isna(), "cluster_name"]) == {"not_ranked"}
    profile = result.cluster_profiles.drop_duplicates("cluster").set_index("cluster")
    assert profile["n_country_years"].to_dict() == clustered["cluster"].value_counts().to_dict()
    assert profile["cluster_name"].to_dict() == dict(zip(clustered["cluster"], clustered["cluster_name"], strict=True))
    assert profile["cluster_name"].is_unique
    assert result.cluster_transitions["count"].sum() == 25 * 2


def test_the_dominant_supplier_is_cluster_one_and_named_so(result):
    first = result.country_clusters.query("country == 'A00'")
    assert set(first["cluster"]) == {1}
    assert set(first["cluster_name"]) == {"low risk, high influence"}


def test_small_countries_are_not_ranked(result):
    reasons = result.country_clusters.dropna(subset="reason").groupby("country")["reason"].unique().str.join("; ")
    assert reasons.to_dict() == dict.fromkeys(["A05", "B05", "C05", "D05", "E05", "ZZZ"], "outside the 25 largest")


def test_the_whole_result_does_not_depend_on_row_order(result):
    again = cluster_economies(shuffled(world()), SETTINGS)
    for field in dataclasses.fields(ClusterResult):
        pd.testing.assert_frame_equal(getattr(again, field.name), getattr(result, field.name), check_exact=True)


def test_final_products_change_the_schema(monkeypatch):
    monkeypatch.setattr(choice, "REFERENCES", 2)
    settings = SETTINGS.model_copy(update={"cluster_include_final": True})
    frame = planted(per_archetype=4, years=2)
    final = frame[frame["stage"] == "input"].assign(stage="final")
    made = cluster_economies(pd.concat([frame, final]), settings)
    for table in tables(settings):
        table.check(getattr(made, table.name))
    assert made.cluster_profiles["feature"].nunique() == 12
    with pytest.raises(SchemaViolation, match="final_exposure"):
        next(table for table in tables(SETTINGS) if table.name == "cluster_features").check(made.cluster_features)


def test_import_intensity_may_exceed_one():
    table = {exposure: tables(make_settings(exposure=exposure))[0] for exposure in ("exposure", "import_intensity")}
    features = cluster_features(planted(years=2), SETTINGS).assign(input_exposure=7.0)
    table["import_intensity"].check(features)
    with pytest.raises(SchemaViolation, match="input_exposure"):
        table["exposure"].check(features)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.iloc[:0], "there are no country-years at all"),
        (lambda f: f[f["stage"] == "upstream"], "no imports of input products"),
        (
            lambda f: f[f["country"].isin(["A00", "B00"])].query("year == 2010"),
            "at least 5 distinct country-years; there are 2",
        ),
        (
            lambda f: f.assign(exposure=0.5, supplier_concentration=0.5, systemic_trade_risk=0.5, influence=0.0),
            "there are 1",
        ),
    ],
)
def test_degenerate_inputs_are_clear_errors(damage, message):
    with pytest.raises(ValueError, match=message):
        cluster_economies(damage(world()), SETTINGS)
