"""Whether a test still exists, by the source tree. Reads test files, never imports them.

A test is gone only where that is proven: its file is not there, or the file's syntax tree has no
such name and nothing that could bring it. Names may come from elsewhere in many ways: a star
import, a base class or a decorator of another file, `globals()`. Wherever one of these could have
made the test, it is unknown. Functions of other files that are called for their value, as in
`case = load("case")`, or from within a function, are trusted to make no tests; so are plugins
that are installed rather than written in a `conftest.py`.

What a test is called with, `[…]`, is not judged: that cannot be known without running code.

Sources are as little to be trusted as recordings: whatever stands at a path, nothing here raises.
Reasons quote names from test ids as they are; what prints them makes them harmless.
"""

import ast
import builtins
import codecs
import os
import re
import stat
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Self

from recctl import files
from recctl.errors import UnreadableError

MAX_BYTES = 512 * 1024
"""A larger file is not read: parsing may take a thousand times its size in memory. The largest
test files of large projects have 400 KB."""

MAX_BRACES = 20_000
"""Nor one with more of them: Python 3.11 and 3.12 take seconds for an f-string of so many fields,
and the square of that for more. Large test files have 3,000."""

_ENCODINGS = re.compile(r"utf-8(-sig)?|ascii|iso8859-\d+|cp125\d|koi8-[ru]")
"""Those that are decoded in linear time. Python's punycode, for one, takes minutes for 512 KB."""

_MOST_STEPS = 64
_MOST_STEPS_IN_A_FILE = 100_000
"""From name to name, when looking for what one means: `a = b`, `b = c.d`. Some go in circles, and
some mean too many things."""

_LONGEST_DOTTED = 200
"""Characters of a dotted name. A longer one is like any other expression."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """A pytest node id in its parts: `path/to/test_x.py::TestA::test_b[c]`.

    `file` is all before the first `::`; `names` are the classes and the function after it, none
    where there is no `::`; `parameters` begins at the first bracket after it and goes to the
    end, whatever it holds, brackets included. `str` gives the id back, character by character.
    """

    file: str
    names: tuple[str, ...]
    parameters: str = ""

    @classmethod
    def parse(cls, test_id: str) -> Self:
        """The parts of any text; of what is no node id, all is `file`."""
        file, colons, rest = test_id.partition("::")
        if not colons:
            return cls(file, ())
        names, bracket, parameters = rest.partition("[")
        return cls(file, tuple(names.split("::")), bracket + parameters)

    def __str__(self) -> str:
        return "::".join((self.file, *self.names)) + self.parameters


class Presence(StrEnum):
    """What is known of a test."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search for a test came to, and why, in a few words."""

    presence: Presence
    reason: str


def find_test(root: Path, test_id: str) -> Sought:
    """Whether the test of a node id exists below a root folder. Never raises.

    The path in the id counts from the root and must not lead out of it. Of a file that is no
    Python, only its existence counts. Files are read and parsed once, until they change.
    """
    try:
        return _find(root, NodeId.parse(test_id))
    except _UndecidedError as error:
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


# Files


class _UndecidedError(Exception):
    """Nothing can be said of a test. The text is the reason."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is on the disk: if all of this is the same, so is the content."""

    path: str
    size: int
    stamp: tuple[int, ...]


_CONFTEST = "conftest.py"

_RENAMES_TESTS = (b"_nodeid",)
_COLLECTS_TESTS = (
    b"pytest_collect_file",
    b"pytest_pycollect_makemodule",
    b"pytest_pycollect_makeitem",
)
"""Words in a conftest.py by which node ids need not name what is in the file."""


