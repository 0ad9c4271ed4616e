"""Tables of the clusters stage: every column with its range, unit and meaning.

None is partitioned by year: one clustering is fitted to all years together.
"""

import numpy as np
import pandera.pandas as pa

from reeassets.clusters.choice import CANDIDATES
from reeassets.clusters.features import CONCENTRATION, EXPOSURE, INFLUENCE, RISK, clustered_stages, feature_names
from reeassets.settings import Settings
from reeassets.tables import Table, column, country_column, year_column

STAGE = "clusters"

COUNTRY_CLUSTERS = Table(
    STAGE,
    "country_clusters",
    "The cluster of a country in a year",
    {
        "year": year_column(),
        "country": country_column(),
        "cluster": column(
            "Int64",
            "Number of the cluster, from lowest risk and highest influence to the opposite; missing if not ranked",
            nullable=True,
            ge=1,
            le=CANDIDATES[-1],
        ),
        "cluster_name": column("str", "Name of the cluster, read off its profile; not_ranked if it has none"),
        "reason": column("str", "Why the country is not ranked in that year; missing if it is", nullable=True),
    },
    key=("year", "country"),
)

CLUSTER_CHOICE = Table(
    STAGE,
    "cluster_choice",
    "How well k clusters describe the panel, by the clustering in use",
    {
        "k": column("int64", "Number of clusters", ge=CANDIDATES[0], le=CANDIDATES[-1]),
        "silhouette": column("float64", "Mean silhouette width over country-years", ge=-1, le=1),
        "gap": column("float64", "Gap statistic: log dispersion of uniform panels less that of the data"),
        "gap_se": column("float64", "Simulation error of the gap statistic", ge=0),
        "stability": column(
            "float64",
            "Mean adjusted Rand index between the labels and those learnt from resampled countries; missing if a "
            "resample has too few distinct country-years",
            nullable=True,
            ge=-1,
            le=1,
        ),
        "stability_low": column("float64", "2.5th percentile of that index over resamples", nullable=True, ge=-1, le=1),
        "stability_high": column(
            "float64", "97.5th percentile of that index over resamples", nullable=True, ge=-1, le=1
        ),
        "chosen": column("bool", "Whether this is the number of clusters in use"),
        "gap_preferred": column("bool", "Whether the gap statistic's rule picks this number of clusters"),
    },
    key=("k",),
    may_be_empty=True,
)

CLUSTER_AGREEMENT = Table(
    STAGE,
    "cluster_agreement",
    "Agreement of two clusterings of the same country-years, with the number of clusters in use",
    {
        "first": column("str", "A clustering, by plugin name"),
        "second": column("str", "Another one, later in the alphabet"),
        "adjusted_rand": column(
            "float64", "Adjusted Rand index: 1 for the same partition, 0 on average by chance", ge=-1, le=1
        ),
        "clusters_first": column("int64", "Clusters of the first that are not empty", ge=1),
        "clusters_second": column("int64", "Clusters of the second that are not empty", ge=1),
        "n_country_years": column("int64", "Country-years clustered", unit="country-years", ge=1),
        "in_use": column("bool", "Whether one of the two is the clustering in use"),
    },
    key=("first", "second"),
    may_be_empty=True,
)

CLUSTER_SENSITIVITY = Table(
    STAGE,
    "cluster_sensitivity",
    "What the clusters would be with another floor under influence or another number of clusters",
    {
        "influence_floor": column("float64", "Floor added to influence before its logarithm", gt=0),
        "k": column("int64", "Number of clusters", ge=CANDIDATES[0], le=CANDIDATES[-1]),
        "silhouette": column("float64", "Mean silhouette width over country-years", ge=-1, le=1),
        "adjusted_rand": column("float64", "Adjusted Rand index with the clusters in use", ge=-1, le=1),
        "smallest_cluster": column("int64", "Countries that are ever in the smallest cluster", unit="countries", ge=1),
        "outlier_clusters": column("int64", "Clusters of fewer than three countries", ge=0),
        "core_countries": column(
            "int64",
            "Countries that are ever in a cluster, no outlier, of low risk in all stages and high influence",
            unit="countries",
            ge=0,
        ),
        "in_use": column("bool", "Whether floor and number are those in use"),
    },
    key=("influence_floor", "k"),
    may_be_empty=True,
)

