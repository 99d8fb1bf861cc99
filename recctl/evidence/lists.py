"""Evidence out of lists of tests: plain node ids, what pytest collects, pytest-json-report.

From a test's absence it follows that its recordings are dead. So a list is taken only if it is
surely whole; what cannot be told from a whole one is a plain list that somebody cut at a line.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, NoReturn

from recctl.errors import UsageError
from recctl.evidence.spelling import spelled, without_group
from recctl.evidence.verdicts import Ending, Evidence, Outcome, TestList
from recctl.safetext import one_line

_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_CLOSING = re.compile(
    r"=*\s*(?:no tests|(?P<tests>\d+)(?:/\d+)? tests?) collected"
    r"(?: \((?P<deselected>\d+) deselected\))?(?:, (?P<errors>\d+) errors?)?"
    r" in [\d.]+s(?: \([\d:]+\))?\s*=*"
)
"""The last line of `pytest --collect-only`, with any number of `-q`."""

_TREE = re.compile(r"\s*<(?:Dir|Package|Module|Class|Function|Session|UnitTestCase)\b.*>\s*")
_COUNT = re.compile(r"\S.*\.py: \d+")
_ERROR = re.compile(r"ERROR(?: |:|$)|_+ ERROR collecting |!+ .*(?:error|Interrupt).* !+")
_SKIPPED = re.compile(r"SKIPPED \[\d+\] (?P<file>.+?):\d+: .*")
"""A line that tells of a file whose tests are not collected, as `pytest -rs` prints it."""

_STATUS = "PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|RERUN"
_RESULT = re.compile(
    rf"(?:\[gw\d+\]|{_STATUS}) .*|.* (?:{_STATUS})(?:\s+\(.*\))?(?:\s+\[\s*\d+%\])?\s*"
)
"""A line that tells how a test ended, as `pytest -v` and `pytest -rA` print it."""

MAKE_ONE = "make it with: pytest --collect-only -q > tests.txt"
"""What to do where a list is refused or missing."""

_MEND = "mend that, then make it again: pytest --collect-only -q > tests.txt"
_MAKE_A_REPORT = "make it with: pytest --json-report --json-report-file report.json"

_OF_A_TRACE = '{"kind":'

_ENDED = {outcome.value: outcome for outcome in Outcome}


def evidence_of(name: str, raw: bytes) -> Evidence:
    """The evidence of a list's bytes; `name` is what to call it.

    Raises UsageError, whose one line says why it is refused and ends in the next command.
    """
    text = _decoded(name, raw)
    if not text.strip():
        _refuse(name, "empty")
    if text.startswith(_OF_A_TRACE):
        _refuse(name, "a trace, and no list of tests", f"give it as: --trace {one_line(name)}")
    blank = TestList(sha256(raw).hexdigest()[:16], name, 0)
    if text.lstrip().startswith("{"):
        return _of_report(blank, text)
    return _of_lines(blank, text)


def _refuse(name: str, why: str, next_step: str = "") -> NoReturn:
    """Raise UsageError. Without a next step, that is to make the list again."""
    raise UsageError(f"{one_line(name)}: {why}; {next_step or MAKE_ONE}")


def _decoded(name: str, raw: bytes) -> str:
    """A text. PowerShell redirects in UTF-16, with a mark in front."""
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        _refuse(name, f"not {encoding.upper()} at byte {error.start}")


def _evidence(blank: TestList, ids: Iterable[str], deselected: int = 0) -> Evidence:
    """The evidence of a list that has these ids. `blank` is the list without them."""
    listed = frozenset(map(spelled, ids))
    if not listed:
        _refuse(blank.name, "empty: it holds no tests")
    one = replace(blank, tests=len(listed), deselected=deselected)
    held = listed.union(map(without_group, listed))
    return Evidence(lists=frozenset({one}), listed=dict.fromkeys(held, frozenset({blank.id})))


# Lines of text


def _of_lines(blank: TestList, text: str) -> Evidence:
    name = blank.name
    lines = [_COLORS.sub("", line).rstrip("\r") for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        if _TREE.fullmatch(line):
            _refuse(name, f"line {number} is of a tree, which -q leaves out")
        if _ERROR.match(line):
            told = one_line(line.strip())[:120]
            _refuse(name, f"line {number} tells of an error: {told}", _MEND)
    closings = [line for line in lines if _CLOSING.fullmatch(line)]
    if not closings:
        return _evidence(blank, _plain(name, lines))
    ids: list[str] = []
    deselected = 0
    for found, closing in _collected(name, lines):
        if closing["errors"]:
            _refuse(name, f"tests could not be collected: {one_line(closing[0])}", _MEND)
        if len(found) != int(closing["tests"] or 0):
            told = f"it says {one_line(closing[0].strip())!r} and lists {len(found):,}"
            _refuse(name, f"truncated: {told}")
        ids += found
        deselected += int(closing["deselected"] or 0)
    skipped = (spelled(match["file"]) for match in map(_SKIPPED.fullmatch, lines) if match)
    return _evidence(blank, ids, deselected) | Evidence(uncollected=frozenset(skipped))


def _plain(name: str, lines: list[str]) -> Iterator[str]:
    if lines[-1].strip():
        _refuse(name, "truncated: its last line does not end")
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if _COUNT.fullmatch(line):
            _refuse(name, f"line {number} only counts tests, as -qq does")
        if _RESULT.fullmatch(line):
            _refuse(name, f"line {number} tells how a test ended; others may be missing")
        file, colons, rest = line.partition("::")
        if not (file.strip() and colons and rest.strip()):
            _refuse(name, f"line {number} is no node id of a test: {one_line(line)[:120]}")
        yield line.strip()


def _collected(name: str, lines: list[str]) -> Iterator[tuple[list[str], re.Match[str]]]:
    """The ids above each closing line, and that line. Others stand before and after the ids."""
    ids: list[str] = []
    is_over = False
    for line in lines:
        closing = _CLOSING.fullmatch(line)
        if closing:
            yield ids, closing
            ids, is_over = [], False
        elif "::" in line and not is_over:
            ids.append(line)
        elif ids:
            is_over = True
    if ids:
        _refuse(name, f"truncated: no closing line after the last one, {one_line(ids[-1])[:120]}")


# pytest-json-report


def _of_report(blank: TestList, text: str) -> Evidence:
    name = blank.name
    report = _parsed(name, text)
    summary, status = report.get("summary"), report.get("exitcode")
    if not isinstance(summary, dict) or not isinstance(status, int):
        _refuse(name, "of no known form: JSON, but not that of pytest-json-report", _MAKE_A_REPORT)
    if status == 5:
        _refuse(name, "empty: it holds no tests", _MAKE_A_REPORT)
    if status not in (0, 1):
        why = "interrupted" if status == 2 else f"exit code {status}"
        _refuse(name, f"it reports a run that failed: {why}", _MAKE_A_REPORT)
    tests, collectors = _objects(name, report, "tests"), _objects(name, report, "collectors")
    if "tests" not in report:
        _refuse(name, "it has a summary only", f"{_MAKE_A_REPORT}, without --json-report-summary")
    if any(one.get("outcome") == "failed" for one in collectors):
        _refuse(name, "tests could not be collected", _MEND)
    ran = {_text(name, one, "nodeid"): _text(name, one, "outcome") for one in tests}
    found = dict.fromkeys([*_items(name, collectors), *ran])
    collected, deselected = summary.get("collected"), summary.get("deselected", 0)
    if not isinstance(collected, int) or not isinstance(deselected, int):
        _refuse(name, "of no known form: its summary has no count of tests", _MAKE_A_REPORT)
    missing = collected - len(found)
    if missing > deselected:
        told = f"{collected:,} tests were collected, {len(found):,} are in it"
        _refuse(name, f"truncated: {told}", _MAKE_A_REPORT)
    root = report.get("root")
    blank = replace(blank, root=root if isinstance(root, str) else "")
    evidence = _evidence(blank, found, max(0, missing))
    skipped = (_text(name, one, "nodeid") for one in collectors if one.get("outcome") == "skipped")
    endings = {
        without_group(spelled(test)): frozenset({Ending(_ENDED.get(end, Outcome.FAILED), blank.id)})
        for test, end in ran.items()
    }
    return evidence | Evidence(
        uncollected=frozenset(spelled(one).partition("::")[0] for one in skipped), endings=endings
    )


def _parsed(name: str, text: str) -> Mapping[str, Any]:
    """The object that a text is which begins with a brace."""
    try:
        report: Mapping[str, Any] = json.loads(text)
    except RecursionError:
        _refuse(name, "of no known form: JSON nested too deep", _MAKE_A_REPORT)
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        _refuse(name, f"truncated, or no JSON: it goes wrong{place}", _MAKE_A_REPORT)
    return report


def _objects(name: str, report: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = report.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        _refuse(name, f"of no known form: its {key} are no list of objects", _MAKE_A_REPORT)
    return value


def _text(name: str, one: Mapping[str, Any], key: str) -> str:
    value = one.get(key)
    if not isinstance(value, str):
        _refuse(name, f"of no known form: a {key} is no text", _MAKE_A_REPORT)
    return value


def _items(name: str, collectors: list[dict[str, Any]]) -> Iterator[str]:
    """The ids of tests among what was collected: what collects nothing itself, and has a line."""
    collecting = {one.get("nodeid") for one in collectors}
    for collector in collectors:
        for one in _objects(name, collector, "result"):
            node = _text(name, one, "nodeid")
            if "lineno" in one and node not in collecting:
                yield node
