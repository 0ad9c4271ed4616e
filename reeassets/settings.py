"""Every configuration field of the platform: default, unit and meaning.

A field is read, in order of precedence, from the command line, the environment (``REEASSETS_HAZARD=uniform``), the file
``settings.toml`` in the platform's home, and the default here. The home itself comes from ``--home`` or
``REEASSETS_HOME``.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reeassets.home import home_path, require_folder
from reeassets.settings_file import read_settings_file, require_variables, write_settings_file
from reeassets.settings_values import parts_of, said, whole_number
from reeassets.years import format_years, parse_years

STAGES = ("upstream", "input", "final")
# The years of the reference study.
REFERENCE_YEARS = tuple(range(2007, 2024))
ECONOMIES = ("countries", "eu27")
TOTALS = ("source", "wdi")
REEXPORTS = ("recorded", "none", "all")
PRODUCTION = ("recorded", "none")
TRADE_MEASURES = ("recorded", "none")
# Choices that are this project's own, under which claims can be judged again (docs/ROBUSTNESS.md).
ROBUST_CHOICES = (
    *("product_set", "weighting", "reexports", "link_set", "pass_through", "hazard"),
    *("exposure", "risk", "delta", "effects", "controls", "estimator", "sample", "zeros", "country", "application"),
)
# Settings that take one of some words, or else a file.
_WORDS = {
    "economies": ECONOMIES,
    "totals": TOTALS,
    "reexports": REEXPORTS,
    "production": PRODUCTION,
    "trade_measures": TRADE_MEASURES,
}
# Fields of earlier versions, and what takes their place.
_GONE = {"alpha": "pass_through", "shock_pass_through": "pass_through"}
# Settings that are a file or a folder, or may be one.
_PATHS = ("home", "inbox", "data", "tables", "hazard_file", "shock_file", *_WORDS)


def _as_written(name: str, value: Any) -> Any:
    """Return a field's value as somebody would write it."""
    if name in {"years", "link_years"}:
        return format_years(value)
    if name == "robust_claims" and tuple(value) == ROBUST_CHOICES:
        # So that a choice that is added later is among them.
        return "all"
    return ",".join(map(str, value)) if isinstance(value, list) else value


