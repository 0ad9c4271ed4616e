"""The guide to the checks, section by section, so that Dagster's UI can show what it says of a check."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# In the checkout, or the copy inside an installed wheel.
_PLACES = (_PACKAGE.parent / "docs" / "CHECKS.md", _PACKAGE / "_data" / "CHECKS.md")


@cache
def section(check: str) -> str:
    """Return what docs/CHECKS.md says of a check, as Markdown.

    Raises
    ------
    FileNotFoundError
        If neither the checkout nor the installed package has the guide.
    ValueError
        If the guide has no section of this name.
    """
    path = next((place for place in _PLACES if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"the guide to the checks is neither {_PLACES[0]} nor {_PLACES[1]}")
    _, *sections = path.read_text(encoding="utf-8").split("\n## ")
    found = dict(text.split("\n", 1) for text in sections)
    if check not in found:
        raise ValueError(f"{path} says nothing of the check {check}")
    return found[check].strip()
