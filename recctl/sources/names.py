"""The names in a test file: what its syntax tree shows, and what could bring more of them."""

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from recctl.sources.nodes import Presence, Sought

_MOST_STEPS = 64
_MOST_STEPS_IN_A_FILE = 100_000
"""From name to name, when looking for what one means: `a = b`, `b = c.d`. Some go in circles, and
some mean too many things."""

_LONGEST_DOTTED = 200
"""Characters of a dotted name. A longer one is like any other expression."""

_CALL = "()"
"""The part of a dotted name that stands for a call: `a.().b` of `a(1).b`."""

Place = tuple[str, ...]
"""A scope in a file: the classes that lead to it, none for the module itself."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a module or class has, all its definitions taken together.

    `opaque` are those that may be something else than a class written out in the file. `bases`
    are the classes of the file that it inherits from. `doubt` says why it may have more names;
    null where it cannot.
    """

    names: frozenset[str]
    opaque: frozenset[str]
    bases: tuple[Place, ...]
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Module:
    """A file's scopes, and the names that are set as attributes, on whatever."""

    scopes: Mapping[Place, Scope]
    assigned: frozenset[str]

    def seek(self, file_name: str, names: tuple[str, ...]) -> Sought:
        """Whether a function in classes exists; every scope on the way may have doubts."""
        places: list[Place] = [()]
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
                if len(names) == 1 and not name.lower().startswith("test"):
                    doubts.append(f"{name} may be the item of a plugin")
                if doubts:
                    return Sought(Presence.UNKNOWN, doubts[0])
                where = f"{names[depth - 1]} in {file_name}" if depth else file_name
                kind = "function" if is_last else "class"
                return Sought(Presence.GONE, f"{where} has no {kind} {name}")
        raise AssertionError("a search ends with the last name")

    def _with_bases(self, places: list[Place]) -> list[Place]:
        """Scopes, and all that they inherit from."""
        family: dict[Place, None] = {}
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place not in family:
                family[place] = None
                waiting += self.scopes[place].bases
        return list(family)


class Kind(Enum):
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
class Source:
    """What a name is bound to; `dotted` is a name in another file or, of aliases, in this one."""

    kind: Kind
    dotted: str = ""


CLASS, HERE, _ANY = Source(Kind.CLASS), Source(Kind.HERE), Source(Kind.ANY)

Meaning = Place | Source
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
    {
        *("__builtins__", "__import__", "__loader__", "__spec__", "builtins", "eval", "exec"),
        *("globals", "locals", "setattr", "vars"),
    }
)
_REFLECTIVE_ATTRIBUTES = frozenset(
    {
        *("__builtins__", "__dict__", "__globals__", "__import__", "__setattr__", "_getframe"),
        *("currentframe", "f_globals", "f_locals", "getmodule", "modules"),
    }
)
"""By these, code can make names that the syntax tree does not show."""

_LOGGERS = frozenset({"getLogger", "get_logger"})
"""What may be told the name of the module, as its last word: a test file's own logger."""

_CALL_WHAT_THEY_GET = frozenset(
    {
        *("apply", "call_soon", "callback", "create_task", "enter_context", "filter", "gather"),
        *("map", "partial", "partialmethod", "push", "reduce", "register", "run"),
        *("run_until_complete", "starmap", "submit"),
    }
)
"""Functions, by their last word, whose first argument is called, then or later."""

_GIVE_WHAT_THEY_GET = (
    *("builtins", "contextlib.ExitStack", "contextlib.nullcontext", "functools.partial"),
    *("functools.partialmethod", "functools.reduce", "mock.MagicMock", "mock.Mock", "random"),
    *("typing.cast", "unittest.mock.MagicMock", "unittest.mock.Mock"),
)
"""What they give may be anything that they were given, and is not as harmless as they are."""

_GIVE_PREFIXES = tuple(f"{one}." for one in _GIVE_WHAT_THEY_GET)

_LOOK_ONLY = frozenset(
    f"builtins.{name}"
    for name in ("isinstance", "issubclass", "len", "print", "repr", "str", "super")
)

_CLASS_HOOKS = frozenset(
    {"__class_getitem__", "__init_subclass__", "__new__", "__prepare__", "__set_name__"}
)
"""Methods that Python calls when a class is made, not only an instance."""

