"""What a file says of the parameters of its tests, and of its fixtures."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from recctl.errors import UnreadableError
from recctl.sources import tree
from recctl.sources.literals import Group, Literals, bindings
from recctl.sources.names import CLASS, HERE, Place, Survey, callee
from recctl.sources.nodes import UndecidedError
from recctl.sources.search import survey_of

_OWN_MARKS = frozenset({"filterwarnings", "skip", "skipif", "xfail"})
_FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
_FIXTURE_WORDS = {"fixture", "yield_fixture"}
_GENERATES = "pytest_generate_tests"
_MARKS = "pytestmark"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Test:
    """A test function: its parametrizations, nearest first, and what it asks of fixtures.

    `marks` are the names of those marks that are not pytest's own.
    """

    groups: tuple[Group, ...]
    arguments: tuple[str, ...]
    uses: tuple[str, ...]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture, and the fixtures that it asks for itself."""

    name: str
    arguments: tuple[str, ...]
    is_autouse: bool
    has_parameters: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be known of a file; of tests, those whose parameters are written out.

    `others` are names that may be fixtures, of another file or made in another way. `origins` are
    the modules that names are imported from.
    """

    tests: Mapping[tuple[str, ...], Test]
    fixtures: Mapping[Place, tuple[Fixture, ...]]
    others: Mapping[Place, frozenset[str]]
    origins: tuple[str, ...]


@lru_cache(maxsize=1024)
def sheet_of(file: tree.File) -> Sheet | None:
    """What a file says; null where it cannot be read, or leaves a doubt of all that it says."""
    try:
        survey = survey_of(file, tree.read(file))
        return _Reading(survey).sheet()
    except (UnreadableError, UndecidedError, RecursionError):
        return None


class _Reading:
    """A file while it is read for parameters. Raises UndecidedError where all is in doubt."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._module = survey.module()
        self._literals = Literals(survey)
        self._loaded: Counter[str] = Counter()
        self._check(survey.tree)

    def sheet(self) -> Sheet:
        """What was read."""
        tests: dict[tuple[str, ...], Test] = {}
        fixtures: dict[Place, tuple[Fixture, ...]] = {}
        others: dict[Place, frozenset[str]] = {}
        waiting: list[tuple[Place, list[ast.stmt], list[ast.expr]]] = []
        waiting.append(((), self._survey.tree.body, []))
        while waiting:
            place, body, outer = waiting.pop()
            fixtures[place] = tuple(self._fixtures(place, body))
            others[place] = frozenset(self._others(place))
            marks = [*self._own_marks(body), *outer]
            counts = Counter(node.name for node in _definitions(body))
            for node in _definitions(body):
                if node not in body or counts[node.name] > 1 or self._loaded[node.name]:
                    continue
                if isinstance(node, ast.ClassDef):
                    if self._is_plain(place, node):
                        inner = [*reversed(node.decorator_list), *marks]
                        waiting.append(((*place, node.name), node.body, inner))
                elif self._survey.drafts[place].bound[node.name] == {HERE}:
                    try:
                        tests[*place, node.name] = self._test(place, node, marks)
                    except UndecidedError:
                        continue
        return Sheet(tests, fixtures, others, self._origins())

    # All of the file

    def _check(self, module: ast.Module) -> None:
        """Raise where marks, fixtures or parameters are made in other ways than by decorators."""
        bound = self._survey.drafts[()].bound
        if self._module.scopes[()].doubt or bound.keys() & {_GENERATES, "pytest_plugins"}:
            raise UndecidedError("leaves doubts")
        self._check_marks(module)
        decorators, fixture_words = _decorators(module), _fixture_words(module)
        for node in ast.walk(module):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                    self._loaded[name] += 1
                    if name in fixture_words and id(node) not in decorators:
                        raise UndecidedError("makes fixtures in another way")
                case ast.Call(func=function, keywords=keywords):
                    is_decorator = id(function) in decorators
                    if not is_decorator and any(one.arg == "autouse" for one in keywords):
                        raise UndecidedError("makes fixtures in another way")
                case _:
                    pass

    def _check_marks(self, module: ast.Module) -> None:
        """Raise where `pytestmark` is mentioned but to be assigned, once in its scope."""
        assigned = 0
        for node in ast.walk(module):
            match node:
                case ast.Module(body=body) | ast.ClassDef(body=body):
                    assigned += len(list(_assigned_marks(body)))
                case (
                    ast.Name(id="pytestmark", ctx=ast.Load())
                    | ast.Attribute(attr="pytestmark" | "pytest_generate_tests")
                    | ast.Constant(value="pytestmark" | "pytest_generate_tests")
                ):
                    raise UndecidedError("sets marks in another way")
                case _:
                    pass
        if bindings(module)[_MARKS] != assigned:
            raise UndecidedError("sets marks in another way")

    def _origins(self) -> tuple[str, ...]:
        return tuple(
            "." * node.level + (node.module or "")
            for node in ast.walk(self._survey.tree)
            if isinstance(node, ast.ImportFrom)
        )

    # Scopes

    def _is_plain(self, place: Place, node: ast.ClassDef) -> bool:
        """Whether a class has only what is written in it."""
        inner = (*place, node.name)
        bases = [self._survey.imported(place, callee(base)) for base in node.bases]
        return (
            not node.keywords
            and all(base == "builtins.object" for base in bases)
            and self._survey.drafts[place].bound[node.name] == {CLASS}
            and self._module.scopes[inner].doubt is None
            and _GENERATES not in self._survey.drafts[inner].bound
        )

    def _own_marks(self, body: list[ast.stmt]) -> list[ast.expr]:
        """The marks of `pytestmark` in a scope, in order."""
        values = list(_assigned_marks(body))
        if len(values) > 1:
            raise UndecidedError("sets marks twice")
        for value in values:
            return value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
        return []

    def _others(self, place: Place) -> Iterator[str]:
        for name, sources in self._survey.drafts[place].bound.items():
            if not sources <= {HERE, CLASS}:
                yield name

    def _fixtures(self, place: Place, body: list[ast.stmt]) -> Iterator[Fixture]:
        for node in _definitions(body):
            if isinstance(node, ast.ClassDef):
                continue
            for decorator in node.decorator_list:
                dotted = callee(decorator)
                words = set((dotted or "").split("."))
                meaning = self._survey.imported(place, dotted)
                if meaning in _FIXTURES:
                    yield _fixture(node, decorator, is_method=bool(place))
                elif words & _FIXTURE_WORDS or "fixture" in (meaning or "").split("."):
                    raise UndecidedError("makes fixtures in another way")

    # Tests

    def _test(self, place: Place, node: _Function, outer: list[ast.expr]) -> Test:
        groups: list[Group] = []
        uses: list[str] = []
        names: set[str] = set()
        for one in (*reversed(node.decorator_list), *outer):
            mark = self._literals.resolve(one) if isinstance(one, ast.Name) else one
            prefix, _, name = (self._survey.imported((), callee(mark)) or "").rpartition(".")
            if prefix != "pytest.mark" or name == "":
                raise UndecidedError("has a decorator that is no mark")
            if name == "parametrize":
                if not isinstance(mark, ast.Call):
                    raise UndecidedError("a mark that is not called")
                groups.append(self._literals.group(mark))
            elif name == "usefixtures":
                uses += _texts(mark)
            elif name not in _OWN_MARKS:
                names.add(name)
        arguments = [name for group in groups for name in group.arguments]
        if len(set(arguments)) < len(arguments):
            raise UndecidedError("parametrizes an argument twice")
        return Test(
            tuple(groups), _required(node, is_method=bool(place)), tuple(uses), frozenset(names)
        )


