"""A validation report in one line. Loads no library: most runs print nothing else."""

from recctl.diagnostics import Report, Severity
from recctl.wording import plural

_MOST_RULES = 3
_WIDTH = 120
"""Characters. As many rules are named as fit into that, and at least one."""


def summary(report: Report) -> str:
    """The report in one line: how many findings, of which rules, and the next command.

    Named are the most frequent rules of the worst severity first.
    """
    checked = plural(report.recordings, "recording")
    beyond = f" beyond the {report.baselined:,} in the baseline" if report.baselined else ""
    if not report.findings:
        return f"{checked}, no findings{beyond}"
    counts = ", ".join(plural(count, name) for name, count in report.by_severity.items() if count)
    ranked = _ranked(report)
    if report.fixable:
        advice = f"{report.fixable:,} can be fixed with --fix"
    else:
        advice = f"explained by: recctl rule {ranked[0][0]}"
    for named in range(min(_MOST_RULES, len(ranked)), 0, -1):
        rules = [f"{count:,} {name}" for name, count in ranked[:named]]
        others = sum(count for _, count in ranked[named:])
        rules += [f"{others:,} more"] if others else []
        line = f"{checked}, {counts}{beyond}: {', '.join(rules)}; {advice}"
        if len(line) <= _WIDTH:
            break
    return line


def _ranked(report: Report) -> list[tuple[str, int]]:
    """Rules and how often they are violated: the worst first, the most frequent first."""
    order = list(Severity)
    severities = {finding.name: order.index(finding.severity) for finding in report.findings}
    return sorted(report.by_rule.items(), key=lambda item: (severities[item[0]], -item[1]))
