"""Opening the source of raw trade that the settings name."""

from reeassets import plugins
from reeassets.settings import Settings
from reeassets.trade.contract import Source, SourceError, SourceFactory
from reeassets.years import format_years


def open_source(settings: Settings) -> Source:
    """Open the configured source.

    Raises
    ------
    PluginError
        If the plugin is missing, broken, or what it opens does not keep the contract.
    SourceError
        If ``data`` is not what the source reads.
    """
    source = plugins.get("sources", settings.source, SourceFactory)(settings)
    if not isinstance(source, Source):
        raise plugins.PluginError(f"what plugin {settings.source!r} of group reeassets.sources opens is not a Source")
    return source


def said_of_source(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001  (as Recipe.outside is called)
    """Return what the configured source says of itself, for what is made from that rather than from its flows."""
    source = open_source(settings)
    return {"source": f"{source.name}, {source.version}, {source.nomenclature}, {source.basis}"}


def no_files(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001  (as Recipe.lineage is called)
    """Return nothing: what a source says of itself is no file."""
    return {}


def years_of(settings: Settings, source: Source) -> tuple[int, ...]:
    """Return the years that are computed: those that were named, else the source's of 2007-2023, else all it has."""
    if "years" in settings.model_fields_set:
        return settings.years
    available = source.years()
    return tuple(year for year in available if year in settings.years) or available


def with_years(settings: Settings, source: Source) -> Settings:
    """Return the settings with the years that the source has, if nobody said which; see :func:`years_of`.

    Raises
    ------
    SourceError
        If the source has no year, or if one in between is missing: a gap is left out only when it is asked for.
    """
    if "years" in settings.model_fields_set:
        return settings
    years = years_of(settings, source)
    if not years:
        raise SourceError(f"source {source.name!r} ({source.version}) has no year")
    missing = sorted(set(range(years[0], years[-1] + 1)) - set(years))
    if missing:
        raise SourceError(
            f"source {source.name!r} ({source.version}) lacks {format_years(missing)} between its other years; "
            f"to leave a gap, name the years: --years {format_years(years)}"
        )
    return settings.model_copy(update={"years": years})


def require_years(source: Source, years: tuple[int, ...]) -> None:
    """Raise SourceError, naming them, if the source lacks some of the years."""
    available = source.years()
    missing = sorted(set(years) - set(available))
    if missing:
        raise SourceError(
            f"source {source.name!r} ({source.version}) has no data for {format_years(missing)}; "
            f"it has {format_years(available)}"
        )
