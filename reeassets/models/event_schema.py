"""Tables of restrictions as events: ``trade_measures`` and ``event_study``."""

from reeassets.models.event_panel import OUTCOMES, WINDOW
from reeassets.models.event_study import ALL_PRODUCTS, EXPOSED_SHARE, VERDICTS
from reeassets.models.measures import EVERYBODY, KINDS, MONTH
from reeassets.tables import COUNTRY_CODE, PRODUCT_CODE, Table, column, country_column, product_column

STAGE = "models"

TRADE_MEASURES = Table(
    stage=STAGE,
    name="trade_measures",
    description="Dated measures that restrict trade, or end a restriction: one row per measure and product.",
    columns={
        "measure": column("str", "Name of the measure", matches=r"^.+$"),
        "product": product_column("Product it is about, six-digit HS code as text"),
        "restricting_country": country_column("Country whose exports it is about, ISO 3166 alpha-3 code"),
        "target": column(
            "str", "Country it is against, ISO 3166 alpha-3 code, or all", matches=rf"({COUNTRY_CODE}|^{EVERYBODY}$)"
        ),
        "first_month": column(
            "str", "First month it was in force, as 2010-07; its year is relative year 0", matches=MONTH
        ),
        "last_month": column("str", "Last month it was in force; empty if it still is", matches=rf"(^$|{MONTH})"),
        "kind": column("str", "What it does", isin=KINDS),
        "source": column("str", "Where it is documented", matches=r"^.+$"),
        "note": column("str", "What one must know of it; empty if nothing"),
    },
    key=("measure", "product"),
    may_be_empty=True,
)

EVENT_STUDY = Table(
    stage=STAGE,
    name="event_study",
    description="What each measure did to those who bought from the restricting country: one row per measure, product, "
    "outcome and year relative to it.",
    columns={
        "measure": column("str", "Name of the measure, as in trade_measures"),
        "product": column(
            "str",
            "Product, or all: the measure's products together",
            matches=rf"({PRODUCT_CODE}|^{ALL_PRODUCTS}$)",
        ),
        "outcome": column(
            "str",
            "log_imports, log_unit_value (US$ per kg), rsca of the importer's exports, or import_share: the share of "
            "imports from the restricting country",
            isin=OUTCOMES,
        ),
        "relative_year": column(
            "int64",
            "Years after the year of the first month; -1 is compared with",
            unit="years",
            ge=min(WINDOW),
            le=max(WINDOW),
        ),
        "coefficient": column(
            "float64",
            "Change from year -1 of who had bought all from the restricting country, against who had bought nothing; 0 "
            "in year -1, null if not tested",
            unit="outcome",
            nullable=True,
        ),
        "ci_low": column("float64", "Lower end of its interval: the bootstrap's test turned round", nullable=True),
        "ci_high": column("float64", "Upper end of that interval", nullable=True),
        "p_value": column("float64", "Wild cluster bootstrap by country", nullable=True, gt=0, le=1),
        "n_obs": column("int64", "Rows of the regression", ge=0),
        "n_importers": column("int64", "Countries in it: the clusters", ge=0),
        "n_exposed": column(
            "int64", f"Countries that bought more than {EXPOSED_SHARE:.0%} from the restricting country before", ge=0
        ),
        "effective_importers": column(
            "float64", "Effective number of countries that identify the coefficient", nullable=True, ge=1
        ),
        "pretrend_p": column(
            "float64", "Joint test of the years before: largest t, wild cluster bootstrap", nullable=True, gt=0, le=1
        ),
        "effect_p": column("float64", "Joint test of the years from 0 on, likewise", nullable=True, gt=0, le=1),
        "verdict": column("str", "By a fixed rule; with a pre-trend no year after can be interpreted", isin=VERDICTS),
        "reason": column("str", "The verdict in words: numbers, or what is missing"),
    },
    key=("measure", "product", "outcome", "relative_year"),
    may_be_empty=True,
)

TABLES = (TRADE_MEASURES, EVENT_STUDY)
