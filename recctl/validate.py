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

from recctl.baseline import Baseline, Known
from recctl.conversation import Call
from recctl.corpus import Corpus, Entry, read
from recctl.diagnostics import Finding, Fix, Report, RuleText, Violation
from recctl.errors import UnreadableError
from recctl.jsontext import Parsed, parse
from recctl.recording import Recording
from recctl.rules import CORPUS_RULES, FILE_RULES, LEFTOVER_RULES, TABLE, Facts, Rule, Subject
from recctl.rules.leftovers import Leftovers
from recctl.rules.policy import Policy
from recctl.rules.selection import Choice, Exemption, Selection, choose
from recctl.secrets import masked

_LONGEST_MESSAGE = 400
"""Messages may quote what was recorded, which has no limit of its own."""

_LONGEST_EXCERPT = 100

_FATAL = frozenset(rule.name for rule in TABLE if rule.fatal)
_BASELINED = frozenset(rule.name for rule in (*FILE_RULES, *CORPUS_RULES)) - _FATAL
"""The rules whose findings a baseline may hold."""

Map = Callable[[Callable[[Entry], "Examined"], Iterable[Entry]], Iterable["Examined"]]
"""`map`, or an executor's, which must keep the order."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The small result of one file: its findings, and what the corpus rules need."""

    findings: tuple[Finding, ...]
    facts: Facts | None


def validate(
    corpus: Corpus,
    selection: Selection | None = None,
    policy: Policy | None = None,
    baseline: Baseline | None = None,
    *,
    whole: bool = False,
    apply: Map = map,
) -> Report:
    """Check every file of a corpus by the selected rules: without a selection, by the usual ones.

    Findings that the baseline knows are counted and left out. `whole` says that the corpus is all
    there is, so that what is not found in it does not exist.
    """
    selection = selection or choose(TABLE, Choice())
    examined = list(apply(partial(_examine, selection, policy or Policy()), corpus.entries))
    findings = [finding for one in examined for finding in one.findings]
    facts = tuple(one.facts for one in examined if one.facts is not None)
    for rule in _running(CORPUS_RULES, selection):
        for path, violation in rule.check(facts):
            findings.append(_finding(rule, selection, path, violation, 1))
    kept, unused = _exempted(findings, selection)
    new, gone = _split(kept, baseline)
    leftovers = Leftovers(
        selection.source,
        unused if whole else (),
        str(baseline.file) if baseline else "",
        _judged(gone, baseline, corpus, selection, whole=whole) if baseline else (),
    )
    late = [
        _finding(rule, selection, path, violation, None)
        for rule in _running(LEFTOVER_RULES, selection)
        for path, violation in rule.check(leftovers)
    ]
    order = {str(entry.path): place for place, entry in enumerate(corpus.entries)}
    ordered = sorted(new, key=lambda one: (order[one.path], one.line or 0, one.code))
    found = {finding.name for finding in (*ordered, *late)}
    return Report(
        recordings=sum(1 for entry in corpus.entries if entry.obstacle is None),
        findings=(*ordered, *late),
        strays=corpus.strays,
        rules=tuple(
            RuleText(
                rule.code,
                rule.name,
                selection.severities[rule.name],
                rule.fix,
                rule.title,
                rule.doc,
            )
            for rule in sorted(TABLE, key=lambda rule: rule.code)
            if rule.name in found
        ),
        baselined=len(kept) - len(new),
    )


@dataclass(frozen=True, slots=True)
class Rebaselined:
    """A baseline to be written, how many entries of the old one it keeps, and what it cannot hold.

    Kept are the entries that the run could not judge: of files and rules that it did not check.
    """

    baseline: Baseline
    kept: int
    refused: tuple[Finding, ...]


def rebaselined(
    report: Report, old: Baseline, corpus: Corpus, selection: Selection, *, whole: bool = False
) -> Rebaselined:
    """What becomes of a baseline when a report's findings are accepted; made without that one."""
    judged = set(_judged(old.entries, old, corpus, selection, whole=whole))
    kept = [entry for entry in old.entries if entry not in judged]
    held = [finding for finding in report.findings if finding.name in _BASELINED]
    refused = tuple(finding for finding in report.findings if finding.name in _FATAL)
    return Rebaselined(Baseline.of(held, old.file, kept), len(kept), refused)


def examine(
    entry: Entry, selection: Selection | None = None, policy: Policy | None = None
) -> Examined:
    """Check one file by the rules that look at one file. Never raises for what is in the file."""
    return _examine(selection or choose(TABLE, Choice()), policy or Policy(), entry)


def _examine(selection: Selection, policy: Policy, entry: Entry) -> Examined:
    folder = Path(os.path.abspath(entry.path)).parent.parts  # noqa: PTH100 - links stay
    try:
        raw = read(entry)
    except UnreadableError as error:
        subject = Subject(entry.path, folder, obstacle=str(error), policy=policy)
        return Examined(_findings(subject, selection), None)
    parsed = parse(raw)
    recording = None
    if parsed.readable and Recording.is_interaction(parsed.value):
        recording = Recording(entry.path.name, parsed.value, len(raw))
    subject = Subject(
        entry.path, folder, size=len(raw), parsed=parsed, recording=recording, policy=policy
    )
    facts = _facts(subject, sha256(raw).hexdigest()) if subject.name else None
    return Examined(_findings(subject, selection), facts)


