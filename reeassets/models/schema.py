"""Tables of the stage ``models``; the panel's columns follow the registered hazards and the configured deltas."""

import pandera.pandas as pa

from reeassets.indicators.contract import registered_hazards
from reeassets.models.choices import HEADLINE_CHOICE
from reeassets.models.contract import EXPOSURES, RISKS, ROLES, ROW_KEY
from reeassets.models.diagnostics import DIAGNOSTICS
from reeassets.models.errors import TWO_WAY, WAYS
from reeassets.models.event_schema import TABLES as EVENT_TABLES
from reeassets.models.verdicts import VERDICTS
from reeassets.settings import ROBUST_CHOICES, STAGES, Settings
from reeassets.tables import Table, column, country_column, product_column, year_column

STAGE = "models"

RCA_MODELS = Table(
    stage=STAGE,
    name="rca_models",
    description="The specification curve: one row per specification, set of slopes (one, or by stage) and term.",
    columns={
        "model": column("str", "Model, by plugin name"),
        "outcome": column("str", "What is explained, delta years after the regressors"),
        "delta": column("int64", "Years between regressors and outcome", unit="years", ge=1),
        "exposure_definition": column("str", "Definition of exposure", isin=EXPOSURES),
        "risk_definition": column("str", "Definition of systemic risk", isin=RISKS),
        "hazard": column("str", "Hazard of suppliers behind the risk, by plugin name"),
        "fixed_effects": column("str", "Effects that are absorbed, or held constant by dummies"),
        "variant": column("str", "What a robustness row changes against the headline; empty in the grid"),
        "interacted": column("bool", "Whether exposure, supplier concentration and risk have a slope per stage"),
        "term": column(
            "str",
            "exposure, supplier_concentration or risk (with :stage for the slope of a stage, with :input-upstream for "
            "the difference of two), or a control",
        ),
        "role": column(
            "str",
            "headline: shown first; grid: other definitions, or years; robustness: other samples or estimators",
            isin=ROLES,
        ),
        "headline": column("bool", "Whether the specification is the one of its model that is shown first"),
        "in_curve": column(
            "bool", "Whether it counts in the specification curve: of identical designs one does, of robustness none"
        ),
        "coefficient": column(
            "float64",
            "Change of the outcome per standard deviation of the regressor (controls: per unit); null if not estimated",
            unit="outcome (entry, exit: log odds)",
            nullable=True,
        ),
        "uncorrected": column(
            "float64",
            "The same before the bias of a short panel is taken out; null where nothing is corrected",
            nullable=True,
        ),
        "std_error": column(
            "float64",
            "Standard error of coefficient: two-way cluster jackknife, by country and product",
            nullable=True,
            gt=0,
        ),
        "std_error_conventional": column(
            "float64",
            "Two-way clustered standard error by the convention of statsmodels and Stata, for comparison; of logits "
            "alone, null where its variance is not positive",
            nullable=True,
            gt=0,
        ),
        "decided_by": column(
            "str",
            "Clustering with the largest variance, which std_error is taken from; empty without one",
            isin=("", TWO_WAY, *WAYS),
        ),
        "ci_low": column("float64", "Lower end of the coefficient's interval, Student's t", nullable=True),
        "ci_high": column("float64", "Upper end of that interval", nullable=True),
        "t_statistic": column("float64", "Coefficient over its standard error", nullable=True),
        "p_value": column(
            "float64",
            "Two-sided, Student's t with the row's degrees of freedom",
            nullable=True,
            ge=0,
            le=1,
        ),
        "n_obs": column("int64", "Rows of the estimation sample", ge=0),
        "n_countries": column("int64", "Country clusters", ge=0),
        "n_products": column("int64", "Product clusters", ge=0),
        "effective_countries": column(
            "float64", "Effective number of countries that identify the term", nullable=True, ge=1
        ),
        "effective_products": column(
            "float64", "Effective number of products that identify the term", nullable=True, ge=1
        ),
        "degrees_of_freedom": column(
            "float64", "Of the test: the smaller effective number less one, at least 1", nullable=True, ge=1
        ),
        "n_absorbed": column("int64", "Fixed effects or dummies, counted in the degrees of freedom", ge=0),
        "r2_within": column(
            "float64", "Variation explained after the fixed effects; null for a logit", nullable=True, le=1
        ),
        "note": column("str", "Why a number is null, or what weakens it; empty if nothing does"),
    },
    key=ROW_KEY,
)

