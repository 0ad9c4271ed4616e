"""Small made panels, and the slow regression with explicit dummies that the stage is measured against."""

import numpy as np
import pandas as pd

from reeassets.settings import Settings

HAZARDS = ("political_stability", "uniform")
RISKS = ("indirect_risk", "multi_tier_risk", "systemic_trade_risk")
HEADLINE_RISK = "systemic_trade_risk__political_stability"
CANDIDATES = [
    "trade_exposure",
    "import_reliance",
    "import_intensity",
    "supplier_concentration",
    *(f"{risk}__{hazard}" for risk in RISKS for hazard in HAZARDS),
]
HEADLINE_EFFECTS = "country-product+country-year+product-year"
CONTROLS = ["rsca", "log1p_imports", "log1p_exports"]
NO_LINKS = pd.DataFrame(
    {
        "input": pd.Series(dtype="str"),
        "output": pd.Series(dtype="str"),
        "in_network": pd.Series(dtype="bool"),
        "weight": pd.Series(dtype="float64"),
    }
)


def settings(deltas=(1,), **more) -> Settings:
    return Settings(model_deltas=deltas, **more)


def country_names(count: int) -> list[str]:
    return [f"A{chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(count)]


def product_names(count: int) -> list[str]:
    return [f"{280100 + i:06d}" for i in range(count)]


def made_panel(
    seed=0,
    countries=14,
    products=12,
    years=8,
    n_input=4,
    n_final=0,
    kept=0.85,
    deltas=(1,),
    slope=0.0,
    null_share=0.05,
    uneven=0.0,
) -> pd.DataFrame:
    """Make a panel with country, product and year effects.

    ``slope`` is that of the headline risk on the outcome. ``uneven`` is the spread of slopes over countries and over
    products: it makes scores correlate within clusters, without which two-way covariances are rarely definite.
    """
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [range(2007, 2007 + years), country_names(countries), product_names(products)],
        names=["year", "country", "product"],
    )
    panel = index.to_frame(index=False)
    panel = panel[rng.uniform(size=len(panel)) < kept].reset_index(drop=True)
    names = product_names(products)
    stage = dict.fromkeys(names, "upstream")
    stage |= dict.fromkeys(names[:n_input], "input") | dict.fromkeys(names[n_input : n_input + n_final], "final")
    panel["stage"] = panel["product"].map(stage).astype("str")
    effects = sum(rng.normal(size=codes.max() + 1)[codes] for codes in (panel[k].factorize()[0] for k in index.names))
    for name in CANDIDATES:
        noise = rng.normal(size=len(panel)) + 0.5 * effects
        panel[name] = 1 / (1 + np.exp(-noise)) if name != "import_intensity" else np.exp(noise)
    panel.loc[rng.uniform(size=len(panel)) < null_share, "supplier_concentration"] = np.nan
    panel["log1p_imports"] = np.abs(rng.normal(8, 2, size=len(panel)))
    panel["log1p_exports"] = np.abs(rng.normal(6, 2, size=len(panel)))
    for delta in (0, *deltas):
        index_value = np.tanh(0.5 * effects + rng.normal(size=len(panel)))
        if delta:
            latent = 0.3 * effects + slope * panel[HEADLINE_RISK] + rng.normal(size=len(panel))
            for name in [*CANDIDATES, "rsca", "log1p_imports", "log1p_exports"] if uneven else []:
                score = (panel[name] - panel[name].mean()) / panel[name].std()
                for key in ("country", "product"):
                    codes = panel[key].factorize()[0]
                    latent = latent + uneven * score.fillna(0) * rng.normal(size=codes.max() + 1)[codes]
            index_value = np.tanh(0.3 * latent)
        suffix = f"_lead{delta}" if delta else ""
        panel[f"rsca{suffix}"] = index_value
        panel[f"rca{suffix}"] = (1 + index_value) / (1 - index_value)
        if delta:
            late = panel["year"] > panel["year"].max() - delta
            panel.loc[late, [f"rsca{suffix}", f"rca{suffix}"]] = np.nan
    return panel


def complete(panel: pd.DataFrame, outcome: str, candidates=CANDIDATES) -> pd.DataFrame:
    return panel[panel[[outcome, *candidates, *CONTROLS]].notna().all(axis=1)].reset_index(drop=True)


def standardised(values: pd.Series) -> np.ndarray:
    return ((values - values.mean()) / values.std(ddof=0)).to_numpy()


def dummies(*keys: pd.Series) -> np.ndarray:
    """Return independent dummy columns that span all levels of all keys."""
    import scipy.linalg

    full = np.column_stack([pd.get_dummies(key).to_numpy(float) for key in keys])
    _, triangle, pivot = scipy.linalg.qr(full, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > 1e-9 * np.abs(triangle[0, 0])).sum())
    return full[:, np.sort(pivot[:rank])]


def exporting(rows: pd.DataFrame, delta: int) -> pd.DataFrame:
    """Keep the pairs that export at both ends, without singletons, sorted by country, product and year."""
    rows = rows[(rows["log1p_exports"] > 0) & (rows[f"rca_lead{delta}"] > 0)]
    while True:
        keys = (["country", "product"], ["country", "year"], ["product", "year"])
        several = np.logical_and.reduce([rows.groupby(key)["rsca"].transform("size") > 1 for key in keys])
        if several.all():
            return rows.sort_values(["country", "product", "year"], ignore_index=True)
        rows = rows[several]


