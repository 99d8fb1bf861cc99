"""A validation report: text for people, JSON for programs (schemas/report.schema.json)."""

from collections.abc import Iterator
from itertools import groupby

from rich.text import Text

from recctl.diagnostics import Finding, Report, Severity
from recctl.render import document as document_json
from recctl.render.terminal import plural
from recctl.safetext import one_line

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def as_text(report: Report) -> Iterator[Text]:
    """The findings, grouped by file."""
    for path, findings in groupby(report.findings, key=lambda finding: finding.path):
        yield Text(one_line(path), style="bold", no_wrap=True)
        for finding in findings:
            yield _line(finding)


def summary(report: Report) -> str:
    """The report in one line, and the next command."""
    checked = plural(report.recordings, "recording")
    if not report.findings:
        return f"{checked}, no findings"
    counts = ", ".join(f"{count:,} {name}" for name, count in report.by_rule.items())
    found = plural(len(report.findings), "finding")
    first = next(iter(report.by_rule))
    return f"{checked}, {found}: {counts}; explained by: recctl rule {first}"


def as_json(report: Report) -> str:
    """The report as one JSON document."""
    document = {
        "version": 1,
        "summary": {
            "recordings": report.recordings,
            "findings": len(report.findings),
            "by_rule": dict(report.by_rule),
        },
        "findings": [_object(finding) for finding in report.findings],
    }
    return document_json.as_json(document)


def _line(finding: Finding) -> Text:
    place = f"{finding.line}: " if finding.line is not None else ""
    return Text.assemble(
        f"  {place}",
        (f"{finding.code} {finding.name}", _STYLES[finding.severity]),
        f"  {one_line(finding.message)}",
    )


def _object(finding: Finding) -> dict[str, str | int | None]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "path": finding.path,
        "pointer": finding.pointer,
        "line": finding.line,
        "message": finding.message,
    }
