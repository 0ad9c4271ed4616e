"""Votes that are recorded in bundled files, one file per voter, so that a run needs no key and no network."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from reeassets.products.contract import MATERIALITY, Vote
from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file

FULL, SHORTLIST = "full", "shortlist"


def _checked(row: dict[str, object], place: str) -> None:
    """Raise ValueError, naming file and line, if a row is no whole vote."""
    if row["round"] == SHORTLIST and row["is_ree"] == "false":
        return
    try:
        Vote.model_validate(
            {
                **{name: row[name] for name in ("is_ree", "stage", "application", "confidence", "rationale")},
                "elements": tuple(str(row["elements"]).split()),
            }
        )
    except ValidationError as problem:
        first = problem.errors()[0]
        raise ValueError(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from problem


def read_votes(file: str) -> pd.DataFrame:
    """Read and check one voter's file.

    Parameters
    ----------
    file : str
        CSV inside the bundled data: ``product``, ``round``, ``is_ree``, ``stage``, ``application``, ``elements``,
        ``confidence``, ``rationale``.

    Raises
    ------
    ValueError
        If a row is no vote; the message names file, line and field.
    """
    text = pd.read_csv(bundled_file(file), dtype="str", keep_default_na=False)
    # A dictionary a row is what pydantic reads; 5,000 take a tenth of a second.
    for line, row in enumerate(text.to_dict("records"), start=2):
        _checked(row, f"{file}, line {line}")
    twice = text.loc[text["product"].duplicated(), "product"]
    if len(twice):
        raise ValueError(f"{file}: {twice.iloc[0]} has two votes")
    empty = text.where(text != "")
    return empty.assign(
        is_ree=text["is_ree"].map({"true": True, "false": False}).astype("boolean"),
        confidence=text["confidence"].astype("float64"),
    )


def read_materiality(file: str, votes: pd.DataFrame) -> pd.Series:
    """Read one voter's bands of materiality, in the order of the votes; null where the voter was not asked.

    Parameters
    ----------
    file : str
        CSV inside the bundled data: ``product``, ``materiality``, ``reason``.
    votes : DataFrame
        The voter's votes.

    Raises
    ------
    ValueError
        If a row has no band or no reason, or its code no vote or two rows; the message names file and line.
    """
    text = pd.read_csv(bundled_file(file), dtype="str", keep_default_na=False)
    wrong = ~text["materiality"].isin(list(MATERIALITY)) | (text["reason"].str.len() == 0)
    wrong |= ~text["product"].isin(votes["product"]) | text["product"].duplicated()
    if wrong.any():
        line = int(wrong.to_numpy().argmax())
        row = text.iloc[line]
        raise ValueError(
            f"{file}, line {line + 2}: {row['product']!r}, {row['materiality']!r}: not one row a code of the "
            f"votes, with one of {', '.join(MATERIALITY)} and a reason"
        )
    return votes["product"].map(text.set_index("product")["materiality"]).astype("str")


@dataclass(frozen=True)
class RecordedVotes:
    """Votes read from bundled files; see :class:`reeassets.products.contract.Classifier`.

    Attributes
    ----------
    voters : tuple of (str, str, str)
        Name of each voter, file of its votes, and file of how it judged materiality.
    """

    name: str
    description: str
    voters: tuple[tuple[str, str, str], ...]
    uses: tuple[str, ...] = ()

    def files(self) -> list[Path]:
        """Return the files of the votes."""
        return [bundled_file(file) for _, *files in self.voters for file in files]

    def votes(self, nomenclature: pd.DataFrame, settings: Settings) -> pd.DataFrame:  # noqa: ARG002  (as the contract calls it)
        """Read the votes.

        Raises
        ------
        ValueError
            If a file is not in order, or votes on a code that the nomenclature does not have, or leaves one out.
        """
        tables = []
        for voter, file, materiality in self.voters:
            table = read_votes(file)
            wrong = sorted(set(table["product"]) ^ set(nomenclature["product"]))
            if wrong:
                revision = nomenclature["revision"].iloc[0]
                raise ValueError(f"{file}: not the codes of {revision}: {', '.join(wrong[:10])}")
            tables.append(table.assign(voter=voter, materiality=read_materiality(materiality, table)))
        return pd.concat(tables, ignore_index=True).assign(abstention=pd.Series(dtype="str"))


RECORDED_VOTES = RecordedVotes(
    name="recorded",
    description=(
        "Three independent passes of language-model annotators over all codes of HS 2007: a materials chemist's, a "
        "customs officer's and an industrial engineer's point of view; prompts and answers are in data/votes."
    ),
    voters=tuple(
        (f"annotator_{letter}", f"votes/annotator_{letter}.csv", f"votes/materiality_{letter}.csv") for letter in "abc"
    ),
)
