"""A baseline that looks for words in descriptions. It is compared with the votes and has no vote itself."""

import re

import pandas as pd

# Words that name rare earths or goods that are known for them. A baseline is what one would do in an hour.
KEYWORDS = (
    "rare-earth",
    "rare earth",
    "cerium",
    "yttrium",
    "scandium",
    "lanthan",
    "neodymium",
    "ferro-cerium",
    "pyrophoric",
    "thorium",
    "permanent magnet",
    "magnet",
    "luminophore",
    "phosphor",
    "catalyst",
    "nickel-metal hydride",
    "electric motor",
    "motors; electric",
    "generating sets; electric, wind",
    "wind-powered",
    "laser",
    "lighter",
    "loudspeaker",
    "headphone",
    "magnetic resonance",
    "fluorescent",
    "optical fibre",
    "lens",
)


def keyword_baseline(nomenclature: pd.DataFrame) -> pd.DataFrame:
    """Mark the products whose description holds one of the keywords.

    Parameters
    ----------
    nomenclature : DataFrame
        From :func:`reeassets.trade.nomenclature.nomenclature`.

    Returns
    -------
    DataFrame
        Table ``keyword_baseline``: ``product``, ``keywords`` (those found, null if none), ``is_ree``.
    """
    pattern = re.compile("|".join(rf"\b{re.escape(word)}" for word in KEYWORDS), flags=re.IGNORECASE)
    found = nomenclature["description"].map(
        lambda text: ", ".join(dict.fromkeys(match.lower() for match in pattern.findall(text)))
    )
    return pd.DataFrame(
        {
            "product": nomenclature["product"],
            "keywords": found.where(found != "", None).astype("str"),
            "is_ree": found != "",
        }
    )


def compared(baseline: pd.DataFrame, classified: pd.DataFrame) -> dict[str, float]:
    """Compare the baseline with the majority of the votes.

    Returns
    -------
    dict
        ``precision`` (share of the baseline's products that the majority holds to be rare-earth) and ``recall`` (share
        of the majority's products that the baseline finds).
    """
    majority = set(classified.loc[classified["is_ree"].fillna(value=False), "product"])
    found = set(baseline.loc[baseline["is_ree"], "product"])
    both = len(majority & found)
    return {"precision": both / len(found) if found else 0.0, "recall": both / len(majority) if majority else 0.0}
