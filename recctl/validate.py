"""Validation: paths in, report out.

Examining a file is a pure function of its bytes and gives a small result, so that it may run in
another process; what concerns several files is decided from those results.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from recctl import secrets
from recctl.baseline import Baseline, Known
from recctl.cache import Row
from recctl.conversation import Call
from recctl.corpus import Corpus, Entry, read
from recctl.diagnostics import Finding, Fix, Report, RuleText, Violation
from recctl.dialects import Name
from recctl.errors import UnreadableError
from recctl.facts import facts_of, in_short, packed
from recctl.jsontext import Parsed, parse, parse_written
from recctl.recording import Recording
from recctl.rules import (
    BEYOND_RULES,
    CORPUS_RULES,
    FILE_RULES,
    LEFTOVER_RULES,
    TABLE,
    Member,
    Rule,
    Subject,
)
from recctl.rules.leftovers import Leftovers
from recctl.rules.origin import roots_above
from recctl.rules.policy import Policy
from recctl.rules.selection import Choice, Exemption, Selection, choose
from recctl.scan import Kept, Means, scan
from recctl.secrets import masked

_LONGEST_MESSAGE = 400
"""Messages may quote what was recorded, which has no limit of its own."""

_LONGEST_EXCERPT = 100

_FATAL = frozenset(rule.name for rule in TABLE if rule.fatal)
_BASELINED = frozenset(rule.name for rule in (*FILE_RULES, *BEYOND_RULES, *CORPUS_RULES)) - _FATAL
"""The rules whose findings a baseline may hold."""


class Found(NamedTuple):
    """What a rule found in a file: all of a finding but the file and how bad it is.

    `mendable` says that the rule's fix mends it, too.
    """

    rule: str
    pointer: str
    line: int | None
    message: str
    excerpt: str | None
    mendable: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """The small result of one file: what was found, and what the corpus rules need."""

    found: tuple[Found, ...]
    member: Member | None


def validate(
    corpus: Corpus,
    selection: Selection | None = None,
    policy: Policy | None = None,
    baseline: Baseline | None = None,
    *,
    whole: bool = False,
    means: Means | None = None,
) -> Report:
    """Check every file of a corpus by the selected rules: without a selection, by the usual ones.

    Findings that the baseline knows are counted and left out. `whole` says that the corpus is all
    there is, so that what is not found in it does not exist.
    """
    selection = selection or choose(TABLE, Choice())
    policy = policy or Policy()
    examination = examination_of(selection, policy)
    examined = scan(corpus.entries, examination, means or Means())
    findings: list[Finding] = []
    members = []
    tests = _Tests(selection, policy)
    for entry, one in zip(corpus.entries, examined, strict=True):
        findings += (_finding(found, selection, str(entry.path)) for found in one.found)
        if one.member is not None:
            findings += tests.findings(entry, one.member)
            members.append(one.member)
    named = tuple(member for member in members if member.is_named)
    for rule in _running(CORPUS_RULES, selection):
        for path, violation in rule.check(named):
            findings.append(_finding(_found(rule, violation, 1), selection, path))
    kept, unused = _exempted(findings, selection)
    new, gone = _split(kept, baseline)
    leftovers = Leftovers(
        selection.source,
        unused if whole else (),
        str(baseline.file) if baseline else "",
        _judged(gone, baseline, corpus, selection, whole=whole) if baseline else (),
    )
    late = [
        _finding(_found(rule, violation, None), selection, path)
        for rule in _running(LEFTOVER_RULES, selection)
        for path, violation in rule.check(leftovers)
    ]
    order = {str(entry.path): place for place, entry in enumerate(corpus.entries)} if new else {}
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


@dataclass(frozen=True, slots=True)
class Examination:
    """A look at files by the rules that look at one file each. `rules` are their names."""

    rules: frozenset[str]
    policy: Policy
    about: str

    def at(self, entry: Entry, raw: bytes, digest: str) -> tuple[Examined, Kept | None]:
        """What the rules find, and what the corpus rules need."""
        parsed = parse_written(raw)
        recording = None
        if parsed.readable and Recording.is_interaction(parsed.value):
            recording = Recording(entry.path.name, parsed.value, len(raw))
        subject = Subject(
            entry.path,
            _parts_of(entry.path.parent),
            size=len(raw),
            parsed=parsed,
            recording=recording,
            policy=self.policy,
        )
        examined = Examined(self._found(subject), _member(subject, digest))
        facts = None
        if recording is not None and subject.identity is not None:
            facts = facts_of(recording, raw, digest, subject.identity)
        known = packed(facts, self.policy.table) if facts else None
        return examined, Kept(known, _seen(examined))

    def without(self, entry: Entry, reason: str) -> Examined:
        """That it cannot be read, and all else that is to be said."""
        folder = _parts_of(entry.path.parent)
        subject = Subject(entry.path, folder, obstacle=reason, policy=self.policy)
        return Examined(self._found(subject), None)

    def recalled(self, entry: Entry, row: Row) -> Examined | None:
        """What was seen by the same rules, if it was."""
        if row.about != self.about:
            return None
        found, calls, echoes = json.loads(row.seen) if row.seen else ((), (), ())
        test_id, standing, wanted = in_short(row)
        is_named = Name.parse(entry.path.name) is not None
        member = None
        if is_named or standing is not None:
            member = Member(
                path=str(entry.path),
                sha256=row.sha256,
                is_named=is_named,
                test_id=test_id,
                wanted=wanted,
                standing=standing,
                calls=tuple(Call(*one) for one in calls),
                echoes=tuple(Call(*one) for one in echoes),
            )
        return Examined(tuple(Found(*one) for one in found), member)

    def _found(self, subject: Subject) -> tuple[Found, ...]:
        parsed = subject.parsed
        seen = [
            (rule, violation, _line(parsed, violation))
            for rule in FILE_RULES
            if rule.name in self.rules
            for violation in rule.check(subject)
        ]
        hidden = {line for _, violation, line in seen if violation.secret}
        return tuple(
            _found(rule, violation, line, None if line in hidden else _excerpt(parsed, line))
            for rule, violation, line in seen
        )


def examination_of(selection: Selection, policy: Policy) -> Examination:
    """The look at files that a selection of rules asks for."""
    rules = frozenset(rule.name for rule in _running(FILE_RULES, selection))
    told = (
        sorted(rules),
        secrets.scanner_version(),
        policy.allowed_hosts,
        policy.allowed_types,
        policy.max_size,
    )
    return Examination(rules, policy, sha256(repr(told).encode()).hexdigest()[:16])


def _seen(examined: Examined) -> str:
    """What was found in a file, in the cache's words: as a rule, nothing."""
    member = examined.member
    calls, echoes = (member.calls, member.echoes) if member else ((), ())
    return json.dumps([examined.found, calls, echoes]) if examined.found or calls or echoes else ""


