"""A stream is held to the same rules as a frame."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reeassets.storage import Provenance, TableStore
from reeassets.streams import StartOver, Stream, StreamCheck
from reeassets.tables import SchemaViolation, Table, column, product_column, year_column

TABLE = Table(
    stage="trade",
    name="example",
    description="An example.",
    columns={
        "year": year_column(),
        "code": column("int64", "Code", ge=1),
        "product": product_column(),
        "value": column("float64", "Value", gt=0),
        "quantity": column("float64", "Quantity", ge=0, nullable=True),
    },
    key=("year", "product", "code"),
    by_year=True,
)
SCHEMA = pa.schema(
    [
        ("year", pa.int32()),
        ("code", pa.int32()),
        ("product", pa.string()),
        ("value", pa.float64()),
        ("quantity", pa.float64()),
    ]
)
PROVENANCE = Provenance("f", "s", "v", "HS07", "1", "c")
GOOD = [(2020, 1, "850511", 1.0, None), (2020, 2, "850511", 2.0, 0.0), (2020, 1, "010110", 3.0, 1.0)]


def batches(rows, size=2):
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)
    return table.to_batches(max_chunksize=size)


def problems(rows, size=2):
    check = StreamCheck(TABLE)
    for batch in batches(rows, size):
        check.add(batch)
    return {(problem.column, problem.count) for problem in check.problems()}


def test_good_rows_have_no_problems():
    assert problems(GOOD) == set()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((2020, 3, "850511", -1.0, None), ("value", 1)),
        ((2020, 3, "850511", 0.0, None), ("value", 1)),
        ((2020, 3, "850511", float("inf"), None), ("value", 1)),
        ((2020, 3, "850511", float("nan"), None), ("value", 1)),
        ((2020, 3, "850511", None, None), ("value", 1)),
        ((2020, 3, "85051", 1.0, None), ("product", 1)),
        ((2020, 0, "850511", 1.0, None), ("code", 1)),
        ((1900, 3, "850511", 1.0, None), ("year", 1)),
        ((2020, 2, "850511", 9.0, None), ("key", 1)),
        ((2020, 3, None, 9.0, None), ("product", 1)),
    ],
)
def test_one_bad_row_is_found_wherever_it_stands(row, expected):
    for place in range(len(GOOD) + 1):
        assert expected in problems([*GOOD[:place], row, *GOOD[place:]])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([2019, 2020]),
            st.integers(1, 4),
            st.sampled_from(["850511", "010110", "999999"]),
            st.floats(-1, 5),
            st.none() | st.floats(-1, 1),
        ),
        max_size=12,
    )
)
def test_a_stream_passes_exactly_if_the_frame_does(rows):
    frame = pd.DataFrame(rows, columns=SCHEMA.names)
    try:
        TABLE.check(frame)
        passes = True
    except SchemaViolation:
        passes = False
    assert (problems(rows, size=3) == set()) == passes


def test_a_dictionary_is_as_good_as_text(tmp_path):
    rows = pa.Table.from_batches(batches(GOOD))
    encoded = rows.set_column(2, "product", rows["product"].dictionary_encode())
    store = TableStore(tmp_path)
    written = store.write_stream(TABLE, Stream(encoded.to_batches, lambda: {"read": 3}), lambda: PROVENANCE, 2020)
    assert written == 3
    assert store.notes(TABLE, 2020) == {"read": 3}
    assert store.provenance(TABLE, 2020) == PROVENANCE
    frame = store.read(TABLE, 2020)
    assert frame["product"].tolist() == ["850511", "850511", "010110"]
    assert str(frame["product"].dtype) == "str"
    assert frame["quantity"].isna().tolist() == [True, False, False]


def test_a_bad_stream_leaves_the_old_file(tmp_path):
    store = TableStore(tmp_path)
    store.write_stream(TABLE, Stream(lambda: iter(batches(GOOD)), dict), lambda: PROVENANCE, 2020)
    before = store.path(TABLE, 2020).read_bytes()
    with pytest.raises(SchemaViolation, match="value"):
        store.write_stream(
            TABLE, Stream(lambda: iter(batches([(2020, 1, "850511", -1.0, None)])), dict), PROVENANCE, 2020
        )

    def refuse():
        raise ValueError("too many rejected")

    with pytest.raises(ValueError, match="too many"):
        store.write_stream(TABLE, Stream(lambda: iter(batches(GOOD)), refuse), lambda: PROVENANCE, 2020)
    assert store.path(TABLE, 2020).read_bytes() == before
    assert [path.name for path in store.path(TABLE, 2020).parent.iterdir()] == ["2020.parquet"]


def test_an_empty_stream_is_an_empty_table(tmp_path):
    store = TableStore(tmp_path)
    assert store.write_stream(TABLE, Stream(lambda: iter(()), dict), lambda: PROVENANCE, 2020) == 0
    assert store.read(TABLE, 2020).empty


def test_other_columns_are_refused():
    with pytest.raises(SchemaViolation, match="instead of"):
        StreamCheck(TABLE).add(pa.RecordBatch.from_pydict({"year": np.array([2020], dtype=np.int32)}))


def test_a_stream_that_starts_over_leaves_nothing_of_its_first_try(tmp_path):
    tries = []

    def again():
        tries.append(1)
        if len(tries) == 1:
            yield from batches([(2020, 7, "850511", -5.0, None)])
            raise StartOver
        yield from batches(GOOD)

    store = TableStore(tmp_path)
    assert store.write_stream(TABLE, Stream(again, dict), lambda: PROVENANCE, 2020) == 3
    assert store.read(TABLE, 2020)["code"].tolist() == [1, 2, 1]