def _find(root: Path, node: NodeId) -> Sought:
    if not node.names:
        raise _UndecidedError("no node id of a test")
    found = _locate(root, node.file)
    words: tuple[bytes, ...] = _RENAMES_TESTS
    if isinstance(found, Sought):
        sought = found
    elif not node.file.endswith(".py"):
        return Sought(Presence.PRESENT, f"{node.file} exists")
    else:
        words += _COLLECTS_TESTS
        module = _module(found)
        if isinstance(module, str):
            raise _UndecidedError(f"{node.file} {module}")
        sought = module.seek(node.file.rpartition("/")[2], _identifiers(node))
    if sought.presence is Presence.GONE:
        for word in words:
            if _conftests_hold(root, node.file, word):
                raise _UndecidedError(f"a {_CONFTEST} uses {word.decode()}")
    return sought


def _identifiers(node: NodeId) -> tuple[str, ...]:
    """The names as Python compares them. Raises _UndecidedError for those of other items."""
    names = tuple(unicodedata.normalize("NFKC", name) for name in node.names)
    if not all(map(str.isidentifier, names)):
        raise _UndecidedError(f"{'::'.join(node.names)} is no name of a function")
    return names


def _locate(root: Path, file: str) -> _File | Sought:
    """The file of a node id, or that it is gone. Raises _UndecidedError, with the reason."""
    parts = PurePosixPath(file).parts
    if file.startswith(("/", "\\")) or file[1:2] == ":" or ".." in parts:
        raise _UndecidedError(f"{file} may lead out of the tree")
    try:
        if not root.is_dir():
            raise _UndecidedError(f"{root} is no folder")
        path, linked = str(root), False
        for part in parts:
            path = os.path.join(path, part)  # noqa: PTH118 - Path would cost more than lstat
            try:
                status = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return _missing(file)
            if stat.S_ISLNK(status.st_mode):
                linked = True
                status = os.stat(path)  # noqa: PTH116 - as above
        if linked and not Path(path).resolve(strict=True).is_relative_to(root.resolve()):
            raise _UndecidedError(f"{file} is a link out of the tree")
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: Python 3.11 and 3.12 say so of links in a circle. ValueError: a NUL byte.
        raise _UndecidedError(f"{file} cannot be looked for: {files.reason(error)}") from None
    if not parts or not stat.S_ISREG(status.st_mode):
        raise _UndecidedError(f"{file} is no regular file")
    return _stamped(path, status)


def _missing(file: str) -> Sought:
    """Of a path that leads nowhere: gone, unless it may be another spelling of one that does.

    Such are letters with accents, which systems write in two ways, and separators of Windows. A
    folder may have `::` in its name, and a path without a suffix may be its first half.
    """
    if not file.isascii() or "\\" in file or "[" in file or not PurePosixPath(file).suffix:
        raise _UndecidedError(f"{file} does not exist, but may be written in another way")
    return Sought(Presence.GONE, f"{file} does not exist")


def _conftests_hold(root: Path, file: str, word: bytes) -> bool:
    """Whether a conftest.py that the test's file obeys has a word in it, or cannot be read."""
    for folder in PurePosixPath(file).parents:
        path = root / folder / _CONFTEST
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, RuntimeError, ValueError):
            return True
        words = _deciding_words(_stamped(str(path), status))
        if words is None or word in words:
            return True
    return False


def _stamped(path: str, status: os.stat_result) -> _File:
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return _File(path, status.st_size, stamp)


@lru_cache(maxsize=4096)
def _deciding_words(file: _File) -> frozenset[bytes] | None:
    """The words of note in a conftest.py; null where it cannot be read."""
    try:
        raw = _read(file)
    except UnreadableError:
        return None
    return frozenset(word for word in (*_RENAMES_TESTS, *_COLLECTS_TESTS) if word in raw)


@lru_cache(maxsize=4096)
def _module(file: _File) -> "_Module | str":
    """The names in a file; or, which is kept as well, why they cannot be had."""
    try:
        return _parse(_read(file), Path(file.path).stem)
    except UnreadableError as error:
        return str(error)


def _read(file: _File) -> bytes:
    if file.size > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES >> 10} KiB")
    try:
        return files.read(Path(file.path))
    except UnreadableError as error:
        raise UnreadableError(f"cannot be read: {error}") from None


