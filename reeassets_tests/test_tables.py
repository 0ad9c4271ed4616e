import numpy as np
import pandas as pd
import pytest

from reeassets.tables import SchemaViolation, Table, column, country_column, product_column, year_column

TABLE = Table(
    stage="trade",
    name="example",
    description="An example.",
    columns={
        "year": year_column(),
        "country": country_column(),
        "product": product_column(),
        "exposure": column("float64", "A share", ge=0, le=1, nullable=True),
        "stage": column("str", "A stage", isin=("upstream", "input"), nullable=True),
    },
    key=("year", "country", "product"),
    by_year=True,
)


def frame(**changes):
    base = {
        "year": [2020, 2019],
        "country": ["DEU", "CHN"],
        "product": ["850511", "010110"],
        "exposure": [0.5, np.nan],
        "stage": ["input", None],
    }
    return pd.DataFrame(base | changes)


def broken(**changes):
    with pytest.raises(SchemaViolation) as caught:
        TABLE.check(frame(**changes))
    return caught.value.problems


def test_a_good_frame_comes_back_sorted_by_its_key_with_the_tables_dtypes():
    checked = TABLE.check(frame())
    assert checked["year"].tolist() == [2019, 2020]
    assert [str(dtype) for dtype in checked.dtypes] == ["int64", "str", "str", "float64", "str"]
    assert checked["product"].tolist() == ["010110", "850511"]


def test_an_exposure_above_one_is_named_with_its_row():
    (problem,) = broken(exposure=[0.5, 1.5])
    assert (problem.column, problem.count) == ("exposure", 1)
    assert problem.rows[0]["country"] == "CHN"
    assert "less_than_or_equal_to(1" in problem.rule


def test_all_problems_are_reported_at_once():
    problems = broken(exposure=[-0.1, np.inf], product=["85051", "010110"], stage=["final", None])
    assert {problem.column for problem in problems} == {"exposure", "product", "stage"}


def test_a_repeated_key_is_one_problem_with_both_rows():
    (problem,) = broken(year=[2020, 2020], country=["DEU", "DEU"], product=["850511", "850511"])
    assert (problem.column, problem.count, len(problem.rows)) == ("key", 2, 2)


def test_a_missing_value_where_none_is_allowed():
    (problem,) = broken(country=["DEU", None])
    assert problem.column == "country"


def test_missing_and_surplus_columns():
    with pytest.raises(SchemaViolation, match=r"exposure.*missing.*more.*not in the schema"):
        TABLE.check(frame(more=1).drop(columns="exposure"))


def test_text_where_a_number_belongs():
    (problem,) = broken(exposure=["0.5", "many"])
    assert problem.column == "exposure"
    assert "float64" in problem.rule


def test_the_empty_frame_obeys_the_table():
    assert TABLE.check(TABLE.empty()).empty
