"""Proposers whose links and votes are recorded in bundled files."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file

_ENDS = {"input": "str", "output": "str"}


def _inside(links: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    members = products["product"]
    return links[links["input"].isin(members) & links["output"].isin(members)]


@dataclass(frozen=True)
class RecordedLinks:
    """Links built and pruned by several voters, a file each; see :class:`reeassets.networks.contract.LinkProposer`.

    Links of products that are not in the set are left out: the set follows the votes on products, and these are
    recorded for the set as the recorded votes make it.

    Attributes
    ----------
    voters : tuple of (str, str, str)
        Name, file of what the voter proposed, and file of how the voter judged.
    """

    name: str
    description: str
    voters: tuple[tuple[str, str, str], ...]
    uses: tuple[str, ...] = ()

    def files(self) -> list[Path]:
        """Return the files of all voters."""
        return [bundled_file(file) for _, built, pruned in self.voters for file in (built, pruned)]

    def build(self, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:  # noqa: ARG002
        """Read what each voter proposed."""
        read = [pd.read_csv(bundled_file(built), dtype=_ENDS).assign(voter=voter) for voter, built, _ in self.voters]
        return _inside(pd.concat(read, ignore_index=True), products)

    def prune(self, candidates: pd.DataFrame, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:  # noqa: ARG002
        """Read how each voter judged the candidates.

        Raises
        ------
        ValueError
            If a voter has not judged a candidate.
        """
        tables = []
        for voter, _, pruned in self.voters:
            judged = candidates[["input", "output"]].merge(
                pd.read_csv(bundled_file(pruned), dtype=_ENDS), on=["input", "output"], how="left"
            )
            missing = judged[judged["vote"].isna()]
            if len(missing):
                first = missing.iloc[0]
                raise ValueError(
                    f"{pruned}: no judgement on {len(missing)} candidate(s), e.g. {first['input']} -> {first['output']}"
                )
            tables.append(judged.assign(voter=voter))
        return pd.concat(tables, ignore_index=True)


CRITICAL33_LINKS = RecordedLinks(
    name="critical33",
    description=(
        "Direct inputs among the 33 products of the sample: proposed by three independent language-model annotators, "
        "every candidate judged again alone by each; prompts and answers are in data/links."
    ),
    voters=tuple(
        (f"annotator_{letter}", f"links/critical33_build_{letter}.csv", f"links/critical33_prune_{letter}.csv")
        for letter in "abc"
    ),
)
RECORDED_LINKS = RecordedLinks(
    name="recorded",
    description=(
        "Direct inputs among the 168 products of the reference set: proposed by three independent language-model "
        "annotators, every candidate judged again alone by each; prompts and answers are in data/links."
    ),
    voters=tuple((f"annotator_{letter}", f"links/build_{letter}.csv", f"links/prune_{letter}.csv") for letter in "abc"),
)