class Settings(BaseSettings):
    """The configuration of one home."""

    model_config = SettingsConfigDict(env_prefix="REEASSETS_", extra="forbid", frozen=True)

    home: Path = Field(
        default_factory=home_path, description="Folder that holds tables, warehouse, report and Dagster's records"
    )
    owner: str = Field(
        "team:reeassets", description="Owner of assets and jobs in Dagster: an e-mail address or team:NAME"
    )
    inbox: Path | None = Field(
        None, description="Folder that new archives and year files are put into; by default `inbox` in the home"
    )
    inbox_rest: float = Field(
        60,
        ge=0,
        description="Seconds a file of the inbox must be left unchanged before it starts a run; a single year's file, "
        "before it is read",
    )
    release_url: str | None = Field(None, description="Folder of BACI's archives on the web; by default CEPII's")
    fetch_releases: bool = Field(
        False, description="Whether the release check downloads a new release into the inbox (2 GB)"
    )
    failure_webhook: SecretStr | None = Field(
        None, description="Address that the report of a failed run is posted to; never shown"
    )
    fresh_days: int = Field(
        400, ge=1, description="Days after which tables of trade data count as out of date: a release is missing"
    )
    workers: int = Field(
        2,
        ge=1,
        le=64,
        description="Partitions of a table made at the same time; reading a full-size year takes about half a GB each",
    )
    check_world_change: float = Field(
        0.5, gt=0, description="Change of world exports from the year before, as a share, above which a check warns"
    )
    check_exporter_change: float = Field(
        0.1, gt=0, le=1, description="Change of a largest exporter's share of value above which a check warns"
    )
    check_lost_trade: float = Field(
        0.01, ge=0, le=1, description="Share of last year's trade that countries now missing may have had"
    )
    check_lost_countries: float = Field(
        0.1, ge=0, le=1, description="Share of last year's countries, by number, that may be missing now"
    )
    check_indicator_change: float = Field(
        0.1, gt=0, description="Change of the median of an indicator from the year before above which a check warns"
    )
    check_abstentions: float = Field(
        0.1, ge=0, le=1, description="Share of questions on which a voter may abstain before the votes are refused"
    )
    check_not_carried: float = Field(
        0.25, ge=0, le=1, description="Share of the set's products that the data may have no codes for"
    )
    check_left_out: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of the set's value in a year that may be no flow: trade within an economy, another good",
    )
    check_without_total: float = Field(
        0.1, ge=0, le=1, description="Share of the source's exports by economies whose total over all goods is unknown"
    )
    source: str = Field("sample", description="Source of raw trade, by plugin name")
    data: Path | None = Field(None, description="File or folder the source reads; the sample brings its own")
    tables: str | None = Field(None, description="Folder or URL that keeps the tables; by default `tables` in the home")
    years: Annotated[tuple[int, ...], NoDecode] = Field(
        REFERENCE_YEARS,
        description="Years to compute; by default those of 2007-2023 that the source has, or all it has if none is",
    )
    # Names given when these settings were made. Beside the fields, so that it plays no part in what is equal.
    _given: ClassVar[tuple[str, ...]] = ()

    allow_missing_years: bool = Field(
        False, description="Whether results over all years are made while years are missing, from those that are there"
    )
    allow_outdated: bool = Field(
        False,
        description="Whether results over all years are made from tables of other settings, code or data than today's",
    )
    comtrade_cif_margin: float = Field(
        0.08,
        ge=0,
        le=1,
        description="Freight and insurance in CIF reports to Comtrade without a fobvalue, as a share of the FOB value",
    )
    comtrade_record_limit: int = Field(
        100_000, ge=1, description="Records one answer of UN Comtrade may have; 100,000 with a free subscription"
    )
    comtrade_proxy: str | None = Field(None, description="HTTP proxy to UN Comtrade")
    max_rejected_share: float = Field(
        0.001, ge=0, le=1, description="Share of a year's rows that may be rejected before the year is refused"
    )
    max_set_aside_share: float = Field(
        0.95,
        ge=0,
        le=1,
        description="Share of a year's rows that may be set aside for any reason, what a source repeats by design "
        "included, before the year is refused",
    )
    economies: str = Field(
        "countries",
        description="Who trades: `countries`, `eu27` (the EU as one economy), or a CSV file of groups (economy,iso3)",
    )
    totals: str | None = Field(
        None,
        description="Totals over all goods: `source`, `wdi` (World Bank), or a CSV file (year,iso3,exports_kusd,"
        "imports_kusd); by default `wdi` for a source that holds only part of the nomenclature",
    )
    product_set: str = Field("critical33", description="Product set, by plugin name")
    other_goods: Literal["recorded", "none"] = Field(
        "recorded",
        description="Flows known to be another good than their code says: left out if `recorded`, kept if `none`",
    )
    classifiers: Annotated[tuple[str, ...], NoDecode] = Field(
        ("recorded",), description="Classifiers whose voters vote together on every code, by plugin name"
    )
    link_proposer: str | None = Field(None, description="Proposer of candidate links; by default the product set's own")

    language_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Language models that are asked, separated by commas; each is a voter. None is by default"
    )
    language_model_base_url: str = Field(
        "https://api.openai.com/v1", description="Address of an endpoint of language models, with its /v1 if it has one"
    )
    language_model_api: Literal["responses", "chat"] = Field(
        "responses", description="What the endpoint speaks: OpenAI's Responses API, or its chat completions"
    )
    language_model_temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature; by default the model's own, as some models take no other"
    )
    language_model_prompt: str = Field("1", description="Version of the prompts in reeassets/language_model/prompts")
    language_model_batch: int = Field(10, ge=1, le=100, description="Codes that one request asks for votes on")
    language_model_concurrency: int = Field(4, ge=1, le=64, description="Requests at the same time")
    language_model_cost_ceiling: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Most that a home may spend on language models, in US$"
    )
    language_model_input_price: Annotated[tuple[float, ...], NoDecode] = Field(
        (), description="US$ per million tokens sent: one price, or one per model, separated by commas"
    )
    language_model_output_price: Annotated[tuple[float, ...], NoDecode] = Field(
        (), description="US$ per million tokens received, likewise"
    )
    language_model_timeout: float = Field(
        120.0, gt=0, allow_inf_nan=False, description="Seconds without a byte, or of receiving, that end an attempt"
    )
    language_model_max_output_tokens: int = Field(
        8000, ge=16, description="Tokens one answer may have, those of the model's reasoning included"
    )

    concordance_rule: Literal["equal", "same_number", "whole", "drop"] = Field(
        "equal", description="What happens to a code of the data that merges several products of the set's revision"
    )
    concordance_least_share: float = Field(
        0.01, ge=0, lt=1, description="Smaller shares of such a code are left out: traces, as of waste codes in HS22"
    )

    link_years: Annotated[tuple[int, ...], NoDecode] = Field(
        REFERENCE_YEARS,
        description="Years whose trade links are tested on, of those computed; all of them if none of these is",
    )
    link_draws: int = Field(999, ge=19, description="Permutations of countries behind a link's p-value")
    link_seed: int = Field(20250801, ge=0, description="Seed of the permutations")
    link_fdr: float = Field(
        0.10, gt=0, lt=1, description="Both false discovery rates of a validated link are within it"
    )
    link_set: Literal["carried", "validated"] = Field(
        "carried", description="Links of the network: those the votes carry, or those of them that trade validates"
    )

    pass_through: float = Field(
        0.85, ge=0, lt=1, description="Share of a loss of supply that a country passes on to its exports and products"
    )
    reexports: str = Field(
        "recorded",
        description="Share of what a country both buys and sells that it re-exports: `recorded` (entrepots), "
        "`none`, `all`, or a CSV file (country,share,source)",
    )
    production: str = Field(
        "recorded",
        description="Production that trade does not show: `recorded` (rare-earth oxides mined), `none`, or a CSV file "
        "(year,country,reo_t)",
    )
    hazard: str = Field("political_stability", description="Hazard of suppliers, by plugin name")
    hazard_uniform: float = Field(0.1, ge=0, le=1, description="The one value of the hazard `uniform`")
    hazard_file: Path | None = Field(None, description="CSV file of the hazard `file`: iso3[,year],hazard")
    exposure: Literal["exposure", "import_reliance", "import_intensity"] = Field(
        "exposure", description="Definition of the column exposure"
    )
    weighting: Literal["imports", "imports_materiality", "unweighted"] = Field(
        "imports", description="Weights of a country's products in the rows of country_indicators that results use"
    )
    contrast_permutations: int = Field(
        999, ge=99, description="Permutations of stages among products behind a tier contrast's p-value"
    )
    dependency_threshold: float = Field(
        0.65,
        gt=0,
        lt=1,
        description="Share of imports that no one supplier should exceed (EU Critical Raw Materials Act)",
    )
    contrast_draws: int = Field(
        2000, ge=100, description="Bootstrap draws over countries behind a tier contrast's interval"
    )
    contrast_seed: int = Field(20250802, ge=0, description="Seed of those draws and permutations")
    perturbation_draws: int = Field(
        0, ge=0, description="Draws of perturbed flows behind indicator_intervals; 0 leaves that table empty"
    )
    perturbation_sigma: float = Field(
        0.3, gt=0, le=2, description="Standard deviation of the logarithm of a flow in those draws"
    )
    perturbation_seed: int = Field(20250804, ge=0, description="Seed of those draws")

    clustering: str = Field("kmeans", description="Clustering of economies, by plugin name")
    cluster_k: int = Field(5, ge=2, le=10, description="Number of clusters of economies")
    cluster_countries: int = Field(
        100, ge=10, description="Countries ranked by trade in the set that are clustered, per year"
    )
    cluster_include_final: bool = Field(False, description="Whether final products join the cluster features")
    cluster_influence_floor: float = Field(
        1e-4, gt=0, le=0.1, description="Floor added to influence before its logarithm becomes a cluster feature"
    )
    cluster_n_init: int = Field(50, ge=1, description="Starts of k-means")
    cluster_bootstraps: int = Field(20, ge=2, description="Country-block bootstraps behind cluster stability")
    cluster_seed: int = Field(20250803, ge=0, description="Seed of k-means, the gap statistic and the bootstraps")

    model_deltas: Annotated[tuple[int, ...], NoDecode] = Field(
        (1, 3, 5), description="Years between regressors and outcome; the shortest is the headline's"
    )
    model_significance: float = Field(0.05, gt=0, lt=1, description="Level of tests and of intervals")
    model_bootstrap_draws: int = Field(
        999, ge=99, description="Draws of the wild cluster bootstrap behind a headline coefficient's p-value"
    )
    model_bootstrap_seed: int = Field(20250804, ge=0, description="Seed of those draws")

    robust_claims: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Choices under which every claim is judged again, separated by commas, or `all`: "
        f"{', '.join(ROBUST_CHOICES)}; none leaves the table robust_claims empty",
    )

    trade_measures: str = Field(
        "recorded",
        description="Dated measures that restrict trade: `recorded` (five of China's on rare earths), `none`, or a CSV "
        "file (measure,product,restricting_country,target,first_month,last_month,kind,source,note)",
    )

    shock_file: Path | None = Field(
        None, description="YAML file of what-if scenarios, or folder of such files, beside the built-in scenarios"
    )
    shock_year: int | None = Field(
        None, description="Year of scenarios that name none; by default the latest of the years"
    )
    shock_substitution: float = Field(
        0.0, ge=0, description="Share of present exports by which other suppliers can grow per year; 0 is none"
    )

    @model_validator(mode="before")
    @classmethod
    def _gone(cls, values: Any) -> Any:
        for old, new in _GONE.items():
            if isinstance(values, dict) and old in values:
                raise ValueError(f"the setting {old} is gone: write {new} in its place")
        return values

    @field_validator("years", "link_years", mode="before")
    @classmethod
    def _years(cls, value: Any) -> Any:
        return parse_years(value if isinstance(value, str) else ",".join(map(str, parts_of(value))))

    @field_validator(*_PATHS, mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        # As a path it would be the working directory.
        if isinstance(value, str) and not value.strip():
            raise ValueError("is empty; leave it out for the default")
        return value

    @field_validator("classifiers", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        names = tuple(map(str, parts_of(value)))
        if not names or not all(names) or len(set(names)) != len(names):
            raise ValueError("must be different names, separated by commas")
        return names

    @field_validator("model_deltas", mode="before")
    @classmethod
    def _deltas(cls, value: Any) -> Any:
        deltas = tuple(map(whole_number, parts_of(value)))
        if not deltas or any(delta < 1 for delta in deltas) or len(set(deltas)) != len(deltas):
            raise ValueError("model_deltas must be different whole numbers of years, at least 1")
        return deltas

    @field_validator("robust_claims", mode="before")
    @classmethod
    def _choices(cls, value: Any) -> Any:
        names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else list(value)
        if names == ["all"]:
            return ROBUST_CHOICES
        unknown = [name for name in names if name not in ROBUST_CHOICES]
        if unknown:
            raise ValueError(f"no choice {', '.join(unknown)}; there are {', '.join(ROBUST_CHOICES)}, and all")
        return tuple(name for name in ROBUST_CHOICES if name in names)

    @field_validator("language_models", mode="before")
    @classmethod
    def _models(cls, value: Any) -> Any:
        models = () if value == "" else tuple(map(str, parts_of(value)))
        if "" in models or len(set(models)) != len(models):
            raise ValueError("language_models must be different names, separated by commas")
        return models

    @field_validator("language_model_input_price", "language_model_output_price", mode="before")
    @classmethod
    def _prices(cls, value: Any) -> Any:
        prices = tuple(float(part) for part in parts_of(value) if str(part))
        if not all(0 <= price < float("inf") for price in prices):
            raise ValueError("a price is a number of US$ per million tokens, at least 0")
        return prices

    @field_validator(*_WORDS, mode="after")
    @classmethod
    def _word_or_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = value is None or value in _WORDS[str(info.field_name)]
        return value if known else str(Path(str(value)).expanduser().absolute())

    @field_validator("tables", mode="after")
    @classmethod
    def _tables(cls, value: str | None) -> str | None:
        if value is None or "://" in value:
            return value
        return str(require_folder(Path(value).expanduser().absolute(), "the folder of tables"))

    @field_validator("home", mode="after")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return require_folder(value.expanduser().absolute(), "the home")

    @field_validator("data", "hazard_file", "inbox", "shock_file", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value is not None else None

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.__dict__["_given"] = tuple(given)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the home's ``settings.toml`` behind the environment."""
        if isinstance(env_settings, EnvSettingsSource):
            # An empty variable is one that is not set, as scripts leave it.
            env_settings.env_vars = {name: value for name, value in env_settings.env_vars.items() if said(value)}
            require_variables(env_settings.env_vars, settings_cls.model_fields, _GONE)
        home = Path(init_settings().get("home") or home_path()).expanduser()
        known = {*settings_cls.model_fields, *_GONE}
        file = read_settings_file(home / "settings.toml", known, _PATHS) if home.is_dir() else {}
        return init_settings, env_settings, InitSettingsSource(settings_cls, file)

    @property
    def tables_root(self) -> str:
        """Where the tables are kept."""
        return self.tables or str(self.home / "tables")

    @property
    def inbox_folder(self) -> Path:
        """Where new archives and year files are put."""
        return self.inbox or self.home / "inbox"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file with every table."""
        return self.home / "warehouse" / "reeassets.duckdb"

    @property
    def report_file(self) -> Path:
        """The HTML report."""
        return self.home / "report" / "report.html"

    @property
    def settings_file(self) -> Path:
        """The file in the home that remembers what differs from the defaults."""
        return self.home / "settings.toml"

    def values(self, *fields: str) -> dict[str, Any]:
        """Return the values of the named fields as JSON holds them, a file's being its name."""
        values = self.model_dump(mode="json", include=set(fields))
        for name in {"economies", "totals", "reexports", "production", "trade_measures"} & set(values):
            if values[name] is not None:
                # What the file holds counts by its digest, wherever it lies.
                values[name] = Path(values[name]).name
        return values

    def fingerprint(self, *fields: str) -> str:
        """Return a hash of the named fields: equal exactly if their values are."""
        return hashlib.sha256(json.dumps(self.values(*fields), sort_keys=True).encode()).hexdigest()[:16]

    def remember(self) -> None:
        """Write what was given when these settings were made to ``settings.toml``, for later commands in this home.

        Everything else in the file stays as it is, byte for byte; what the environment says is not written.
        """
        values = self.model_dump(mode="json", include=set(self._given) - {"home"})
        secret = {name for name in values if isinstance(getattr(self, name), SecretStr)}
        write_settings_file(
            self.settings_file,
            {
                name: _as_written(name, value)
                for name, value in values.items()
                if name not in secret and value is not None
            },
        )
