"""What differs in the tools that two requests offer."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from recctl.compare.exact import Parts, digest, same
from recctl.compare.secrecy import cut
from recctl.compare.telling import MOST_REPLACED, Normal, One, Open, name, path_lines, sent_key
from recctl.compare.texts import changed, in_json, stated
from recctl.compare.values import Line
from recctl.conversation import TOOL_PLACES, held
from recctl.difference import ABSENT
from recctl.recording import Recording
from recctl.shapes import fields, items


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    """A tool that is offered: where it stands in the request, and its definition."""

    parts: Parts
    name: str
    definition: Any
    entry: Any

    @property
    def description(self) -> Any:
        """What it says of itself."""
        return fields(self.definition).get("description")

    @property
    def schema(self) -> Any:
        """The schema of its parameters."""
        known = fields(self.definition)
        return next((known[key] for key in _SCHEMAS if key in known), None)


_SCHEMAS = ("parameters", "input_schema", "parameters_json_schema", "parametersJsonSchema")
_TOLD_APART = ("name", "description", *_SCHEMAS)


def _offers(recording: Recording) -> Iterator[_Offer]:
    for keys in TOOL_PLACES:
        for at, entry in enumerate(items(held(recording, keys))):
            parts = (sent_key(recording), *keys, str(at))
            declared = items(fields(entry).get("function_declarations"))
            for number, one in enumerate(declared):
                inner = (*parts, "function_declarations", str(number))
                yield _Offer(inner, _tool_name(one), one, one)
            if not declared:
                one = fields(entry).get("function", entry)
                yield _Offer(parts, _tool_name(one), one, entry)


def _tool_name(definition: Any) -> str:
    known = fields(definition)
    found = known.get("name") or known.get("type") or (None if known else definition)
    return found if isinstance(found, str) else "?"


def tell_tools(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of the tools that are offered."""
    base = sent_key(before)
    of = [one for keys in TOOL_PLACES for one in open_ones.below((base, *keys))]
    if not of or base != sent_key(after):
        return
    old, new = ([*_offers(one)] for one in (before, after))
    for whole in open_ones.at(*((base, *keys) for keys in TOOL_PLACES)):
        if min(len(old), len(new)) > MOST_REPLACED:
            lines = [Line("context", f"{len(old):,} → {len(new):,} tools")]
            open_ones.tell("tools rewritten", lines, [whole])
            return
    pairs = _same_tools(old, new)
    for one, other in pairs:
        _tell_tool(one, other, of, open_ones, normal)
    left, right = ({id(pair[side]) for pair in pairs} for side in (0, 1))
    for one in old:
        if id(one) not in left:
            open_ones.tell(f"tool `{name(one.name)}` removed", [], _about(of, one.parts, None))
    for other in new:
        if id(other) not in right:
            lines = [Line("added", cut(in_json(other.entry)))]
            about = _about(of, None, other.parts)
            open_ones.tell(f"tool `{name(other.name)}` added", lines, about)
    left_open = set(map(id, open_ones.below(())))
    rest = [one for one in of if id(one) in left_open]
    places = {id(one): at for at, one in enumerate(new)}
    ordered = sorted(pairs, key=lambda pair: places[id(pair[1])])
    if rest and not _is_sorted([one for one, _ in ordered], old):
        open_ones.tell("tools in another order", [], rest)
    elif rest:
        lines = [line for one in rest for line in one.lines(normal, "/".join(one.parts[1:]))]
        open_ones.tell("tools changed", lines, rest)


def _is_sorted(some: Sequence[_Offer], every: Sequence[_Offer]) -> bool:
    places = {id(one): at for at, one in enumerate(every)}
    return all(places[id(one)] < places[id(other)] for one, other in pairwise(some))


def _about(of: Sequence[One], old: Parts | None, new: Parts | None) -> list[One]:
    """Those differences that concern a tool, by where it stands before and after."""

    def concerns(one: One) -> bool:
        if (
            old
            and one.parts[: len(old)] == old
            and (len(one.parts) > len(old) or one.old is not ABSENT)
        ):
            return True
        if old and one.old is not ABSENT and one.parts == old[: len(one.parts)]:
            return True
        return bool(new and one.new is not ABSENT and one.parts == new[: len(one.parts)])

    return [one for one in of if concerns(one)]


