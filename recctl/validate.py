"""Validation: paths in, report out.

Examining a file is a pure function of its bytes and gives a small result, so that it may run in
another process; what concerns several files is decided from those results.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from recctl.conversation import Call
from recctl.corpus import Corpus, Entry, read
from recctl.diagnostics import Finding, Report, Severity, Violation
from recctl.errors import UnreadableError
from recctl.jsontext import parse
from recctl.recording import Recording
from recctl.rules import CORPUS_RULES, FILE_RULES, Facts, Rule, Subject

_LONGEST_MESSAGE = 400
"""Messages may quote what was recorded, which has no limit of its own."""

Map = Callable[[Callable[[Entry], "Examined"], Iterable[Entry]], Iterable["Examined"]]
"""`map`, or an executor's, which must keep the order."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The small result of one file: its findings, and what the corpus rules need."""

    findings: tuple[Finding, ...]
    facts: Facts | None


def validate(corpus: Corpus, *, infos: bool = False, apply: Map = map) -> Report:
    """Check every file of a corpus by every rule; by those of severity info where asked for."""
    examined = list(apply(partial(examine, infos=infos), corpus.entries))
    facts = tuple(one.facts for one in examined if one.facts is not None)
    findings = [finding for one in examined for finding in one.findings]
    findings += [
        _finding(rule, path, violation, 1)
        for rule in CORPUS_RULES
        for path, violation in rule.check(facts)
    ]
    order = {str(entry.path): place for place, entry in enumerate(corpus.entries)}
    findings.sort(key=lambda finding: (order[finding.path], finding.line or 0, finding.code))
    files = sum(1 for entry in corpus.entries if entry.obstacle is None)
    return Report(files, tuple(findings), corpus.strays)


def examine(entry: Entry, *, infos: bool = False) -> Examined:
    """Check one file by the rules that look at one file. Never raises for what is in the file."""
    folder = Path(os.path.abspath(entry.path)).parent.parts  # noqa: PTH100 - links stay
    try:
        raw = read(entry)
    except UnreadableError as error:
        subject = Subject(entry.path, folder, obstacle=str(error))
        return Examined(_findings(subject, infos=infos), None)
    parsed = parse(raw)
    recording = None
    if parsed.readable and Recording.is_interaction(parsed.value):
        recording = Recording(entry.path.name, parsed.value, len(raw))
    subject = Subject(entry.path, folder, parsed=parsed, recording=recording)
    facts = _facts(subject, sha256(raw).hexdigest()) if subject.name else None
    return Examined(_findings(subject, infos=infos), facts)


def _facts(subject: Subject, digest: str) -> Facts:
    calls: list[Call] = []
    echoes: list[Call] = []
    if subject.answer and subject.request:
        for choice in subject.answer.transcript.choices:
            calls += (Call(one.name, one.arguments_raw, one.id) for one in choice.tool_calls)
        for turn in subject.request.turns:
            echoes += turn.calls
    return Facts(
        path=str(subject.path),
        file_name=subject.path.name,
        sha256=digest,
        test_id=subject.recording.test_id if subject.recording else None,
        calls=tuple(call for call in calls if call.id),
        echoes=tuple(call for call in echoes if call.id),
    )


def _findings(subject: Subject, *, infos: bool) -> tuple[Finding, ...]:
    return tuple(
        _finding(rule, str(subject.path), violation, _line(subject, violation))
        for rule in FILE_RULES
        if infos or rule.severity is not Severity.INFO
        for violation in rule.check(subject)
    )


def _finding(rule: Rule[Any], path: str, violation: Violation, line: int | None) -> Finding:
    message = violation.message
    if len(message) > _LONGEST_MESSAGE:
        message = message[: _LONGEST_MESSAGE - 1] + "…"
    return Finding(rule.code, rule.name, rule.severity, path, violation.pointer, line, message)


def _line(subject: Subject, violation: Violation) -> int | None:
    if violation.line is not None or subject.parsed is None:
        return violation.line
    return subject.parsed.line_of(violation.pointer) if subject.parsed.readable else 1
