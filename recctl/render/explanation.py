"""Why recordings were not found: text for people, JSON for programs (schemas/why.schema.json)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from recctl.compare import Comparison, Statement
from recctl.explain import Cause, Explanation, Near, Place, Why
from recctl.render import comparison as of_comparison
from recctl.render import document as document_json
from recctl.render.summary import plural
from recctl.safetext import one_line

_FAINT = "dim"
_STYLES = {Why.THERE: "green", Why.FLAWED: "red"}
_LABEL = 9
_MOST = 3
"""So many changes that several requests have in common are named."""


def as_text(explanations: Sequence[Explanation]) -> Iterator[Text]:
    """Each miss: what was looked for and where, what has become of it or is like it, what to do."""
    for number, one in enumerate(explanations):
        if number:
            yield Text()
        yield from _asked(one)
        if one.places:
            yield Text()
            yield Text("Looked at, in this order", style="bold")
            for place in one.places:
                yield Text.assemble(
                    f"  {one_line(place.path)}  ", (_state(place), _FAINT), no_wrap=True
                )
        for cause in one.causes:
            yield Text()
            yield from _cause(cause)
        if one.nearest:
            yield Text()
            yield Text("Nearest, and what the request has otherwise", style="bold")
        for near in one.nearest:
            yield from _near(near, one)
        shown = {cause.command for cause in one.causes}
        if one.notes or (one.command and one.command not in shown):
            yield Text()
        for note in one.notes:
            yield Text(f"note: {one_line(note)}", style=_FAINT)
        if one.command and one.command not in shown:
            yield _next("", one.command)


def summary(explanations: Sequence[Explanation], *, is_whole: bool) -> str:
    """All of it in one line: how many there were, and what became of how many."""
    counts = Counter(one.causes[0].why.value for one in explanations if one.causes)
    parts = [f"{count:,} {why}" for why, count in counts.most_common()]
    like = sum(not one.causes and bool(one.nearest) for one in explanations)
    nothing = sum(not one.is_found for one in explanations)
    parts += [f"{like:,} like others"] if like else []
    parts += [f"{nothing:,} unlike all others"] if nothing else []
    told = Counter(
        statement.headline
        for one in explanations
        for cause in one.causes[:1]
        if cause.comparison is not None
        for statement in cause.comparison.statements
    )
    common = [(headline, count) for headline, count in told.most_common(_MOST) if count > 1]
    parts[-1] += "".join(f"; {one_line(headline)} ({count:,})" for headline, count in common)
    more = "" if is_whole else "; more are told of and were left"
    return f"{plural(len(explanations), 'recording')} not found: {', '.join(parts)}{more}"


def as_json(explanations: Sequence[Explanation], *, is_whole: bool) -> str:
    """All of it as one document."""
    document = {
        "version": 1,
        "complete": is_whole,
        "misses": [_object(one) for one in explanations],
    }
    return document_json.as_json(document)


def _asked(one: Explanation) -> Iterator[Text]:
    miss = one.asked.miss
    asked = miss.url or miss.endpoint
    rows = [
        ("hash", miss.hash),
        *(("test", test_id) for test_id in miss.tests[:3]),
        ("", f"… or another of {len(miss.tests):,}" if len(miss.tests) > 3 else ""),
        ("tool", ".".join(miss.tool[:2]) if miss.tool else ""),
        ("model", miss.model),
        ("request", " ".join(filter(None, (miss.method, asked))) if asked else ""),
    ]
    for label, value in rows:
        if value:
            yield Text.assemble(
                (label.ljust(_LABEL), _FAINT), one_line(value), no_wrap=label == "hash"
            )


def _state(place: Place) -> str:
    if not place.is_there:
        return "no such file"
    return f"there, but: {one_line(place.flaw)}" if place.flaw else "there"


def _cause(cause: Cause) -> Iterator[Text]:
    yield Text.assemble(
        (cause.why.value, _STYLES.get(cause.why, "yellow")),
        f"  {one_line(cause.path)}",
        no_wrap=True,
    )
    yield Text(f"  {one_line(cause.message)}")
    if cause.comparison is not None:
        for line in of_comparison.as_text(cause.comparison):
            yield Text("    ") + line
    if cause.command:
        yield _next("  ", cause.command)


def _near(near: Near, one: Explanation) -> Iterator[Text]:
    likeness = "" if near.similarity is None else f"  {near.similarity:.0%} alike"
    yield Text.assemble(
        f"  {one_line(near.path)}", (f"{likeness}  {near.standing.value}", _FAINT), no_wrap=True
    )
    if near.test_id and near.test_id not in one.asked.miss.tests:
        yield Text(f"    of {one_line(near.test_id)}", style=_FAINT)
    if near.says:
        yield Text(f"    “{one_line(near.says)}”", style=_FAINT)
    if near.comparison is not None:
        for line in of_comparison.as_text(near.comparison):
            yield Text("    ") + line
    for statement in near.statements:
        yield Text(f"    {one_line(statement.headline)}")


def _next(indent: str, command: str) -> Text:
    return Text.assemble(indent, ("next: ", _FAINT), (command, "cyan"), no_wrap=True)


def _object(one: Explanation) -> dict[str, Any]:
    miss = one.asked.miss
    return {
        "hash": miss.hash or None,
        "dialect": one.asked.dialect,
        "test_ids": list(miss.tests),
        "model": miss.model,
        "method": miss.method,
        "url": miss.url,
        "endpoint": miss.endpoint,
        "looked_at": [
            {"path": place.path, "there": place.is_there, "flaw": place.flaw}
            for place in one.places
        ],
        "causes": [
            {
                "why": cause.why.value,
                "path": cause.path,
                "hash": cause.hash,
                "test_id": cause.test_id,
                "message": cause.message,
                "command": cause.command,
                "statements": _headlines(cause.comparison.statements if cause.comparison else ()),
                "request": _differences(cause.comparison),
            }
            for cause in one.causes
        ],
        "nearest": [
            {
                "path": near.path,
                "hash": near.hash,
                "test_id": near.test_id,
                "standing": near.standing.value,
                "similarity": near.similarity,
                "statements": _headlines(
                    near.comparison.statements if near.comparison else near.statements
                ),
                "request": _differences(near.comparison),
            }
            for near in one.nearest
        ],
        "notes": list(one.notes),
        "command": one.command,
    }


def _headlines(statements: Sequence[Statement]) -> list[str]:
    return [statement.headline for statement in statements]


def _differences(comparison: Comparison | None) -> list[Any]:
    if comparison is None:
        return []
    differences: list[Any] = of_comparison.as_document(comparison)["request"]
    return differences
