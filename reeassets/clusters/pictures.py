"""Pictures of the stage ``clusters``."""

import pandas as pd

from reeassets.pictures import picture


def sizes_over_years(clusters: pd.DataFrame) -> bytes:
    """Draw how many countries each cluster has in each year; table ``country_clusters`` in, PNG out."""
    ranked = clusters[clusters["cluster"].notna()]
    counts = ranked.groupby(["year", "cluster_name"]).size().unstack(fill_value=0)
    with picture("Countries in each cluster", "year", "countries") as drawn:
        drawn.axes.stackplot(counts.index, counts.to_numpy().T, labels=counts.columns.tolist(), alpha=0.8)
        drawn.axes.legend(fontsize=7, frameon=False, loc="lower left")
    return drawn.png


def choice_of_k(choice: pd.DataFrame) -> bytes:
    """Draw how well each number of clusters describes the panel; table ``cluster_choice`` in, PNG out."""
    with picture("Number of clusters", "k", "silhouette, stability") as drawn:
        drawn.axes.plot(choice["k"], choice["silhouette"], marker="o", label="silhouette")
        drawn.axes.plot(choice["k"], choice["stability"].astype(float), marker="o", label="stability")
        for k in choice.loc[choice["chosen"], "k"]:
            drawn.axes.axvline(k, color="grey", linewidth=0.8)
        drawn.axes.legend(fontsize=8, frameon=False)
    return drawn.png