_HARMLESS_DECORATORS = frozenset(
    {"abstractmethod", "classmethod", "fixture", "overload", "property", "staticmethod"}
)
"""By their last word: they do not call what they decorate when they get it."""

_HOOKS = frozenset({"__getattr__", "load_tests"})
"""Names by which a module says itself what is in it."""

_RUN_LATER = ("test", "setup", "setUp", "teardown", "tearDown")
"""How functions begin that run after all tests are collected, unless others call them."""

_LITERALS = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)

_Node = tuple[ast.AST, Place | None]
"""What is still to be read, and the scope that it makes names in: none in a function's body."""


@dataclass(slots=True)
class Draft:
    """A scope while its file is read: the names in it, and dotted ones to be resolved later.

    Null stands for an expression that is no name. `calls` are made in the scope, as decorators of
    functions or for their effect, and `handed` is what is called with a name, and that name; the
    others belong to the class whose scope it is.
    """

    bound: dict[str, set[Source]] = field(default_factory=dict)
    calls: list[str | None] = field(default_factory=list)
    handed: list[tuple[str | None, str]] = field(default_factory=list)
    bases: list[str | None] = field(default_factory=list)
    metaclasses: list[str | None] = field(default_factory=list)
    decorators: list[str | None] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def bind(self, name: str | None, source: Source) -> None:
        if name is not None:
            self.bound.setdefault(name, set()).add(source)


