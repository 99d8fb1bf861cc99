"""What is odd about an answer in every format alike. The codes are those of `oddities.py`."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from recctl.shapes import fields, items
from recctl.transcript import Choice, ToolCall, Usage
from recctl.wire.format import Note
from recctl.wire.normal import meaning, usage


def note_choice(
    choice: Choice,
    note: Note,
    *,
    wants_role: bool = True,
    wants_ids: bool = True,
    says_more: bool = False,
) -> None:
    """Take down what is odd about a choice once all of it is there.

    `wants_role` and `wants_ids` tell whether the format has roles and ids of tool calls,
    `says_more` whether the choice has content that is neither text nor a tool call.
    """
    place = f"choice {choice.index}"
    if wants_role and choice.role is None:
        note("role-missing", None, place)
    if not choice.finish_raw:
        note("finish-missing", None, place)
    elif not (choice.text or choice.tool_calls or choice.refusal or says_more):
        note("empty-completion", None, place)
    if choice.finish == "length":
        note("truncated-length", None, place)
    ids = [call.id for call in choice.tool_calls if call.id]
    if len(ids) != len(set(ids)):
        note("tool-id-duplicate", None, place)
    for call in choice.tool_calls:
        _note_call(call, note, wants_ids=wants_ids)


def note_finish_of_tools(choice: Choice, note: Note, *, asks: bool) -> None:
    """Take down a finish reason at odds with the tool calls that the client is to run.

    For formats that have a word for it; `asks` tells whether there are such calls.
    """
    place = f"choice {choice.index}"
    if asks and meaning(choice.finish_raw) == "stop":
        note("tools-finish-mismatch", None, f"{place}: {choice.finish_raw}")
    if not asks and meaning(choice.finish_raw) == "tool_calls":
        note("finish-without-tools", None, place)


def note_numbers(numbers: Iterable[int], code: str, note: Note) -> None:
    """Take down numbers that do not count from 0 without gaps."""
    known = sorted(set(numbers))
    if known != list(range(len(known))):
        note(code, None, f"numbers {known}")


def note_tokens(tokens: Iterable[object], choice: Choice, note: Note) -> None:
    """Take down tokens of log probabilities that do not spell the text."""
    spelled = "".join(map(str, tokens))
    if spelled and spelled != choice.text:
        note("logprobs-differ", None, f"choice {choice.index}")


def chat_tokens(logprobs: object) -> list[object]:
    """The tokens of OpenAI's log probabilities of a chat or a response."""
    return [fields(one).get("token") for one in items(fields(logprobs).get("content"))]


def _note_call(call: ToolCall, note: Note, *, wants_ids: bool) -> None:
    if wants_ids and call.id is None:
        note("tool-id-missing", None, f"call {call.index}")
    if not call.name:
        note("tool-name-missing", None, f"call {call.index}")
    if call.error is not None:
        note(f"tool-args-{call.error}", None, f"call {call.index}, {call.name!r}")


class Constants:
    """Watches fields that should be the same on every chunk; `codes` names the oddity of each.

    An empty text that is set later is another oddity than a text that changes, except for an id.
    """

    def __init__(self, note: Note, codes: Mapping[str, str]) -> None:
        self._note = note
        self._codes = codes
        self._seen: dict[str, Any] = {}

    def see(self, chunk: Mapping[str, Any], at: int) -> None:
        """Compare a chunk with those before it."""
        for key, code in self._codes.items():
            value = chunk.get(key)
            if value is None:
                continue
            known = self._seen.setdefault(key, value)
            if known == value:
                continue
            self._seen[key] = value
            if known == "" and key != "id":
                self._note("set-late", at, f"{key} is empty at first")
            else:
                self._note(code, at, f"{key} is not the same on all chunks")


def note_usage(reports: list[tuple[int, Any]], last_chunk: int, note: Note) -> None:
    """Take down what is odd about a stream's reports of usage, each with its chunk."""
    if not reports:
        return
    if len(reports) > 1:
        note("usage-multiple", reports[1][0], f"by {len(reports)} chunks")
    if reports[-1][0] != last_chunk:
        note("usage-not-last", reports[-1][0], "chunks follow it")
    counts = [(at, usage(raw)) for at, raw in reports]
    totals = [(at, known.total or 0) for at, known in counts if known is not None]
    for (_, before), (at, after) in pairwise(totals):
        if before > after:
            note("usage-decreasing", at, f"{before} and then {after} tokens")
    note_counts(counts[-1][1], note)


def note_counts(counts: Usage | None, note: Note) -> None:
    """Take down numbers of tokens that do not add up."""
    if counts is None:
        return
    given, taken, total = counts.input, counts.output, counts.total
    if given is not None and taken is not None and total is not None and total != given + taken:
        note("usage-sum", None, f"{given} and {taken} are not {total}")
    too_many = [
        name
        for name, part, whole in (
            ("reasoning", counts.reasoning, taken),
            ("cached", counts.cached, given),
        )
        if part is not None and whole is not None and part > whole
    ]
    if too_many:
        note("usage-parts", None, f"{' and '.join(too_many)} exceed the whole")
