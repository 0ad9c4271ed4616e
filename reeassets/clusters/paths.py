"""Each country's path through the clusters over the years, and how often economies move from one to another."""

import pandas as pd

from reeassets.clusters.contract import Labels
from reeassets.clusters.features import KEY, Panel

NOT_RANKED = "not_ranked"


def country_paths(features: pd.DataFrame, panel: Panel, labels: Labels, names: "pd.Series[str]") -> pd.DataFrame:
    """Give every country-year its cluster, or the reason why it has none.

    Parameters
    ----------
    features : DataFrame
        As made by :func:`reeassets.clusters.features.cluster_features`: all country-years.
    panel : Panel
        The ranked ones.
    labels : ndarray of int, shape (n,)
        The cluster of every row of the panel.
    names : Series of str
        Name of every cluster number.

    Returns
    -------
    DataFrame
        ``year, country, cluster, cluster_name, reason``, sorted by year and country. Country-years that are not ranked
        have no cluster, the name ``not_ranked``, and a reason.
    """
    numbered = panel.keys.assign(cluster=pd.array(labels, dtype="Int64"))
    table = features[[*KEY, "reason"]].merge(numbered, on=KEY, how="left", validate="one_to_one")
    table["cluster_name"] = table["cluster"].map(names).astype("str").where(table["cluster"].notna(), NOT_RANKED)
    return table[[*KEY, "cluster", "cluster_name", "reason"]].sort_values(KEY, ignore_index=True)


def unclustered(features: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Return ``country_clusters`` of data that no clusters can be fitted to: nobody is ranked, with the reason."""
    table = features[[*KEY, "reason"]].assign(cluster=pd.array([pd.NA] * len(features), dtype="Int64"))
    table["cluster_name"] = NOT_RANKED
    table["reason"] = table["reason"].fillna(reason)
    return table[[*KEY, "cluster", "cluster_name", "reason"]].sort_values(KEY, ignore_index=True)


def cluster_transitions(country_clusters: pd.DataFrame) -> pd.DataFrame:
    """Count moves between clusters from one calendar year to the next.

    Parameters
    ----------
    country_clusters : DataFrame
        ``year, country, cluster``.

    Returns
    -------
    DataFrame
        ``from_cluster, to_cluster, count, share``: the pairs that occur, staying included, sorted. Only countries with
        a cluster in both of two neighbouring years count; ``share`` is that of all counted departures from
        ``from_cluster``, so that it sums to 1 over ``to_cluster``.
    """
    clustered = country_clusters.dropna(subset="cluster")[[*KEY, "cluster"]].astype({"cluster": "int64"})
    before = clustered.rename(columns={"cluster": "from_cluster"})
    after = clustered.assign(year=clustered["year"] - 1).rename(columns={"cluster": "to_cluster"})
    moves = before.merge(after, on=KEY, validate="one_to_one")
    table = moves.groupby(["from_cluster", "to_cluster"], sort=True).size().rename("count").reset_index()
    table["share"] = table["count"] / table.groupby("from_cluster")["count"].transform("sum")
    return table