def _tell_tool(
    old: _Offer, new: _Offer, of: Sequence[One], open_ones: Open, normal: Normal
) -> None:
    """Tell what became of a tool, in statements for its name, its description and its schema."""
    about = _about(of, old.parts, new.parts)
    if not about or same(old.entry, new.entry):
        return
    whole = [one for one in about if len(one.parts) <= len(old.parts)]
    by_key: dict[str, list[One]] = {}
    for one in about:
        rest = [part for part in one.parts[len(old.parts) :][:2] if part != "function"]
        key = "schema" if rest and rest[0] in _SCHEMAS else rest[0] if rest else ""
        by_key.setdefault(key, []).append(one)
    shown = f"tool `{name(new.name)}`"

    def tell(headline: str, lines: Iterable[Line], *keys: str) -> None:
        ones = [one for key in keys for one in by_key.pop(key, [])]
        open_ones.tell(headline, lines, ones or whole or about)

    if old.name != new.name:
        tell(f"tool `{name(old.name)}` renamed to `{name(new.name)}`", [], "name")
    if not same(old.description, new.description):
        lines = _value_lines(old.description, new.description, normal)
        tell(f"{shown} description edited", lines, "description")
    if not same(old.schema, new.schema):
        tell(f"{shown} schema changed", _schema_lines(old.schema, new.schema, normal), "schema")
    one, other = _apart(old), _apart(new)
    if not same(one, other) or set(by_key) - {""}:
        lines = path_lines(one, other, normal)
        open_ones.tell(f"{shown} changed", lines, [one for ones in by_key.values() for one in ones])
    open_ones.close(about)


def _apart(one: _Offer) -> Any:
    """A tool's entry without what is told apart."""
    inner = {k: v for k, v in fields(one.definition).items() if k not in _TOLD_APART}
    if one.entry is one.definition:
        return inner if isinstance(one.entry, dict) else one.entry
    return {**fields(one.entry), "function": inner}


def _value_lines(old: Any, new: Any, normal: Normal) -> tuple[Line, ...]:
    """What became of a value that may not be there, which here is null."""
    if isinstance(old, str) and isinstance(new, str):
        return changed(normal(old), normal(new))
    if old is None and isinstance(new, str):
        return stated(normal(new), "added")
    if new is None and isinstance(old, str):
        return stated(normal(old), "removed")
    return changed(old, new)


def _schema_lines(old: Any, new: Any, normal: Normal) -> list[Line]:
    """What differs in the schema of a tool's parameters, parameter by parameter."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [*changed(old, new)]
    lines: list[Line] = []
    known, now = fields(old.get("properties")), fields(new.get("properties"))
    for key in dict.fromkeys((*known, *now)):
        label = f"parameter `{name(key)}`"
        if key not in now:
            lines.append(Line("removed", f"{label} removed"))
        elif key not in known:
            required = " (required)" if key in _required(new) else ""
            lines.append(Line("added", cut(f"{label} added{required}: {in_json(now[key])}")))
        else:
            lines += path_lines(known[key], now[key], normal, label=label)
    must, must_now = _required(old), _required(new)
    if must and must_now:
        old, new = (_requiring(one, known.keys() & now.keys()) for one in (old, new))
    return [*lines, *path_lines(_without_properties(old), _without_properties(new), normal)]


def _required(schema: Mapping[str, Any]) -> list[str]:
    """The parameters that have to be there, each named once; none if it says anything else."""
    found = items(schema.get("required"))
    is_sound = all(isinstance(one, str) for one in found) and len(set(found)) == len(found)
    return found if is_sound else []


def _requiring(schema: Mapping[str, Any], staying: Collection[str]) -> dict[str, Any]:
    """A schema that requires nothing that came or went: that is told of the parameters."""
    known = fields(schema.get("properties"))
    kept = [one for one in schema["required"] if one in staying or one not in known]
    return {**schema, "required": kept}


def _without_properties(schema: Mapping[str, Any]) -> Any:
    is_told = isinstance(schema.get("properties"), dict)
    return {**schema, "properties": {}} if is_told else schema


def _same_tools(old: Sequence[_Offer], new: Sequence[_Offer]) -> list[tuple[_Offer, _Offer]]:
    """Which tool became which: one of the same name, else of the same schema or description."""
    keys: tuple[Callable[[_Offer], Hashable], ...] = (
        lambda one: (one.name, digest(one.entry)),
        lambda one: one.name,
        lambda one: digest(_nameless(one)),
        lambda one: digest(one.schema) if one.schema else None,
        lambda one: digest(one.description) if one.description else None,
    )
    pairs: list[tuple[_Offer, _Offer]] = []
    left, right = [*old], [*new]
    for key in keys:
        waiting: dict[Hashable, list[_Offer]] = {}
        for other in right:
            waiting.setdefault(key(other), []).append(other)
        for one in left:
            mark = key(one)
            if mark and waiting.get(mark):
                pairs.append((one, waiting[mark].pop(0)))
        done = {id(one) for pair in pairs for one in pair}
        left, right = ([one for one in side if id(one) not in done] for side in (left, right))
    return pairs


def _nameless(one: _Offer) -> Any:
    return {key: value for key, value in fields(one.definition).items() if key != "name"}
