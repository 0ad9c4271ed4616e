"""Years as text: what a person writes for them, and what is shown."""

import re
from collections.abc import Iterable

# The Harmonized System is of 1988.
EARLIEST_YEAR = 1988


def parse_years(text: str) -> tuple[int, ...]:
    """Read years from text such as ``2007-2023`` or ``2007,2010-2012``.

    Returns
    -------
    tuple of int
        The years, ascending, each once.

    Raises
    ------
    ValueError
        If the text is not years or a range runs backwards.
    """
    years: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{4})(?:\s*-\s*(\d{4}))?\s*", part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is not a year or a range of years such as 2007-2023")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"the range of years {part.strip()!r} runs backwards")
        years.update(range(first, last + 1))
    return tuple(sorted(years))


def format_years(years: Iterable[int]) -> str:
    """Write years as the shortest text that :func:`parse_years` reads back."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
