"""The merge driver: which of two versions of one recording stays, where that is beyond doubt.

Two sides that recorded the same request again differ in nearly every line, and no line of one goes
with those of the other. So one of the two is taken as it is, or git merges as usual:

1. The requests, with their tests, must be equal as canonical JSON, and so must be whatever else is
   not the answer. Both files must be sound.
2. If just one of the answers is sound, it stays: complete, and with no oddity that is an error.
3. Else the newer one stays. If both answers tell when they were created, that counts. Otherwise it
   is when the contents first came to this path in any commit that git knows, by the author's
   clock: a commit that is rebased or picked keeps that time, and the committer's is the present.
4. If the newer one says what the common ancestor said, and the other one does not, only the other
   side recorded again. Then, as with equal or unknown times, git merges as usual.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recctl import files
from recctl.diagnostics import Severity
from recctl.errors import ExitCode, RecctlError
from recctl.gitstore import repository_of
from recctl.jsontext import parse
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.transcript import Transcript
from recctl.wire import read
from recctl.wire.oddities import severity_of

_ANSWERS = ("response", "id_normalization_mapping")
"""Members of a document that are the answer, or come with it."""

_LABELS = ("base", "ours", "theirs")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a merge comes to: the bytes that stay, or null where git is to merge; and why."""

    content: bytes | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Version:
    """One side's file, read."""

    content: bytes
    question: str
    transcript: Transcript

    @property
    def is_exception(self) -> bool:
        return self.transcript.format == "exception"

    @property
    def is_sound(self) -> bool:
        faults = (severity_of(one.code) is Severity.ERROR for one in self.transcript.warnings)
        is_whole = self.transcript.complete or not self.transcript.chunks
        return is_whole and not any(faults)

    @property
    def created(self) -> int | float | None:
        """When the provider made the answer; null where the recorder has not kept it."""
        created = self.transcript.created
        return created if created and created > 0 else None

    @property
    def said(self) -> Any:
        """What the answer says, without ids and times."""
        told = self.transcript
        choices = [
            (one.role, one.text, one.reasoning, one.refusal, one.finish_raw, one.extra)
            for one in told.choices
        ]
        calls = [(call.name, call.arguments_raw) for one in told.choices for call in one.tool_calls]
        return told.format, choices, calls, told.model, told.usage, told.extra


def decide(
    base: bytes, ours: bytes, theirs: bytes, born: Callable[[bytes], int | None]
) -> Decision:
    """Which of two versions stays. Never raises.

    `base` is empty where there is no common ancestor. `born` gives the time at which a content
    first came to the path, null where that is not known; it is asked only if need be.
    """
    own, other = _version(ours), _version(theirs)
    if own is None or other is None:
        return Decision(None, "as one of the two is no recording that can be read")
    if own.question != other.question:
        return Decision(None, "as more than the answers differs")
    exceptions = own.is_exception or other.is_exception
    if own.is_sound != other.is_sound and not exceptions:
        stays = own if own.is_sound else other
        return Decision(stays.content, "as the other answer is not sound")
    return _newer(own, other, _version(base), born)


def _newer(
    own: _Version, other: _Version, before: _Version | None, born: Callable[[bytes], int | None]
) -> Decision:
    first, second = own.created, other.created
    if first is None or second is None or first == second:
        first, second = born(own.content), born(other.content)
    if first is None or second is None:
        return Decision(None, "as it is not known which one is newer")
    if first == second:
        return Decision(None, "as both are equally new")
    newer, older = (own, other) if first > second else (other, own)
    if before is not None and newer.said == before.said and older.said != before.said:
        return Decision(None, "as the newer one says only what was said before")
    return Decision(newer.content, "as it is newer")


def merge(sides: Sequence[str], size: str, path: str, labels: Sequence[str] = ()) -> int:
    """Merge as git asks for it: what stays is put into the second file. Gives the exit code.

    `sides` are files that git made of the common ancestor, of ours and of theirs, `labels` their
    names, where git tells them. `size` is the length of a conflict marker, `path` the recording's.
    Raises RecctlError.
    """
    base, ours, theirs = (files.read(one) for one in sides)
    decision = decide(base, ours, theirs, lambda content: _born(content, path))
    if decision.content is None:
        code = _merged_as_usual(sides, size, labels)
        if code is not ExitCode.FINE:
            sys.stderr.write(f"recctl: {one_line(path)}: left a conflict, {decision.reason}\n")
        return code
    side = "ours"
    if decision.content != ours:
        side = "theirs"
        Path(sides[1]).write_bytes(decision.content)
    sys.stderr.write(f"recctl: {one_line(path)}: took {side}, {decision.reason}\n")
    return ExitCode.FINE


def _version(content: bytes) -> _Version | None:
    parsed = parse(content)
    if not parsed.readable or parsed.flaws or not Recording.is_interaction(parsed.value):
        return None
    document = parsed.value
    question = {key: value for key, value in document.items() if key not in _ANSWERS}
    recording = Recording("", document, len(content))
    told = read(recording.response).transcript
    return _Version(content, json.dumps(question, sort_keys=True), told)


def _born(content: bytes, path: str) -> int | None:
    """When a content first came to a path, null if that is not known."""
    try:
        repository = repository_of(Path.cwd())
        if repository is None:
            return None
        return repository.authored_at(path, repository.id_of(content))
    except RecctlError:
        return None


def _merged_as_usual(sides: Sequence[str], size: str, labels: Sequence[str]) -> ExitCode:
    """Have git merge the lines into the second file, with markers where both sides changed them.

    What it cannot merge, for it is binary, stays as ours and is a conflict.
    """
    # An older git does not know the labels, and hands on their names.
    known = [one for one in labels if one and not one.startswith("%")]
    base, ours, theirs = known if len(known) == len(_LABELS) else _LABELS
    named = [part for label in (ours, base, theirs) for part in ("-L", label)]
    marker = [f"--marker-size={size}"] if size.isdecimal() else []
    git = shutil.which("git") or "git"
    done = subprocess.run(  # noqa: S603 - no shell
        [git, "merge-file", *named, *marker, sides[1], sides[0], sides[2]],
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    return ExitCode.FINE if done.returncode == 0 else ExitCode.FINDINGS
