"""Country indicators with known clusters, and settings for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reeassets.settings import Settings

# Per archetype: exposure, concentration, systemic risk, influence; the same in both stages.
ARCHETYPES = {
    "A": (0.10, 0.30, 0.05, 0.600),  # lowest risk, highest influence
    "B": (0.50, 0.90, 0.20, 0.0077),
    "C": (0.90, 0.30, 0.35, 0.0007),
    "D": (0.90, 0.90, 0.50, 0.00008),
    "E": (0.30, 0.60, 0.80, 0.000),  # highest risk, no influence
}
# Noise falls on a quarter of log10(influence + FLOOR), which spreads as widely as the other values.
FLOOR = 1e-4


def make_settings(**fields: Any) -> Settings:
    return Settings(home=Path("no-such-home"), **({"cluster_n_init": 10, "cluster_bootstraps": 5} | fields))


def stage_row(year: int, country: str, stage: str, **values: Any) -> dict[str, Any]:
    plain = {
        "n_products": 1,
        "imports_kusd": 100.0,
        "exports_kusd": 0.0,
        "exposure": 0.5,
        "supplier_concentration": 0.5,
    }
    plain |= {"systemic_trade_risk": 0.5, "influence": 0.0}
    return {"year": year, "country": country, "stage": stage, "weighting": "imports"} | plain | values


def planted(per_archetype: int = 6, years: int = 3, noise: float = 0.01, seed: int = 0) -> pd.DataFrame:
    """Countries ``A00, A01, ...`` of archetype A and so on, with a little noise; values stay in their range."""
    rng = np.random.default_rng(seed)
    rows = []
    for archetype, centre in ARCHETYPES.items():
        for member in range(per_archetype):
            for year in range(2010, 2010 + years):
                for stage in ("upstream", "input"):
                    drawn = np.array([*centre[:3], np.log10(centre[3] + FLOOR) / 4]) + rng.normal(0, noise, 4)
                    e, c, r, quarter = np.clip(drawn, [0, 0.01, 0, -1], [1, 1, 1, 0])
                    i = max(10 ** (4 * quarter) - FLOOR, 0.0)
                    row = {"exposure": e, "supplier_concentration": c, "systemic_trade_risk": r, "influence": i}
                    rows.append(stage_row(year, f"{archetype}{member:02d}", stage, **row))
    return pd.DataFrame(rows)


def shuffled(frame: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=seed).set_axis(range(7, 7 + len(frame)))
