"""Published lists of rare-earth and of other codes, compared with the reference set code by code."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.products.ree168 import FINAL_PER_HEADING, SIZE, chosen
from reeassets.products.voting import SUPPORTS
from reeassets.trade.bundled import bundled_file

_CODE = re.compile(r"\d{6}(\d{2})?")


@dataclass(frozen=True)
class CodeList:
    """One bundled list.

    Attributes
    ----------
    name, file : str
        What it is called in the table, and where it is.
    code, label, stage, source : str
        Its columns; ``stage`` and ``source`` may be missing.
    rare_earth : str or None
        Label of its rare-earth codes; ``*`` if all of it is about rare earths, None if nothing is.
    """

    name: str
    file: str
    code: str
    label: str
    stage: str | None = None
    source: str | None = None
    rare_earth: str | None = None


LISTS = (
    CodeList(
        "collected rare-earth codes",
        "code_lists/ree_hs_codes_tiers_collected.csv",
        "code",
        "application_or_label",
        "tier_or_stage",
        "source",
        rare_earth="*",
    ),
    CodeList(
        "WTO critical minerals",
        "code_lists/WTO_critical_minerals_HS6.csv",
        "hs6_code",
        "category",
        rare_earth="Rare Earth Elements",
    ),
    CodeList(
        "low-carbon technology",
        "code_lists/low_carbon_technology_hs6_groups.csv",
        "hs6",
        "group",
    ),
)


def files() -> list[Path]:
    """Return the files of the lists."""
    return [bundled_file(listed.file) for listed in LISTS]


def _read(listed: CodeList) -> pd.DataFrame:
    table = pd.read_csv(bundled_file(listed.file), dtype="str", encoding="utf-8-sig")
    wrong = [code for code in table[listed.code] if not _CODE.fullmatch(code)]
    if wrong:
        raise ValueError(f"{listed.file}: {', '.join(wrong)} are no codes of six or eight digits")
    told = [column for column in (listed.source, listed.stage, listed.label) if column]
    label = table[told].fillna("").agg(": ".join, axis=1)
    about = (table[listed.label] == listed.rare_earth) | (listed.rare_earth == "*")
    entries = pd.DataFrame({"code": table[listed.code], "label": label, "list": listed.name, "rare_earth_list": about})
    return entries.groupby(["list", "code"], as_index=False).agg(
        label=("label", lambda of: "; ".join(dict.fromkeys(of))), rare_earth_list=("rare_earth_list", "any")
    )


def _reason(product: str, classified: pd.DataFrame, ranking: pd.DataFrame, members: set[str]) -> str | None:
    """Say why a product is not in the reference set, or None if it is."""
    if product not in classified.index:
        return "not a code of the revision that the set is written in"
    if product in members:
        return None
    row = classified.loc[product]
    votes = f"{row['ree_votes']} of {row['n_votes']} voters hold it to be rare-earth"
    if product in ranking.index and row["support"] != SUPPORTS[0]:
        return f"{votes}: the set is of codes with all votes"
    if product in ranking.index and ranking.loc[product, "eligible"]:
        rank = ranking.loc[product, "rank"]
        return f"{votes}, materiality {row['materiality']:.2f}: rank {rank}, and the set ends at {SIZE}"
    if product in ranking.index:
        return (
            f"{votes}: {FINAL_PER_HEADING} final codes of heading {product[:4]} come before it, and no more are taken"
        )
    return f"{votes}; {row['rationale']}"


def code_list_evidence(classified: pd.DataFrame, ranking: pd.DataFrame) -> pd.DataFrame:
    """Compare every code of the published lists with the reference set.

    Parameters
    ----------
    classified : DataFrame
        From :func:`reeassets.products.voting.majority`.
    ranking : DataFrame
        From :func:`reeassets.products.ree168.ranked`.

    Returns
    -------
    DataFrame
        Table ``code_list_evidence``; codes of eight digits are national subdivisions and stand for their first six.
    """
    by_code, by_rank = classified.set_index("product"), ranking.set_index("product")
    members = set(chosen(ranking)["product"])
    table = pd.concat([_read(listed) for listed in LISTS], ignore_index=True)
    table["product"] = table["code"].str[:6]
    table["rank"] = table["product"].map(by_rank["rank"]).astype("Int64")
    table["reason"] = pd.Series(
        [_reason(product, by_code, by_rank, members) for product in table["product"]], dtype="str"
    )
    table["in_reference_set"] = table["reason"].isna()
    known = table["product"].isin(by_code.index)
    for name in ("stage", "ree_votes", "n_votes"):
        values = table["product"].where(known).map(by_code[name])
        table[name] = values.astype("str" if name == "stage" else "Int64")
    return table