CLUSTER_TRANSITIONS = Table(
    STAGE,
    "cluster_transitions",
    "Moves from one cluster to another, or stays, between consecutive years; pairs that occur",
    {
        "from_cluster": column("int64", "Cluster in a year", ge=1, le=CANDIDATES[-1]),
        "to_cluster": column("int64", "Cluster in the next year", ge=1, le=CANDIDATES[-1]),
        "count": column("int64", "Country-years that made this move", unit="country-years", ge=1),
        "share": column("float64", "Share of all moves and stays that start in from_cluster", gt=0, le=1),
    },
    key=("from_cluster", "to_cluster"),
    may_be_empty=True,
)


def tables(settings: Settings) -> list[Table]:
    """Return the tables of this stage; the features depend on ``cluster_include_final`` and ``exposure``."""
    return [
        _features(settings),
        COUNTRY_CLUSTERS,
        cluster_profiles_table(settings),
        CLUSTER_CHOICE,
        CLUSTER_AGREEMENT,
        CLUSTER_SENSITIVITY,
        CLUSTER_TRANSITIONS,
    ]


def _features(settings: Settings) -> Table:
    # import_intensity compares with the world's share and has no upper end.
    highest = None if settings.exposure == "import_intensity" else 1.0
    columns: dict[str, pa.Column] = {
        "year": year_column(),
        "country": country_column(),
        "trade_kusd": column("float64", "Imports plus exports of the product set", unit="thousand current US$", ge=0),
        "ranked": column("bool", "Whether the country is clustered in that year"),
        "reason": column("str", "Why it is not; missing if it is", nullable=True),
    }
    for stage in clustered_stages(settings):
        weighted = f"of {stage} products, mean weighted as configured"
        own = {
            EXPOSURE: column("float64", f"Exposure {weighted}", nullable=True, ge=0, le=highest),
            CONCENTRATION: column("float64", f"Supplier concentration {weighted}", nullable=True, gt=0, le=1),
            RISK: column("float64", f"Systemic trade risk {weighted}", nullable=True, ge=0, le=1),
            INFLUENCE: column(
                "float64",
                f"log10(influence + {settings.cluster_influence_floor:g}) on {stage} products, a share of "
                "their world imports",
                nullable=True,
                le=float(np.log10(1 + settings.cluster_influence_floor)),
            ),
        }
        columns |= {f"{stage}_{name}": spec for name, spec in own.items()}
    description = "The numbers a country-year is clustered on; one row per country with trade in the set"
    return Table(STAGE, "cluster_features", description, columns, key=("year", "country"))


def cluster_profiles_table(settings: Settings) -> Table:
    """Return the table ``cluster_profiles``; its features depend on ``cluster_include_final`` and ``exposure``."""
    unit = "the feature's own"
    return Table(
        STAGE,
        "cluster_profiles",
        "Mean of a feature over the country-years of a cluster",
        {
            "cluster": column("int64", "Number of the cluster", ge=1, le=CANDIDATES[-1]),
            "cluster_name": column("str", "Name of the cluster"),
            "feature": column("str", "Feature, <stage>_<indicator>", isin=feature_names(settings)),
            "mean": column("float64", "Mean over country-years", unit=unit),
            "ci_low": column(
                "float64",
                "Lower end of the 95 % interval, countries resampled; missing for a cluster of one country",
                unit=unit,
                nullable=True,
            ),
            "ci_high": column("float64", "Upper end of that interval", unit=unit, nullable=True),
            "standardised_mean": column(
                "float64", "Mean of the feature standardised over the panel", unit="standard deviations"
            ),
            "n_country_years": column("int64", "Country-years in the cluster", ge=1),
            "n_countries": column("int64", "Countries with at least one year in the cluster", ge=1),
        },
        key=("cluster", "feature"),
        may_be_empty=True,
    )
