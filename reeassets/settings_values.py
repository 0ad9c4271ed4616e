"""Values of settings as text: lists and numbers as a person writes them."""

import re
from typing import Any

from reeassets.years import EARLIEST_YEAR, format_years


def said(value: str | None) -> bool:
    """Return whether a variable says something: an empty one does not."""
    return value is not None and bool(value.strip())


def parts_of(value: Any) -> list[Any]:
    """Return the parts of a list, of text with commas, or a single number; raise ValueError for anything else."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    parts = list(value) if isinstance(value, list | tuple | set | frozenset | range) else [value]
    if not all(isinstance(part, str | int | float) and not isinstance(part, bool) for part in parts):
        raise ValueError("must be text with commas, or a list of texts or numbers")
    return parts


def whole_number(part: Any) -> int:
    """Return a whole number, of text too; raise ValueError for anything else."""
    if not re.fullmatch(r"[+-]?\d+", str(part)):
        raise ValueError(f"{part!r} is not a whole number")
    return int(part)


def setting_text(value: Any) -> str:
    """Write the value of a setting, as ``Settings.values`` gives it, for people."""
    # No other setting holds numbers as large as years.
    if isinstance(value, list) and all(isinstance(item, int) and item >= EARLIEST_YEAR for item in value):
        return format_years(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)
