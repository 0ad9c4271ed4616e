"""The Harmonized System: codes and descriptions of each revision, and BACI's country table, as bundled."""

import io
from pathlib import Path

import pandas as pd

from reeassets.trade.bundled import bundled_file

REVISIONS = ("HS92", "HS96", "HS02", "HS07", "HS12", "HS17", "HS22")
COUNTRY_TABLE = "country_codes_V202601.csv"
CHAPTERS = "nomenclature/hs_chapters.csv"


def require_revision(name: str) -> None:
    """Raise ValueError for a name that is no revision."""
    if name not in REVISIONS:
        raise ValueError(f"{name!r} is not a revision of the Harmonized System; known: {', '.join(REVISIONS)}")


def nomenclature_file(revision: str) -> Path:
    """Return the bundled code list of a revision; raises ValueError for a name that is no revision."""
    require_revision(revision)
    return bundled_file(f"nomenclature/product_codes_{revision}.csv.gz")


def _heading_texts(codes: pd.DataFrame) -> pd.Series:
    """Return what the codes of each heading are called before their first semicolon or comma, each name once."""
    names = codes[["heading"]].assign(name=codes["description"].str.extract(r"^([^;,]*)", expand=False).str.strip())
    return names.drop_duplicates().groupby("heading")["name"].agg(" / ".join)


def nomenclature(revision: str) -> pd.DataFrame:
    """Read the code list of a revision.

    Returns
    -------
    DataFrame
        ``product`` (six digits), ``description``, ``heading`` (four digits), ``heading_text``, ``chapter`` (two
        digits), ``chapter_text``, ``revision``. The bundled lists have no texts of headings: theirs is what their codes
        have in common.
    """
    codes = pd.read_csv(nomenclature_file(revision), dtype="str")
    titles = pd.read_csv(bundled_file(CHAPTERS), dtype="str").set_index("chapter")["title"]
    table = pd.DataFrame({"product": codes["code"].str.zfill(6), "description": codes["description"].str.strip()})
    table["heading"], table["chapter"] = table["product"].str[:4], table["product"].str[:2]
    table["heading_text"] = table["heading"].map(_heading_texts(table))
    table["chapter_text"] = table["chapter"].map(titles)
    return table.assign(revision=revision)


def _undo_double_encoding(name: str) -> str:
    """Repair a name that was encoded in UTF-8 twice, as a few in CEPII's table are; leave any other as it is."""
    try:
        return name.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return name


def read_country_table(path: Path | io.RawIOBase | io.BufferedReader) -> pd.DataFrame:
    """Read a country table as CEPII ships it.

    Namibia's alpha-2 code is the text ``NA``, so nothing is read as a missing value.
    """
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    return pd.DataFrame(
        {
            "country_code": table["country_code"].astype("int64"),
            "country_name": table["country_name"].map(_undo_double_encoding),
            "iso2": table["country_iso2"],
            "iso3": table["country_iso3"],
        }
    )
