"""What the data must hold for a claim to be testable at all: enough rare-earth products, and most of the value."""

from dataclasses import dataclass

import pandas as pd

from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.settings import STAGES

# A claim about the whole needs so many rare-earth products; one about a stage MINIMUM_PRODUCTS of the stage.
MINIMUM_OF_THE_WHOLE = 10
LEAST_SHARE_OF_VALUE = 0.5


@dataclass(frozen=True)
class RareEarths:
    """Rare-earth products of the set that are traded, by stage.

    Attributes
    ----------
    products : dict of str to int
        Number of them.
    share : dict of str to float
        Their share of the stage's import value over all years.
    """

    products: dict[str, int]
    share: dict[str, float]

    @classmethod
    def of(cls, classified_products: pd.DataFrame, product_indicators: pd.DataFrame) -> "RareEarths":
        """Count them in the tables of those names."""
        members = classified_products[classified_products["in_set"]].set_index("product")
        imports = product_indicators.groupby("product")["imports_kusd"].sum()
        traded = members.join(imports.rename("imports_kusd"), how="inner")
        of_stage, rare = traded.groupby("stage"), traded[traded["is_ree"].fillna(value=False).astype(bool)]
        value = of_stage["imports_kusd"].sum()
        own = rare.groupby("stage")["imports_kusd"].sum()
        return cls(
            {stage: int((rare["stage"] == stage).sum()) for stage in STAGES},
            {stage: float(own.get(stage, 0.0) / value[stage]) if value.get(stage, 0) > 0 else 0.0 for stage in STAGES},
        )

    def lacking(self, stages: tuple[str, ...]) -> str:
        """Say what a claim about stages, or about the whole if none are named, lacks; empty if nothing."""
        if not stages:
            count = sum(self.products.values())
            few = f"{_number(count)} in the set, at least {MINIMUM_OF_THE_WHOLE} are needed"
            return few if count < MINIMUM_OF_THE_WHOLE else ""
        reasons = []
        for stage in stages:
            count, share = self.products[stage], self.share[stage]
            if count < MINIMUM_PRODUCTS:
                reasons.append(f"{_number(count, stage)}, at least {MINIMUM_PRODUCTS} are needed")
            elif share < LEAST_SHARE_OF_VALUE:
                reasons.append(
                    f"rare-earth products are {share:.0%} of the imports of {stage} products, at least "
                    f"{LEAST_SHARE_OF_VALUE:.0%} are needed"
                )
        return "; ".join(reasons)


def _number(count: int, stage: str = "") -> str:
    return f"{count} rare-earth {stage + ' ' if stage else ''}product{'' if count == 1 else 's'}"
