"""What differs between two answers: what was said and called, not how it came in chunks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from recctl.compare import volatile
from recctl.compare.exact import Parts, differences, digest, kept, parts_of
from recctl.compare.others import others
from recctl.compare.secrecy import cut
from recctl.compare.telling import Normal, One, Open, arguments, name
from recctl.compare.texts import changed, edited, in_json, stated
from recctl.compare.values import Line, Statement
from recctl.difference import ABSENT, Difference
from recctl.jsontext import pointer_of
from recctl.recording import Recording
from recctl.shapes import as_objects, fields, items, text
from recctl.wire import read, unwrapped

_SAID = {"text": "answer", "reasoning": "reasoning", "refusal": "refusal"}
_MANY = 12
"""More members that only some formats have are told together."""

_FEW = 3
"""So many sorts of other members are told one by one, and of more so many are named."""

_RAISED = ("is_exception", "exception_data", "exception_message")
_COUNTS = ("input", "output", "total", "reasoning", "cached")


def plain(recording: Recording) -> dict[str, Any]:
    """An answer as JSON values: its transcript without chunks, and what it does not have.

    `body` is the recorded one where the format is not known. `numbers` is a digest of vectors,
    which transcripts count only, and `models` has the members of each model. `warnings` are codes
    alone. Never raises.
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
        "warnings": {one["code"]: True for one in made["warnings"]},
        "numbers": digest(vectors).hex() if vectors else None,
        "models": _models(recording.body) if made["format"] == "models" else {},
        "body": response.get("body") if made["format"] == "unknown" else None,
    }


def differing(before: Recording, after: Recording) -> tuple[Difference, ...]:
    """What differs between two answers: between them in plain, and beside that; see `others`."""
    return (*differences(plain(before), plain(after)), *others(before, after, plain))


def _models(body: Any) -> dict[str, Any]:
    """The models of a list by their ids, a second one of an id with its number."""
    _, data = unwrapped(body)
    found: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for one in items(data if isinstance(data, list) else fields(data).get("models")):
        class_name, model = unwrapped(one)
        known = dict(fields(model))
        if class_name:
            known["__type__"] = class_name
        of = str(known.pop("id", None) or known.pop("model", None) or "?")
        times[of] += 1
        found[of if times[of] == 1 else f"{of} ({times[of]})"] = known
    return found


def is_volatile(one: Difference, normal: Normal) -> bool:
    """Whether a difference of answers is one of ids or times, or none as `normal` gives texts.

    So is one of nothing and nothing, as of null and an empty list.
    """
    parts = parts_of(one.pointer)
    if volatile.is_passing(parts, one) or volatile.is_empty(parts, one):
        return True
    if any(part.startswith("arguments") for part in parts):
        return False
    are_texts = isinstance(one.old, str) and isinstance(one.new, str)
    return are_texts and normal(one.old) == normal(one.new)


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
    _tell_models(plains, open_ones, normal)
    _tell_numbers(before, after, open_ones)
    _tell_groups(open_ones, ("extra",), normal)
    _tell_body(open_ones, normal)
    _tell_usage(open_ones, plains)
    _tell_warnings(open_ones, plains)
    _tell_others(open_ones, normal)
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
        follows += [
            other
            for other in open_ones.below(("recording", "response"))
            if other.parts[2:] and other.parts[2] in _RAISED
        ]
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


def _tell_models(
    plains: tuple[Mapping[str, Any], Mapping[str, Any]], open_ones: Open, normal: Normal
) -> None:
    of = open_ones.below(("extra", "models"))
    lists = [items(one["extra"].get("models")) for one in plains]
    if of and all(isinstance(one, str) for both in lists for one in both):
        _tell_list(lists, of, open_ones)
    members: dict[Parts, list[One]] = {}
    for one in open_ones.below(("models",)):
        if len(one.parts) > 2:
            members.setdefault(one.parts[2:3], []).append(one)
    for (key,), ones in members.items():
        models = dict.fromkeys(one.parts[1] for one in ones)
        many = len(models) > 1
        which = f"{len(models):,} models" if many else f"model `{name(*models)}`"
        whole = len(ones[0].parts) == 3
        verbs = {one.verb for one in ones}
        verb = verbs.pop() if whole and len(verbs) == 1 else "changed"
        lines: list[Line] = []
        for one in ones:
            where = [name(one.parts[1])] * many + [_rest(one, 3)] * (len(one.parts) > 3)
            lines += one.lines(normal, " ".join(where))
        open_ones.tell(f"`{name(key)}` of {which} {verb}", lines, ones)


