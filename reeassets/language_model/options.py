"""How language models are asked, by the settings of a home; and the key, which comes from the environment alone."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from reeassets.settings import Settings

KEY_VARIABLES = ("REEASSETS_LANGUAGE_MODEL_KEY", "OPENAI_API_KEY")
# Settings that decide what the answers say; the others decide how fast and how dear they are had.
DECISIVE_SETTINGS = (
    "language_models",
    "language_model_temperature",
    "language_model_prompt",
    "language_model_max_output_tokens",
)

# Names of a query's parts that hold what nobody may see.
_SECRET_NAME = re.compile(r"key|token|secret|passw|sig|auth|code|credential", re.IGNORECASE)

# Shorter texts are what endpoints take that want no key ("none"); hiding them would mangle words.
_SHORTEST_SECRET = 8


class LanguageModelError(RuntimeError):
    """Language models cannot be asked; the message says why, what is kept and what to do."""


@dataclass(frozen=True)
class Price:
    """US$ per million tokens sent and received."""

    input: float
    output: float

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return what tokens cost, in US$."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True)
class Options:
    """How language models are asked.

    Attributes
    ----------
    folder : Path
        Keeps the answers and what they cost.
    models : tuple of str
        Names of the models; each is a voter.
    base_url : str
        Address of the endpoint; it may end in a query, e.g. ``?api-version=1``, that every request then has.
    api : str
        What it speaks: ``responses`` or ``chat``.
    temperature : float or None
        Sampling temperature; None leaves it to the model.
    prompt : str
        Version of the prompts.
    batch, concurrency : int
        Questions of a request, and requests at the same time.
    cost_ceiling : float or None
        US$ that may have been spent in this folder; None for no limit.
    prices : dict of str to Price
        By model; empty if they are not known.
    timeout_s : float
        Longest silence of the endpoint, and longest time to receive an answer that has begun.
    max_output_tokens : int
        Tokens one answer may have.
    attempts : int
        How often one request is sent at most.
    backoff_s, longest_backoff_s : float
        Pause after the first attempt, doubled after each further one up to the longest; up to a quarter is added at
        random, so that threads do not come back together.
    longest_wait_s : float
        A server that asks to wait longer is not waited for.
    progress_s : float
        Seconds between two lines of progress.
    """

    folder: Path
    models: tuple[str, ...]
    base_url: str
    api: str
    temperature: float | None
    prompt: str
    batch: int
    concurrency: int
    cost_ceiling: float | None
    prices: dict[str, Price]
    timeout_s: float
    max_output_tokens: int
    attempts: int = 6
    backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    longest_wait_s: float = 300.0
    progress_s: float = 5.0

    @classmethod
    def from_settings(cls, settings: Settings) -> "Options":
        """Read the options of a home.

        Raises
        ------
        LanguageModelError
            If no model is named, the address is none, or there is a ceiling but no price.
        """
        if not settings.language_models:
            raise LanguageModelError(
                "no language model is named, and none is asked without being named: set language_models, e.g. "
                "REEASSETS_LANGUAGE_MODELS=NAME,OTHER"
            )
        _require_address(settings.language_model_base_url)
        prices = _prices(settings)
        if settings.language_model_cost_ceiling is not None and not prices:
            raise LanguageModelError(
                f"language_model_cost_ceiling is US$ {settings.language_model_cost_ceiling:g}, but what tokens cost is "
                "not known: set language_model_input_price and language_model_output_price (US$ per million tokens; 0 "
                "if they cost nothing)"
            )
        return cls(
            folder=settings.home / "language_model",
            models=settings.language_models,
            base_url=settings.language_model_base_url,
            api=settings.language_model_api,
            temperature=settings.language_model_temperature,
            prompt=settings.language_model_prompt,
            batch=settings.language_model_batch,
            concurrency=settings.language_model_concurrency,
            cost_ceiling=settings.language_model_cost_ceiling,
            prices=prices,
            timeout_s=settings.language_model_timeout,
            max_output_tokens=settings.language_model_max_output_tokens,
        )

    @property
    def shown_url(self) -> str:
        """The address without what may be a password in it."""
        return re.sub(r"//[^/]*@", "//", self.base_url)

    @property
    def base_and_query(self) -> tuple[str, dict[str, str]]:
        """The address without its query, and the query."""
        parts = urlsplit(self.base_url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return urlunsplit(parts._replace(query="")), query


def _require_address(url: str) -> None:
    """Refuse what is no address of an endpoint, and one that would show a key wherever the address is shown."""
    if not _is_address(url):
        raise LanguageModelError(
            "language_model_base_url must be the http or https address of an endpoint, such as http://localhost:8000/v1"
        )
    for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if _SECRET_NAME.search(name):
            raise LanguageModelError(
                f"language_model_base_url: a query may not have {name!r}, as addresses are shown and kept; set "
                f"{' or '.join(KEY_VARIABLES)}"
            )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.fragment
            and not re.search(r"[\s\x00-\x1f]", url)
        )
    except ValueError:  # what a port or an IPv6 address cannot be
        return False


def _prices(settings: Settings) -> dict[str, Price]:
    """Return the price of each model, or nothing if neither price is set."""
    models = settings.language_models
    given = {
        "language_model_input_price": settings.language_model_input_price,
        "language_model_output_price": settings.language_model_output_price,
    }
    if not any(given.values()):
        return {}
    for name, prices in given.items():
        if len(prices) not in (1, len(models)):
            raise LanguageModelError(
                f"{name} has {len(prices)} prices for {len(models)} models; give one for all or one for each, in order"
            )
    sent, received = (prices * len(models) if len(prices) == 1 else prices for prices in given.values())
    return {model: Price(one, other) for model, one, other in zip(models, sent, received, strict=True)}


class Secret:
    """The key, which shows itself only to who asks for it by name."""

    def __init__(self, value: str):
        self._value = value

    def reveal(self) -> str:
        """Return the key."""
        return self._value

    def hide(self, said: Any) -> Any:
        """Return text, or JSON of any depth, with asterisks where it repeats the key."""
        if isinstance(said, str):
            return said.replace(self._value, "***") if len(self._value) >= _SHORTEST_SECRET else said
        if isinstance(said, list):
            return [self.hide(part) for part in said]
        if isinstance(said, dict):
            return {self.hide(name): self.hide(part) for name, part in said.items()}
        return said


def api_key() -> Secret:
    """Return the key from the environment.

    Raises
    ------
    LanguageModelError
        If there is none, or it could not stand in a header; the message never holds it.
    """
    for variable in KEY_VARIABLES:
        key = os.environ.get(variable, "").strip()
        if key and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise LanguageModelError(f"the key in {variable} has characters that a key cannot have")
        if key:
            return Secret(key)
    raise LanguageModelError(
        f"language models want a key: set {' or '.join(KEY_VARIABLES)} in the environment (an endpoint that wants none "
        "takes any text)"
    )
