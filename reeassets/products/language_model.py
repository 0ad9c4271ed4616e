"""Classifier ``language_model``: every model of the settings votes on every code it is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict

from reeassets.language_model.asking import ask
from reeassets.language_model.options import DECISIVE_SETTINGS, Options
from reeassets.language_model.task import Question, Task
from reeassets.products.contract import Application, Element, Materiality, Stage, VoteWithMateriality
from reeassets.products.schema import PRODUCT_VOTES
from reeassets.settings import Settings

_SHOWN = ("description", "heading", "heading_text", "chapter", "chapter_text")


class CodedVote(BaseModel):
    """A vote as an endpoint is told to write it: the fields of a vote, and a code.

    The lengths and ranges of :class:`reeassets.products.contract.VoteWithMateriality` are not in it: endpoints do not
    know them.
    """

    model_config = ConfigDict(extra="forbid")

    code: str
    is_ree: bool
    stage: Stage
    application: Application
    elements: list[Element]
    confidence: float
    rationale: str
    materiality: Materiality


class CodedVotes(BaseModel):
    """The answer to a batch of codes."""

    model_config = ConfigDict(extra="forbid")

    answers: list[CodedVote]


CLASSIFY = Task(name="classify", noun="codes", key=("code",), form=CodedVotes, verdict=VoteWithMateriality)


@dataclass(frozen=True)
class LanguageModelVotes:
    """Votes of language models; see :class:`reeassets.products.contract.Classifier`."""

    name: str = "language_model"
    description: str = (
        "Language models, each a voter of its own, asked over the network with the prompt `classify`; answers are kept "
        "in the home and never asked for twice."
    )
    uses: tuple[str, ...] = DECISIVE_SETTINGS

    def files(self) -> list[Path]:
        """Return the prompts."""
        return CLASSIFY.files()

    def votes(self, nomenclature: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Ask every model for its vote on every code.

        Raises
        ------
        reeassets.language_model.options.LanguageModelError
            If models cannot be asked; every vote that was had is kept, and the next call asks for the others.
        """
        answers = ask(CLASSIFY, _questions(nomenclature), Options.from_settings(settings))
        rows = []
        for (model, (code,)), answer in answers.items():
            row: dict[str, Any] = dict.fromkeys(PRODUCT_VOTES.columns)
            row |= {"product": code, "voter": f"{self.name}:{model}", "round": "full", "abstention": answer.abstention}
            if answer.verdict is not None:
                vote = answer.verdict.model_dump()
                row |= vote | {"elements": " ".join(vote["elements"]) or None}
            rows.append(row)
        return PRODUCT_VOTES.conform(pd.DataFrame(rows, columns=list(PRODUCT_VOTES.columns)))


def _questions(nomenclature: pd.DataFrame) -> list[Question]:
    shown = nomenclature[["product", *_SHOWN]].sort_values("product").rename(columns={"product": "code"})
    records = shown.astype(object).where(shown.notna(), None).to_dict("records")
    return [Question((record["code"],), {str(name): value for name, value in record.items()}) for record in records]


LANGUAGE_MODEL_VOTES = LanguageModelVotes()