def _tell_list(lists: Sequence[list[str]], of: list[One], open_ones: Open) -> None:
    """Tell which models there are, how often, and in which order."""
    old, new = map(Counter, lists)
    about = open_ones.below(("models",))
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    often = [one for one in old if one in new and old[one] != new[one]]
    if gone:
        whole = [one for one in about if len(one.parts) == 2 and one.verb == "removed"]
        open_ones.tell("models removed", [Line("removed", cut(one)) for one in gone], [*of, *whole])
    if come:
        whole = [one for one in about if len(one.parts) == 2 and one.verb == "added"]
        open_ones.tell("models added", [Line("added", cut(one)) for one in come], [*of, *whole])
    if often:
        lines = [Line("context", cut(f"{one}: {old[one]} → {new[one]}")) for one in often]
        whole = [one for one in about if len(one.parts) == 2]
        open_ones.tell("models listed more or less often", lines, [*of, *whole])
    left = [[one for one in both if one in old and one in new] for both in lists]
    if not often and left[0] != left[1]:
        open_ones.tell(f"the same {len(left[0]):,} models in another order", [], of)


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
    if len(groups) > _MANY:
        every = [one for ones in groups.values() for one in ones]
        lines = [line for one in every for line in one.lines(normal, _rest(one, len(place)))]
        named = ", ".join(f"`{name(key)}`" for key in list(groups)[:_FEW])
        open_ones.tell(f"{lead}{len(groups):,} members differ: {named}, …", lines, every)
        return
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
    ones = open_ones.below(("warnings",))
    if not ones:
        return
    from recctl.wire.oddities import KINDS  # few answers are odd

    titles = {kind.name: kind.title for kind in KINDS}
    for one in ones:
        side = plains[one.verb == "added"]
        noun = "stream" if side["is_streaming"] else "answer"
        code = one.parts[1]
        title = titles.get(code, code).rstrip(".")
        is_odd = "is odd" if one.verb == "added" else "is no longer odd"
        open_ones.tell(f"the {noun} {is_odd}: {title[:1].lower()}{title[1:]}", [], [one])


# What no transcript has


def _tell_others(open_ones: Open, normal: Normal) -> None:
    """Tell of all the rest: each sort of member by itself if they are few."""
    groups: dict[tuple[str, str], list[One]] = {}
    for one in open_ones.below(()):
        if one.parts[0] in ("recording", "chunks"):
            groups.setdefault(_place(one), []).append(one)
    for of in ("recording", "answer", "chunks"):
        shown = {place: ones for (whose, place), ones in groups.items() if whose == of}
        noun = "chunks" if of == "chunks" else f"the {of}"
        if len(shown) > _FEW:
            every = [one for ones in shown.values() for one in ones]
            places = [name(_pointer(one)) for one in every]
            where = ", ".join(places[:_FEW]) + ", …" * (len(places) > _FEW)
            lines = [line for one in every for line in one.lines(normal, name(_pointer(one)))]
            open_ones.tell(f"{len(every):,} other members of {noun} differ: {where}", lines, every)
            continue
        for place, ones in shown.items():
            verbs = {one.verb for one in ones}
            verb = verbs.pop() if len(verbs) == 1 else "changed"
            single = len(ones) == 1
            lines = [
                line
                for one in ones
                for line in one.lines(normal, "" if single else name(_pointer(one)))
            ]
            open_ones.tell(f"`{name(place)}` of {noun} {verb}", lines, ones)


def _pointer(one: One) -> str:
    """Where a member stands in what it is said to be of."""
    rest = one.parts[1:]
    if rest[:2] == ("response", "body") and len(rest) > 2:
        rest = rest[2:]
    elif rest[:1] == ("response",) and len(rest) > 1:
        rest = rest[1:]
    if rest[:1] == ("__data__",) and len(rest) > 1:
        rest = rest[1:]
    return pointer_of(rest)


def _place(one: One) -> tuple[str, str]:
    """Of what a member is, and its place there, one for all items of a list."""
    if one.parts[0] == "chunks":
        return "chunks", _pointer(one)[1:]
    whose = "answer" if one.parts[1:2] == ("response",) else "recording"
    parts = ["*" if part.isdigit() else part for part in _pointer(one).split("/")[1:]]
    return whose, "/".join(parts)