def _parse(raw: bytes, stem: str) -> "_Module":
    if raw.count(b"{") > MAX_BRACES:
        raise UnreadableError(f"has more than {MAX_BRACES} braces")
    try:
        encoding = codecs.lookup(tokenize.detect_encoding(BytesIO(raw).readline)[0]).name
        if not _ENCODINGS.fullmatch(encoding):
            raise UnreadableError(f"is in {encoding}, which is not read")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's escape sequences
            tree = ast.parse(raw)
        return _module_of(tree, stem)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        # ValueError: a NUL byte. The last two: expressions nested too deep.
        raise UnreadableError("cannot be parsed") from None


# Names

_Place = tuple[str, ...]
"""A scope in a file: the classes that lead to it, none for the module itself."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """The names that a module or class has, all its definitions taken together.

    `opaque` are those that may be something else than a class written out in the file. `bases`
    are the classes of the file that it inherits from. `doubt` says why it may have more names;
    null where it cannot.
    """

    names: frozenset[str]
    opaque: frozenset[str]
    bases: tuple[_Place, ...]
    doubt: str | None


@dataclass(frozen=True, slots=True)
class _Module:
    """A file's scopes, and the names that are set as attributes, on whatever."""

    scopes: Mapping[_Place, _Scope]
    assigned: frozenset[str]

    def seek(self, file_name: str, names: tuple[str, ...]) -> Sought:
        """Whether a function in classes exists; every scope on the way may have doubts."""
        places: list[_Place] = [()]
        doubts: list[str] = []
        for depth, name in enumerate(names):
            family = self._with_bases(places)
            doubts += (
                f"{place[-1] if place else file_name} {self.scopes[place].doubt}"
                for place in family
                if self.scopes[place].doubt
            )
            having = [place for place in family if name in self.scopes[place].names]
            is_last = depth == len(names) - 1
            if is_last and having:
                return Sought(Presence.PRESENT, f"{file_name} has it")
            if name in self.assigned:
                doubts.append(f"{name} is set as an attribute")
            if any(name in self.scopes[place].opaque for place in having):
                doubts.append(f"{name} is no class written out in {file_name}")
            places = [(*place, name) for place in having if (*place, name) in self.scopes]
            if not places:
                if doubts:
                    return Sought(Presence.UNKNOWN, doubts[0])
                where = f"{names[depth - 1]} in {file_name}" if depth else file_name
                kind = "function" if is_last else "class"
                return Sought(Presence.GONE, f"{where} has no {kind} {name}")
        raise AssertionError("a search ends with the last name")

    def _with_bases(self, places: list[_Place]) -> list[_Place]:
        """Scopes, and all that they inherit from."""
        family: dict[_Place, None] = {}
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place not in family:
                family[place] = None
                waiting += self.scopes[place].bases
        return list(family)


class _Kind(Enum):
    """How a name comes to mean something."""

    CLASS = auto()
    HERE = auto()
    """Written out in the file, and no class."""
    IMPORT = auto()
    ALIAS = auto()
    """Another name of the file."""
    CALLED = auto()
    """What a call gives."""
    ANY = auto()


@dataclass(frozen=True, slots=True)
class _Source:
    """What a name is bound to; `dotted` is a name in another file or, of aliases, in this one."""

    kind: _Kind
    dotted: str = ""


_CLASS, _HERE, _ANY = _Source(_Kind.CLASS), _Source(_Kind.HERE), _Source(_Kind.ANY)

_Meaning = _Place | _Source
"""A class of the file, or what else a name means, never an alias."""

_BRING_NO_TESTS = frozenset(
    {
        "abc.ABC",
        "enum.Enum",
        "enum.StrEnum",
        "typing.Generic",
        "typing.NamedTuple",
        "typing.Protocol",
        "typing.TypedDict",
        "unittest.IsolatedAsyncioTestCase",
        "unittest.TestCase",
    }
)
"""Base classes of other files that are known to have no tests and to make none. The built-in
classes are such too."""