MODEL_DIAGNOSTICS = Table(
    stage=STAGE,
    name="model_diagnostics",
    description="Checks of the headline coefficients: one row per model, term and check.",
    columns={
        "model": column("str", "Model, by plugin name"),
        "interacted": column("bool", "Whether exposure, supplier concentration and risk have a slope per stage"),
        "term": column("str", "Term, as in rca_models"),
        "diagnostic": column(
            "str",
            "variance_inflation; leave_one_out: estimated without a country; placebo: outcome delta years before; "
            "wild_bootstrap",
            isin=DIAGNOSTICS,
        ),
        "detail": column("str", "The country left out, or the clusters and weights of the bootstrap; otherwise empty"),
        "value": column(
            "float64",
            "Variance inflation factor, or t statistic of the bootstrap; null for the others",
            nullable=True,
        ),
        "coefficient": column("float64", "Coefficient of the check's regression", nullable=True),
        "ci_low": column("float64", "Lower end of its interval; null for the bootstrap", nullable=True),
        "ci_high": column("float64", "Upper end of that interval", nullable=True),
        "p_value": column("float64", "Two-sided", nullable=True, ge=0, le=1),
        "n_obs": column("int64", "Rows of the check's sample", ge=0),
        "note": column("str", "Why a number is null, or what weakens it; empty if nothing does"),
    },
    key=("model", "interacted", "term", "diagnostic", "detail"),
)

MODEL_MULTIPLICITY = Table(
    stage=STAGE,
    name="model_multiplicity",
    description="Multiple testing over the grid: one row per model and term. A family is all tests of a model.",
    columns={
        "model": column("str", "Model, by plugin name"),
        "interacted": column("bool", "Whether exposure, supplier concentration and risk have a slope per stage"),
        "term": column("str", "Term, as in rca_models; controls are left out"),
        "n_family": column("int64", "Tests of the model, over all terms and specifications", ge=0),
        "n_tests": column("int64", "Specifications that test the term", ge=0),
        "n_significant": column("int64", "Of these, with a p-value of at most the level", ge=0),
        "n_significant_bh": column(
            "int64", "Of these, with a q-value (Benjamini & Hochberg 1995) of at most the level", ge=0
        ),
        "n_significant_holm": column(
            "int64", "Of these, with an adjusted p-value (Holm 1979) of at most the level", ge=0
        ),
        "headline_p": column("float64", "p-value of the headline specification", nullable=True, ge=0, le=1),
        "headline_bh": column("float64", "Its q-value within the family", nullable=True, ge=0, le=1),
        "headline_holm": column("float64", "Its p-value adjusted for the family", nullable=True, ge=0, le=1),
    },
    key=("model", "interacted", "term"),
)

FINDINGS = Table(
    stage=STAGE,
    name="findings",
    description="The verdict on each claim of the reference, by a fixed rule.",
    columns={
        "claim": column("str", "The claim, in words"),
        "claim_id": column("str", "Short name of the claim", matches=r"^[a-z_]+$"),
        "statistic": column("str", "What the estimate is"),
        "estimate": column("float64", "Value of the statistic; null if the claim is not testable", nullable=True),
        "ci_low": column("float64", "Lower end of its interval", nullable=True),
        "ci_high": column("float64", "Upper end of its interval", nullable=True),
        "detectable": column(
            "float64",
            "Smallest effect that the data would have shown four times in five; null unless inconclusive",
            nullable=True,
            ge=0,
        ),
        "share_sign": column(
            "float64",
            "Share of the grid (specifications, or years of a contrast) with the claimed sign; null without a grid",
            nullable=True,
            ge=0,
            le=1,
        ),
        "share_significant": column(
            "float64", "Share of the grid with the claimed sign that is also significant", nullable=True, ge=0, le=1
        ),
        "share_contrary": column(
            "float64", "Share of the grid with the contrary sign that is significant", nullable=True, ge=0, le=1
        ),
        "verdict": column("str", "By the fixed rule of the claim", isin=VERDICTS),
        "reason": column("str", "The verdict in words: numbers and rule, or what is missing"),
        "data": column("str", "Trade data it was computed on: source and version, GENERATED where it is not real"),
    },
    key=("claim_id",),
)