class Survey:
    """What the code of a file says, gathered node by node, without recursion.

    Bodies of functions are read for reflection alone, and only where they are mentioned by
    something that runs on import, or where they may be run without that. `stem` is the name of
    the file without suffix; that of the folder for an `__init__.py`.
    """

    def __init__(self, tree: ast.Module, stem: str) -> None:
        self.tree = tree
        self.drafts: dict[Place, Draft] = {(): Draft()}
        self._stem = stem
        self._named: list[str | None] = []
        self._named_nodes: set[int] = set()
        self._passed_on: dict[str, list[str]] = {}
        self._decorating: set[str] = set(_CLASS_HOOKS)
        self._assigned: set[str] = set()
        self._mentioned: set[str] = set()
        self._later: dict[str, list[ast.stmt]] = {}
        self._waiting: list[_Node] = [(node, ()) for node in tree.body]
        self._steps = 0
        self._is_lost = False
        if ">>>" in (ast.get_docstring(tree, clean=False) or ""):
            self.drafts[()].bind(stem, _ANY)  # a module's doctest is an item of the module's name

    def read(self) -> None:
        """Read all code that runs on import, or may."""
        while self._waiting:
            node, place = self._waiting.pop()
            self._reflect(node, place or ())
            self._waiting += _children(node, None) if place is None else self._enter(node, place)

    def module(self) -> Module:
        """What was read, in short."""
        for place, draft in self.drafts.items():
            self._judge(place, draft)
        module = self.drafts[()]
        module.doubts += (f"has its own {name}" for name in sorted(_HOOKS & module.bound.keys()))
        if "__doc__" in module.bound:
            module.bind(self._stem, _ANY)
        self._judge_what_is_passed_on()
        if self._is_lost:
            module.doubts.append("has too many names for names")
        scopes = {}
        for place, draft in self.drafts.items():
            mangled = {
                f"_{place[-1].lstrip('_')}{name}"
                for name in draft.bound
                if place and name.startswith("__") and not name.endswith("__")
            }
            scopes[place] = Scope(
                names=frozenset(draft.bound) | mangled,
                opaque=frozenset(
                    name for name, sources in draft.bound.items() if sources != {CLASS}
                ),
                bases=tuple(self._bases(place)),
                doubt=next(iter(draft.doubts), None),
            )
        return Module(scopes, frozenset(self._assigned))

    # Reading

    def _reflect(  # noqa: PLR0912 - one case for each kind of node
        self, node: ast.AST, place: Place
    ) -> None:
        """Note what a node says wherever it stands: what it mentions, sets and could do."""
        module = self.drafts[()]
        match node:
            case ast.Call():
                self._reflect_on_call(node, place)
            case (
                ast.List(elts=given, ctx=ast.Load())
                | ast.Tuple(elts=given, ctx=ast.Load())
                | ast.Set(elts=given)
                | ast.Dict(values=given)
            ):
                for one in given:
                    self._hand(one, None, place)
            case ast.Compare(left=left, comparators=others):
                self._named_nodes.update(map(id, (left, *others)))
            case ast.Name(id="__name__", ctx=ast.Load()):
                if id(node) not in self._named_nodes:
                    module.doubts.append("uses __name__")
            case ast.Name(id=name, ctx=ast.Load()):
                self._mention(name)
                if name in _REFLECTION:
                    module.doubts.append(f"uses {name}")
            case ast.Attribute(value=owner, attr=name, ctx=context):
                self._mention(name)
                if isinstance(context, ast.Store):
                    self._assigned.add(name)
                if name in _REFLECTIVE_ATTRIBUTES and (
                    name != "modules"
                    or isinstance(owner, ast.Name)
                    or (isinstance(owner, ast.Attribute) and owner.attr == "sys")
                ):
                    module.doubts.append(f"uses {name}")
            case ast.Constant(value=str(text)):  # as in getattr(module, "__dict__")
                self._mention(text)
                if text in _REFLECTIVE_ATTRIBUTES and text != "modules":
                    module.doubts.append(f"uses {text}")
                if text.rpartition(".")[2] == self._stem:
                    module.doubts.append("names itself")
            case ast.Global(names=names):
                for name in names:
                    module.bind(name, _ANY)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                origin = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
                dotted = [origin, *(alias.name for alias in aliases)]
                if any(self._stem in one.split(".")[-1:] for one in dotted):
                    module.doubts.append("imports itself")
                module.doubts += (
                    f"uses {alias.name}"
                    for alias in aliases
                    if alias.name in _REFLECTION | _REFLECTIVE_ATTRIBUTES
                    and (alias.asname or isinstance(node, ast.ImportFrom))
                )

    def _reflect_on_call(self, call: ast.Call, place: Place) -> None:
        called = callee(call)
        for one in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(one, ast.Name) and one.id == "__name__":
                self._named.append(called)
                self._named_nodes.add(id(one))
            else:
                self._hand(one, called, place)

    def _hand(self, node: ast.expr | None, called: str | None, place: Place) -> None:
        """Note that a name is handed to something that is called; null: to what is not known."""
        dotted = _dotted(node)
        if dotted is not None:
            self.drafts[place].handed.append((called, dotted))

    def _mention(self, name: str) -> None:
        self._mentioned.add(name)
        if name in self._later:
            self._waiting += [(node, None) for node in self._later.pop(name)]

    def _enter(  # noqa: PLR0912 - one case for each kind of node
        self, node: ast.AST, place: Place
    ) -> list[_Node]:
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
            case ast.withitem(context_expr=value):
                nodes = _children(node, place)
                draft.calls += _called_for_effect(value)
            case _:
                nodes = _children(node, place)
                draft.bind(_captured(node), _ANY)
        return nodes

    def _enter_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: Place
    ) -> list[_Node]:
        draft = self.drafts[place]
        draft.bind(node.name, HERE)
        decorators = [callee(one) for one in node.decorator_list]
        draft.calls += decorators
        draft.calls += _also_called(node.decorator_list)
        self._note_decorating(decorators)
        self._passed_on.setdefault(node.name, []).extend(_passed_on(node))
        outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        read_next: list[_Node] = [(one, place) for one in outside]
        is_fixture = any(one and one.rpartition(".")[2] == "fixture" for one in decorators)
        runs_later = (
            node.name.startswith(_RUN_LATER)
            or is_fixture
            or (
                not (node.name.startswith("_") and node.name.endswith("_"))
                and all(one in _HARMLESS_DECORATORS for one in map(_last, decorators))
                and not self.drafts[place].bases
                and not self.drafts[place].metaclasses
            )
        )
        if runs_later and node.name not in self._mentioned:
            self._later.setdefault(node.name, []).extend(node.body)
        else:
            read_next += [(one, None) for one in node.body]
        return read_next

    def _enter_class(self, node: ast.ClassDef, place: Place) -> list[_Node]:
        inner = (*place, node.name)
        self.drafts[place].bind(node.name, CLASS)
        draft = self.drafts.setdefault(inner, Draft())
        decorators = [callee(one) for one in node.decorator_list]
        draft.decorators += decorators
        self.drafts[place].calls += _also_called(node.decorator_list)
        self._note_decorating(decorators)
        for base in node.bases:  # Generic[T] inherits from Generic
            draft.bases.append(_dotted(base.value if isinstance(base, ast.Subscript) else base))
        for keyword in node.keywords:
            if keyword.arg in (None, "metaclass"):  # null: **keywords, which may hold one
                draft.metaclasses.append(_dotted(keyword.value) if keyword.arg else None)
        outside = [*node.decorator_list, *node.bases, *(one.value for one in node.keywords)]
        return [(one, place) for one in outside] + [(one, inner) for one in node.body]

    def _note_decorating(self, decorators: list[str | None]) -> None:
        for dotted in decorators:
            self._decorating.update((dotted or "").split("."))

    def _assign(self, targets: list[ast.expr], value: ast.expr | None, place: Place) -> list[_Node]:
        others: list[ast.expr] = [] if value is None else [value]
        for target in targets:
            if isinstance(target, ast.Name):
                self.drafts[place].bind(target.id, _source(value))
                if value is not None and not target.id.strip("_"):
                    self.drafts[place].calls += _called_for_effect(value)
            else:
                others.append(target)
        return [(one, place) for one in others]

    # Judging

    def _judge(self, place: Place, draft: Draft) -> None:
        """Note the doubts that depend on what names mean."""
        foreign = [
            f"calls {_shown(called)}, of another file"
            for called in draft.calls
            if not all(map(_makes_no_names, self.meanings(place, called)))
        ]
        draft.doubts += foreign
        if place:
            self.drafts[()].doubts += foreign  # a function has the module's names with it
        for called, name in draft.handed:
            self._judge_handed(place, called, name)
        home = place[:-1]
        for decorator in draft.decorators:
            meanings = self.meanings(home, decorator)
            if not all(isinstance(one, Source) and _is_known(one) for one in meanings):
                draft.doubts.append(f"has the decorator {_shown(decorator)}")
            if not all(map(_makes_no_names, meanings)):
                doubt = f"has a class with the decorator {_shown(decorator)}, of another file"
                self.drafts[()].doubts.append(doubt)
        for metaclass in draft.metaclasses:
            meanings = self.meanings(home, metaclass)
            if meanings != {Source(Kind.IMPORT, "abc.ABCMeta")}:
                draft.doubts.append(f"has the metaclass {_shown(metaclass)}")
            if not all(map(_makes_no_names, meanings)):
                doubt = f"has a class with the metaclass {_shown(metaclass)}, of another file"
                self.drafts[()].doubts.append(doubt)
        for base in draft.bases:
            meanings = self.meanings(home, base, called=False)
            if not all(map(_brings_no_tests, meanings)):
                draft.doubts.append(f"inherits from {_shown(base)}, which is not in the file")
            # A name that is nowhere bound raises. Otherwise, its __init_subclass__ or metaclass may
            # do anything with the module.
            if not all(map(_makes_no_names, meanings)) and self._is_bound(home, base):
                doubt = f"has a class that inherits from {_shown(base)}, which is not in the file"
                self.drafts[()].doubts.append(doubt)

    def _judge_handed(self, place: Place, called: str | None, name: str) -> None:
        """Note doubts of the tests and classes that something of another file may get."""
        first = name.partition(".")[0]
        if not any(first in self.drafts[home].bound for home in (place, ())):
            return
        meanings = self.meanings(place, name, called=False)
        is_test = HERE in meanings and _last(name).startswith("test")
        classes = [meaning for meaning in meanings if isinstance(meaning, tuple)]
        if not is_test and not classes:
            return
        if called is not None and all(map(_keeps, self.meanings(place, called))):
            return
        where = "on" if called is None else f"to {_shown(called)}, of another file"
        if is_test:
            self.drafts[()].doubts.append(f"hands {_shown(name)} {where}")
        for inner in classes:
            self.drafts[inner].doubts.append(f"is handed {where}")

    def _judge_what_is_passed_on(self) -> None:
        """Note doubts of the module: who gets its name, and what its own decorators hand on."""
        module = self.drafts[()]
        for called in self._named:
            if _last(called) not in _LOGGERS:
                module.doubts.append(f"tells {_shown(called)} its name")
        decorating = set(self._decorating)
        decorating.update(
            part
            for draft in self.drafts.values()
            for dotted in (*draft.calls, *draft.metaclasses)
            for part in (dotted or "").split(".")
        )
        for name in sorted(decorating & self._passed_on.keys()):
            module.doubts += (
                f"has {name}, which hands on to {_shown(called)}, of another file"
                for called in self._passed_on[name]
                if called.partition(".")[0] in module.bound
                and not all(map(_makes_no_names, self.meanings((), called)))
            )

    def _bases(self, place: Place) -> Iterator[Place]:
        for base in self.drafts[place].bases:
            for meaning in self.meanings(place[:-1], base, called=False):
                if isinstance(meaning, tuple):
                    yield meaning

    def meanings(self, place: Place, dotted: str | None, *, called: bool = True) -> set[Meaning]:
        """All that a dotted name may mean in a scope; unless `called`, not what a call gives."""
        found: set[Meaning] = set()
        waiting = [] if dotted is None else [(place, dotted)]
        seen = set(waiting)
        while waiting:
            self._steps += 1
            if len(seen) > _MOST_STEPS or self._steps > _MOST_STEPS_IN_A_FILE:
                self._is_lost = True
                return {_ANY}
            at, name = waiting.pop()
            first, _, rest = name.partition(".")
            for home, source in self._sources(at, first):
                match source.kind:
                    case Kind.CLASS:
                        found.add(self._member((*home, first), rest))
                    case Kind.IMPORT:
                        found.add(Source(Kind.IMPORT, _joined(source.dotted, rest)))
                    case Kind.HERE:
                        found.add(HERE)
                    case Kind.ALIAS | Kind.CALLED if called or source.kind is Kind.ALIAS:
                        step = (home, _joined(source.dotted, rest))
                        if step not in seen:
                            seen.add(step)
                            waiting.append(step)
                    case _:
                        found.add(_ANY)
        return found or {_ANY}  # none: an alias of itself

    def imported(self, place: Place, dotted: str | None) -> str | None:
        """What a dotted name means in a scope if it is a name of another file, and only one."""
        meanings = self.meanings(place, dotted)
        if len(meanings) == 1:
            for meaning in meanings:
                if isinstance(meaning, Source) and meaning.kind is Kind.IMPORT:
                    return meaning.dotted
        return None

    def _sources(self, place: Place, name: str) -> Iterator[tuple[Place, Source]]:
        """What a name is bound to in a scope or in the module, and in which of them."""
        homes = [home for home in {place, ()} if name in self.drafts[home].bound]
        if not homes:
            is_builtin = hasattr(builtins, name)
            yield (), Source(Kind.IMPORT, f"builtins.{name}") if is_builtin else _ANY
        for home in homes:
            sources = self.drafts[home].bound[name]
            self._is_lost = self._is_lost or len(sources) > _MOST_STEPS
            for source in sources if len(sources) <= _MOST_STEPS else (_ANY,):
                yield home, source

    def _is_bound(self, place: Place, dotted: str | None) -> bool:
        """Whether a name is to be had at all, which an expression without a name may be."""
        if dotted is None:
            return True
        first = dotted.partition(".")[0]
        return any(first in self.drafts[home].bound for home in (place, ()))

    def _member(self, place: Place, dotted: str) -> Meaning:
        """What a dotted name means within a class of the file."""
        while dotted:
            name, _, dotted = dotted.partition(".")
            if name == _CALL:
                continue
            sources = self.drafts[place].bound.get(name)
            if sources != {CLASS}:
                return HERE if sources == {HERE} else _ANY
            place = (*place, name)
        return place


