"""What a scenario is, and how scenarios are read from YAML; every error names the file, the line, the field and why."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from reeassets.tables import COUNTRY_CODE, PRODUCT_CODE

# A scenario's name is that of its partition's file.
_NAME = r"^[a-z][a-z0-9_]{0,63}$"
_SUFFIXES = (".yaml", ".yml")


class ScenarioError(ValueError):
    """A scenario cannot be read or does not fit the data; the message says where it stands and why."""


def split_list(value: Any) -> Any:
    """Read ``CHN, MMR`` as two values; anything but text stays as it is."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class Scenario(BaseModel):
    """Some suppliers cut a share of their exports of some products.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and underscores: the name of its partition.
    title : str
        What happens, in a sentence.
    suppliers : tuple of str
        Countries that cut, by BACI's ISO3 code.
    products, stages : tuple of str
        What is cut: six-digit codes, or stages of the supply chain with all their products; exactly one of the two.
    cut : float
        Share of these exports that stops, in [0, 1].
    year : int or None
        Year of the network; None for the setting ``shock_year``.
    substitution : float or None
        Share of their present exports by which the other suppliers can grow per year, at least 0; None for the setting
        ``shock_substitution``.
    duration : float
        Years they have had to grow, at least 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    suppliers: tuple[str, ...] = Field(min_length=1)
    products: tuple[str, ...] = ()
    stages: tuple[Literal["upstream", "input", "final"], ...] = ()
    cut: float = Field(ge=0, le=1, allow_inf_nan=False)
    year: int | None = None
    substitution: float | None = Field(None, ge=0, allow_inf_nan=False)
    duration: float = Field(1.0, ge=0, allow_inf_nan=False)
    _place: str = PrivateAttr("the command line")

    @field_validator("suppliers", "products", "stages", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return split_list(value)

    @field_validator("suppliers", "products", "stages")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(value)))

    @field_validator("suppliers")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _codes(value, COUNTRY_CODE, "an ISO3 code such as CHN")

    @field_validator("products")
    @classmethod
    def _products(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _codes(value, PRODUCT_CODE, "a six-digit code such as 850511")

    @model_validator(mode="after")
    def _products_or_stages(self) -> "Scenario":
        if bool(self.products) == bool(self.stages):
            raise ValueError(f"give products or stages, {'not both' if self.products else 'at least one'}")
        return self

    @property
    def place(self) -> str:
        """Where it was read."""
        return self._place


def _codes(values: Iterable[str], pattern: str, what: str) -> tuple[str, ...]:
    wrong = [value for value in values if not re.fullmatch(pattern, value)]
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))} is not {what}")
    return tuple(values)


def scenario_files(path: Path) -> list[Path]:
    """Return the YAML files behind the setting ``shock_file``: the file itself, or those of a folder by name.

    Raises
    ------
    ScenarioError
        If there is neither file nor folder, or no YAML file in the folder.
    """
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
        if not found:
            raise ScenarioError(f"{path}: no file of scenarios ({', '.join(_SUFFIXES)}) in this folder")
        return found
    if not path.is_file():
        raise ScenarioError(f"{path}: no such file or folder of scenarios")
    return [path]


def read_scenarios(path: Path) -> list[Scenario]:
    """Read one file of scenarios: a mapping, or a list of mappings.

    Values are taken as they are written, so that a code keeps its leading zero with or without quotes.

    Raises
    ------
    ScenarioError
        If the file is not YAML, holds a field twice, or a scenario breaks a rule; all broken rules at once.
    """
    try:
        # No constructor runs: the text becomes nodes, and only these are looked at.
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except UnicodeDecodeError as problem:
        raise ScenarioError(f"{path}: not UTF-8 text: {problem}") from problem
    except yaml.YAMLError as problem:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(problem).split())}") from problem
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if node is None or not nodes:
        raise ScenarioError(f"{path}: no scenario in this file")
    return [_scenario(path, each) for each in nodes]


def _scenario(path: Path, node: yaml.Node) -> Scenario:
    if not isinstance(node, yaml.MappingNode):
        raise ScenarioError(f"{path}, line {_line(node)}: a scenario is a mapping of fields to values")
    values, lines = {}, {}
    for key, value in node.value:
        if key.value in values:
            raise ScenarioError(f"{path}, line {_line(key)}: the field {key.value!r} appears twice")
        values[key.value], lines[key.value] = _plain(path, value), _line(key)
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as problem:
        raise ScenarioError("; ".join(_reasons(path, node, lines, problem))) from problem
    scenario._place = f"{path}, line {_line(node)}"
    return scenario


def _plain(path: Path, node: yaml.Node) -> Any:
    """Return a scalar as text or a list of scalars; no field of a scenario holds anything deeper."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [item.value for item in node.value]
    raise ScenarioError(f"{path}, line {_line(node)}: a value or a list of values is expected here")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _reasons(path: Path, node: yaml.Node, lines: dict[str, int], problem: ValidationError) -> Iterable[str]:
    for error in problem.errors():
        field = str(error["loc"][0]) if error["loc"] else ""
        place = f"{path}, line {lines.get(field, _line(node))}"
        given = f" (given: {error['input']})" if field in lines else ""
        yield f"{place}: {field + ': ' if field else ''}{error['msg']}{given}"
