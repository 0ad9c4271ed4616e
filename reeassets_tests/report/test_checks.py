from reeassets.report import summaries
from reeassets.report.checks import check_rows
from reeassets_tests.report import made


def test_checks_of_a_coefficient_stand_side_by_side():
    (row,) = check_rows(made.tables()["model_diagnostics"], made.tables()["model_multiplicity"])
    assert row["coefficient"] == "0.100"
    # China, the USA, Germany.
    assert row["without"] == ["0.080", "0.090", "0.110"]
    assert row["placebo"] == "0.0100 (−0.0500 to 0.0700)"
    assert row["inflation"] == "2.3"
    assert (row["bootstrap"], row["bh"], row["holm"]) == ("0.012", "0.030", "0.090")


def test_what_was_not_checked_is_a_dash():
    diagnostics = made.tables()["model_diagnostics"]
    (row,) = check_rows(diagnostics[diagnostics["diagnostic"] == "placebo"], made.empty_tables()["model_multiplicity"])
    assert row["without"] == ["–", "–", "–"]
    assert {row[name] for name in ("coefficient", "inflation", "bootstrap", "bh", "holm")} == {"–"}
    assert check_rows(made.empty_tables()["model_diagnostics"], made.empty_tables()["model_multiplicity"]) == []


def test_agreement_is_that_of_the_clustering_in_use():
    rows = summaries.agreement_rows(made.tables()["cluster_agreement"])
    assert rows == [{"pair": "gaussian_mixture and kmeans", "index": "0.50"}]
