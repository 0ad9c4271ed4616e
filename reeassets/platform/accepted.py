"""What somebody has looked at and accepted: the product set, as a small file in the home."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from reeassets.products.sets import members, product_set
from reeassets.settings import Settings
from reeassets.storage import replacing


def accepted_file(settings: Settings) -> Path:
    """Return the file that keeps the accepted set."""
    return settings.home / "accepted" / "products.csv"


def products_of(classified: pd.DataFrame) -> pd.DataFrame:
    """Return product and stage of the products in a set, in order."""
    return members(classified)[["product", "stage"]].sort_values("product", ignore_index=True)


def accepted_products(settings: Settings) -> pd.DataFrame | None:
    """Return product and stage of the accepted set, None if none has been accepted."""
    path = accepted_file(settings)
    if not path.exists():
        return None
    return pd.read_csv(path, dtype=str, comment="#", keep_default_na=False)


def accept(settings: Settings, classified: pd.DataFrame) -> int:
    """Accept the set of a table ``classified_products`` as it is, and return how many products it has."""
    now = products_of(classified)
    chosen = product_set(settings)
    with replacing(accepted_file(settings)) as temporary:
        head = f"# {chosen.name}, version {chosen.version}, accepted {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n"
        temporary.write_text(head + now.to_csv(index=False), encoding="utf-8")
    return len(now)
