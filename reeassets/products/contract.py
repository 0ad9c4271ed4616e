"""The contracts of a classifier and of a product set, and the vote that a voter casts."""

from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator

from reeassets.settings import Settings

Stage = Literal["upstream", "input", "final"]
Materiality = Literal["<5", "5-20", "20-50", ">50"]
Application = Literal[
    "magnets",
    "catalysts",
    "phosphors & lighting",
    "polishing",
    "glass & optics",
    "ceramics",
    "batteries",
    "metallurgy",
    "electronics",
    "motors & generators",
    "vehicles",
    "wind",
    "medical",
    "nuclear",
    "defence",
    "other",
]
Element = Literal[
    "Sc", "Y", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"
]  # fmt: skip
APPLICATIONS: tuple[str, ...] = get_args(Application)
ELEMENTS: tuple[str, ...] = get_args(Element)
# Share of the world trade under a code in goods that contain or need rare earths: the bands voters choose from, and
# what each counts as.
MATERIALITY: dict[str, float] = dict(zip(get_args(Materiality), (0.02, 0.12, 0.35, 0.75), strict=True))
# The revision that classifiers vote on; a set written in another one brings its own classification.
CLASSIFIED_REVISION = "HS07"
LONGEST_RATIONALE = 600


class Vote(BaseModel):
    """One voter's answer on one product, or on nothing at all: every field is given, or the vote is no vote.

    Attributes
    ----------
    is_ree : bool
        Whether the product contains rare earths, or needs them to be made.
    stage : str
        ``upstream`` (ores, oxides, salts, metals, alloys, scrap), ``input`` (bought to make other goods) or ``final``
        (bought for use).
    application : str
        Main application.
    elements : tuple of str
        Symbols of the rare-earth elements concerned, each once, in the order of the periodic table.
    confidence : float
        How sure the voter is of ``is_ree``, in [0,1].
    rationale : str
        The voter's reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_ree: bool
    stage: Stage
    application: Application
    elements: tuple[Element, ...]
    confidence: float = Field(ge=0, le=1)
    rationale: str = Field(min_length=1, max_length=LONGEST_RATIONALE)

    @field_validator("elements", mode="after")
    @classmethod
    def _ordered(cls, value: tuple[Element, ...]) -> tuple[Element, ...]:
        return tuple(element for element in get_args(Element) if element in value)


class VoteWithMateriality(Vote):
    """A vote of a voter who is asked everything at once.

    Attributes
    ----------
    materiality : str
        Share of the code's world trade, by value, in goods that contain or need rare earths: a band of percent.
    """

    materiality: Materiality


@runtime_checkable
class Classifier(Protocol):
    """Votes on products: one voter, or several that do not see one another's answers.

    Attributes
    ----------
    name : str
        Name under which it is registered.
    description : str
        Who votes, and how.
    uses : tuple of str
        Settings that its votes depend on.
    """

    name: str
    description: str
    uses: tuple[str, ...]

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage."""
        ...

    def votes(self, nomenclature: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Vote on the products of a nomenclature.

        Parameters
        ----------
        nomenclature : DataFrame
            ``product``, ``description``, ``heading``, ``heading_text``, ``chapter``, ``chapter_text``, ``revision``.
        settings : Settings
            The configuration.

        Returns
        -------
        DataFrame
            Table ``product_votes``: one row per voter and product asked. Who abstains leaves the fields of
            :class:`VoteWithMateriality` null and says why in ``abstention``; who is not asked for ``materiality``
            leaves that one null.
        """
        ...


@runtime_checkable
class ProductSet(Protocol):
    """A rule, or a list, that says which products are analysed.

    Attributes
    ----------
    name, version : str
        Name under which it is registered, and its version.
    nomenclature : str
        Revision of the Harmonized System its codes are written in.
    link_proposer : str
        Plugin whose candidate links it is made for; settings can name another.
    description : str
        What is in it and why.
    """

    name: str
    version: str
    nomenclature: str
    link_proposer: str
    description: str

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage."""
        ...

    def other_goods(self) -> Path | None:
        """Return the list of flows under the set's codes that are another good, or None if none is known.

        A CSV file as :func:`reeassets.products.other_goods.read_other_goods` reads it.
        """
        ...

    def classify(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Classify the products of the set's revision and mark those of the set.

        Parameters
        ----------
        votes : DataFrame
            Table ``product_votes``. A set that is a list brings its own classification and leaves it alone.

        Returns
        -------
        DataFrame
            Table ``classified_products``.
        """
        ...
