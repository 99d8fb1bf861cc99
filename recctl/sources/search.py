"""Whether a test exists."""

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path, PurePosixPath

from recctl.errors import UnreadableError
from recctl.sources import tree
from recctl.sources.names import Module, Survey
from recctl.sources.nodes import NodeId, Presence, Sought, UndecidedError

_RENAMES_TESTS = (rb"_nodeid", rb"from_parent", rb"\bNodeId\b")
_COLLECTS_TESTS = (
    rb"pytest_collect_directory",
    rb"pytest_collect_file",
    rb"pytest_collection\s*\(",
    rb"pytest_collectstart",
    rb"pytest_make_collect_report",
    rb"pytest_pycollect_makemodule",
    rb"pytest_pycollect_makeitem",
)
"""Words in a conftest.py by which node ids need not name what is in the file."""

DECIDING_WORDS = b"|".join((*_RENAMES_TESTS, *_COLLECTS_TESTS))
_DECIDING = re.compile(DECIDING_WORDS)
_RENAMING = re.compile(b"|".join(_RENAMES_TESTS))

_SAYS_GENERATED = re.compile(
    rb"(?im)^\s*(?:#|\"\"\").*(?:auto-?generated|generated (?:by|from|with)|do not edit|@generated)"
)
_HEADER_BYTES = 2048


def find_test(root: Path, test_id: str) -> Sought:
    """Whether the test of a node id exists below a root folder. Never raises.

    The path in the id counts from the root and must not lead out of it. Of a file that is no
    Python, only its existence counts. What a test is called with, `[…]`, is not judged. Files are
    read and parsed once, until they change.
    """
    try:
        return _find(root, NodeId.parse(test_id))
    except UndecidedError as error:
        return Sought(Presence.UNKNOWN, str(error))


def holds_sources(folder: Path, root: Path) -> bool:
    """Whether there is a Python file in a folder or in one between it and a root, or in the root.

    Where there is none, the tests were not copied along, and their absence proves nothing.
    Listings are kept until a folder changes.
    """
    while True:
        try:
            if _lists_python(str(folder), folder.stat().st_mtime_ns):
                return True
        except (OSError, ValueError):
            pass  # the test's folder may be gone along with the test
        if folder in (root, folder.parent):
            return False
        folder = folder.parent


@lru_cache(maxsize=4096)
def _lists_python(folder: str, _changed: int) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".py") for entry in entries)


def _find(root: Path, node: NodeId) -> Sought:
    if not node.names:
        raise UndecidedError("no node id of a test")
    found = tree.locate(root, node.file)
    decides = _RENAMING
    if isinstance(found, Sought):
        sought = found
    elif not node.file.endswith(".py"):
        return Sought(Presence.PRESENT, f"{node.file} exists")
    else:
        decides = _DECIDING
        module = _module(found)
        if isinstance(module, str):
            raise UndecidedError(f"{node.file} {module}")
        sought = module.seek(node.file.rpartition("/")[2], identifiers(node))
    if sought.presence is Presence.GONE:
        _check_plugins(root, node.file, decides)
    return sought


def identifiers(node: NodeId) -> tuple[str, ...]:
    """The names as Python compares them. Raises UndecidedError for those of other items."""
    names = tuple(unicodedata.normalize("NFKC", name) for name in node.names)
    if not all(map(str.isidentifier, names)):
        raise UndecidedError(f"{'::'.join(node.names)} is no name of a function")
    return names


def _check_plugins(root: Path, file: str, decides: re.Pattern[bytes]) -> None:
    """Raise UndecidedError if a plugin of the tree may bring tests or rename them."""
    for plugin in tree.plugins(root, file):
        raw = None if plugin.file is None else tree.text(plugin.file)
        if raw is None:
            raise UndecidedError(f"{plugin.name} cannot be read")
        word = decides.search(raw)
        if word is not None:
            name = word.group().decode().rstrip("( \t\r\n")
            raise UndecidedError(f"{plugin.name} uses {name}")


@lru_cache(maxsize=4096)
def _module(file: tree.File) -> Module | str:
    """The names in a file; or, which is kept as well, why they cannot be had."""
    try:
        raw = tree.read(file)
        return survey_of(file, raw).module()
    except UnreadableError as error:
        return str(error)


def survey_of(file: tree.File, raw: bytes) -> Survey:
    """All that the code in a file says. Raises UnreadableError."""
    path = PurePosixPath(Path(file.path).as_posix())
    try:
        survey = Survey(tree.parse(raw), path.parent.name if path.stem == "__init__" else path.stem)
        survey.read()
    except RecursionError:
        raise UnreadableError("cannot be parsed") from None
    if _SAYS_GENERATED.search(raw[:_HEADER_BYTES]):
        survey.drafts[()].doubts.append("says that it is generated")
    return survey
