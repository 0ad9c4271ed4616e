"""Which years are computed if nobody says which, as docs/DATA.md has it."""

from types import SimpleNamespace

import pytest

from reeassets.settings import Settings
from reeassets.trade.contract import SourceError
from reeassets.trade.sources import with_years


def chosen(available, **settings):
    source = SimpleNamespace(name="made", version="V", years=lambda: tuple(available))
    return with_years(Settings(**settings), source).years


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (range(2002, 2025), range(2007, 2024)),
        (range(2020, 2025), range(2020, 2024)),
        (range(1995, 2008), [2007]),
        (range(1995, 2007), range(1995, 2007)),
        ([2024], [2024]),
        # A gap outside of the years that are computed is none.
        ([2002, 2019, 2020], [2019, 2020]),
    ],
)
def test_years_are_those_of_2007_to_2023_or_all_if_none_is(tmp_path, available, expected):
    assert chosen(available, home=tmp_path) == tuple(expected)


def test_years_that_are_named_are_kept_and_a_gap_or_no_year_is_refused(tmp_path):
    assert chosen([2002], home=tmp_path, years="2010") == (2010,)
    with pytest.raises(SourceError, match=r"lacks 2020 .* --years 2019,2021"):
        chosen([2019, 2021], home=tmp_path)
    with pytest.raises(SourceError, match="lacks 1996"):
        chosen([1995, 1997], home=tmp_path)
    with pytest.raises(SourceError, match="has no year"):
        chosen([], home=tmp_path)
