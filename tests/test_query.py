"""Questions in SQL: what they see, and that they only see."""

import csv
import io
import json
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import schema
from recctl.cli.query import Format
from recctl.errors import UsageError
from recctl.query import Question
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import Ran, needs_posix, run, run_here, run_on_terminal, snapshot

COUNT = "SELECT count(*) AS n FROM recordings"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two recordings that are fine, and a stale one."""
    folder = folder_of(TEST)
    for asked, dialect in (("Fog?", None), ("Wind?", None), ("score: 0.25", "ogx-2026-03-18")):
        write(tmp_path, folder, recording(chat_request(asked), chat_answer("No."), dialect=dialect))
    return tmp_path


def asked(corpus: Path, sql: str, *options: str) -> Ran:
    return run_here("query", sql, *options, cwd=corpus)


def test_a_question_about_recordings_is_answered(corpus: Path) -> None:
    ran = asked(corpus, "SELECT standing, count(*) AS n FROM recordings GROUP BY 1 ORDER BY 1")

    assert (ran.code, ran.lines) == (0, ["standing   n", "reachable  2", "stale      1"])


def test_a_question_about_findings_sees_what_validate_finds(corpus: Path) -> None:
    found = run_here("validate", "--format", "json", cwd=corpus).json["findings"]

    ran = asked(corpus, "SELECT path, rule, message FROM findings", "--format", "json")

    assert ran.json["rows"] == [[one["path"], one["name"], one["message"]] for one in found]


def test_recordings_and_findings_can_be_joined(corpus: Path) -> None:
    sql = "SELECT test_id, rule FROM recordings JOIN findings USING (path)"

    assert asked(corpus, sql, "--format", "json").json["rows"] == [[TEST, "stale"]]


def test_only_what_is_at_the_paths_is_seen(corpus: Path) -> None:
    path = next(corpus.rglob("*.json")).relative_to(corpus)

    assert asked(corpus, "SELECT path FROM recordings", str(path)).lines == ["path", str(path)]


def test_a_question_may_come_from_stdin(corpus: Path) -> None:
    assert run_here("query", "-", cwd=corpus, stdin=COUNT.encode()).lines == ["n", "3"]


def test_the_tables_are_told_as_sql() -> None:
    ran = run_here("query", "--schema")

    assert ran.code == 0
    assert [line for line in ran.lines if line.startswith("CREATE")] == [
        "CREATE TABLE recordings (",
        "CREATE TABLE findings (",
    ]


def test_json_fits_its_schema(corpus: Path) -> None:
    document = asked(corpus, "SELECT * FROM recordings", "--format", "json").json

    assert schema.explain("query", document) is None


def test_every_format_has_the_same_rows(corpus: Path) -> None:
    sql = "SELECT hash, size, test_id, wanted FROM recordings ORDER BY 1"
    rows = asked(corpus, sql, "--format", "json").json["rows"]

    by_line = [json.loads(line) for line in asked(corpus, sql, "--format", "jsonl").lines]
    head, *cells = csv.reader(io.StringIO(asked(corpus, sql, "--format", "csv").stdout))
    assert [list(one.values()) for one in by_line] == rows
    assert head == list(by_line[0])
    assert cells == [["" if one is None else str(one) for one in row] for row in rows]


def test_a_table_fits_a_terminal(corpus: Path) -> None:
    ran = run_on_terminal("query", "SELECT * FROM recordings", columns=200, cwd=corpus)

    assert max(map(len, ran.lines)) <= 200


def test_no_row_is_said_and_ends_in_1(corpus: Path) -> None:
    ran = asked(corpus, f"{COUNT} WHERE 0 HAVING 0")

    assert (ran.code, ran.errors) == (1, ["recctl: no row found"])


def test_what_cannot_be_read_is_told_and_the_rest_answered(corpus: Path) -> None:
    next(corpus.rglob("*.json")).write_bytes(b"{")

    ran = asked(corpus, COUNT)

    assert (ran.code, ran.lines) == (1, ["n", "2"])
    assert "see: recctl validate" in ran.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM recordings",
        "INSERT INTO findings (path) VALUES (1)",
        "CREATE TABLE x (y)",
        "DROP TABLE recordings",
        "ATTACH 'x.db' AS x",
        "VACUUM INTO 'x.db'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA user_version",
        "SELECT load_extension('x')",
        "BEGIN",
        "EXPLAIN DELETE FROM recordings",
    ],
)
def test_a_question_that_would_change_something_is_refused(corpus: Path, sql: str) -> None:
    before = snapshot(corpus)

    ran = asked(corpus, sql)

    assert (ran.code, ran.raw, len(ran.errors)) == (2, b"", 1)
    assert "a query only reads: SELECT …" in ran.stderr or "without EXPLAIN" in ran.stderr
    assert snapshot(corpus) == before


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT x FROM recordings", "no such column: x"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ('SELECT "bindings supplied" FROM nowhere', "no such table: nowhere"),
        ("SELECT", "incomplete input"),
        ("SELECT 1; SELECT 2", "give one SELECT, not several"),
        ("SELECT ?", "? and :name have no value here, write it out"),
        ("SELECT :path", "? and :name have no value here, write it out"),
        ("EXPLAIN SELECT 1", "give the SELECT without EXPLAIN"),
        ("explain query plan SELECT 1", "give the SELECT without EXPLAIN"),
        ("SELECT '\0'", "there is a NUL character in the SQL"),
        ("SELECT '\udcff'", "the SQL is not UTF-8"),
        ("SELECT 1 AS a, 2 AS a", "two columns are named 'a'; tell them apart with AS"),
        (f"SELECT {'1+' * 500}1, {'1+' * 500}1", "two columns are named '1+1+"),
        ("SELECT CAST(x'ff' AS TEXT)", "the answer has text that is not UTF-8; try: hex(…)"),
        ("SELECT 1 UNION ALL SELECT abs(-9223372036854775808)", "integer overflow"),
        ("", ""),
        ("-- nothing", ""),
    ],
)
@pytest.mark.parametrize("form", Format)
def test_what_makes_no_sense_is_told_in_one_line_and_nothing_else(
    corpus: Path, sql: str, told: str, form: str
) -> None:
    given = sql.encode("utf-8", "surrogateescape")

    ran = run_here("query", "-", "--format", form, cwd=corpus, stdin=given)

    assert (ran.code, ran.raw, len(ran.errors)) == (2, b"", 1)
    assert told in ran.stderr
    assert len(ran.errors[0]) < 140


@needs_posix
def test_an_argument_that_is_not_utf_8_is_told_in_one_line(corpus: Path) -> None:
    ran = run("query", "SELECT '\udcff'", cwd=corpus)

    assert ran.errors == ["recctl: query: the SQL is not UTF-8; write it in UTF-8"]


def test_a_column_of_an_odd_name_breaks_no_table(corpus: Path) -> None:
    ran = asked(corpus, "SELECT 1 AS \"a\nb\x1b[1m\", 'c\x1b[1m' AS d")

    assert ran.lines == ["a\\nb\\x1b[1m  d", "          1  c\\x1b[1m"]


@pytest.mark.parametrize("form", Format)
def test_nothing_acts_on_a_terminal(corpus: Path, form: str) -> None:
    sql = "SELECT 'c\x1b[1m' AS \"a\x1b[1m\""

    assert b"\x1b" not in run_on_terminal("query", sql, "--format", form, cwd=corpus).raw


def test_csv_in_a_pipe_is_as_it_is(corpus: Path) -> None:
    ran = asked(corpus, "SELECT 'c\x1b[1m' AS \"a\nb\"", "--format", "csv")

    assert ran.stdout == '"a\nb"\nc\x1b[1m\n'


def test_sql_is_needed_unless_the_tables_are_asked_for(corpus: Path) -> None:
    assert run_here("query", cwd=corpus).code == 2
    assert run_here("query", COUNT, "--schema", cwd=corpus).code == 2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text("SELECT *FROMrecdings;()'1-", max_size=40))
def test_no_text_makes_a_question_raise_anything_else(sql: str) -> None:
    with suppress(UsageError), closing(Question(sql)) as question:
        list(question.answered((), ()).rows)
