"""What code a recipe computes with: all that its module imports, without words that change no number.

A module's closure is what it imports, directly or not, of its own package and of this one. Each file counts by its
syntax tree, as this version of Python reads it: comments, docstrings, layout, and what a table, a column, a setting or
an indicator says of itself in words are not in it. Nothing is computed with pictures (modules whose name ends with
``pictures``). Packages that compute count by their version.
"""

import ast
import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from reeassets.storage import replacing

OWN = "reeassets"
LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "statsmodels", "duckdb", "pyarrow")
# Arguments of these calls that are words for people: their positions and names.
_WORDS: dict[str, tuple[frozenset[int], frozenset[str]]] = {
    "column": (frozenset({1}), frozenset({"meaning"})),
    "Table": (frozenset({2}), frozenset({"description"})),
    "FileOutput": (frozenset({2}), frozenset({"description"})),
    "Field": (frozenset(), frozenset({"description"})),
    "Indicator": (frozenset(), frozenset({"direction", "formula", "source"})),
    "Check": (frozenset(), frozenset({"description"})),
}
# Counts in the key of what is remembered of a file: raise it when the reading of files changes.
_READING = 1


@dataclass(frozen=True)
class Read:
    """What is known of one source file.

    Attributes
    ----------
    data, words : str
        Hash of the syntax tree without words, and with them.
    imports : list of str
        Dotted names that it imports; some may be of things in a module.
    """

    data: str
    words: str
    imports: list[str]


class _Silenced(ast.NodeTransformer):
    """Takes docstrings out of a tree, and words that are arguments."""

    def __init__(self, *, words: bool):
        self.words = words

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if not self.words and name in _WORDS:
            positions, keywords = _WORDS[name]
            node.args = [ast.Constant("") if at in positions else arg for at, arg in enumerate(node.args)]
            node.keywords = [given for given in node.keywords if given.arg not in keywords]
        return self.generic_visit(node)


def _imports(tree: ast.AST, module: str, *, package: bool) -> Iterable[str]:
    parts = module.split(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = node.level - (1 if package else 0)
            base = [*parts[: len(parts) - up], *([node.module] if node.module else [])] if node.level else [node.module]
            origin = ".".join(str(part) for part in base)
            yield origin
            yield from (f"{origin}.{name.name}" for name in node.names)


def read_source(text: str, module: str, *, package: bool) -> Read:
    """Read one source file.

    Parameters
    ----------
    text : str
        Its content.
    module : str
        Its dotted name.
    package : bool
        Whether it is a package's ``__init__.py``.
    """

    def tree(*, words: bool) -> str:
        silenced = _Silenced(words=words).visit(ast.parse(text))
        return hashlib.sha256(ast.dump(silenced).encode()).hexdigest()[:16]

    return Read(tree(words=False), tree(words=True), sorted(set(_imports(ast.parse(text), module, package=package))))


class Sources:
    """Source files and what is known of them; what has been read is kept in a file, as reading all takes seconds.

    Parameters
    ----------
    kept : Path or None
        The file, in a folder of a home; None, or a home that is not there or cannot be written, keeps nothing.
    """

    def __init__(self, kept: Path | None = None):
        self._kept = kept
        self._known: dict[str, Read] = {}
        self._files: dict[str, tuple[Path, Read]] = {}
        if kept is not None and kept.exists():
            try:
                self._known = {key: Read(**of) for key, of in json.loads(kept.read_text(encoding="utf-8")).items()}
            except (ValueError, TypeError, AttributeError):
                # Only what can be read anew is in it.
                self._known = {}

    def closure(self, module: str, *, words: bool = False) -> tuple[str, ...]:
        """Return the modules that a module computes with, itself among them, in the order of their names.

        Parameters
        ----------
        module : str
            Its dotted name.
        words : bool
            Whether pictures are among them.
        """
        packages = {OWN, module.split(".", maxsplit=1)[0]}
        found: set[str] = set()
        left = [module]
        while left:
            name = left.pop()
            if name in found or name.split(".")[0] not in packages or (not words and _is_picture(name)):
                continue
            if _file(name) is None:
                # A thing in a module, which is named beside it.
                continue
            found.add(name)
            left += self._read(name).imports
            # To import a module is to import the packages it is in.
            left += [name.rsplit(".", 1)[0]] if "." in name else []
        return tuple(sorted(found))

    def digest(self, modules: Collection[str], *, words: bool = False) -> str:
        """Return a hash of modules with everything they compute with, and of the packages that compute.

        Parameters
        ----------
        modules : collection of str
            Dotted names.
        words : bool
            Whether words that change no number count, and pictures, as they do for what shows them.
        """
        names = sorted(set().union(*(self.closure(module, words=words) for module in modules)))
        reads = [(name, self._read(name)) for name in names]
        parts = [[name, read.words if words else read.data] for name, read in reads]
        return hashlib.sha256(json.dumps([parts, _versions()]).encode()).hexdigest()[:16]

    def keep(self) -> None:
        """Write what is known of the files read to the file, if that is new."""
        if self._kept is None or not os.access(self._kept.parent.parent, os.W_OK):
            return
        known = {self._key(path, name): read for name, (path, read) in self._files.items()}
        if not known.keys() - self._known.keys():
            return
        # Other code may have been read before in the same home, of which nothing need be kept.
        self._known = known
        with replacing(self._kept) as temporary:
            temporary.write_text(json.dumps({key: asdict(read) for key, read in known.items()}), encoding="utf-8")

    def _key(self, path: Path, name: str) -> str:
        return hashlib.sha256(f"{_READING} {name} ".encode() + path.read_bytes()).hexdigest()

    def _read(self, name: str) -> Read:
        if name not in self._files:
            path = _file(name)
            assert path is not None
            known = self._known.get(self._key(path, name))
            text = path.read_text(encoding="utf-8")
            read = known or read_source(text, name, package=path.name == "__init__.py")
            self._files[name] = (path, read)
        return self._files[name][1]


def _is_picture(name: str) -> bool:
    return name.rsplit(".", 1)[-1].endswith("pictures")


@cache
def _file(name: str) -> Path | None:
    """Return the source file of a module; None if there is no such module or it has no source."""
    top, *rest = name.split(".")
    try:
        root = find_spec(top)
    except (ImportError, ValueError):
        # Modules that were made while the program runs have no source.
        return None
    if root is None or root.origin is None or not root.origin.endswith(".py"):
        return None
    if not rest:
        return Path(root.origin)
    if not root.submodule_search_locations:
        return None
    for folder in root.submodule_search_locations:
        below = Path(folder, *rest)
        for path in (below.with_suffix(".py"), below / "__init__.py"):
            if path.is_file():
                return path
    return None


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}