_MAKE_NO_NAMES = frozenset(
    {
        *("builtins", "abc", "asyncio", "atexit", "contextlib", "dataclasses", "enum", "functools"),
        *("gc", "logging", "os", "random", "sys", "time", "typing", "unittest", "warnings"),
        *("anyio", "attr", "attrs", "dotenv", "freezegun", "hypothesis", "mock", "pydantic"),
        *("pytest", "pytest_asyncio", "responses", "respx", "tenacity", "typing_extensions", "vcr"),
    }
)
"""Packages whose functions decorate, or are called for their effect, and make no new names. Of
the standard library, only what pytest has imported before any test: nothing can stand in for it.
There are packages that do make some: parameterized, ddt, pytest_bdd."""

_REFLECTION = frozenset(
    {"__builtins__", "builtins", "eval", "exec", "globals", "locals", "setattr", "vars"}
)
_REFLECTIVE_ATTRIBUTES = frozenset(
    {"__dict__", "__globals__", "__setattr__", "f_globals", "f_locals", "modules"}
)
"""By these, code can make names that the syntax tree does not show."""

_HOOKS = frozenset({"__getattr__", "load_tests"})
"""Names by which a module says itself what is in it."""

_RUN_LATER = ("test", "setup", "setUp", "teardown", "tearDown")
"""How functions begin that run after all tests are collected, unless others call them."""

_LITERALS = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)

_Node = tuple[ast.AST, _Place | None]
"""What is still to be read, and the scope that it makes names in: none in a function's body."""


@dataclass(slots=True)
class _Draft:
    """A scope while its file is read: the names in it, and dotted ones to be resolved later.

    Null stands for an expression that is no name. `calls` are made in the scope, as decorators of
    functions or for their effect; the others belong to the class whose scope it is.
    """

    bound: dict[str, set[_Source]] = field(default_factory=dict)
    calls: list[str | None] = field(default_factory=list)
    bases: list[str | None] = field(default_factory=list)
    metaclasses: list[str | None] = field(default_factory=list)
    decorators: list[str | None] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def bind(self, name: str | None, source: _Source) -> None:
        if name is not None:
            self.bound.setdefault(name, set()).add(source)


def _module_of(tree: ast.Module, stem: str) -> _Module:
    """What is to be known of a file, by its syntax tree; `stem` is its name without suffix."""
    survey = _Survey(tree)
    if ">>>" in (ast.get_docstring(tree, clean=False) or ""):
        survey.drafts[()].bind(stem, _ANY)  # a module's doctest is an item of the module's name
    survey.read()
    return survey.module()


