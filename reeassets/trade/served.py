"""Which years of a home may be read: those of its present data, and not those that an earlier archive left on disk.

A year's file stays when another archive, another release or fewer years are computed: coming back to it costs nothing.
The same holds for another source, product set or grouping of economies that is set and not computed yet. What reads
single files of a home asks here first.
"""

from collections.abc import Iterable

from reeassets.settings import Settings
from reeassets.settings_values import setting_text
from reeassets.storage import MissingPartition, Provenance, TableStore, read_record
from reeassets.tables import Table
from reeassets.trade.contract import SourceError
from reeassets.trade.schema import RAW_TRADE
from reeassets.trade.sources import open_source, years_of
from reeassets.years import format_years, parse_years

# What a table is of, whatever it computes: a table of other ones answers another question.
_OF_WHAT = ("source", "product_set", "economies")


def present_years(settings: Settings) -> tuple[int, ...]:
    """Return the years that the home computes from its present data.

    Where the data are not at hand, as in a home that was copied without its archive: those that the last finished run
    recorded with the warehouse.

    Raises
    ------
    SourceError
        If the data are not at hand and no run has been finished.
    """
    try:
        source = open_source(settings)
        return tuple(sorted(set(years_of(settings, source)).intersection(source.years())))
    except (SourceError, OSError) as problem:
        recorded = read_record(settings.warehouse_file)
        if recorded is None:
            raise SourceError(
                f"which years {settings.home} has cannot be told without its data: {problem}"
            ) from problem
        return parse_years(recorded.years)


def served_years(settings: Settings, store: TableStore, table: Table) -> tuple[int, ...]:
    """Return the years of a yearly table that are there, of the present data and of what is set."""
    there = set(store.years(table)).intersection(present_years(settings))
    return tuple(year for year in sorted(there) if _earlier(settings, store, table, year) is None)


def _earlier(settings: Settings, store: TableStore, table: Table, year: int) -> str | None:
    """Say of what earlier data a year's table is, None if it is of those that are set and that raw trade is of."""
    now, own = (store.provenance(of, year) for of in (RAW_TRADE, table))
    if now is None or own is None:
        return None
    before, after = ((of.source, of.source_version, of.nomenclature) for of in (own, now))
    if before != after:
        return f"{', '.join(before)}, and raw trade of {', '.join(after)}"
    return set_otherwise(settings, own)


def set_otherwise(settings: Settings, own: Provenance) -> str | None:
    """Say of which other source, products or economies something is than are set; None if of the same."""
    wanted = settings.values(*_OF_WHAT)
    differing = [name for name in _OF_WHAT if own.settings.get(name, wanted[name]) != wanted[name]]
    changed = [f"{of} {setting_text(own.settings[of])}, and {setting_text(wanted[of])} is set" for of in differing]
    return "; ".join(changed) or None


def require_served(settings: Settings, store: TableStore, tables: Iterable[Table], year: int) -> None:
    """Refuse a year that is not there, or is of other data, products or economies than the home's.

    Raises
    ------
    MissingPartition
        Naming the years there are.
    """
    for table in tables:
        years = served_years(settings, store, table)
        if year in years:
            continue
        there = format_years(years) or "none"
        earlier = _earlier(settings, store, table, year)
        why = (
            f"of {year} is of {earlier}; `reeassets run` renews it"
            if earlier
            else f"of {year} is of earlier data: the present ones do not have it"
            if year in store.years(table)
            else f"has not been made for {year}"
        )
        raise MissingPartition(f"{store.root}: {table.name} {why}; the years there are: {there}")
