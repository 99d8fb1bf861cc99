"""The mutants of a module: the same source with one small thing changed.

What is changed is what mutmut's operators change, and the texts within f-strings. Other than by
mutmut itself, what is decorated and what stands outside of functions is changed as well. Left as
they are: annotations, decorators, `__all__`, docstrings, and the arguments of `len` and
`isinstance`.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import ndiff
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_UNTOUCHED_CALLS = ("len", "isinstance")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module. `lines` are those of the statement that it is in.

    `function` is the first line and the name of the outermost function around it, of whose code it
    is a part; null where it is a part of no function's code. Where it `is_remembered`, what the
    function gives is kept, so that only its first call runs its lines. `before` and `after` are the
    texts around the statement of the module in which it is.
    """

    number: int
    module: str
    inside: str
    line: int
    lines: frozenset[int]
    function: tuple[int, str] | None
    is_remembered: bool
    tree: cst.Module = field(repr=False)
    before: str = field(repr=False)
    statement: cst.CSTNode = field(repr=False)
    after: str = field(repr=False)
    node: cst.CSTNode = field(repr=False)
    changed: cst.CSTNode = field(repr=False)

    def source(self) -> str:
        """The source of the mutated module."""
        made = self.statement.visit(_Replacement(self.node, self.changed))
        return self.before + str(self.tree.code_for_node(made)) + self.after

    def difference(self) -> tuple[str, str]:
        """The lines that differ, without their indentation: as they were, and as they are now."""
        compared = list(ndiff(self.tree.code.splitlines(), self.source().splitlines()))
        was, now = (
            " ".join(one[2:].strip() for one in compared if one.startswith(sign)) for sign in "-+"
        )
        return was, now


def mutants(top: Path, module: str) -> list[Mutant]:
    """All mutants of a module, in the order of its source."""
    source = (top / module).read_text("utf-8")
    wrapper = MetadataWrapper(cst.parse_module(source))
    statements = _statements(ast.parse(source))
    tree = wrapper.module
    head = "".join(tree.code_for_node(one) for one in tree.header)
    foot = "".join(tree.code_for_node(one) for one in tree.footer)
    texts = [tree.code_for_node(one) for one in tree.body]
    made: list[Mutant] = []
    for place, statement in enumerate(tree.body):
        visitor = _Visitor(wrapper)
        statement.visit(visitor)
        before, after = head + "".join(texts[:place]), "".join(texts[place + 1 :]) + foot
        for found in visitor.found:
            mutant = Mutant(
                len(made),
                module,
                found.inside,
                found.line,
                statements.get(found.line, frozenset({found.line})),
                found.function,
                found.is_remembered,
                tree,
                before,
                statement,
                after,
                found.node,
                found.changed,
            )
            made.append(mutant)
    return made


@dataclass(frozen=True, slots=True)
class _Found:
    node: cst.CSTNode
    changed: cst.CSTNode
    line: int
    inside: str
    function: tuple[int, str] | None
    is_remembered: bool


class _Visitor(cst.CSTVisitor):  # type: ignore[misc]
    def __init__(self, wrapper: MetadataWrapper) -> None:
        super().__init__()
        self._positions = wrapper.resolve(PositionProvider)
        self.found: list[_Found] = []
        self._names: list[str] = []
        self._functions: list[tuple[int, str]] = []
        self._remembered: list[bool] = []
        self._in_body = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_untouched(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            first = node.decorators[0] if node.decorators else node
            line = int(self._positions[first].start.line)
            self._functions.append((line, ".".join(self._names)))
            decorators = map(cst.Module([]).code_for_node, node.decorators)
            self._remembered.append(any("cache" in one for one in decorators))
        for changed in _changes(node):
            self.found.append(
                _Found(
                    node,
                    changed,
                    self._line(node),
                    ".".join(self._names),
                    self._functions[0] if self._in_body else None,
                    any(self._remembered),
                )
            )
        if isinstance(node, cst.BaseSuite) and self._functions:
            self._in_body += 1
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _is_untouched(original_node):
            return
        if isinstance(original_node, cst.BaseSuite) and self._functions:
            self._in_body -= 1
        if isinstance(original_node, cst.FunctionDef):
            self._functions.pop()
            self._remembered.pop()
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()

    def _line(self, node: cst.CSTNode) -> int:
        return int(self._positions[node].start.line)


class _Replacement(cst.CSTTransformer):  # type: ignore[misc]
    def __init__(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        super().__init__()
        self._old, self._new, self._done = old, new, False

    def on_visit(self, node: cst.CSTNode) -> bool:
        return not self._done and node is not self._old

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:
        if original_node is not self._old:
            return updated_node
        self._done = True
        return self._new


def _is_untouched(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Annotation | cst.Decorator):
        return True
    if isinstance(node, cst.Assign):
        first = node.targets[0].target
        return isinstance(first, cst.Name) and first.value == "__all__"
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in _UNTOUCHED_CALLS
    return False


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)
    if isinstance(node, cst.FormattedStringText):
        yield node.with_changes(value=f"XX{node.value}XX")


def _statements(tree: ast.Module) -> Mapping[int, frozenset[int]]:
    """For each line the lines of the innermost statement there; of a compound one its head."""
    lines: dict[int, frozenset[int]] = {}
    for node in ast.walk(tree):  # outer ones first
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            first = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
            if body:
                inner = body[0]
                start = inner.pattern.lineno if isinstance(inner, ast.match_case) else inner.lineno
                last = max(first, start - 1)
            else:
                last = getattr(node, "end_lineno", None) or first
            span = frozenset(range(first, last + 1))
            lines.update(dict.fromkeys(span, span))
    return lines