def _is_known(source: Source) -> bool:
    if source.kind is not Kind.IMPORT or source.dotted.partition(".")[0] not in _MAKE_NO_NAMES:
        return False
    called, call, _ = f"{source.dotted}.".partition(f".{_CALL}.")
    return not call or called == "builtins.super" or not f"{called}.".startswith(_GIVE_PREFIXES)


def _makes_no_names(meaning: Meaning) -> bool:
    """Whether calling something makes no names, or only in ways that reflection shows."""
    return isinstance(meaning, tuple) or meaning == HERE or _is_known(meaning)


def _keeps(meaning: Meaning) -> bool:
    """Whether what something gets stays where it is, and is not in what it gives."""
    if not _makes_no_names(meaning):
        return False
    dotted = meaning.dotted if isinstance(meaning, Source) else ""
    return dotted in _LOOK_ONLY or not f"{dotted}.".startswith(_GIVE_PREFIXES)


def _brings_no_tests(meaning: Meaning) -> bool:
    """Whether a base class has only the tests that the file shows."""
    if isinstance(meaning, tuple):
        return True
    package, _, name = meaning.dotted.partition(".")
    return meaning.dotted in _BRING_NO_TESTS or (package == "builtins" and "." not in name)


def _passed_on(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """What a function calls, or one in it, with an argument that it was called with itself."""
    found = []
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(function, frozenset())]
    while waiting:
        node, names = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = node.args
            listed = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            names = frozenset(one.arg for one in listed) - {"self"}
        elif isinstance(node, ast.Call):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            called = callee(node)
            if called and any(isinstance(one, ast.Name) and one.id in names for one in given):
                found.append(called)
        waiting += [(child, names) for child in ast.iter_child_nodes(node)]
    return found