def _definitions(body: list[ast.stmt]) -> Iterator[_Function | ast.ClassDef]:
    """The functions and classes of a scope, those under conditions too."""
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        elif not isinstance(node, ast.expr):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _decorators(module: ast.Module) -> set[int]:
    """The decorators of a file, without what they are called with, by identity."""
    return {
        id(one.func if isinstance(one, ast.Call) else one)
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for one in node.decorator_list
    }


def _fixture_words(module: ast.Module) -> set[str]:
    """The names by which a file may call `pytest.fixture`."""
    return _FIXTURE_WORDS | {
        node.asname
        for node in ast.walk(module)
        if isinstance(node, ast.alias) and node.name in _FIXTURE_WORDS and node.asname
    }


def _assigned_marks(body: list[ast.stmt]) -> Iterator[ast.expr]:
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="pytestmark")], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id="pytestmark"), value=ast.expr() as value)
            ):
                yield value
            case _:
                pass


def _texts(mark: ast.expr) -> Iterator[str]:
    """The fixtures that a `usefixtures` names."""
    for one in mark.args if isinstance(mark, ast.Call) else ():
        if not isinstance(one, ast.Constant) or not isinstance(one.value, str):
            raise UndecidedError("names of fixtures are not written out")
        yield one.value


def _required(node: _Function, *, is_method: bool) -> tuple[str, ...]:
    """The arguments that pytest must give."""
    arguments = node.args
    if arguments.posonlyargs:
        raise UndecidedError("has arguments by position")
    plain = arguments.args[: len(arguments.args) - len(arguments.defaults)]
    if is_method and not plain:
        raise UndecidedError("is a method without self")
    named = [
        one
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return tuple(one.arg for one in (*plain[is_method:], *named))


def _fixture(node: _Function, decorator: ast.expr, *, is_method: bool) -> Fixture:
    """What a function with a fixture's decorator is. Raises UndecidedError for an unclear name."""
    name, is_autouse = node.name, False
    has_parameters = len(node.decorator_list) > 1  # others may change what it is
    if isinstance(decorator, ast.Call):
        has_parameters = has_parameters or bool(decorator.args)
        for keyword in decorator.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
            match keyword.arg:
                case "name" if value is None or (isinstance(value, str) and value):
                    name = value or name
                case "name" | None:
                    raise UndecidedError("a fixture of an unknown name")
                case "autouse":
                    is_autouse = value is not False
                case "scope" | "loop_scope" | "ids":
                    pass
                case _:
                    has_parameters = has_parameters or keyword.arg != "params" or value is not None
    try:
        arguments = _required(node, is_method=is_method)
    except UndecidedError:
        arguments, has_parameters = (), True
    return Fixture(name, arguments, is_autouse, has_parameters)