def _facts(subject: Subject, digest: str) -> Facts:
    calls: list[Call] = []
    echoes: list[Call] = []
    if subject.answer and subject.request:
        for choice in subject.answer.transcript.choices:
            calls += (Call(one.name, one.arguments_raw, one.id) for one in choice.tool_calls)
        for turn in subject.request.turns:
            echoes += turn.calls
    lists_models = subject.name is not None and subject.name.digest is not None
    return Facts(
        path=str(subject.path),
        file_name=subject.path.name,
        sha256=digest,
        test_id=subject.recording.test_id if subject.recording else None,
        wanted=subject.identity.wanted if subject.identity and not lists_models else None,
        standing=subject.standing,
        calls=tuple(call for call in calls if call.id),
        echoes=tuple(call for call in echoes if call.id),
    )


def _findings(subject: Subject, selection: Selection) -> tuple[Finding, ...]:
    path, parsed = str(subject.path), subject.parsed
    seen = [
        (rule, violation, _line(parsed, violation))
        for rule in _running(FILE_RULES, selection)
        for violation in rule.check(subject)
    ]
    hidden = {line for _, violation, line in seen if violation.secret}
    return tuple(
        _finding(
            rule,
            selection,
            path,
            violation,
            line,
            excerpt=None if line in hidden else _excerpt(parsed, line),
        )
        for rule, violation, line in seen
    )


def _finding(
    rule: Rule[Any],
    selection: Selection,
    path: str,
    violation: Violation,
    line: int | None,
    *,
    excerpt: str | None = None,
) -> Finding:
    return Finding(
        rule.code,
        rule.name,
        selection.severities[rule.name],
        path,
        masked(violation.pointer),
        line,
        _cut(masked(violation.message), _LONGEST_MESSAGE),
        None if excerpt is None else _cut(masked(excerpt), _LONGEST_EXCERPT),
        rule.command_for(path) if violation.mendable else f"recctl rule {rule.name}",
        rule.fix if violation.mendable else Fix.NONE,
    )


def _running(rules: Iterable[Rule[Any]], selection: Selection) -> Iterable[Rule[Any]]:
    return (rule for rule in rules if rule.name in selection.severities)


def _exempted(
    findings: list[Finding], selection: Selection
) -> tuple[list[Finding], tuple[Exemption, ...]]:
    """The findings that no exemption covers, and the exemptions that cover none."""
    if not selection.exemptions:
        return findings, ()
    beside = os.path.dirname(selection.source)  # noqa: PTH120 - a text, as findings have it
    kept, used = [], set()
    for finding in findings:
        path = os.path.relpath(finding.path, beside or ".").replace(os.sep, "/")
        covering = {one for one in selection.exemptions if one.covers(finding.name, path)}
        used |= covering
        if not covering:
            kept.append(finding)
    return kept, tuple(one for one in selection.exemptions if one not in used)


def _split(
    findings: list[Finding], baseline: Baseline | None
) -> tuple[list[Finding], tuple[Known, ...]]:
    """The findings that a baseline does not hold, and its entries that were not found."""
    if baseline is None:
        return findings, ()
    new, gone = baseline.split(one for one in findings if one.name not in _FATAL)
    return [*new, *(one for one in findings if one.name in _FATAL)], gone


def _judged(
    gone: tuple[Known, ...],
    baseline: Baseline,
    corpus: Corpus,
    selection: Selection,
    *,
    whole: bool,
) -> tuple[Known, ...]:
    """The entries not found of which this run can say that there is nothing to be found."""
    checked = {baseline.place_of(str(entry.path)) for entry in corpus.entries}
    running = {rule.name for rule in _running(FILE_RULES, selection)}
    if whole:
        # A rule that does not exist any more finds nothing, either.
        running = {one.rule for one in gone} - {rule.name for rule in TABLE}
        running |= selection.severities.keys()
    return tuple(one for one in gone if one.rule in running and (whole or one.path in checked))


def _line(parsed: Parsed | None, violation: Violation) -> int | None:
    if violation.line is not None or parsed is None:
        return violation.line
    return parsed.line_of(violation.pointer) if parsed.readable else 1


def _excerpt(parsed: Parsed | None, line: int | None) -> str | None:
    """A line's text, without the space and the comma around it; null if it only opens a value.

    It is whole: what is left of a credential that was cut would not be recognised.
    """
    if parsed is None or line is None:
        return None
    start = 0
    for _ in range(line - 1):
        start = parsed.text.find("\n", start) + 1
    end = parsed.text.find("\n", start)
    text = parsed.text[start : end if end >= 0 else None].strip().removesuffix(",")
    return text if text and text[-1] not in "{[" else None


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
