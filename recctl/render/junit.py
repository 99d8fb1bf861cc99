"""A validation report as JUnit XML, as GitLab and Jenkins read it.

The form has no specification. GitLab shows a test case's `classname` as its suite, its `name`, and
the text of its failure; by class and name it tells which failures are new, so both stay the same
when lines shift. Jenkins makes a tree of the dotted `classname`, keeps one of several suites of
the same name, and takes a file without any test case for an error.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import PurePath

from recctl.diagnostics import Finding, Report, Severity
from recctl.safetext import harmless, one_line
from recctl.wording import plural

_NO_XML = re.compile("[\ufffe\uffff]")
"""What XML 1.0 forbids beside the characters that are never harmless (section 2.2)."""


def as_junit(report: Report) -> str:
    """A failed test case for each finding, in a suite for each folder, and one that passed.

    The one that passed says how many recordings were checked, so there is always a result. Infos
    are skipped, not failed: they alone are fine. There are no times, which would differ.
    """
    by_folder: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_folder.setdefault(PurePath(finding.path).parent.as_posix(), []).append(finding)
    names: Counter[tuple[str, str]] = Counter()
    suites = [_checked(report)]
    suites += [_suite(folder, findings, names) for folder, findings in by_folder.items()]
    counts = _counts(report.findings, passed=1)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f'{head}<testsuites name="recctl" {counts}>\n{"".join(suites)}</testsuites>\n'


def _checked(report: Report) -> str:
    text = f"{plural(report.recordings, 'recording')} checked"
    if report.baselined:
        text += f", {plural(report.baselined, 'finding')} in the baseline"
    return (
        f'<testsuite name="recctl" {_counts((), passed=1)}>\n'
        '  <testcase classname="recctl" name="recordings checked" time="0">\n'
        f"    <system-out>{_text(text)}</system-out>\n"
        "  </testcase>\n"
        "</testsuite>\n"
    )


def _suite(folder: str, findings: list[Finding], names: Counter[tuple[str, str]]) -> str:
    cases = "".join(_case(finding, names) for finding in findings)
    # Never the name of the suite that passes, if a folder should be called so.
    return f"<testsuite name={_quoted(f'{folder}/')} {_counts(findings)}>\n{cases}</testsuite>\n"


def _case(finding: Finding, names: Counter[tuple[str, str]]) -> str:
    line = "" if finding.line is None else f' line="{finding.line}"'
    kind = "skipped" if finding.severity is Severity.INFO else "failure"
    type_ = "" if kind == "skipped" else f' type="{finding.severity.value}"'
    classname, name = _identity(finding, names)
    return (
        f"  <testcase classname={_quoted(classname)} name={_quoted(name)}"
        f' file={_quoted(finding.path)}{line} time="0">\n'
        f"    <{kind} message={_quoted(finding.message)}{type_}>"
        f"{_text(chr(10).join(_body(finding)))}</{kind}>\n"
        "  </testcase>\n"
    )


def _identity(finding: Finding, names: Counter[tuple[str, str]]) -> tuple[str, str]:
    """Class and name, which no two findings share, or GitLab would show one of them."""
    path = PurePath(finding.path)
    folders = [one.replace(".", "_") for one in path.parent.parts if one != path.anchor]
    classname = ".".join([*folders, path.stem.replace(".", "_") or "_"])
    name = f"{finding.code} {finding.name}"
    if finding.pointer:
        name += f" at {finding.pointer}"
    # What is written decides, and two that differ may be written alike.
    key = (one_line(classname), one_line(name))
    names[key] += 1
    return classname, name if names[key] == 1 else f"{name} ({names[key]})"


def _body(finding: Finding) -> Iterator[str]:
    yield one_line(finding.path) + ("" if finding.line is None else f":{finding.line}")
    yield one_line(finding.message)
    if finding.excerpt:
        yield f"    │ {one_line(finding.excerpt)}"
    if finding.command:
        yield f"next: {one_line(finding.command)}"


def _counts(findings: tuple[Finding, ...] | list[Finding], *, passed: int = 0) -> str:
    skipped = sum(finding.severity is Severity.INFO for finding in findings)
    tests, failures = len(findings) + passed, len(findings) - skipped
    return f'tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}" time="0"'


def _quoted(text: str) -> str:
    return f'"{_text(one_line(text))}"'


def _text(text: str) -> str:
    """Text in ASCII, so that no terminal's or shell's encoding contradicts the first line."""
    allowed = _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", harmless(text))
    return escape(allowed).encode("ascii", "xmlcharrefreplace").decode("ascii")
