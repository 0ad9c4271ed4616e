"""Carrying a product set from one revision of the Harmonized System to another.

The bundled UN concordance pairs the codes of neighbouring revisions. ``pairs`` composes them between any two,
``carry`` turns them into shares and says what those touch, ``counts`` describes the concordance itself. The rules,
this project's own, and the counts are in docs/CONCORDANCE.md.
"""

from reeassets.trade.concordance.carry import Rule, carry_set, touched_value
from reeassets.trade.concordance.counts import label_disagreements, relation_counts
from reeassets.trade.concordance.pairs import concordance, unreached

__all__ = [
    "Rule",
    "carry_set",
    "concordance",
    "label_disagreements",
    "relation_counts",
    "touched_value",
    "unreached",
]
