"""A validation report as annotations on GitHub, by workflow commands on standard output.

Where and how they are escaped: GitHub's "Workflow commands for GitHub Actions".
"""

from collections import Counter
from collections.abc import Iterator

from recctl.diagnostics import Finding, Report, Severity
from recctl.safetext import harmless, one_line
from recctl.wording import plural

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SHOWN = 10
"""So many annotations of one kind does GitHub show for a step; it drops the others silently."""


def as_github(report: Report) -> str:
    """A command for each finding, one a line, in the report's order; infos are notices.

    Of a kind that has more findings than GitHub shows, the tenth annotation counts those that it
    does not show. They follow all the same: the step's log has each of them, with its place.
    """
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    totals = Counter(finding.severity for finding in report.findings)
    seen: Counter[Severity] = Counter()
    for finding in report.findings:
        severity = finding.severity
        seen[severity] += 1
        if seen[severity] == _SHOWN and totals[severity] > _SHOWN:
            yield _rest(severity, [one for one in report.findings if one.severity is severity])
        yield _annotation(finding)


def _annotation(finding: Finding) -> str:
    """The message comes first, because a page shows its beginning; the place is for the log."""
    where = {"file": finding.path}
    if finding.line is not None:
        where["line"] = str(finding.line)
    place = one_line(finding.path) + ("" if finding.line is None else f":{finding.line}")
    message = f"{one_line(finding.message)}\n{place}"
    if finding.command:
        message += f"\nnext: {one_line(finding.command)}"
    return _command(finding.severity, where, f"{finding.code} {finding.name}", message)


def _rest(severity: Severity, findings: list[Finding]) -> str:
    hidden = findings[_SHOWN - 1 :]
    rules = Counter(finding.name for finding in hidden).most_common()
    counts = ", ".join(f"{count:,} {name}" for name, count in rules)
    title = f"{len(hidden):,} more of {plural(len(findings), severity.value)}"
    return _command(severity, {}, title, f"{counts}\neach with its place in this step's log")


def _command(severity: Severity, where: dict[str, str], title: str, message: str) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in where.items())
    properties += f"{',' if properties else ''}title={_property(title)}"
    return f"::{_COMMANDS[severity]} {properties}::{_data(message)}"


def _data(text: str) -> str:
    """What follows the second `::`. Line ends are escaped first: they are part of a file's name."""
    return harmless(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
