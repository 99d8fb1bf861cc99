"""What differs between two requests, in the words of conversations: messages, tools, parameters.

Every difference is told by some statement. What is no part of a conversation is told by where it
stands. Messages count from 1, in the order in which `recctl show` prints them.
"""

from collections.abc import Sequence

from recctl.compare.exact import Parts
from recctl.compare.messages import tell_messages
from recctl.compare.telling import Normal, One, Open, name, sent_key
from recctl.compare.texts import changed
from recctl.compare.tools import tell_tools
from recctl.compare.values import Statement
from recctl.difference import Difference
from recctl.recording import Kind, Recording

_HOLDERS = (
    *("config", "options", "extra_body", "extra_query", "extra_headers"),
    *("generation_config", "generationConfig"),
)
"""Parameters that hold others."""


def told(
    before: Recording,
    after: Recording,
    every: Sequence[Difference],
    seen: Sequence[Difference],
    normal: Normal,
) -> tuple[Statement, ...]:
    """The statements that tell of some of the differences between two requests, of all of these.

    Where the tests differ, one tells of that as well. Texts are told as `normal` gives them.
    """
    open_ones = Open(every, seen)
    _tell_address(before, after, open_ones)
    tell_messages(before, after, open_ones, normal)
    tell_tools(before, after, open_ones, normal)
    _tell_parameters(before, after, open_ones, normal)
    for one in open_ones.below(()):
        where = f" `{name(one.pointer)}`" if one.parts else ""
        open_ones.tell(f"request{where} {one.verb}", one.lines(normal), [one])
    return tuple(open_ones.statements)


# The address


def _tell_address(before: Recording, after: Recording, open_ones: Open) -> None:
    if before.test_id != after.test_id:
        at = open_ones.at(("test_id",))
        open_ones.tell("test id changed", changed(before.test_id, after.test_id), at)
    for key in ("method", "endpoint", "url"):
        _tell_change(f"{key} changed", open_ones, (key,))
    _tell_model(open_ones)
    _tell_provider(open_ones)
    _tell_change("called tool changed", open_ones, ("tool_name",))
    _tell_change("file id changed", open_ones, ("file_id",))


def _tell_change(headline: str, open_ones: Open, *places: Parts) -> None:
    """Tell of values that were there and still are, once where they changed alike."""
    of = [one for one in open_ones.at(*places) if one.verb == "changed"]
    if of:
        lines = [line for one in of for line in changed(one.old, one.new)]
        open_ones.tell(headline, dict.fromkeys(lines), of)


def _tell_provider(open_ones: Open) -> None:
    for one in open_ones.at(("provider",), ("provider_metadata", "provider")):
        open_ones.tell(f"provider {one.verb}", one.lines(str), [one])
    for one in open_ones.below(("provider_metadata",)):
        where = f" `{name('/'.join(one.parts[1:]))}`" if len(one.parts) > 1 else ""
        open_ones.tell(f"provider metadata{where} {one.verb}", one.lines(str), [one])


def _tell_model(open_ones: Open) -> None:
    """Tell of the model once, though it stands beside the body and in it."""
    of = [one for one in open_ones.at(*_MODELS) if one.verb == "changed"]
    if of:
        news, olds = [one.new for one in of], [one.old for one in of]
        of += [
            one
            for one in open_ones.at(*_MODELS)
            if one.verb != "changed" and (one.new in news or one.old in olds)
        ]
        lines = [line for one in of if one.verb == "changed" for line in changed(one.old, one.new)]
        open_ones.tell("model changed", dict.fromkeys(lines), of)


_MODELS: tuple[Parts, ...] = (("model",), ("body", "model"), ("payload", "model"))


# Parameters


def _tell_parameters(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of all in what is sent that is neither message nor tool."""
    base = sent_key(before)
    noun = "argument" if before.kind is Kind.TOOL else "parameter"
    if base != sent_key(after):
        return
    groups: dict[Parts, list[One]] = {}
    for one in open_ones.below((base,)):
        if len(one.parts) > 1:
            length = 3 if one.parts[1] in _HOLDERS and noun == "parameter" else 2
            groups.setdefault(one.parts[:length], []).append(one)
    for place, ones in groups.items():
        shown = f"{noun} `{name('.'.join(place[1:]))}`"
        if ones[0].parts == place:
            open_ones.tell(f"{shown} {ones[0].verb}", ones[0].lines(normal), ones)
        else:
            lines = [
                line
                for one in ones
                for line in one.lines(normal, name("/".join(("", *one.parts[len(place) :]))))
            ]
            open_ones.tell(f"{shown} changed", lines, ones)
