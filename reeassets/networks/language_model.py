"""Link proposer ``language_model``: every model of the settings proposes direct inputs, and judges every candidate."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from reeassets.language_model.asking import LOGGER, ask
from reeassets.language_model.options import DECISIVE_SETTINGS, Options
from reeassets.language_model.task import Question, Task
from reeassets.settings import Settings

LONGEST_RATIONALE = 600


class InputForm(BaseModel):
    """One input as an endpoint is told to write it."""

    model_config = ConfigDict(extra="forbid")

    input: str
    strength: float
    rationale: str


class OutputForm(BaseModel):
    """The inputs of one output, likewise."""

    model_config = ConfigDict(extra="forbid")

    output: str
    inputs: list[InputForm]


class BuildForm(BaseModel):
    """The answer to a request to build."""

    model_config = ConfigDict(extra="forbid")

    answers: list[OutputForm]


class JudgementForm(BaseModel):
    """One judgement as an endpoint is told to write it."""

    model_config = ConfigDict(extra="forbid")

    input: str
    output: str
    keep: bool
    rationale: str


class PruneForm(BaseModel):
    """The answer to a request to judge."""

    model_config = ConfigDict(extra="forbid")

    answers: list[JudgementForm]


class Proposal(BaseModel):
    """One direct input: its code, how much the output depends on it (in [0,1]), and how it enters it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str
    strength: float = Field(ge=0, le=1)
    rationale: str = Field(min_length=1, max_length=LONGEST_RATIONALE)


class Inputs(BaseModel):
    """What one voter says goes into one output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Proposal, ...]


class Judgement(BaseModel):
    """Whether one voter keeps one candidate, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: bool
    rationale: str = Field(min_length=1, max_length=LONGEST_RATIONALE)


def _of_the_set(question: Question, said: Inputs) -> tuple[Inputs, list[str]]:
    """Leave aside inputs that are not in the set, and those that are there more than once."""
    offered = {product["code"] for product in question.data["products"]}
    counts = Counter(proposal.input for proposal in said.inputs)
    strange = sorted(code for code in counts if code not in offered)
    repeated = sorted(code for code in counts if code in offered and counts[code] > 1)
    kept = tuple(proposal for proposal in said.inputs if proposal.input in offered and counts[proposal.input] == 1)
    aside = [f"input {code[:20]!r}, which is not in the set" for code in strange]
    aside += [f"input {code}, which is there {counts[code]} times" for code in repeated]
    return Inputs(inputs=kept), aside


BUILD = Task(
    name="build", noun="outputs", key=("output",), form=BuildForm, verdict=Inputs, alone=True, limit=_of_the_set
)
PRUNE = Task(name="prune", noun="candidates", key=("input", "output"), form=PruneForm, verdict=Judgement, alone=True)
_PROPOSED = {"voter": "str", "input": "str", "output": "str", "strength": "float64", "rationale": "str"}
_JUDGED = {"voter": "str", "input": "str", "output": "str", "vote": "boolean", "rationale": "str"}


@dataclass(frozen=True)
class LanguageModelLinks:
    """Links proposed and judged by language models; see :class:`reeassets.networks.contract.LinkProposer`."""

    name: str = "language_model"
    description: str = (
        "Language models, each a voter of its own: asked with the prompt `build` for the direct inputs of each "
        "product, then with `prune` for each candidate, one a request; answers are kept in the home and never asked "
        "for twice."
    )
    uses: tuple[str, ...] = DECISIVE_SETTINGS

    def files(self) -> list[Path]:
        """Return the prompts."""
        return [*BUILD.files(), *PRUNE.files()]

    def build(self, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Ask every model for the direct inputs of every product of the set.

        A model that gives no usable answer proposes nothing for the product; the log says why.

        Raises
        ------
        reeassets.language_model.options.LanguageModelError
            If models cannot be asked; every answer that was had is kept.
        """
        described = _described(products)
        offered = [{"code": code, "description": text} for code, text in described.items()]
        questions = [
            Question((code,), {"output": code, "description": text, "products": offered})
            for code, text in described.items()
        ]
        rows = []
        for (model, (output,)), answer in ask(BUILD, questions, Options.from_settings(settings)).items():
            if answer.verdict is None:
                LOGGER.warning(
                    "language models: %s proposes no inputs of %s: abstention, %s", model, output, answer.abstention
                )
                continue
            rows += [
                {"voter": f"{self.name}:{model}", "output": output, **proposal.model_dump()}
                for proposal in answer.verdict.inputs
            ]
        return pd.DataFrame(rows, columns=list(_PROPOSED)).astype(_PROPOSED)

    def prune(self, candidates: pd.DataFrame, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Ask every model whether it keeps each candidate, one candidate a request; raises as :meth:`build`."""
        described = _described(products)
        questions = [
            Question(
                (one, other),
                {
                    "input": one,
                    "input_description": described[one],
                    "output": other,
                    "output_description": described[other],
                },
            )
            for one, other in zip(candidates["input"], candidates["output"], strict=True)
        ]
        rows = []
        for (model, (one, other)), answer in ask(PRUNE, questions, Options.from_settings(settings)).items():
            said = answer.verdict
            rows.append(
                {
                    "voter": f"{self.name}:{model}",
                    "input": one,
                    "output": other,
                    "vote": None if said is None else said.keep,
                    "rationale": answer.abstention if said is None else said.rationale,
                }
            )
        return pd.DataFrame(rows, columns=list(_JUDGED)).astype(_JUDGED)


def _described(products: pd.DataFrame) -> dict[str, str]:
    """Return the description of each product of the set, by code."""
    return dict(sorted(zip(products["product"], products["description"], strict=True)))


LANGUAGE_MODEL_LINKS = LanguageModelLinks()
