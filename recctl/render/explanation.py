"""Why recordings were not found: text for people, JSON for programs (schemas/why.schema.json)."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from rich.text import Text

from recctl.compare import Comparison, Statement
from recctl.explain import Cause, Explanation, Near, Place, Resemblance, Why
from recctl.render import comparison as of_comparison
from recctl.render import document as document_json
from recctl.safetext import argument, one_line
from recctl.wording import plural

_FAINT = "dim"
_STYLES = {Why.THERE: "green", Why.FLAWED: "red"}
_LABEL = 9
_MOST = 3
"""So many changes that several requests have in common are named."""

_MOST_IN_FULL = 10
"""Of more misses, equal explanations are told once."""
_MOST_LINES = 6
_MOST_AT_ONCE = 5
"""So many files are named in one command."""
_TAKING_MANY = ("recctl migrate", "recctl rehash", "recctl restore")
_PATH, _HASH = "PATH", "HASH"
_WIDTH = 100
_DIGITS = 12

_NEAREST = {
    Resemblance.REQUEST: "Nearest, and what the request has otherwise",
    Resemblance.TEST: "Recordings of that test",
    Resemblance.FUNCTION: "Recordings of that test with other parameters",
    Resemblance.NAME: "Recordings of a test of that name",
    Resemblance.MODEL: "Recordings of that model and url",
}
_OF_THESE = {
    Resemblance.TEST: "of their tests",
    Resemblance.FUNCTION: "of their tests with other parameters",
    Resemblance.NAME: "of tests of their names",
    Resemblance.MODEL: "of their models and urls",
}


def as_text(explanations: Sequence[Explanation]) -> Iterator[Text]:
    """Each miss: what was looked for and where, what has become of it or is like it, what to do.

    Where there are many, equal explanations are told once, those of the most misses first.
    """
    if len(explanations) > _MOST_IN_FULL:
        yield from _folded(explanations)
    else:
        yield from _in_full(explanations)


def _in_full(explanations: Sequence[Explanation]) -> Iterator[Text]:
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
        if one.nearest and one.resemblance:
            yield Text()
            of_all = f", {len(one.nearest):,} of {one.alike:,}"
            is_part = one.resemblance is not Resemblance.REQUEST and len(one.nearest) < one.alike
            headline = _NEAREST[one.resemblance] + (of_all if is_part else "")
            yield Text(headline, style="bold")
        for near in one.nearest:
            yield from _near(near, one)
        shown = {cause.command for cause in one.causes}
        if one.notes or (one.command and one.command not in shown):
            yield Text()
        for note in one.notes:
            yield Text(f"note: {one_line(note)}", style=_FAINT)
        if one.command and one.command not in shown:
            yield _next("", one.command)


def _folded(explanations: Sequence[Explanation]) -> Iterator[Text]:
    groups: dict[Hashable, list[Explanation]] = {}
    for one in explanations:
        groups.setdefault(_gist(one), []).append(one)
    for number, group in enumerate(sorted(groups.values(), key=len, reverse=True)):
        if number:
            yield Text()
        yield from _group(group)


def _gist(one: Explanation) -> Hashable:
    """What explanations must have in common to be told as one."""
    if one.causes:
        return tuple(
            (cause.why, _said(cause), _without_path(cause), _told_of(cause.comparison))
            for cause in one.causes[:1]
        )
    if one.resemblance is Resemblance.REQUEST:
        return Resemblance.REQUEST, _told_of(one.nearest[0].comparison)
    return one.resemblance, one.asked.request is None


def _told_of(comparison: Comparison | None) -> tuple[str, ...]:
    return tuple(_headlines(comparison.statements)) if comparison else ()


def _said(cause: Cause) -> str:
    """What is said of a file, with a word in place of what names it."""
    return cause.message.replace(argument(cause.path), _PATH)


def _without_path(cause: Cause) -> str:
    """A command for one file with a word in place of what names the file."""
    command = (cause.command or "").replace(argument(cause.path), _PATH)
    return command.replace(cause.hash, _HASH) if cause.hash else command


def _group(group: Sequence[Explanation]) -> Iterator[Text]:
    first = group[0]
    cause = first.causes[0] if first.causes else None
    comparison = cause.comparison if cause else None
    if cause:
        said, style = cause.why.value, _STYLES.get(cause.why, "yellow")
    elif first.resemblance is None:
        said, style = "not found, and no recordings of their tests, or models and urls", ""
    elif first.resemblance is Resemblance.REQUEST:
        said, style = "like others, but for what follows", ""
        comparison = first.nearest[0].comparison
    else:
        said, style = f"not found; there are recordings {_OF_THESE[first.resemblance]}", ""
    yield Text.assemble((f"{len(group):,} ", "bold"), (said, style))
    if cause:
        yield Text(f"  {one_line(_said(cause))}")
    yield from _statements(comparison, [_comparison_of(one) for one in group])
    yield from _members(group)
    if cause is None and first.asked.request is None:
        yield _next("  ", "recctl why --request FILE --test-id ID")
    elif cause and cause.command:
        yield _next("  ", _for_all([one.causes[0] for one in group]))


def _comparison_of(one: Explanation) -> Comparison | None:
    if one.causes:
        return one.causes[0].comparison
    return one.nearest[0].comparison if one.nearest else None


def _statements(
    first: Comparison | None, all_of_them: Sequence[Comparison | None]
) -> Iterator[Text]:
    """What all have in common: in full where that is equal, else only what it is about."""
    if first is None:
        return
    is_equal = all(one and one.statements == first.statements for one in all_of_them)
    lines = (
        list(of_comparison.statement_lines(first.statements))
        if is_equal
        else [Text(one_line(headline)) for headline in _told_of(first)]
    )
    for line in lines[:_MOST_LINES]:
        yield Text("    ") + line
    if len(lines) > _MOST_LINES:
        yield Text(f"    … and {plural(len(lines) - _MOST_LINES, 'line')} more", style=_FAINT)


def _members(group: Sequence[Explanation]) -> Iterator[Text]:
    """The tests, each once, and the hashes that each asked for."""
    by_test: dict[str, list[str]] = {}
    for one in group:
        miss = one.asked.miss
        several = f"one of {len(miss.tests):,} tests" if miss.tests else "of an unknown test"
        test_id = several if miss.test_id is None else miss.test_id
        by_test.setdefault(test_id, []).append(miss.hash[:_DIGITS] or "no hash")
    for test_id, digits in by_test.items():
        if len(digits) == 1:
            yield Text.assemble(f"  {digits[0]}  ", (one_line(test_id), _FAINT))
            continue
        yield Text(f"  {one_line(test_id)}", style=_FAINT)
        for line in wrap(" ".join(digits), _WIDTH):
            yield Text(f"    {line}")


def _for_all(causes: Sequence[Cause]) -> str:
    """The command for the files of all; where it would get too long, how it is for each."""
    commands = list(dict.fromkeys(filter(None, (cause.command for cause in causes))))
    if len(commands) == 1:
        return commands[0]
    form = _without_path(causes[0])
    begin, _, last = form.rpartition(" ")
    takes_many = last in (_PATH, _HASH) and begin.startswith(_TAKING_MANY)
    if takes_many and len(commands) <= _MOST_AT_ONCE:
        return " ".join((begin, *(one.removeprefix(f"{begin} ") for one in commands)))
    return f"{form}  # {len(commands):,} times: --format json has them all"


def summary(explanations: Sequence[Explanation], *, is_whole: bool) -> str:
    """All of it in one line: how many there were, and what became of how many."""
    counts = Counter(one.causes[0].why.value for one in explanations if one.causes)
    parts = [f"{count:,} {why}" for why, count in counts.most_common()]
    like = sum(one.resemblance is Resemblance.REQUEST for one in explanations)
    unknown = sum(one.resemblance not in (None, Resemblance.REQUEST) for one in explanations)
    nothing = sum(not one.is_found for one in explanations)
    parts += [f"{like:,} like others"] if like else []
    parts += [f"{unknown:,} with requests that are not known"] if unknown else []
    parts += [f"{nothing:,} of which nothing is known"] if nothing else []
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
    likeness = "" if near.similarity is None else f"  {int(100 * near.similarity)} % alike"
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
        if not near.comparison.request and not near.comparison.statements:
            yield Text("    the request is equal")
    for statement in near.statements:
        if statement.headline != f"test is {one_line(near.test_id)}":  # as told above
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
        "nearest_by": None if one.resemblance is None else one.resemblance.value,
        "alike": one.alike,
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
