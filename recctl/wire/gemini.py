"""Gemini's generated content: the chunks of a stream, and whole answers.

The client library writes its keys in snake case, the service itself in camel case; both are read,
and the rebuilt answer is written as the chunks were. Source of the rules: docs/streams.md, "Gemini
chunks".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript, Usage
from recctl.wire.checks import Constants, note_choice, note_numbers, note_usage
from recctl.wire.format import Note, Object, folded
from recctl.wire.normal import (
    counted_together,
    error_words,
    finish,
    joined,
    usage,
    whole_call,
    without_nulls,
)

_CLASS = "GenerateContentResponse"
_ANSWER_KEYS = (
    *("sdk_http_response", "candidates", "create_time", "model_version", "prompt_feedback"),
    *("response_id", "usage_metadata", "model_status", "automatic_function_calling_history"),
)
_CANDIDATE_KEYS = (
    *("content", "citation_metadata", "finish_message", "token_count", "finish_reason"),
    *("grounding_metadata", "avg_logprobs", "index", "logprobs_result", "safety_ratings"),
)
_CALL_KEYS = ("id", "args", "name")
_CONSTANTS = {"response_id": "id-changed", "model_version": "model-changed"}
_HISTORY = "automatic_function_calling_history"
_UNFINISHED = "FINISH_REASON_UNSPECIFIED"
_HUMP = r"(?<=[a-z0-9])[A-Z]"
_STEP = r"""\.([^.\[\]]+)|\[([0-9]{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]"""
_MOST_STEPS = 100


def is_chunk(class_name: str, data: Object) -> bool:  # noqa: ARG001 - its keys have told
    """Whether it is a chunk, which looks as a whole answer does."""
    return not class_name or class_name.rpartition(".")[2] == _CLASS


is_whole = is_chunk


def fold(note: Note) -> "_Fold":
    """A fold of a stream of this format."""
    return _Fold(note)


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream of one chunk."""
    return folded(_Fold(note), data)


class _Fold:
    def __init__(self, note: Note) -> None:
        self._note = note
        self._constants = Constants(note, _CONSTANTS)
        self._spelling = _Spelling()
        self._answer: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._usages: list[tuple[int, Any]] = []
        self._candidates: dict[int, _Candidate] = {}
        self._highest = float("-inf")
        self._failed = False
        self._at = 0

    def add(self, chunk: Object, at: int) -> None:
        self._at = at
        read = self._spelling.read(chunk)
        self._constants.see(read, at)
        if "error" in read and "candidates" not in read:
            self._failed = True
            self._note("stream-error", at, error_words(chunk))
        for key, value in read.items():
            if key == "sdk_http_response":
                self._answer[key] = value
            elif key not in ("candidates", "usage_metadata"):
                self._answer.setdefault(key, value)
        self._add_usage(read.get("usage_metadata"), at)
        for place, candidate in enumerate(items(read.get("candidates"))):
            if isinstance(candidate, dict):
                self._add_candidate(self._spelling.read(candidate), place, at)

    def finish(self) -> tuple[Transcript, Any]:
        folds = [self._candidates[index] for index in sorted(self._candidates)]
        choices = tuple(fold.finish() for fold in folds)
        blocked = self._blocked()
        self._note_oddities(folds, blocked=blocked)
        ended = all(choice.finish_raw for choice in choices) if choices else blocked
        transcript = Transcript(
            complete=ended and not self._failed,
            id=text(self._answer.get("response_id")),
            model=text(self._answer.get("model_version")),
            choices=choices,
            usage=self._counts(),
            extra=self._extra(blocked=blocked and not choices),
        )
        return transcript, self._rebuilt(folds)

    def _add_usage(self, counts: object, at: int) -> None:
        """Take in totals. Chunks before the last may say where the answer is made and no more."""
        read = self._spelling.read(counts)
        self._usage = {**without_nulls(read), **_missing(self._usage, read)}
        if counted_together(read):
            self._usages.append((at, counted_together(self._usage)))

    def _add_candidate(self, candidate: Object, place: int, at: int) -> None:
        index = candidate.get("index")
        index = index if isinstance(index, int) else place
        if index not in self._candidates:
            if index < self._highest:
                self._note("choice-order", at, f"choice {index} after a higher one")
            self._highest = max(self._highest, index)
            self._candidates[index] = _Candidate(index, self._note, self._spelling)
        self._candidates[index].add(candidate, at)

    def _blocked(self) -> bool:
        """Whether the prompt was refused: then there are no candidates."""
        feedback = self._spelling.read(self._answer.get("prompt_feedback"))
        return text(feedback.get("block_reason")) is not None

    def _counts(self) -> Usage | None:
        """The counts, with the provider's own spelling in its own account of them."""
        known = usage(self._usage)
        return known and known._replace(raw=self._spelling.written(self._usage))

    def _extra(self, *, blocked: bool) -> dict[str, Any]:
        extra = {
            key: without_nulls(value)
            for key, value in self._answer.items()
            if key not in (*_CONSTANTS, "sdk_http_response") and (key != _HISTORY or value)
        }
        return {"finish": "content_filter", **extra} if blocked else extra

    def _rebuilt(self, folds: list["_Candidate"]) -> dict[str, Any]:
        """An answer, its keys in the order in which the client library writes them.

        That library adds a history of the functions it called by itself to answers in one piece.
        """
        answer = dict(self._answer)
        if "sdk_http_response" in answer:
            answer.setdefault(_HISTORY, [])
        if folds:
            answer["candidates"] = [fold.rebuilt() for fold in folds]
        if self._usage:
            answer["usage_metadata"] = self._spelling.written(self._usage)
        return self._spelling.written(_ordered(answer, _ANSWER_KEYS))

    def _note_oddities(self, folds: list["_Candidate"], *, blocked: bool) -> None:
        note_usage(self._usages, self._at, self._note)
        if not self._usages and not self._failed and not blocked:
            self._note("usage-missing", None, "no chunk counts tokens")
        if not folds and blocked:
            self._note("prompt-blocked", None, "no candidates")
        elif not folds:
            self._note("finish-missing", None, "no candidates")
        finishes = [fold.finished_at for fold in folds if fold.finished_at is not None]
        if finishes and max(finishes) != self._at:
            self._note("finish-not-last", max(finishes), "chunks follow it")
        note_numbers(self._candidates, "choice-index-gap", self._note)


class _Spelling:
    """Reads keys as snake case, and writes them as they were spelled."""

    def __init__(self) -> None:
        self._own: dict[str, str] = {}

    def read(self, value: object) -> dict[str, Any]:
        """The members of an object that are not null; none of anything else."""
        read = {}
        for own, item in fields(value).items():
            if item is not None:
                key = _snake(own)
                read[key] = item
                if key != own:
                    self._own[key] = own
        return read

    def written(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {self._own.get(key, key): item for key, item in value.items()}


@lru_cache(maxsize=1024)
def _snake(key: str) -> str:
    if key == key.lower():
        return key  # the pattern need not even be compiled
    return re.sub(_HUMP, lambda hump: "_" + hump[0].lower(), key)


class _Call:
    """A function call in the making: its members, and arguments that came in pieces, by path."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}
        self.pieces: dict[str, Any] = {}
        self.is_open = False

    def add(self, call: Object, spelling: _Spelling) -> None:
        self.is_open = call.get("will_continue") is True
        for key, value in call.items():
            if key not in ("partial_args", "will_continue"):
                self.members[key] = value
        for piece in items(call.get("partial_args")):
            read = spelling.read(piece)
            if isinstance(read.get("json_path"), str):
                self._add_piece(read["json_path"], read)

    def arguments(self) -> Any:
        arguments = self.members.get("args", {})
        for path, value in self.pieces.items():
            whole = joined(value) if isinstance(value, list) else value
            arguments = _placed(arguments, _steps(path), whole)
        return arguments

    def finish(self, index: int) -> ToolCall:
        name = text(self.members.get("name")) or ""
        return whole_call(index, text(self.members.get("id")), name, self.arguments())

    def rebuilt(self) -> dict[str, Any]:
        has_arguments = self.pieces or "args" in self.members
        known = {"args": self.arguments()} if has_arguments else {}
        return _ordered({**self.members, **known}, _CALL_KEYS)

    def _add_piece(self, path: str, piece: Object) -> None:
        """Take in a value; texts at one path are joined."""
        if isinstance(piece.get("string_value"), str):
            known = self.pieces.get(path)
            if not isinstance(known, list):
                known = self.pieces[path] = []
            known.append(piece["string_value"])
        elif "null_value" in piece:
            self.pieces[path] = None
        else:
            for key in ("number_value", "bool_value"):
                if key in piece:
                    self.pieces[path] = piece[key]


class _Part:
    """A part in the making. `texts` has the pieces of a text that may go on in another part."""

    def __init__(
        self,
        members: dict[str, Any],
        texts: list[str] | None = None,
        call: _Call | None = None,
    ) -> None:
        self.members = members
        self.texts = texts
        self.call = call

    @property
    def is_thought(self) -> bool:
        return self.members.get("thought") is True

    def said(self) -> list[str]:
        """The pieces of its text."""
        if self.texts is not None:
            return self.texts
        whole = self.members.get("text")
        return [whole] if isinstance(whole, str) else []

    def rebuilt(self, spelling: _Spelling) -> dict[str, Any]:
        members = {key: value for key, value in self.members.items() if key != "function_call"}
        if self.said():
            members["text"] = joined(self.said())
        if self.call is not None:
            members = {**members, "function_call": spelling.written(self.call.rebuilt())}
        return spelling.written(members)


class _Candidate:
    """A candidate in the making."""

    def __init__(self, index: int, note: Note, spelling: _Spelling) -> None:
        self.index = index
        self.note = note
        self.spelling = spelling
        self.role: str | None = None
        self.parts: list[_Part] = []
        self.empty_text: _Part | None = None
        self.last_call: _Part | None = None
        self.finish_raw: str | None = None
        self.finished_at: int | None = None
        self.others: dict[str, Any] = {}
        self.has_content = False

    def add(self, candidate: Object, at: int) -> None:
        content = self.spelling.read(candidate.get("content"))
        parts = [self.spelling.read(part) for part in items(content.get("parts"))]
        if self.finish_raw:
            says = any(part for part in parts if part != {"text": ""})
            code = "content-after-finish" if says else "chunk-after-finish"
            self.note(code, at, f"choice {self.index}")
        self.has_content = self.has_content or "content" in candidate
        self._add_role(text(content.get("role")), at)
        for part in parts:
            self._add_part(part)
        self._add_finish(candidate.get("finish_reason"), at)
        for key, value in candidate.items():
            if key == "logprobs_result":
                self._add_logprobs(value)
            elif key not in ("content", "finish_reason"):
                self.others[key] = without_nulls(value)

    def finish(self) -> Choice:
        parts = self._kept()
        calls = tuple(
            call.finish(index)
            for index, call in enumerate(part.call for part in parts if part.call is not None)
        )
        others = [part.rebuilt(self.spelling) for part in parts if _is_other(part)]
        made = Choice(
            index=self.index,
            role=self.role,
            text=joined(_said(parts, thought=False)),
            reasoning=joined(_said(parts, thought=True)),
            tool_calls=calls,
            finish=finish(self.finish_raw, has_tool_calls=bool(calls)),
            finish_raw=self.finish_raw,
            logprobs=self.others.get("logprobs_result"),
            extra={**self._extra(), **({"parts": without_nulls(others)} if others else {})},
        )
        self._note_end(made)
        return made

    def rebuilt(self) -> dict[str, Any]:
        content: dict[str, Any] = {}
        parts = self._kept()
        if parts:
            content["parts"] = [part.rebuilt(self.spelling) for part in parts]
        if self.role is not None:
            content["role"] = self.role
        candidate = dict(self.others)
        if self.has_content:
            candidate["content"] = content
        if self.finish_raw:
            candidate["finish_reason"] = self.finish_raw
        return self.spelling.written(_ordered(candidate, _CANDIDATE_KEYS))

    def _extra(self) -> dict[str, Any]:
        known = ("index", "logprobs_result")
        return {key: value for key, value in self.others.items() if key not in known}

    def _kept(self) -> list[_Part]:
        """The parts. An empty text is one only where there is nothing else."""
        return self.parts or ([self.empty_text] if self.empty_text else [])

    def _add_role(self, role: str | None, at: int) -> None:
        """Take in the role, which stands on every chunk. The last one counts."""
        if role and self.role and role != self.role:
            self.note("role-changed", at, f"choice {self.index}")
        self.role = role or self.role

    def _add_part(self, part: dict[str, Any]) -> None:
        if isinstance(part.get("function_call"), dict):
            self._add_call(part)
        elif isinstance(part.get("text"), str) and part.keys() <= {"text", "thought"}:
            self._add_text(_Part(part, [part["text"]]))
        elif part:
            self.parts.append(_Part(part))

    def _add_text(self, part: _Part) -> None:
        last = self.parts[-1] if self.parts else None
        if not part.members["text"]:
            self.empty_text = self.empty_text or part
        elif last and last.texts is not None and last.is_thought == part.is_thought:
            last.texts.append(part.members["text"])
        else:
            self.parts.append(part)

    def _add_call(self, part: dict[str, Any]) -> None:
        """Take in a function call, or more of the last one."""
        read = self.spelling.read(part["function_call"])
        known = self.last_call
        if known is not None and known.call is not None and _goes_on(read, known.call):
            known.members.update(part)
            known.call.add(read, self.spelling)
        else:
            call = _Call()
            call.add(read, self.spelling)
            self.last_call = _Part(part, call=call)
            self.parts.append(self.last_call)

    def _add_finish(self, raw: object, at: int) -> None:
        if raw == "":
            self.note("finish-empty-string", at, f"choice {self.index}")
        elif isinstance(raw, str) and raw != _UNFINISHED:
            if self.finish_raw:
                self.note("finish-duplicate", at, f"choice {self.index}")
            self.finish_raw, self.finished_at = raw, at

    def _add_logprobs(self, logprobs: object) -> None:
        """Take in log probabilities: lists of tokens are joined."""
        known = self.others.setdefault("logprobs_result", {})
        for key, value in without_nulls(fields(logprobs)).items():
            if isinstance(value, list) and isinstance(known.get(key), list):
                known[key].extend(value)
            else:
                known[key] = value

    def _note_end(self, made: Choice) -> None:
        says_more = "parts" in made.extra
        wants_role = bool(self.parts)
        note_choice(made, self.note, wants_role=wants_role, wants_ids=False, says_more=says_more)


def _goes_on(call: Object, last: _Call) -> bool:
    """Whether a function call is more of the last one. Only the start of a call has a name."""
    call_id, known_id = text(call.get("id")), text(last.members.get("id"))
    if call_id and call_id != known_id:
        return False
    name = text(call.get("name"))
    if name is None:
        return last.is_open or "args" not in call
    return last.is_open and name == last.members.get("name")


def _is_other(part: _Part) -> bool:
    return part.call is None and not part.said()


def _said(parts: Iterable[_Part], *, thought: bool) -> list[str]:
    return [piece for part in parts if part.is_thought == thought for piece in part.said()]


def _missing(value: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The members that another object does not have."""
    return {key: item for key, item in value.items() if key not in other}


def _ordered(value: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The members in the order of the keys, others after them."""
    known = {key: value[key] for key in keys if key in value}
    return {**known, **value}


def _steps(path: str) -> list[str | int]:
    """A JSON path's way: names and places. One that is not understood is a name itself."""
    steps: list[str | int] = []
    way = path.removeprefix("$")
    end = 0
    for found in _walk(way):
        name, place, single, double = found.groups()
        steps.append(int(place) if place else next(filter(None, (name, single, double)), ""))
        end = found.end()
    return steps if end == len(way) and len(steps) <= _MOST_STEPS else [path]


def _walk(way: str) -> Iterator[re.Match[str]]:
    step = re.compile(_STEP)
    found = step.match(way)
    while found:
        yield found
        found = step.match(way, found.end())


def _placed(into: Any, steps: list[str | int], value: Any) -> Any:
    """A copy of a value in which another one is at the end of a way."""
    if not steps:
        return value
    step, *rest = steps
    if isinstance(step, str):
        members = dict(fields(into))
        members[step] = _placed(members.get(step), rest, value)
        return members
    values = list(items(into))
    if step < len(values):
        values[step] = _placed(values[step], rest, value)
    else:
        values.append(_placed(None, rest, value))
    return values
