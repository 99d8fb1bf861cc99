"""Values that are written out in a file, and the ids that pytest gives them."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recctl.sources.names import Survey, callee
from recctl.sources.nodes import UndecidedError

MOST_IDS = 10_000
"""A parametrization of more, or a product of more, is not worked out."""

_MOST_VALUES_IN_A_FILE = 100_000
"""Nor are those of a file with more of them: a line can stand for ten thousand."""

_LONGEST_TEXT = 100
"""Characters. Of longer ones, newer versions of pytest make no id unless they are told to."""

_PARAMETRIZE = "pytest.mark.parametrize"
_PARAM = "pytest.param"

_KEEP_WHAT_THEY_GET = frozenset(
    {
        *("all", "any", "dict", "enumerate", "frozenset", "len", "list", "max", "min", "range"),
        *("repr", "reversed", "set", "sorted", "str", "sum", "tuple", "zip"),
    }
)
"""Built-in functions that change nothing in a list."""

_OBJECTS = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp)
"""Values for which pytest makes no text, but takes the argument's name and a number."""

_VALUES = (*_OBJECTS, ast.Constant, ast.UnaryOp, ast.JoinedStr, ast.Lambda)
"""Those that are certainly no `pytest.param`, which may have an id of its own."""


@dataclass(frozen=True, slots=True)
class Group:
    """One parametrization: its arguments, and the ids of its values.

    `is_direct` says that the values go to the test itself, not to fixtures of that name.
    """

    arguments: tuple[str, ...]
    ids: tuple[str, ...]
    is_direct: bool


