"""Opening the source of raw trade that the settings name."""

from reeassets import plugins
from reeassets.settings import Settings, format_years
from reeassets.trade.contract import Source, SourceError, SourceFactory


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


def require_years(source: Source, years: tuple[int, ...]) -> None:
    """Raise SourceError, naming them, if the source lacks some of the years."""
    available = source.years()
    missing = sorted(set(years) - set(available))
    if missing:
        raise SourceError(
            f"source {source.name!r} ({source.version}) has no data for {format_years(missing)}; "
            f"it has {format_years(available)}"
        )