def _member(subject: Subject, digest: str) -> Member | None:
    if subject.name is None and subject.recording is None:
        return None
    calls: list[Call] = []
    echoes: list[Call] = []
    if subject.answer and subject.request:
        for choice in subject.answer.transcript.choices:
            calls += (Call(one.name, one.arguments_raw, one.id) for one in choice.tool_calls)
        for turn in subject.request.turns:
            echoes += turn.calls
    return Member(
        path=str(subject.path),
        sha256=digest,
        is_named=subject.name is not None,
        test_id=subject.recording.test_id if subject.recording else None,
        wanted=subject.identity.wanted if subject.identity else None,
        standing=subject.standing,
        calls=tuple(call for call in calls if call.id),
        echoes=tuple(call for call in echoes if call.id),
    )


@cache
def _parts_of(folder: Path) -> tuple[str, ...]:
    """The parts of a folder's absolute path."""
    return Path(os.path.abspath(folder)).parts


def _found(
    rule: Rule[Any], violation: Violation, line: int | None, excerpt: str | None = None
) -> Found:
    return Found(
        rule.name,
        masked(violation.pointer),
        line,
        _cut(masked(violation.message), _LONGEST_MESSAGE),
        None if excerpt is None else _cut(masked(excerpt), _LONGEST_EXCERPT),
        violation.mendable,
    )


_RULES = {rule.name: rule for rule in TABLE}


def _finding(found: Found, selection: Selection, path: str) -> Finding:
    rule = _RULES[found.rule]
    return Finding(
        rule.code,
        rule.name,
        selection.severities[rule.name],
        path,
        found.pointer,
        found.line,
        found.message,
        found.excerpt,
        rule.command_for(path) if found.mendable else f"recctl rule {rule.name}",
        rule.fix if found.mendable else Fix.NONE,
    )


class _Tests:
    """What the rules on tests find. During a run each test is looked at once."""

    def __init__(self, selection: Selection, policy: Policy) -> None:
        self._rules = tuple(_running(BEYOND_RULES, selection))
        self._selection = selection
        self._policy = policy
        self._roots = cache(partial(roots_above, table=policy.table))
        self._found = cache(self._look)

    def findings(self, entry: Entry, member: Member) -> Iterator[Finding]:
        """Of one recording, which is read again only where there are any."""
        if member.test_id is None or not self._rules:
            return
        file = member.test_id.partition("::")[0]
        roots = self._policy.test_roots or self._roots(_parts_of(entry.path.parent), file)
        for rule, violation in self._found(member.test_id, roots):
            parsed = _parsed_again(entry)
            line = parsed.line_of(violation.pointer) if parsed else 1
            found = _found(rule, violation, line, _excerpt(parsed, line))
            yield _finding(found, self._selection, member.path)

    def _look(self, test_id: str, roots: tuple[Path, ...]) -> list[tuple[Rule[Any], Violation]]:
        return [(rule, one) for rule in self._rules for one in rule.check(test_id, roots)]


def _parsed_again(entry: Entry) -> Parsed | None:
    try:
        parsed = parse(read(entry))
    except UnreadableError:
        return None
    return parsed if parsed.readable else None


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
    running = {rule.name for rule in _running((*FILE_RULES, *BEYOND_RULES), selection)}
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