def effects_of(rows: pd.DataFrame, fixed_effects: str) -> np.ndarray:
    year = rows["year"].astype(str)
    if fixed_effects == "country+product+year":
        return dummies(rows["country"], rows["product"], year)
    return dummies(rows["country"] + rows["product"], rows["country"] + year, rows["product"] + year)


def clustered_by(rows: pd.DataFrame) -> dict:
    groups = np.column_stack([rows["country"].factorize(sort=True)[0], rows["product"].factorize(sort=True)[0]])
    return {"cov_type": "cluster", "cov_kwds": {"groups": groups}, "use_t": True}


def dummy_regression(rows: pd.DataFrame, outcome: str, regressors: np.ndarray, fixed_effects: str):
    """Fit statsmodels' OLS with explicit dummies and two-way clustered errors; the regressors come first."""
    import statsmodels.api as sm

    design = np.column_stack([regressors, effects_of(rows, fixed_effects)])
    return sm.OLS(rows[outcome].to_numpy(), design).fit(**clustered_by(rows)), design.shape[1] - regressors.shape[1]


def left_out(matrix: np.ndarray, outcome: np.ndarray, groups) -> np.ndarray:
    """Return how statsmodels' coefficients move when each group's rows are left out, shape (groups, k)."""
    import statsmodels.api as sm

    whole = sm.OLS(outcome, matrix).fit().params
    codes = pd.Series(groups).factorize(sort=True)[0]
    kept = [codes != code for code in range(codes.max() + 1)]
    return np.stack([sm.OLS(outcome[inside], matrix[inside]).fit().params - whole for inside in kept])


def slow_jackknife(rows: pd.DataFrame, matrix: np.ndarray, outcome: np.ndarray, weights: np.ndarray):
    """Return standard errors, degrees of freedom and what decided, of combinations (one a row of ``weights``).

    ``matrix`` and ``outcome`` are what a regression on all dummies leaves of the regressors and of the outcome.
    """
    variances, shares = {}, {}
    bread = np.linalg.inv(matrix.T @ matrix)
    for way in ("country", "product"):
        moves = left_out(matrix, outcome, rows[way]) @ weights.T
        variances[way] = (len(moves) - 1) / len(moves) * (moves**2).sum(axis=0)
        parts = [matrix[(rows[way] == one).to_numpy()] for one in sorted(rows[way].unique())]
        share = np.array([np.diag(weights @ bread @ part.T @ part @ bread @ weights.T) for part in parts])
        shares[way] = share.sum(axis=0) ** 2 / (share**2).sum(axis=0)
    residual = outcome - matrix @ bread @ matrix.T @ outcome
    pairs = pd.DataFrame(matrix * residual[:, None]).groupby([rows["country"], rows["product"]]).sum().to_numpy()
    pair = np.diag(weights @ bread @ pairs.T @ pairs @ bread @ weights.T)
    candidates = np.stack([variances["country"] + variances["product"] - pair, *variances.values()])
    degrees = np.maximum(np.minimum(shares["country"], shares["product"]) - 1, 1)
    decided = np.array(["two-way", "country", "product"])[candidates.argmax(axis=0)]
    return np.sqrt(candidates.max(axis=0)), degrees, decided


def slow_own(rows: pd.DataFrame, x, y, delta: int, lagged: int, persistence: float | None) -> np.ndarray:
    """Correct slopes for the bias of a lagged outcome as docs/METHOD.md has it, from the rows after their effects."""
    keys = list(zip(rows["country"], rows["product"], rows["year"], strict=True))
    at = {key: row for row, key in enumerate(keys)}
    lengths = rows.groupby(["country", "product"]).size().tolist()
    couples = {
        j: [(at[c, p, t + j], row) for (c, p, t), row in at.items() if (c, p, t + j) in at] for j in range(1, delta + 1)
    }
    uncorrected = np.linalg.solve(x.T @ x, x.T @ y)
    b = uncorrected
    for _ in range(40):
        fade = min(max(b[lagged], 0.0), 0.995) if persistence is None else persistence
        bias = np.zeros(len(b))
        for j in range(1, delta + 1):
            later, now = (np.array(rows) for rows in zip(*couples[j], strict=True))
            mean = (x[later] * (y[now] - x[now] @ b)[:, None]).mean(axis=0)
            lags = [j] if j < delta else range(delta, max(lengths))
            bias += sum((n - i) / n * fade ** (i - j) for n in lengths for i in lags if i < n) * mean
        b = b + 0.5 * (uncorrected + np.linalg.solve(x.T @ x, bias) - b)
    return b


def after_effects(rows: pd.DataFrame, columns: np.ndarray, fixed_effects: str) -> np.ndarray:
    """Return the residuals of every column on explicit dummies, by statsmodels."""
    import statsmodels.api as sm

    design = effects_of(rows, fixed_effects)
    return np.column_stack([sm.OLS(column, design).fit().resid for column in columns.T])