def _bind_imports(node: ast.Import | ast.ImportFrom, draft: Draft) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            draft.bind(name, Source(Kind.IMPORT, alias.name if alias.asname else name))
        return
    origin = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            draft.doubts.append(f"imports all of {_shown(origin)}")
        else:
            draft.bind(alias.asname or alias.name, Source(Kind.IMPORT, f"{origin}.{alias.name}"))


def _bind_unread(statement: ast.stmt, draft: Draft) -> None:
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


def _source(value: ast.expr | None) -> Source:
    """What a name is bound to by the assignment of a value."""
    if isinstance(value, _LITERALS):
        return HERE
    dotted = _dotted(value)
    if dotted is not None:
        return Source(Kind.ALIAS, dotted)
    called = callee(value)
    if called is not None and isinstance(value, ast.Call):
        return Source(Kind.CALLED, f"{called}.{_CALL}")
    return _ANY if called is None else Source(Kind.CALLED, called)


def _called_for_effect(value: ast.expr) -> list[str | None]:
    """The functions that an expression calls whose value is thrown away; null: one without a name.

    With them goes what those are handed in order to call it: `f` of `list(map(f, names))`.
    """
    called: list[str | None] = []
    waiting: list[ast.expr] = [value]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Call():
                called.append(callee(node))
                called += _also_called([node])
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                waiting += parts
            case ast.Set(elts=parts):
                waiting += parts
            case ast.IfExp(body=one, orelse=other) | ast.DictComp(key=one, value=other):
                waiting += (one, other)
            case ast.ListComp(elt=one) | ast.SetComp(elt=one) | ast.GeneratorExp(elt=one):
                waiting.append(one)
            case ast.NamedExpr(value=one) | ast.Await(value=one) | ast.Starred(value=one):
                waiting.append(one)
            case ast.UnaryOp(operand=one):
                waiting.append(one)
            case ast.BinOp():
                called.append(None)  # an operator is a function, too
            case _:
                pass
    return called