ROBUST_CLAIMS = Table(
    stage=STAGE,
    name="robust_claims",
    description="Each claim judged again for every choice that is this project's own, one at a time from the headline; "
    "no rows unless the setting robust_claims names choices. A claim has no row of a choice it does not depend on.",
    columns={
        "claim_id": column("str", "Short name of the claim, as in findings", matches=r"^[a-z_]+$"),
        "choice": column(
            "str",
            "What is changed; headline: nothing, everything made again",
            isin=(HEADLINE_CHOICE, *ROBUST_CHOICES),
        ),
        "value": column("str", "What it is changed to"),
        "estimate": column(
            "float64",
            "Value of the claim's statistic, whose meaning and unit findings says; null if not testable",
            nullable=True,
        ),
        "ci_low": column("float64", "Lower end of its interval", nullable=True),
        "ci_high": column("float64", "Upper end of its interval", nullable=True),
        "verdict": column("str", "By the fixed rule of the claim", isin=VERDICTS),
        "reason": column("str", "The verdict in words: numbers and rule, or what is missing"),
        "agrees": column(
            "boolean", "Whether the verdict is the headline's; null where either is not testable", nullable=True
        ),
    },
    key=("claim_id", "choice", "value"),
    may_be_empty=True,
)


def panel_table(settings: Settings) -> Table:
    """Return the table ``panel``: its risk columns follow the registered hazards, its leads the configured deltas."""
    hazards = {hazard.name for hazard in registered_hazards(settings)}
    risks = sorted((f"{risk}__{hazard}", f"{risk} under the hazard {hazard}") for risk in RISKS for hazard in hazards)
    columns: dict[str, pa.Column] = {
        "year": year_column(),
        "country": country_column(),
        "product": product_column(),
        "stage": column("str", "Stage of the product", isin=STAGES),
        "trade_exposure": column("float64", "Imports over imports plus exports", ge=0, le=1),
        "import_reliance": column("float64", "Imports over supply", ge=0, le=1),
        "import_intensity": column(
            "float64", "Import counterpart of the Balassa index; null where the total is not known", nullable=True, ge=0
        ),
        "supplier_concentration": column(
            "float64", "Herfindahl-Hirschman index of import shares; null without imports", nullable=True, gt=0, le=1
        ),
        **{name: column("float64", meaning, ge=0, le=1) for name, meaning in risks},
        "rca": column("float64", "Balassa index; null where the country's total is not known", nullable=True, ge=0),
        "rsca": column("float64", "Symmetric Balassa index; null where rca is", nullable=True, ge=-1, lt=1),
        "log1p_imports": column("float64", "log(1 + imports)", unit="log thousand current US$", ge=0),
        "log1p_exports": column("float64", "log(1 + exports)", unit="log thousand current US$", ge=0),
    }
    absent = "null where the country's total is not known or 0, nobody trades the product, or the year is not there"
    for delta in settings.model_deltas:
        when = f"{delta} year{'s' if delta > 1 else ''} later"
        columns[f"rca_lead{delta}"] = column("float64", f"rca {when}, 0 without exports; {absent}", nullable=True, ge=0)
        columns[f"rsca_lead{delta}"] = column(
            "float64", f"rsca {when}, -1 without exports; {absent}", nullable=True, ge=-1, lt=1
        )
    return Table(
        stage=STAGE,
        name="panel",
        description="A country's dependence in a product, and its comparative advantage in it years later.",
        columns=columns,
        key=("year", "country", "product"),
    )


def tables(settings: Settings) -> list[Table]:
    """Return the tables of this stage."""
    return [
        panel_table(settings),
        RCA_MODELS,
        MODEL_DIAGNOSTICS,
        MODEL_MULTIPLICITY,
        FINDINGS,
        ROBUST_CLAIMS,
        *EVENT_TABLES,
    ]
