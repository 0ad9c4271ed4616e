"""The two readers of a year's file have one meaning, and every line is a row of its own."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.streams import StartOver

from .archives import GOOD, archive, year_name, year_text
from .test_baci import read, source

ODD = ["850511", "0850511", "000001", "0x1F", "0X1F", " 7 ", "00276", "+5", "-0", ".5", "5.", "1e5", "1E999", "1e-7"]
FIELDS = st.sampled_from([*ODD, "1e12", "NA", "nan", "inf", "", '"3"', '" 4"', "1_0", "1 0", "\t2", "٣"])
LINE = st.tuples(st.sampled_from(GOOD), st.integers(0, 5), FIELDS)


def both(path):
    """Return the rows of the fast reader (None if it gives up) and those of the careful one, with its accounting."""
    fast = source(path).open_year(2020)
    try:
        quick = [row for batch in fast.batches() for row in batch.to_pylist()]
        assert fast.accounting.rejected == 0
    except StartOver:
        quick = None
    careful = source(path).open_year(2020)
    careful._careful = True
    slow = None
    while slow is None:
        with contextlib.suppress(StartOver):
            slow = [row for batch in careful.batches() for row in batch.to_pylist()]
    return quick, slow, careful.accounting


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(LINE, min_size=1, max_size=3), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_the_fast_reader_accepts_the_careful_one_reads_as_the_same(tmp_path_factory, changes, newline):
    lines = []
    for place, (row, column, field) in enumerate(changes):
        fields = row.split(",")
        fields[3] = str(100000 + place)
        fields[column] = field
        lines.append(",".join(fields))
    path = tmp_path_factory.mktemp("both") / year_name()
    path.write_bytes(year_text(lines, newline=newline).encode())
    quick, slow, accounting = both(path)
    assert accounting.read == len(lines) == accounting.rejected + len(slow)
    if quick is not None:
        assert quick == slow
        assert accounting.rejected == 0


def test_the_fast_reader_reads_what_is_as_it_should_be(tmp_path):
    quick, slow, _ = both(archive(tmp_path / "a.zip"))
    assert quick == slow
    assert len(quick) == len(GOOD)


@pytest.mark.parametrize("empty", ["", "   ", "\t ", ",,,,,", " , ,,, ,"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_line_with_nothing_on_it_is_no_row(tmp_path, empty, newline):
    path = tmp_path / year_name()
    lines = [empty, GOOD[0], empty, "2020,4,broken", empty, *GOOD[1:], empty]
    path.write_bytes(year_text(lines, newline=newline).encode())
    quick, slow, accounting = both(path)
    assert quick is None
    assert len(slow) == len(GOOD)
    assert (accounting.read, accounting.rejected) == (len(GOOD) + 1, 1)
    (found,) = accounting.rejections.values()
    assert found.examples == [(5, "2020,4,broken")]


@pytest.mark.parametrize("stray", ['"', '27"6', '"850519', '850519"', '"1.5""'])
@pytest.mark.parametrize("column", range(1, 6))
def test_a_stray_quote_costs_its_own_row_and_no_other(tmp_path, stray, column):
    fields = ["2020", "276", "156", "850519", "1.5", "1"]
    fields[column] = stray
    path = tmp_path / year_name()
    path.write_text(year_text([GOOD[0], ",".join(fields), *GOOD[1:]]))
    quick, slow, accounting = both(path)
    assert quick is None
    assert (accounting.read, accounting.rejected) == (4, 1)
    assert [row["product"] for row in slow] == ["850511", "010110", "260600"]
    ((line, _),) = next(iter(accounting.rejections.values())).examples
    assert line == 3


def test_of_rows_with_one_key_the_first_is_kept_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("reeassets.trade.baci.careful._BLOCK", 4096)
    rows = [f"2020,276,156,{code},{code},1" for code in range(300_001, 303_001)]
    again = {line: f"2020,276,156,{line % 7 + 300_001},9999,1" for line in range(4, 3000, 250)}
    for line, text in again.items():
        rows.insert(line - 2, text)
    path = tmp_path / year_name()
    path.write_text(year_text(rows))
    flows, accounting = read(path)
    expected = {}
    for text in rows:
        fields = text.split(",")
        expected.setdefault(fields[3], float(fields[4]))
    assert dict(zip(flows["product"], flows["value_kusd"], strict=True)) == expected
    rejection = accounting.rejections["exporter, importer and product stand twice"]
    assert (accounting.read, rejection.count) == (len(rows), len(rows) - 3000)
    assert all(rows[line - 2] == text for line, text in rejection.examples)


def test_lines_are_counted_right_over_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("reeassets.trade.baci.careful._BLOCK", 4096)
    rows = [f"2020,276,156,{code},1,1" for code in range(300_001, 305_001)]
    bad = {line: ('2020,276,156,"1,1,1', "2020,276,156,700000,-1,1")[line % 2] for line in range(100, 5000, 700)}
    for line, text in bad.items():
        rows[line - 2] = text
    path = tmp_path / year_name()
    path.write_text(year_text(rows))
    _, slow, accounting = both(path)
    lines = {line for rejection in accounting.rejections.values() for line, _ in rejection.examples}
    assert lines == set(bad)
    assert (accounting.read, len(slow)) == (5000, 5000 - len(bad))
