"""A validation report: text for people, JSON for programs (schemas/report.schema.json).

The forms that other programs ask for have a module each beside this one.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.text import Text

from recctl.diagnostics import Finding, Fix, Report, Severity
from recctl.render import document as document_json
from recctl.render.terminal import columns
from recctl.safetext import one_line

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_FAINT = "dim"
_EXCERPT_WIDTH = 80
"""Columns. An excerpt is a reminder, so it is cut to one line of the narrowest usual terminal."""


def as_text(report: Report) -> Iterator[Text]:
    """The findings by file: what is wrong, the line it stands on, and the command to run next.

    A command that several findings of a file share stands once, after all of them.
    """
    by_path = groupby(report.findings, key=lambda finding: finding.path)
    for number, (path, group) in enumerate(by_path):
        if number:
            yield Text()
        yield Text(one_line(path), style="bold", no_wrap=True)
        yield from _of_one_file(list(group))


def as_concise(report: Report) -> Iterator[Text]:
    """A line for each finding, which editors and terminals make a link: `path:line: …`."""
    for finding in report.findings:
        line = "" if finding.line is None else f"{finding.line}:"
        yield Text.assemble(
            f"{one_line(finding.path)}:{line} ",
            _rule(finding),
            f" {one_line(finding.message)}",
            no_wrap=True,
        )


def as_json(report: Report) -> str:
    """The report as one JSON document."""
    document = {
        "version": 1,
        "summary": _summary(report),
        "rules": [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "fix": rule.fix.value,
                "title": rule.title,
            }
            for rule in report.rules
        ],
        "findings": [_object(finding) for finding in report.findings],
    }
    return document_json.as_json(document)


def as_jsonl(report: Report) -> str:
    """The findings alone, one JSON object a line."""
    return "".join(document_json.as_line(_object(finding)) for finding in report.findings)


def statistics_as_text(report: Report) -> Iterator[Text]:
    """A table of the rules that found something, the most frequent first; without them, nothing."""
    rows = _statistics(report)
    if not rows:
        return
    table = [("findings", "files", "code", "name", "severity", "fix")]
    for row in rows:
        fix = "-" if row["fix"] == Fix.NONE.value else row["fix"]
        named = (row["code"], row["name"], row["severity"], fix)
        table.append((f"{row['findings']:,}", f"{row['files']:,}", *named))
    for line in columns(table, right=frozenset({0, 1})):
        yield Text(line, no_wrap=True)


def statistics_as_json(report: Report) -> str:
    """The same table as one JSON document (schemas/statistics.schema.json)."""
    document = {"version": 1, "summary": _summary(report), "rules": _statistics(report)}
    return document_json.as_json(document)


def _of_one_file(findings: list[Finding]) -> Iterator[Text]:
    commands = Counter(finding.command for finding in findings if finding.command)
    shown: tuple[int | None, str | None] = (None, None)
    for finding in findings:
        place = "" if finding.line is None else f"{finding.line}: "
        yield Text.assemble(f"  {place}", _rule(finding), f"  {one_line(finding.message)}")
        if finding.excerpt and (finding.line, finding.excerpt) != shown:
            yield _excerpt(finding.excerpt)
        shown = (finding.line, finding.excerpt)
        if finding.command and commands[finding.command] == 1:
            yield _next("    ", finding.command)
    for command, count in commands.items():
        if count > 1:
            yield _next("  ", command)


def _rule(finding: Finding) -> tuple[str, str]:
    """Code and name, in the color of the severity."""
    return f"{finding.code} {finding.name}", _STYLES[finding.severity]


def _excerpt(excerpt: str) -> Text:
    """On one line, because a second one would stand beside the gutter's end."""
    text = Text(f"    │ {one_line(excerpt[:_EXCERPT_WIDTH])}", style=_FAINT, no_wrap=True)
    text.truncate(_EXCERPT_WIDTH, overflow="ellipsis")
    return text


def _next(indent: str, command: str) -> Text:
    """Never wrapped, so that it can be copied."""
    return Text.assemble(indent, ("next: ", _FAINT), one_line(command), no_wrap=True)


def _summary(report: Report) -> dict[str, Any]:
    return {
        "recordings": report.recordings,
        "findings": len(report.findings),
        "baselined": report.baselined,
        "fixable": report.fixable,
        "by_severity": dict(report.by_severity),
        "by_rule": dict(report.by_rule),
    }


def _statistics(report: Report) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    files: dict[str, set[str]] = {}
    fixes = {rule.code: rule.fix for rule in report.rules}
    for finding in sorted(report.findings, key=lambda finding: finding.code):
        row = rows.setdefault(
            finding.code,
            {
                "code": finding.code,
                "name": finding.name,
                "severity": finding.severity.value,
                "fix": fixes.get(finding.code, finding.fix).value,
                "findings": 0,
            },
        )
        row["findings"] += 1
        files.setdefault(finding.code, set()).add(finding.path)
    counted = [{**row, "files": len(files[code])} for code, row in rows.items()]
    return sorted(counted, key=lambda row: -row["findings"])


def _object(finding: Finding) -> dict[str, str | int | None]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "path": finding.path,
        "pointer": finding.pointer,
        "line": finding.line,
        "message": finding.message,
        "excerpt": finding.excerpt,
        "command": finding.command,
        "fix": finding.fix.value,
    }
