"""Which country a person means: a code of the data, or another name of it that is said to be one."""

import difflib
from collections.abc import Callable

import pandas as pd

from reeassets.trade.given import OWN_CODES

# What else the countries of OWN_CODES are called.
_OTHER_NAMES = {"TW": "TWN", "TAIWAN": "TWN", "158": "TWN"}
Say = Callable[[str], None]


def resolve_country(asked: str, economies: pd.DataFrame, countries: pd.DataFrame, say: Say) -> str:
    """Return the code of the country or economy that is asked for.

    Parameters
    ----------
    asked : str
        A code, in capitals or not; or a name, a two-letter or a numeric code, which is said to be the code's.
    economies, countries : DataFrame
        Tables ``economies`` and ``countries``.
    say : callable
        Is told, in a line, what another name stands for.

    Raises
    ------
    ValueError
        If there is no such country, with those that have a like name; or if it is a member of an economy.
    """
    code = code_of(asked, economies, countries, say)
    if code is not None:
        return code
    name = _other_name(asked, countries) or asked.strip().upper()
    merged = economies.loc[economies["country"] == name, "economy"]
    if len(merged):
        raise ValueError(f"{name} is a member of the economy {merged.iloc[0]}; ask for {merged.iloc[0]}")
    raise ValueError(_unknown(asked.strip(), economies))


def code_of(asked: str, economies: pd.DataFrame, countries: pd.DataFrame, say: Say) -> str | None:
    """Return the code as :func:`resolve_country` does, or None if there is no such country or economy."""
    known, code = set(economies["economy"]), asked.strip().upper()
    if code in known:
        return code
    found = _other_name(asked, countries)
    if found not in known:
        return None
    named = countries.loc[countries["iso3"] == found, "country_name"].iloc[0]
    say(f"{asked.strip()} is {found} in these data: {named}")
    return found


def _other_name(asked: str, countries: pd.DataFrame) -> str | None:
    """Return the ISO3 code of a country by another of its names, None if no or several countries have it."""
    name = asked.strip()
    code = OWN_CODES.get(_OTHER_NAMES.get(name.upper(), name.upper()))
    if code is not None and code in set(countries["iso3"]):
        return code
    texts = (countries["iso3"], countries["iso2"], countries["country_name"], countries["country_code"].astype(str))
    fits = [texts[0].str.upper() == name.upper()]
    fits += [text.fillna("").str.casefold() == name.casefold() for text in texts[1:]]
    codes = countries.loc[pd.concat(fits, axis=1).any(axis=1), "iso3"].unique()
    return str(codes[0]) if len(codes) == 1 else None


def _unknown(name: str, economies: pd.DataFrame) -> str:
    names = {
        str(one).casefold(): code for code, one in zip(economies["economy"], economies["economy_name"], strict=True)
    }
    codes = sorted(set(economies["economy"]))
    near = [names[one] for one in difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.7)]
    near += difflib.get_close_matches(name.upper(), codes, n=3, cutoff=0.6)
    hint = f"; is it {' or '.join(dict.fromkeys(near))}?" if near else ""
    return f"there is no country {name!r}{hint}; codes are ISO3, e.g. DEU; there are {', '.join(codes)}"