class _Survey:
    """What the code of a file says, gathered node by node, without recursion.

    Bodies of functions are read for reflection alone, and those of tests only where they are
    mentioned by something that runs on import.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.drafts: dict[_Place, _Draft] = {(): _Draft()}
        self._assigned: set[str] = set()
        self._mentioned: set[str] = set()
        self._later: dict[str, list[ast.stmt]] = {}
        self._waiting: list[_Node] = [(node, ()) for node in tree.body]
        self._steps = 0

    def read(self) -> None:
        """Read all code that runs on import, or may."""
        while self._waiting:
            node, place = self._waiting.pop()
            self._reflect(node)
            self._waiting += _children(node, None) if place is None else self._enter(node, place)

    def module(self) -> _Module:
        """What was read, in short."""
        for place, draft in self.drafts.items():
            self._judge(place, draft)
        module = self.drafts[()]
        module.doubts += (f"has its own {name}" for name in sorted(_HOOKS & module.bound.keys()))
        scopes = {}
        for place, draft in self.drafts.items():
            mangled = {
                f"_{place[-1].lstrip('_')}{name}"
                for name in draft.bound
                if place and name.startswith("__") and not name.endswith("__")
            }
            scopes[place] = _Scope(
                names=frozenset(draft.bound) | mangled,
                opaque=frozenset(
                    name for name, sources in draft.bound.items() if sources != {_CLASS}
                ),
                bases=tuple(self._bases(place)),
                doubt=next(iter(draft.doubts), None),
            )
        return _Module(scopes, frozenset(self._assigned))

    # Reading

    def _reflect(self, node: ast.AST) -> None:
        """Note what a node says wherever it stands: what it mentions, sets and could do."""
        module = self.drafts[()]
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self._mention(name)
                if name in _REFLECTION:
                    module.doubts.append(f"uses {name}")
            case ast.Attribute(value=owner, attr=name, ctx=context):
                self._mention(name)
                if isinstance(context, ast.Store):
                    self._assigned.add(name)
                if name in _REFLECTIVE_ATTRIBUTES and (
                    name != "modules" or isinstance(owner, ast.Name)
                ):
                    module.doubts.append(f"uses {name}")
            case ast.Constant(value=str(text)):  # as in getattr(module, "__dict__")
                self._mention(text)
                if text in _REFLECTIVE_ATTRIBUTES and text != "modules":
                    module.doubts.append(f"uses {text}")
            case ast.Global(names=names):
                for name in names:
                    module.bind(name, _ANY)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                module.doubts += (
                    f"uses {alias.name}"
                    for alias in aliases
                    if alias.name in _REFLECTION | _REFLECTIVE_ATTRIBUTES
                    and (alias.asname or isinstance(node, ast.ImportFrom))
                )

    def _mention(self, name: str) -> None:
        self._mentioned.add(name)
        if name in self._later:
            self._waiting += [(node, None) for node in self._later.pop(name)]

    def _enter(self, node: ast.AST, place: _Place) -> list[_Node]:
        """Note the names that a node makes in a scope; give what of it is to be read next."""
        draft = self.drafts[place]
        nodes: list[_Node]
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                nodes = self._enter_function(node, place)
            case ast.ClassDef():
                nodes = self._enter_class(node, place)
            case ast.Import() | ast.ImportFrom():
                nodes = []
                _bind_imports(node, draft)
            case ast.Assign(targets=targets, value=value):
                nodes = self._assign(targets, value, place)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                nodes = [*self._assign([target], value, place), (annotation, place)]
            case ast.NamedExpr(target=target, value=value):
                nodes = self._assign([target], value, place)
            case ast.Lambda(args=arguments, body=body):
                nodes = [(arguments, place), (body, None)]
            case ast.comprehension(iter=iterated, ifs=conditions):
                nodes = [(one, place) for one in (iterated, *conditions)]  # the target is its own
            case ast.If(test=test, body=body, orelse=other) if _is_main_guard(test):
                nodes = [(one, place) for one in other]
                for one in body:
                    _bind_unread(one, draft)
            case ast.Expr(value=value):
                nodes = [(value, place)]
                draft.calls += _called_for_effect(value)
            case _:
                nodes = _children(node, place)
                draft.bind(_captured(node), _ANY)
        return nodes

    def _enter_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: _Place
    ) -> list[_Node]:
        draft = self.drafts[place]
        draft.bind(node.name, _HERE)
        decorators = [_callee(one) for one in node.decorator_list]
        draft.calls += decorators
        outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        read_next: list[_Node] = [(one, place) for one in outside]
        is_fixture = any(one and one.rpartition(".")[2] == "fixture" for one in decorators)
        runs_later = node.name.startswith(_RUN_LATER) or is_fixture
        if runs_later and node.name not in self._mentioned:
            self._later.setdefault(node.name, []).extend(node.body)
        else:
            read_next += [(one, None) for one in node.body]
        return read_next

    def _enter_class(self, node: ast.ClassDef, place: _Place) -> list[_Node]:
        inner = (*place, node.name)
        self.drafts[place].bind(node.name, _CLASS)
        draft = self.drafts.setdefault(inner, _Draft())
        draft.decorators += map(_callee, node.decorator_list)
        for base in node.bases:  # Generic[T] inherits from Generic
            draft.bases.append(_dotted(base.value if isinstance(base, ast.Subscript) else base))
        for keyword in node.keywords:
            if keyword.arg in (None, "metaclass"):  # null: **keywords, which may hold one
                draft.metaclasses.append(_dotted(keyword.value) if keyword.arg else None)
        outside = [*node.decorator_list, *node.bases, *(one.value for one in node.keywords)]
        return [(one, place) for one in outside] + [(one, inner) for one in node.body]

    def _assign(
        self, targets: list[ast.expr], value: ast.expr | None, place: _Place
    ) -> list[_Node]:
        others: list[ast.expr] = [] if value is None else [value]
        for target in targets:
            if isinstance(target, ast.Name):
                self.drafts[place].bind(target.id, _source(value))
            else:
                others.append(target)
        return [(one, place) for one in others]

    # Judging

    def _judge(self, place: _Place, draft: _Draft) -> None:
        """Note the doubts that depend on what names mean."""
        draft.doubts += (
            f"calls {_shown(called)}, of another file"
            for called in draft.calls
            if not all(map(_makes_no_names, self._meanings(place, called)))
        )
        home = place[:-1]
        for decorator in draft.decorators:
            meanings = self._meanings(home, decorator)
            if not all(isinstance(one, _Source) and _is_known(one) for one in meanings):
                draft.doubts.append(f"has the decorator {_shown(decorator)}")
            if not all(map(_makes_no_names, meanings)):
                doubt = f"has a class with the decorator {_shown(decorator)}, of another file"
                self.drafts[home].doubts.append(doubt)
        for metaclass in draft.metaclasses:
            if self._meanings(home, metaclass) != {_Source(_Kind.IMPORT, "abc.ABCMeta")}:
                draft.doubts.append(f"has the metaclass {_shown(metaclass)}")
        for base in draft.bases:
            if not all(map(_brings_no_tests, self._meanings(home, base, called=False))):
                draft.doubts.append(f"inherits from {_shown(base)}, which is not in the file")

    def _bases(self, place: _Place) -> Iterator[_Place]:
        for base in self.drafts[place].bases:
            for meaning in self._meanings(place[:-1], base, called=False):
                if isinstance(meaning, tuple):
                    yield meaning

    def _meanings(self, place: _Place, dotted: str | None, *, called: bool = True) -> set[_Meaning]:
        """All that a dotted name may mean in a scope; unless `called`, not what a call gives."""
        found: set[_Meaning] = set()
        waiting = [] if dotted is None else [(place, dotted)]
        seen = set(waiting)
        while waiting:
            self._steps += 1
            if len(seen) > _MOST_STEPS or self._steps > _MOST_STEPS_IN_A_FILE:
                return {_ANY}
            at, name = waiting.pop()
            first, _, rest = name.partition(".")
            for home, source in self._sources(at, first):
                match source.kind:
                    case _Kind.CLASS:
                        found.add(self._member((*home, first), rest))
                    case _Kind.IMPORT:
                        found.add(_Source(_Kind.IMPORT, _joined(source.dotted, rest)))
                    case _Kind.HERE:
                        found.add(_HERE)
                    case _Kind.ALIAS | _Kind.CALLED if called or source.kind is _Kind.ALIAS:
                        step = (home, _joined(source.dotted, rest))
                        if step not in seen:
                            seen.add(step)
                            waiting.append(step)
                    case _:
                        found.add(_ANY)
        return found or {_ANY}  # none: an alias of itself

    def _sources(self, place: _Place, name: str) -> Iterator[tuple[_Place, _Source]]:
        """What a name is bound to in a scope or in the module, and in which of them."""
        homes = [home for home in {place, ()} if name in self.drafts[home].bound]
        if not homes:
            is_builtin = hasattr(builtins, name)
            yield (), _Source(_Kind.IMPORT, f"builtins.{name}") if is_builtin else _ANY
        for home in homes:
            sources = self.drafts[home].bound[name]
            for source in sources if len(sources) <= _MOST_STEPS else (_ANY,):
                yield home, source

    def _member(self, place: _Place, dotted: str) -> _Meaning:
        """What a dotted name means within a class of the file."""
        while dotted:
            name, _, dotted = dotted.partition(".")
            sources = self.drafts[place].bound.get(name)
            if sources != {_CLASS}:
                return _HERE if sources == {_HERE} else _ANY
            place = (*place, name)
        return place


def _is_known(source: _Source) -> bool:
    return source.kind is _Kind.IMPORT and source.dotted.partition(".")[0] in _MAKE_NO_NAMES


def _makes_no_names(meaning: _Meaning) -> bool:
    """Whether calling something makes no names, or only in ways that reflection shows."""
    return isinstance(meaning, tuple) or meaning == _HERE or _is_known(meaning)


def _brings_no_tests(meaning: _Meaning) -> bool:
    """Whether a base class has only the tests that the file shows."""
    if isinstance(meaning, tuple):
        return True
    package, _, name = meaning.dotted.partition(".")
    return meaning.dotted in _BRING_NO_TESTS or (package == "builtins" and "." not in name)


def _bind_imports(node: ast.Import | ast.ImportFrom, draft: _Draft) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            draft.bind(name, _Source(_Kind.IMPORT, alias.name if alias.asname else name))
        return
    origin = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            draft.doubts.append(f"imports all of {_shown(origin)}")
        else:
            draft.bind(alias.asname or alias.name, _Source(_Kind.IMPORT, f"{origin}.{alias.name}"))


def _bind_unread(statement: ast.stmt, draft: _Draft) -> None:
    """Note the names in code that pytest does not run, and nothing else of it."""
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            draft.bind(node.name, _ANY)
        draft.bind(_captured(node), _ANY)


def _captured(node: ast.AST) -> str | None:
    """The name that a node makes of a value, where it is neither assigned nor defined."""
    match node:
        case ast.Name(id=str(name), ctx=ast.Store()):
            return name
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            return name
        case _:
            return None


def _source(value: ast.expr | None) -> _Source:
    """What a name is bound to by the assignment of a value."""
    if isinstance(value, _LITERALS):
        return _HERE
    for kind, dotted in ((_Kind.ALIAS, _dotted(value)), (_Kind.CALLED, _callee(value))):
        if dotted is not None:
            return _Source(kind, dotted)
    return _ANY


def _called_for_effect(value: ast.expr) -> list[str | None]:
    """The functions that an expression statement calls, their values thrown away."""
    if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        value = value.elt
    return [_callee(value)] if isinstance(value, ast.Call) else []


def _dotted(node: ast.expr | None) -> str | None:
    """The dotted name that an expression is; null for any other."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return _in_order(node, names)


def _callee(node: ast.expr | None) -> str | None:
    """The dotted name that an expression is or calls, `a.b` of `a(1).b(2)`; null for any other."""
    names = []
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        else:
            node = node.func
    return _in_order(node, names)


def _in_order(first: ast.expr | None, names: list[str]) -> str | None:
    if not isinstance(first, ast.Name):
        return None
    dotted = ".".join((first.id, *reversed(names)))
    return dotted if len(dotted) <= _LONGEST_DOTTED else None


def _joined(dotted: str, rest: str) -> str:
    return f"{dotted}.{rest}" if rest else dotted


def _shown(dotted: str | None) -> str:
    return "an expression" if dotted is None else dotted[:60]


def _is_main_guard(test: ast.expr) -> bool:
    match test:
        case ast.Compare(
            left=ast.Name(id="__name__"),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value="__main__")],
        ):
            return True
        case _:
            return False


def _children(node: ast.AST, place: _Place | None) -> list[_Node]:
    return [(child, place) for child in ast.iter_child_nodes(node)]
