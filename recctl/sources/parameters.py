"""What a test may be called with, where that is written out."""

import re
from itertools import product
from math import prod
from pathlib import Path, PurePosixPath

from recctl.sources import tree
from recctl.sources.literals import MOST_IDS
from recctl.sources.nodes import NodeId, Sought, UndecidedError
from recctl.sources.search import DECIDING_WORDS, identifiers
from recctl.sources.sheets import Fixture, Sheet, Test, sheet_of

_OWN_FIXTURES = frozenset(
    {
        *("cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "capteesys"),
        *("doctest_namespace", "monkeypatch", "pytestconfig", "pytester", "record_property"),
        *("record_testsuite_property", "record_xml_attribute", "recwarn", "request", "subtests"),
        *("testdir", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory"),
    }
)
"""Those of pytest itself. None has parameters."""

_PARAMETRIZING_MARKS = frozenset({"anyio", "repeat", "trio"})
"""Marks by which plugins give a test more parameters. Other marks must be the tree's own: named
in a configuration of pytest."""

_CHANGES_PARAMETERS = re.compile(
    rb"pytest_generate_tests|pytest_make_parametrize_id|pytest_plugins|parametrize|callspec"
    rb"|loop_factories|" + DECIDING_WORDS
)
"""Words in a conftest.py by which tests may get other parameters."""

_CONFIGURES_PARAMETERS = re.compile(
    rb"usefixtures|anyio_mode|disable_test_id_escaping|--count|--flake|loop_factories"
)
_CHANGES_PACKAGES = re.compile(rb"pytestmark|parametrize|pytest_generate_tests")


def written_parameters(root: Path, test_id: str) -> frozenset[str] | None:
    """All that a test's function may be called with, by what is written out. Never raises.

    Each is as `NodeId.parameters` gives it, brackets included: `{"[a-1]", "[b-1]"}`; `{""}` for a
    function that is not parametrized. The parameters in `test_id` itself do not matter. Null
    where anything else could add to them or change them, or where they cannot be told.

    What an installed plugin does to every test, unasked, is not seen: ids that were really
    collected should all be among those given, before any conclusion is drawn from an absence.
    """
    try:
        return _written(root, NodeId.parse(test_id))
    except UndecidedError:
        return None


def _written(root: Path, node: NodeId) -> frozenset[str]:
    if not node.names or not node.file.endswith(".py"):
        raise UndecidedError("no test of Python")
    names = identifiers(node)
    found = tree.locate(root, node.file)
    sheet = None if isinstance(found, Sought) else sheet_of(found)
    test = sheet.tests.get(names) if sheet else None
    if isinstance(found, Sought) or sheet is None or test is None:
        raise UndecidedError("not written out")
    sheets = [sheet]
    _check_origins(root, found, sheet)
    for plugin in tree.plugins(root, node.file):
        raw = tree.text(plugin.file) if plugin.file and plugin.is_conftest else None
        conftest = sheet_of(plugin.file) if plugin.file else None
        if plugin.file is None or raw is None or conftest is None:
            raise UndecidedError("a plugin of the tree")
        if _CHANGES_PARAMETERS.search(raw):
            raise UndecidedError("a conftest.py may change parameters")
        _check_origins(root, plugin.file, conftest)
        sheets.append(conftest)
    _check_configuration(root, node.file, test)
    _check_packages(root, node.file)
    _check_fixtures(test, sheets, names)
    return _ids(test)


def _ids(test: Test) -> frozenset[str]:
    if not test.groups:
        return frozenset({""})
    if prod(len(group.ids) for group in test.groups) > MOST_IDS:
        raise UndecidedError("too many parameters")
    return frozenset(
        f"[{'-'.join(parts)}]" for parts in product(*(group.ids for group in test.groups))
    )


def _check_configuration(root: Path, file: str, test: Test) -> None:
    """Raise if pytest is configured in a way that changes parameters, or a mark is unheard of."""
    marks = set(test.marks)
    for configuration in tree.configurations(root, file):
        raw = tree.text(configuration) if configuration else None
        if raw is None or _CONFIGURES_PARAMETERS.search(raw):
            raise UndecidedError("a configuration may change parameters")
        marks -= {one for one in marks if re.search(rb"\b%b\b" % one.encode(), raw)}
    if marks or test.marks & _PARAMETRIZING_MARKS:
        raise UndecidedError("has marks of plugins")


def _check_packages(root: Path, file: str) -> None:
    """Raise if a package that the test is in may mark its tests."""
    for folder in PurePosixPath(file).parents:
        found = tree.file_at(root / folder / "__init__.py")
        if found is None:
            continue
        raw = tree.text(found) if isinstance(found, tree.File) else None
        if raw is None or _CHANGES_PACKAGES.search(raw):
            raise UndecidedError("a package may mark its tests")


def _check_origins(root: Path, file: tree.File, sheet: Sheet) -> None:
    """Raise if a file of the tree that names are imported from has fixtures that nobody asks."""
    for dotted in sheet.origins:
        for origin in tree.modules(root, Path(file.path).parent, dotted):
            raw = tree.text(origin) if origin else None
            if raw is None or b"autouse" in raw:
                raise UndecidedError("imports what may be a fixture")


def _check_fixtures(test: Test, sheets: list[Sheet], names: tuple[str, ...]) -> None:
    """Raise unless all fixtures of a test are known, and without parameters of their own."""
    places = [names[:depth] for depth in range(len(names))]
    visible: dict[str, list[Fixture]] = {}
    doubtful: set[str] = set()
    for number, sheet in enumerate(sheets):
        for place in places[:1] if number else places:
            doubtful |= sheet.others.get(place, frozenset())
            for fixture in sheet.fixtures.get(place, ()):
                visible.setdefault(fixture.name, []).append(fixture)
    direct = {name for group in test.groups if group.is_direct for name in group.arguments}
    indirect = {name for group in test.groups for name in group.arguments} - direct
    asked = {*test.arguments, *test.uses, *indirect}
    asked |= {one.name for fixtures in visible.values() for one in fixtures if one.is_autouse}
    waiting, seen = sorted(asked - direct), set(direct)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        fixtures = visible.get(name, [])
        if name in doubtful or (not fixtures and name not in _OWN_FIXTURES):
            raise UndecidedError("a fixture is not known")
        for fixture in fixtures:
            if fixture.has_parameters and name not in indirect:
                raise UndecidedError("a fixture has parameters")
            waiting += fixture.arguments
