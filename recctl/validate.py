"""Validation: paths in, report out.

Examining a file is a pure function of its bytes and gives a small result, so that it may run in
another process; what concerns several files is decided from those results.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from recctl.corpus import Corpus, Entry, read
from recctl.diagnostics import Finding, Report, Violation
from recctl.errors import UnreadableError
from recctl.jsontext import parse
from recctl.recording import Recording
from recctl.rules import CORPUS_RULES, FILE_RULES, Copy, Rule, Subject

_LONGEST_MESSAGE = 400
"""Messages may quote what was recorded, which has no limit of its own."""

Map = Callable[[Callable[[Entry], "Examined"], Iterable[Entry]], Iterable["Examined"]]
"""`map`, or an executor's, which must keep the order."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The small result of one file: its findings, and what the corpus rules need."""

    findings: tuple[Finding, ...]
    copy: Copy | None


def validate(corpus: Corpus, apply: Map = map) -> Report:
    """Check every file of a corpus by every rule."""
    examined = list(apply(examine, corpus.entries))
    copies = tuple(one.copy for one in examined if one.copy is not None)
    findings = [finding for one in examined for finding in one.findings]
    findings += [
        _finding(rule, path, violation, 1)
        for rule in CORPUS_RULES
        for path, violation in rule.check(copies)
    ]
    order = {str(entry.path): place for place, entry in enumerate(corpus.entries)}
    findings.sort(key=lambda finding: (order[finding.path], finding.line or 0, finding.code))
    files = sum(1 for entry in corpus.entries if entry.obstacle is None)
    return Report(files, tuple(findings), corpus.strays)


def examine(entry: Entry) -> Examined:
    """Check one file by the rules that look at one file. Never raises for what is in the file."""
    folder = Path(os.path.abspath(entry.path)).parent.parts  # noqa: PTH100 - links stay
    try:
        raw = read(entry)
    except UnreadableError as error:
        subject = Subject(entry.path, folder, obstacle=str(error))
        return Examined(_findings(subject), None)
    parsed = parse(raw)
    recording = None
    if parsed.readable and Recording.is_interaction(parsed.value):
        recording = Recording(entry.path.name, parsed.value, len(raw))
    subject = Subject(entry.path, folder, parsed=parsed, recording=recording)
    copy = Copy(str(entry.path), entry.path.name, sha256(raw).hexdigest())
    return Examined(_findings(subject), copy if subject.name else None)


def _findings(subject: Subject) -> tuple[Finding, ...]:
    return tuple(
        _finding(rule, str(subject.path), violation, _line(subject, violation))
        for rule in FILE_RULES
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
