"""The European Union as one buyer, whether or not the run merges its members (docs/METHOD.md, section 11)."""

import pandas as pd

from reeassets.indicators.inputs import Read
from reeassets.trade.economies import EU27, Group

_TRADE = ["year", "exporter", "importer", "product"]


class NotSeparable(ValueError):
    """Members of a group trade as one with countries outside it, so that what the group buys cannot be told."""


def members_in(economies: pd.DataFrame, group: Group = EU27) -> list[str]:
    """Return the economies that make up a group, by code; none if the group is an economy of the run itself.

    Parameters
    ----------
    economies : DataFrame
        Table ``economies``.
    group : Group
        Which.

    Raises
    ------
    NotSeparable
        If an economy has members inside the group and others outside it.
    """
    if group.code in set(economies["economy"]):
        return []
    inside = economies["country"].isin(group.members)
    members = sorted(set(economies.loc[inside, "economy"]))
    mixed = sorted(set(members) & set(economies.loc[~inside, "economy"]))
    if mixed:
        raise NotSeparable(
            f"{group.name} is not shown as one buyer: {', '.join(mixed)} has members of it and others; the setting "
            "economies merges them"
        )
    return members


def members_and_words(economies: pd.DataFrame, group: Group = EU27) -> tuple[list[str], str]:
    """Return :func:`members_in` and what to say of them; none where they cannot be told from others, with the reason.

    Parameters
    ----------
    economies, group
        As in :func:`members_in`.
    """
    try:
        members = members_in(economies, group)
    except NotSeparable as reason:
        return [], str(reason)
    return members, f"{len(members)} economies, merged here" if members else "an economy of the run"


def merged_flows(flows: pd.DataFrame, members: list[str], code: str = EU27.code) -> pd.DataFrame:
    """Merge members in flows into one trader: flows with others are summed, those between members are no trade.

    Parameters
    ----------
    flows : DataFrame
        Rows of ``trade_flows``. A sum of quantities is null where no summed flow has one, as in that table.
    members : list of str
        Economies.
    code : str
        What they are called together.
    """
    touched = {side: flows[side].isin(members) for side in ("exporter", "importer")}
    apart = flows[~(touched["exporter"] | touched["importer"])]
    joined = flows[touched["exporter"] ^ touched["importer"]]
    joined = joined.assign(**{side: joined[side].mask(touched[side], code) for side in touched})
    summed = joined.groupby(_TRADE, as_index=False)[["value_kusd", "quantity_t"]].sum(min_count=1)
    return pd.concat([apart, summed], ignore_index=True)


def as_one(read: Read, members: list[str], code: str = EU27.code) -> Read:
    """Return a reader of the tables behind a network with members merged into one trader.

    What it re-exports is the smallest share of its members: an entrepot among them does not make the whole one, and
    with ``reexports`` ``all`` it re-exports all, as everybody does. Its recorded production is the sum of theirs.

    Parameters
    ----------
    read : callable
        From the name of a table of :data:`reeassets.indicators.inputs.TRADE` to its rows of the year.
    members, code
        As in :func:`merged_flows`.
    """

    def merged(name: str) -> pd.DataFrame:
        table = read(name)
        if name == "trade_flows":
            return merged_flows(table, members, code)
        own = table[table["country"].isin(members)]
        if name == "reexport_shares":
            least = own["share"].min() if len(own) == len(members) else 0.0
            one = pd.DataFrame({"country": [code], "share": [least], "source": ["smallest share of its members"]})
        else:
            one = own.groupby(["year", "product"], as_index=False)["production_kusd"].sum().assign(country=code)
        return pd.concat([table.drop(own.index), one], ignore_index=True)

    return merged
