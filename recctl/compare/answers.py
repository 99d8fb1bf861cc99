"""What differs between two answers: what was said and called, not how it came in chunks."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from recctl.compare.exact import Parts, digest, kept, parts_of
from recctl.compare.requests import Normal, One, Open, arguments, name
from recctl.compare.texts import changed, cut, edited, in_json, stated
from recctl.compare.values import Line, Statement
from recctl.edits import ABSENT, Difference
from recctl.recording import Recording
from recctl.shapes import as_objects, fields, items, text
from recctl.wire import read, unwrapped

_VOLATILE_KEYS = frozenset(
    {
        *("id", "call_id", "item_id", "response_id", "request_id", "system_fingerprint"),
        *("created", "created_at", "completed_at", "expires_at", "expire_time"),
    }
)
_VOLATILE_ENDS = ("_duration", "_time")
"""Members that say when an answer was made, or how it was named, and nothing of what it is."""

_ID = re.compile(r"(rec|call|chatcmpl|cmpl|resp|msg|fc|rs|ws|toolu|req|gen|run)[-_][\w-]+")
_SAID = {"text": "answer", "reasoning": "reasoning", "refusal": "refusal"}
_COUNTS = ("input", "output", "total", "reasoning", "cached")


def plain(recording: Recording) -> dict[str, Any]:
    """An answer as JSON values: its transcript without chunks, and what it does not have.

    `body` is the recorded one where the format is not known. `numbers` is a digest of vectors,
    which transcripts count only. `warnings` are codes alone. Never raises.
    """
    response = recording.response
    made = as_objects(read(response).transcript)
    del made["chunks"]
    raised = response.get("is_exception") is True
    vectors = _vectors(recording) if made["format"] == "embeddings" else []
    return {
        "status": response.get("status"),
        "is_streaming": recording.is_streaming,
        "exception": _exception(response) if raised else None,
        **made,
        "warnings": sorted({one["code"] for one in made["warnings"]}),
        "numbers": digest(vectors).hex() if vectors else None,
        "body": response.get("body") if made["format"] == "unknown" else None,
    }


def is_volatile(one: Difference, normal: Normal) -> bool:
    """Whether a difference of plain answers is one of ids, times, or what `normal` makes equal."""
    parts = parts_of(one.pointer)
    if any(part.startswith("arguments") for part in parts):
        return False  # what a model asks a tool for has ids that mean something
    key = parts[-1]
    if key in _VOLATILE_KEYS or key.endswith(_VOLATILE_ENDS):
        return not (key == "id" and parts[:1] == ("body",))
    if not (isinstance(one.old, str) and isinstance(one.new, str)):
        return False
    ids = _ID.fullmatch(one.old), _ID.fullmatch(one.new)
    if ids[0] and ids[1] and ids[0][1] == ids[1][1]:
        return True
    return normal(one.old) == normal(one.new)


def told(
    before: Recording,
    after: Recording,
    plains: tuple[Mapping[str, Any], Mapping[str, Any]],
    *,
    every: Sequence[Difference],
    seen: Sequence[Difference],
    normal: Normal,
) -> tuple[Statement, ...]:
    """The statements that tell of some of the differences between two plain answers, all of these.

    Texts are told as `normal` gives them.
    """
    open_ones = Open(every, seen)
    _tell_exception(open_ones)
    for one in open_ones.at(("is_streaming",)):
        open_ones.tell("now streamed" if one.new else "no longer streamed", [], [one])
    for key in ("status", "format"):
        for one in open_ones.at((key,)):
            _tell_became(key, one, open_ones)
    for one in open_ones.at(("complete",)):
        open_ones.tell("answer now complete" if one.new else "answer now cut off", [], [one])
    for key, noun in (("model", "answering model"), ("service_tier", "service tier")):
        for one in open_ones.at((key,)):
            _tell_became(noun, one, open_ones)
    _tell_choices(plains, open_ones, normal)
    _tell_models(plains, open_ones)
    _tell_numbers(before, after, open_ones)
    _tell_groups(open_ones, ("extra",), normal)
    _tell_body(open_ones, normal)
    _tell_usage(open_ones, plains)
    _tell_warnings(open_ones, plains)
    for one in open_ones.below(()):
        open_ones.tell(f"{name('/'.join(one.parts))} {one.verb}", one.lines(normal), [one])
    return tuple(open_ones.statements)


def _tell_became(noun: str, one: One, open_ones: Open) -> None:
    """Tell of a value that an answer need not have: then it is null."""
    old, new = (ABSENT if value is None else value for value in (one.old, one.new))
    known = One(one.parts, Difference(one.pointer, old, new))
    open_ones.tell(f"{noun} {known.verb}", known.lines(str), [one])


def _exception(response: Mapping[str, Any]) -> str:
    data = fields(response.get("exception_data"))
    message = text(response.get("exception_message")) or text(data.get("message"))
    return ": ".join(filter(None, (text(data.get("type")), message)))


def _tell_exception(open_ones: Open) -> None:
    for one in open_ones.at(("exception",)):
        follows = [*open_ones.at(("format",), ("complete",)), *open_ones.below(("extra",))]
        if one.old is None:
            lines = stated(one.new, "added")
            open_ones.tell("an exception instead of an answer", lines, [one, *follows])
        elif one.new is None:
            lines = stated(one.old, "removed")
            open_ones.tell("an answer instead of an exception", lines, [one, *follows])
        else:
            of = [one, *open_ones.at(("extra", "type"), ("extra", "message"))]
            open_ones.tell("exception changed", edited(one.old, one.new), of)


# Choices


def _tell_choices(
    plains: tuple[Mapping[str, Any], Mapping[str, Any]],
    open_ones: Open,
    normal: Normal,
) -> None:
    old, new = (one["choices"] for one in plains)
    is_one = max(len(old), len(new)) == 1
    for one in open_ones.below(("choices",)):
        if len(one.parts) == 1:
            open_ones.tell("choices replaced", _brief(old, new), [one])
        elif len(one.parts) == 2 and one.verb != "changed":
            choice = fields(one.new if one.verb == "added" else one.old)
            label = "answer" if is_one else f"choice {choice.get('index')}"
            said = _said(choice)
            open_ones.tell(f"{label} {one.verb}", stated(said, one.verb), [one])
    for at, now_at in kept(open_ones.every, ("choices",), len(old)):
        if now_at < len(new) and open_ones.below(("choices", str(at))):
            lead = "" if is_one else f"choice {new[now_at]['index']}: "
            _tell_choice((old[at], new[now_at]), ("choices", str(at)), lead, open_ones, normal)


def _brief(old: Sequence[Any], new: Sequence[Any]) -> list[Line]:
    return [Line("context", f"{len(old):,} → {len(new):,} choices")]


def _said(choice: Mapping[str, Any]) -> str:
    calls = (f"→ {call['name']}({call['arguments_raw']})" for call in choice["tool_calls"])
    said = (choice["reasoning"], choice["text"], choice["refusal"])
    return "\n".join((*filter(None, said), *calls))


def _tell_choice(
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
    place: Parts,
    lead: str,
    open_ones: Open,
    normal: Normal,
) -> None:
    old, new = sides
    for key, noun in _SAID.items():
        for one in open_ones.at((*place, key)):
            if one.old and one.new:
                lines = edited(normal(one.old), normal(one.new))
                open_ones.tell(f"{lead}{noun} edited", lines, [one])
            elif one.new:
                open_ones.tell(f"{lead}{noun} added", stated(normal(one.new), "added"), [one])
            elif one.old:
                open_ones.tell(f"{lead}{noun} removed", stated(normal(one.old), "removed"), [one])
            else:
                open_ones.tell(f"{lead}{noun} changed", changed(one.old, one.new), [one])
    _tell_calls(sides, (*place, "tool_calls"), lead, open_ones)
    finish = open_ones.at((*place, "finish"), (*place, "finish_raw"))
    if finish:
        reasons = [one["finish_raw"] or one["finish"] for one in (old, new)]
        open_ones.tell(f"{lead}finish changed", changed(*reasons), finish)
    logprobs = open_ones.below((*place, "logprobs"))
    if logprobs:
        values = [one["logprobs"] for one in (old, new)]
        became = "added" if values[0] is None else "removed" if values[1] is None else "changed"
        open_ones.tell(f"{lead}log probabilities {became}", [], logprobs)
    for one in open_ones.at((*place, "role")):
        _tell_became(f"{lead}role", one, open_ones)
    _tell_groups(open_ones, (*place, "extra"), normal, lead)


def _tell_calls(
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
    place: Parts,
    lead: str,
    open_ones: Open,
) -> None:
    old, new = (one["tool_calls"] for one in sides)
    for one in open_ones.below(place):
        if len(one.parts) == len(place):
            lines = [Line("context", f"{len(old):,} → {len(new):,} calls")]
            open_ones.tell(f"{lead}calls replaced", lines, [one])
        elif len(one.parts) == len(place) + 1 and one.verb != "changed":
            call = one.new if one.verb == "added" else one.old
            lines = [Line(one.verb, cut(f"→ {call['name']}({call['arguments_raw']})"))]
            open_ones.tell(f"{lead}call of `{name(call['name'])}` {one.verb}", lines, [one])
    for at, now_at in kept(open_ones.every, place, len(old)):
        of = open_ones.below((*place, str(at)))
        if not of or now_at >= len(new):
            continue
        before, after = old[at], new[now_at]
        call = f"{lead}call of `{name(after['name'])}`"
        lines = []
        if before["name"] != after["name"]:
            call = f"{lead}call of `{name(before['name'])}` became one of `{name(after['name'])}`"
        else:
            call += " changed"
        keys = {one.parts[len(place) + 1] for one in of}
        if keys & {"arguments", "arguments_raw", "error"}:
            lines += arguments(after["name"], before["arguments_raw"], after["arguments_raw"])
        rest = [key for key in ("type", "id") if key in keys]
        lines += [line for key in rest for line in changed(before[key], after[key], key)]
        open_ones.tell(call, lines, of)


# Other answers


def _tell_models(plains: tuple[Mapping[str, Any], Mapping[str, Any]], open_ones: Open) -> None:
    of = open_ones.below(("extra", "models"))
    lists = [items(one["extra"].get("models")) for one in plains]
    if not of or not all(isinstance(one, str) for both in lists for one in both):
        return
    gone, come = (
        [one for one in lists[side] if one not in set(lists[1 - side])] for side in (0, 1)
    )
    if gone:
        open_ones.tell("models removed", [Line("removed", cut(one)) for one in gone], of)
    if come:
        open_ones.tell("models added", [Line("added", cut(one)) for one in come], of)
    if not (gone or come):
        open_ones.tell("models in another order, or as often not", [], of)


def _vectors(recording: Recording) -> list[Any]:
    _, data = unwrapped(recording.body)
    rows = [unwrapped(one)[1] for one in items(fields(data).get("data"))]
    found = [fields(one).get("embedding") for one in rows] or items(fields(data).get("embeddings"))
    return [fields(one).get("values", one) for one in found]


def _tell_numbers(before: Recording, after: Recording, open_ones: Open) -> None:
    of = open_ones.at(("numbers",))
    if of:
        widest = _widest(_vectors(before), _vectors(after))
        lines = [] if widest is None else [Line("context", f"by {widest:.3g} at most")]
        open_ones.tell("numbers differ", lines, of)


def _widest(old: Sequence[Any], new: Sequence[Any]) -> float | None:
    """The largest difference between two numbers at one place; null where there is no such."""
    widest = 0.0
    for one, other in zip(old, new, strict=False):
        if not (isinstance(one, list) and isinstance(other, list) and len(one) == len(other)):
            return None
        for number, another in zip(one, other, strict=True):
            if not all(isinstance(value, (int, float)) for value in (number, another)):
                return None
            widest = max(widest, abs(float(number) - float(another)))
    return widest if old and len(old) == len(new) else None


def _tell_groups(open_ones: Open, place: Parts, normal: Normal, lead: str = "") -> None:
    """Tell of members that only some formats have, by their keys."""
    groups: dict[str, list[One]] = {}
    for one in open_ones.below(place):
        if len(one.parts) > len(place):
            groups.setdefault(one.parts[len(place)], []).append(one)
    for key, ones in groups.items():
        whole = len(ones[0].parts) == len(place) + 1
        verb = ones[0].verb if whole else "changed"
        lines = [line for one in ones for line in one.lines(normal, _rest(one, len(place) + 1))]
        open_ones.tell(f"{lead}`{name(key)}` {verb}", lines, ones)


def _tell_body(open_ones: Open, normal: Normal) -> None:
    ones = open_ones.below(("body",))
    if ones:
        lines = [line for one in ones for line in one.lines(normal, _rest(one, 1))]
        open_ones.tell("answer of unknown format changed", lines, ones)


def _rest(one: One, length: int) -> str:
    return name("/".join(("", *one.parts[length:])))


def _tell_usage(open_ones: Open, plains: tuple[Mapping[str, Any], Mapping[str, Any]]) -> None:
    of = open_ones.below(("usage",))
    if not of:
        return
    old, new = (one["usage"] for one in plains)
    if old is None:
        open_ones.tell("usage appeared", [Line("added", _counts(new))], of)
    elif new is None:
        open_ones.tell("usage is gone", [Line("removed", _counts(old))], of)
    else:
        lines = [
            line
            for key in _COUNTS
            if old[key] != new[key]
            for line in changed(old[key], new[key], key)
        ]
        raw = [one for one in of if one.parts[1] == "raw"]
        lines = lines or [line for one in raw for line in one.lines(str, _rest(one, 2))]
        open_ones.tell("usage changed", lines, of)


def _counts(usage: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {usage[key]}" for key in _COUNTS if usage[key]) or in_json(
        usage["raw"]
    )


def _tell_warnings(open_ones: Open, plains: tuple[Mapping[str, Any], Mapping[str, Any]]) -> None:
    of = open_ones.below(("warnings",))
    if of:
        old, new = (set(one["warnings"]) for one in plains)
        lines = [Line("removed", one) for one in sorted(old - new)]
        lines += [Line("added", one) for one in sorted(new - old)]
        open_ones.tell("oddities changed", lines, of)