class Literals:
    """What can be worked out of a file without running it. All raise UndecidedError for the rest.

    Names stand for what they are assigned to, once, at the top of the file; those of lists, only
    if nothing could change the list.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        bound = bindings(survey.tree)
        self._once: dict[str, ast.expr] = {}
        for statement in survey.tree.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if bound[name] == 1:
                    self._once[name] = value
                case _:
                    pass
        self._groups: dict[int, Group] = {}
        self._left = _MOST_VALUES_IN_A_FILE
        self._named: set[int] = set()
        """Elements of lists that have names, by which an element may be changed, too."""
        self._handed_out = _handed_out(survey.tree, self._is_harmless)

    def resolve(self, node: ast.expr) -> ast.expr:
        """What an expression stands for: itself, or what a name is assigned to."""
        for _ in range(8):
            if not isinstance(node, ast.Name):
                return node
            if node.id not in self._once:
                break
            node = self._once[node.id]
        raise UndecidedError("a name is not written out")

    def group(self, call: ast.Call) -> Group:
        """What a call of `pytest.mark.parametrize` gives. Many tests may share one."""
        found = self._groups.get(id(call))
        if found is None:
            found = self._groups[id(call)] = self._group(call)
        return found

    def _group(self, call: ast.Call) -> Group:
        keywords = {one.arg or "**": one.value for one in call.keywords}
        named = dict(zip(("argnames", "argvalues"), call.args, strict=False))
        if len(call.args) > 2 or named.keys() & keywords.keys():
            raise UndecidedError("arguments by position")  # their order changed between versions
        given = {**named, **keywords}
        if not {"argnames", "argvalues"} <= given.keys() or given.keys() - {
            *("argnames", "argvalues", "ids", "indirect", "scope"),
        }:
            raise UndecidedError("arguments that pytest does not have")
        arguments, is_single = self._arguments(given["argnames"])
        values = self._items(given["argvalues"])
        ids = self._given_ids(given["ids"], len(values)) if "ids" in given else [None] * len(values)
        made = tuple(
            self._id_of(value, number, arguments, is_single=is_single, given=own)
            for number, (value, own) in enumerate(zip(values, ids, strict=True))
        )
        if not made or len(set(made)) < len(made):
            raise UndecidedError("no ids, or several alike, to which pytest adds numbers")
        if "ids" in given and any("\\" in one for one in made):
            # Where several tests share a mark, pytest escapes these twice for all but the first.
            raise UndecidedError("ids that are escaped")
        indirect = given.get("indirect")
        is_direct = indirect is None or (
            isinstance(indirect, ast.Constant) and indirect.value is False
        )
        return Group(arguments, made, is_direct)

    def _arguments(self, node: ast.expr) -> tuple[tuple[str, ...], bool]:
        """The names, and whether each value is that of one name, not a tuple of them."""
        node = self.resolve(node)
        match node:
            case ast.Constant(value=str(text)) if not text.rstrip().endswith(","):
                names = tuple(one.strip() for one in text.split(",") if one.strip())
                is_single = len(names) == 1
            case ast.List() | ast.Tuple():
                names, is_single = tuple(self._text(one) for one in self._items(node)), False
            case _:  # "a," is the name of one argument or of a tuple of one, by version
                raise UndecidedError("the names of arguments are not written out")
        if not names or len(set(names)) < len(names):
            raise UndecidedError("no names of arguments")
        return names, is_single

    def _given_ids(self, node: ast.expr, count: int) -> list[str | None]:
        if isinstance(node, ast.Constant) and node.value is None:
            return [None] * count
        given: list[str | None] = []
        for one in self._items(node):
            value = self._constant(one)
            given.append(None if value is None else escaped(value))
        if len(given) != count:
            raise UndecidedError("as many ids as values are needed")
        return given

    def _id_of(
        self,
        node: ast.expr,
        number: int,
        arguments: tuple[str, ...],
        *,
        is_single: bool,
        given: str | None,
    ) -> str:
        parts: list[ast.expr]
        resolved = self.resolve(node)
        if isinstance(resolved, ast.Call):
            own, parts = self._param(resolved)
            given = given if own is None else own
        elif is_single and (given is None or isinstance(resolved, _VALUES)):
            parts = [node]
        elif isinstance(resolved, ast.Tuple) or (
            isinstance(node, ast.List) and id(node) not in self._named
        ):
            parts = self._items(node)
        else:
            raise UndecidedError("values are not written out")
        if len(parts) != len(arguments):
            raise UndecidedError("as many values as arguments are needed")
        if given is not None:
            return given
        return "-".join(
            self._auto(part, f"{name}{number}") for part, name in zip(parts, arguments, strict=True)
        )

    def _param(self, call: ast.Call) -> tuple[str | None, list[ast.expr]]:
        """The id and the values of a `pytest.param`."""
        if self._imported(call) != _PARAM or any(isinstance(one, ast.Starred) for one in call.args):
            raise UndecidedError("calls something")
        own = None
        for keyword in call.keywords:
            if keyword.arg not in ("id", "marks"):
                raise UndecidedError("keywords that are not written out")
            if keyword.arg == "id":
                value = self._constant(keyword.value)
                if not isinstance(value, str | None):
                    raise UndecidedError("an id that is no text")
                own = None if value is None else escaped(value)
        return own, call.args

    def _auto(self, node: ast.expr, fallback: str) -> str:
        """The id that pytest makes of a value."""
        if isinstance(self.resolve(node), _OBJECTS):
            return fallback
        value = self._constant(node)
        if isinstance(value, str | bytes) and len(value) > _LONGEST_TEXT:
            raise UndecidedError("a long text")
        return escaped(value)

    def _items(self, node: ast.expr) -> list[ast.expr]:
        """The elements of a list, a tuple or a range."""
        found: list[ast.expr] = []
        waiting = [(node, False)]
        steps = 0
        while waiting:
            steps += 1
            self._left -= 1
            one, is_named = waiting.pop()
            resolved = self.resolve(one)
            if isinstance(one, ast.Name):
                is_named = True
                if one.id in self._handed_out and isinstance(resolved, ast.List | ast.BinOp):
                    raise UndecidedError("a list that may be changed")
            match resolved:
                case ast.List(elts=elements) | ast.Tuple(elts=elements):
                    if any(isinstance(each, ast.Starred) for each in elements):
                        waiting += [(_spread(each), is_named) for each in reversed(elements)]
                    else:
                        found += elements
                        self._named.update(map(id, elements if is_named else ()))
                case ast.BinOp(left=left, op=ast.Add(), right=right):
                    waiting += ((right, is_named), (left, is_named))
                case ast.Call(func=ast.Name(), args=args, keywords=[]):
                    found += self._range(resolved, args)
                case _:
                    raise UndecidedError("values are not written out")
            if len(found) > MOST_IDS or steps > MOST_IDS or self._left < 0:
                raise UndecidedError("too many values")
        self._left -= len(found)
        return found

    def _range(self, call: ast.Call, args: list[ast.expr]) -> Iterator[ast.expr]:
        bounds = [self._constant(one) for one in args]
        numbers = [one for one in bounds if type(one) is int]
        if self._imported(call) != "builtins.range" or len(numbers) != len(bounds):
            raise UndecidedError("a range that is not written out")
        try:
            found = range(*numbers)
            if len(found) > MOST_IDS:
                raise UndecidedError("too many values")
        except (OverflowError, TypeError, ValueError):
            raise UndecidedError("a range that there cannot be") from None
        return (ast.Constant(number) for number in found)

    def _constant(self, node: ast.expr) -> object:
        """A constant, of those that pytest has text for."""
        node = self.resolve(node)
        match node:
            case ast.Constant(value=str() | bytes() | bool() | int() | float() | None as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case _:
                raise UndecidedError("values are not written out")

    def _text(self, node: ast.expr) -> str:
        value = self._constant(node)
        if not isinstance(value, str):
            raise UndecidedError("no text")
        return value

    def _imported(self, call: ast.Call) -> str | None:
        return self._survey.imported((), callee(call))

    def _is_harmless(self, call: ast.Call) -> bool:
        """Whether a call leaves the lists that it is handed as they are."""
        imported = self._imported(call) or ""
        package, _, name = imported.partition(".")
        return imported in (_PARAMETRIZE, _PARAM) or (
            package == "builtins" and name in _KEEP_WHAT_THEY_GET
        )


def escaped(value: object) -> str:
    """The text that pytest writes for a constant in an id. Raises UndecidedError for a giant."""
    if isinstance(value, bytes):
        text = value.decode("ascii", "backslashreplace")
    elif isinstance(value, str):
        text = value.encode("unicode_escape").decode("ascii")
    else:
        try:
            return str(value)
        except ValueError:
            raise UndecidedError("a number of too many digits") from None
    return text.translate(_UNPRINTABLE)


_UNPRINTABLE = {
    **{code: f"\\x{code:02x}" for code in (*range(32), 127)},
    ord("\t"): "\\t",
    ord("\r"): "\\r",
    ord("\n"): "\\n",
}


def bindings(tree: ast.AST) -> Counter[str]:
    """How often each name is bound or deleted, in whatever scope."""
    bound: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound[name] += 1
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound[name] += 1
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                bound[name] += 1
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound[name] += 1
            case ast.MatchMapping(rest=str(name)):
                bound[name] += 1
            case ast.alias(name=name, asname=as_name):
                bound[as_name or name.partition(".")[0]] += 1
            case ast.Global(names=names):
                bound.update(names)
            case _:
                pass
    return bound


def _spread(node: ast.expr) -> ast.expr:
    """An element as a list of its own, one with a star as the list that it is."""
    return node.value if isinstance(node, ast.Starred) else ast.List([node], ast.Load())


def _handed_out(tree: ast.AST, is_harmless: Callable[[ast.Call], bool]) -> set[str]:
    """The names that are used in a way by which the list that they stand for may be changed."""
    safe: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=one) | ast.AsyncFor(iter=one) | ast.comprehension(iter=one):
                safe.add(id(one))
            case ast.Starred(value=one) | ast.Subscript(value=one, ctx=ast.Load()):
                safe.add(id(one))
            case ast.BinOp(left=left, right=right):
                safe.update(map(id, (left, right)))
            case ast.Compare(left=left, comparators=others):
                safe.update(map(id, (left, *others)))
            case ast.Call(args=args, keywords=keywords) if any(
                isinstance(one, ast.Name) for one in (*args, *(each.value for each in keywords))
            ) and is_harmless(node):
                safe.update(map(id, (*args, *(one.value for one in keywords))))
            case _:
                pass
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in safe
    }