def _also_called(values: list[ast.expr]) -> list[str | None]:
    """What calls are handed that is called with it, as by `map`, or in a comprehension."""
    called: list[str | None] = []
    waiting: list[ast.expr] = [one for one in values if isinstance(one, ast.Call)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            if isinstance(node.elt, ast.Call):
                called.append(callee(node.elt))
                waiting.append(node.elt)
        elif isinstance(node, ast.Call):
            if node.args and _last(callee(node)) in _CALL_WHAT_THEY_GET:
                called.append(callee(node.args[0]))
            waiting += node.args
            waiting += [node.func] if isinstance(node.func, ast.Call) else []
    return called


def _last(dotted: str | None) -> str:
    """The last word of a dotted name, no call."""
    return (dotted or "").removesuffix(f".{_CALL}").rpartition(".")[2]


def _dotted(node: ast.expr | None) -> str | None:
    """The dotted name that an expression is; null for any other."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return _in_order(node, names)


def callee(node: ast.expr | None) -> str | None:
    """The dotted name that an expression is or calls, `a.().b` of `a(1).b(2)`; null for others."""
    names = []
    node = node.func if isinstance(node, ast.Call) else node
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        else:
            names.append(_CALL)
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
    return "an expression" if dotted is None else dotted.replace(f".{_CALL}", _CALL)[:60]


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


def _children(node: ast.AST, place: Place | None) -> list[_Node]:
    return [(child, place) for child in ast.iter_child_nodes(node)]
