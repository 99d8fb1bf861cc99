"""What each command does when all is well."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recctl import __version__, schema
from recctl.cli import COMMANDS
from recctl.dialects import published
from recctl.errors import EXIT_MEANINGS
from recctl.hashing import canonical
from recctl.rules import TABLE
from tests.build import (
    TEST,
    chat_answer,
    chat_request,
    chat_stream,
    file_request,
    file_result,
    folder_of,
    http_answer,
    http_request,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import ROOT, Ran, environment, needs_posix, run, run_here, run_on_terminal, snapshot

NEWEST = published().target.name
CLEAN = "examples/clean"

WARM = "tests/integration/chat/test_lamp.py::test_lights[model=gpt-4o-mini-warm*]"
COLD = "tests/integration/chat/test_lamp.py::test_lights[cold]"
STREAM = recording(
    chat_request("Is the lamp lit?", stream=True), chat_stream(["It", " is."]), test_id=WARM
)
WHOLE = recording(
    chat_request("Is it foggy?", model="tern-small", base="http://localhost:11434/v1"),
    chat_answer("Very.\n"),
    test_id=COLD,
)
TOOL = recording(
    tool_request("tide_table", {"place": "Gull Bay", "days": [1, 2]}), tool_result("06:41")
)
RANKED = recording(
    http_request("http://harbour.example:8000/rerank", {"model": "tern-rank", "top": 2.5}),
    http_answer({"results": []}),
)
FILED = recording(file_request("file-rules"), file_result(["Trim the wick."]))
MODELS = recording(models_request(), model_list(["fog-horn:1b"]), test_id=None)
ALL = {
    "stream": STREAM,
    "whole": WHOLE,
    "tool": TOOL,
    "ranked": RANKED,
    "filed": FILED,
    "models": MODELS,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording of each kind, a stream, a whole answer and a model list."""
    root = tmp_path_factory.mktemp("lighthouse")
    for recorded in ALL.values():
        write(root, folder_of(recorded[1]["test_id"]), recorded)
    return root


def listed(corpus: Path, *arguments: str) -> set[str]:
    """Which of `ALL` are listed."""
    ran = run_here("ls", ".", *arguments, "--format", "paths", cwd=corpus)
    assert ran.code == (0 if ran.raw else 1)
    names = {Path(line).name for line in ran.lines}
    return {word for word, (name, _) in ALL.items() if name in names}


def path_of(corpus: Path, recorded: tuple[str, dict[str, Any]]) -> Path:
    return corpus / folder_of(recorded[1]["test_id"]) / recorded[0]


# ls: filters


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (["--test", "test_lamp.py"], {"stream", "whole"}),
        (["--test", "[cold]"], {"whole"}),
        (["--test", "*[cold]"], {"whole"}),
        (["--test", "*test_light?[*"], {"stream", "whole"}),
        (["--test", "lights[c]"], set()),
        (["--test", "*warm"], set()),
        (["--test", "TEST_LAMP"], set()),
        (["--model", "gpt-4o-mini"], {"stream"}),
        (["--model", "gpt"], set()),
        (["--model", "tern-*"], {"whole", "ranked"}),
        (["--model", ""], {"tool", "filed", "models"}),
        (["--endpoint", "/v1/chat/completions"], {"stream", "whole"}),
        (["--endpoint", "*rerank"], {"ranked"}),
        (["--endpoint", "tide_table"], {"tool"}),
        (["--endpoint", "/v1/*"], {"stream", "whole", "models"}),
        (["--provider", "ollama"], {"whole", "models"}),
        (["--provider", "harbour*"], {"ranked"}),
        (["--kind", "inference"], {"stream", "whole", "models"}),
        (["--kind", "http"], {"ranked"}),
        (["--kind", "tool"], {"tool"}),
        (["--kind", "file"], {"filed"}),
        (["--where", "response.is_streaming=true"], {"stream"}),
        (["--where", "/response/is_streaming=true"], {"stream"}),
        (["--where", "request.body.stream=false"], {"whole"}),
        (["--where", "request.kwargs.place=Gull*"], {"tool"}),
        (["--where", "request.kwargs.days.1=2"], {"tool"}),
        (["--where", "request.kwargs.days.*=2"], {"tool"}),
        (["--where", "request.kwargs.days.2=*"], set()),
        (["--where", "request.kwargs.days=[1, 2]"], {"tool"}),
        (["--where", "request.payload.top=2.5"], {"ranked"}),
        (["--where", "request.*.model=tern-rank"], {"ranked"}),
        (["--where", "/request/body/messages/*/content=*foggy*"], {"whole"}),
        (["--where", "test_id=null"], {"models"}),
        (["--where", "response.body.__data__.choices.0.message.content=Very.*"], {"whole"}),
        (["--where", "request.body.model=a=b"], set()),
        (["--kind", "inference", "--provider", "ollama", "--model", "*small"], {"whole"}),
        (["--where", "request.body.stream=*", "--where", "request.body.seed=*"], set()),
    ],
    ids=lambda words: " ".join(words if isinstance(words, list) else sorted(words)),
)
def test_ls_lists_what_passes_all_filters(
    filters: list[str], passing: set[str], corpus: Path
) -> None:
    assert listed(corpus, *filters) == passing


def test_a_star_in_a_test_id_is_still_found_by_a_star(corpus: Path) -> None:
    assert listed(corpus, "--test", WARM) == {"stream"}


def test_a_pointer_may_hold_escaped_slashes_and_tildes(tmp_path: Path) -> None:
    write(tmp_path, "recordings", recording(tool_request("log", {"a/b~c.d": "x"}), tool_result("")))

    ran = run_here(
        "ls", "--where", "/request/kwargs/a~1b~0c.d=x", "--format", "paths", cwd=tmp_path
    )

    assert len(ran.lines) == 1


def test_nothing_that_passes_is_said_and_ends_in_1(corpus: Path) -> None:
    ran = run_here("ls", corpus, "--model", "unheard-of")

    assert (ran.code, ran.stdout) == (1, "")
    assert ran.errors == ["recctl: nothing found among 6 recordings"]


# ls: formats


def rows(corpus: Path) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = run_here("ls", ".", "--format", "json", cwd=corpus).json[
        "recordings"
    ]
    return made


def test_ls_as_json_fits_its_schema(corpus: Path) -> None:
    ran = run_here("ls", corpus, "--format", "json")

    assert schema.explain("listing", ran.json) is None
    assert ran.json["version"] == 1


def test_ls_as_json_with_nothing_found_fits_its_schema(corpus: Path) -> None:
    ran = run_here("ls", corpus, "--model", "unheard-of", "--format", "json")

    assert ran.code == 1
    assert schema.explain("listing", ran.json) is None


def test_a_row_says_what_the_recording_says(corpus: Path) -> None:
    by_hash = {row["hash"]: row for row in rows(corpus)}

    assert by_hash[STREAM[0][:12]] == {
        "hash": STREAM[0][:12],
        "test_id": WARM,
        "endpoint": "/v1/chat/completions",
        "model": "gpt-4o-mini",
        "provider": "openai",
        "kind": "inference",
        "streaming": True,
        "size": len(canonical(STREAM[1])),
        "path": f"{folder_of(WARM)}/{STREAM[0]}",
    }


def test_ls_as_jsonl_has_the_same_rows(corpus: Path) -> None:
    ran = run_here("ls", ".", "--format", "jsonl", cwd=corpus)

    assert [json.loads(line) for line in ran.lines] == rows(corpus)


def test_ls_as_csv_has_the_same_rows(corpus: Path) -> None:
    ran = run_here("ls", ".", "--format", "csv", cwd=corpus)

    read = list(csv.DictReader(ran.lines))
    assert [row["path"] for row in read] == [row["path"] for row in rows(corpus)]
    assert list(read[0]) == list(rows(corpus)[0])


def test_ls_as_csv_writes_booleans_as_json_does(corpus: Path) -> None:
    ran = run_here("ls", ".", "--format", "csv", cwd=corpus)

    assert {row["streaming"] for row in csv.DictReader(ran.lines)} == {"true", "false"}


def test_ls_as_csv_keeps_commas_quotes_and_line_feeds(tmp_path: Path) -> None:
    test_id = 'tests/test_log.py::test_says["a,\nb"]'
    write(
        tmp_path, "recordings", recording(tool_request("log", {}), tool_result(""), test_id=test_id)
    )

    ran = run_here("ls", "--format", "csv", cwd=tmp_path)

    (row,) = csv.DictReader(ran.stdout.splitlines(keepends=True))
    assert row["test_id"] == test_id


def test_ls_as_paths_gives_paths_that_open(corpus: Path) -> None:
    ran = run_here("ls", ".", "--format", "paths", cwd=corpus)

    assert len(ran.lines) == len(ALL)
    assert all((corpus / line).is_file() for line in ran.lines)


@pytest.mark.parametrize("option", ["-0", "--null"])
def test_ls_ends_paths_with_zero_bytes_on_demand(option: str, corpus: Path) -> None:
    ran = run_here("ls", ".", "--format", "paths", option, cwd=corpus)

    assert ran.raw.count(b"\0") == len(ALL)
    assert b"\n" not in ran.raw


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_zero_bytes_go_with_paths_only(form: str, corpus: Path) -> None:
    ran = run_here("ls", corpus, "--format", form, "-0")

    assert ran.code == 2
    assert len(ran.errors) == 1


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "paths"])
def test_every_format_has_the_rows_in_one_order(form: str, corpus: Path) -> None:
    whole = run_here("ls", ".", "--format", form, cwd=corpus).stdout
    key = "hash" if form == "table" else "path"

    places = [whole.index(json.dumps(row[key])[1:-1]) for row in rows(corpus)]

    assert places == sorted(places)


def test_a_table_in_a_pipe_is_whole(corpus: Path) -> None:
    ran = run_here("ls", corpus)

    assert any(line.endswith(WARM) for line in ran.lines)


@needs_posix
@pytest.mark.parametrize("columns", [80, 100, 132])
def test_a_table_on_a_terminal_is_no_wider(columns: int, corpus: Path) -> None:
    ran = run_on_terminal("ls", ".", columns=columns, cwd=corpus)

    assert len(ran.lines) == 1 + len(ALL)
    assert max(map(len, ran.lines)) <= columns


@needs_posix
def test_a_table_on_a_terminal_keeps_the_name_of_a_test(corpus: Path) -> None:
    name = COLD.partition("::")[2]

    narrow = run_on_terminal("ls", ".", columns=80, cwd=corpus)
    wide = run_on_terminal("ls", ".", columns=120, cwd=corpus)

    assert any(name[:12] in line for line in narrow.lines)
    assert any(line.endswith(name) for line in wide.lines)


@needs_posix
def test_a_table_on_a_terminal_that_says_no_size_is_printed(corpus: Path) -> None:
    assert run_on_terminal("ls", ".", columns=0, cwd=corpus).code == 0


# dialects


def test_dialects_lists_all_with_what_they_add() -> None:
    ran = run_here("dialects")

    assert ran.code == 0
    assert [line.split()[0] for line in ran.lines[1:]] == [
        dialect.name for dialect in published().dialects
    ]


def test_dialects_without_paths_reads_no_recording(tmp_path: Path) -> None:
    assert run_here("dialects", cwd=tmp_path).code == 0


def test_dialects_with_paths_counts_recordings(corpus: Path) -> None:
    ran = run_here("dialects", corpus)

    assert ran.code == 0
    newest = next(line for line in ran.lines if line.startswith(NEWEST))
    assert newest.split()[1] == "5"
    assert "6 recordings by agreeing dialects" in ran.lines
    assert " 1  retired" in ran.stdout or "1  retired" in ran.lines


def test_dialects_counts_stale_recordings_under_the_dialects_that_fit(tmp_path: Path) -> None:
    request = chat_request("Fog?", temperature=0.123456789)
    old = recording(request, chat_answer("No."), dialect="ogx-2025-10-04")
    write(tmp_path, "recordings", old)

    ran = run_here("dialects", ".", cwd=tmp_path)

    assert "1  ogx-2025-10-04" in ran.lines
    assert "1  stale" in ran.lines


# hash


def hashes(ran: Ran) -> dict[str, str]:
    rows = (line.split() for line in ran.lines)
    return {cells[0]: cells[1] for cells in rows}


def test_hash_prints_a_line_per_dialect(corpus: Path) -> None:
    ran = run_here("hash", path_of(corpus, STREAM))

    assert ran.code == 0
    assert list(hashes(ran)) == [dialect.name for dialect in published().dialects]


@pytest.mark.parametrize("word", ["stream", "whole", "tool", "ranked"])
def test_the_newest_hash_is_that_of_the_files_name(word: str, corpus: Path) -> None:
    ran = run_here("hash", path_of(corpus, ALL[word]))

    assert hashes(ran)[NEWEST] + ".json" == ALL[word][0]


def test_hash_of_one_dialect_is_the_hash_alone(corpus: Path) -> None:
    ran = run_here("hash", path_of(corpus, STREAM), "--dialect", NEWEST)

    assert ran.stdout == STREAM[0].removesuffix(".json") + "\n"


def test_hash_reads_a_recording_from_stdin() -> None:
    ran = run_here("hash", "-", "--dialect", NEWEST, stdin=canonical(STREAM[1]))

    assert ran.lines == [STREAM[0].removesuffix(".json")]


def test_hash_takes_a_bare_request(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_bytes(canonical(STREAM[1]["request"]))

    ran = run_here("hash", request, "--test-id", WARM, "--dialect", NEWEST)

    assert ran.lines == [STREAM[0].removesuffix(".json")]


def test_a_bare_request_without_a_test_id_hashes_as_if_recorded_outside_a_test() -> None:
    bare = chat_request("Is the lamp lit?")
    name, _ = recording(bare, chat_answer("It is."), test_id=None)

    ran = run_here("hash", "-", "--dialect", NEWEST, stdin=canonical(bare))

    assert ran.lines == [name.removesuffix(".json")]


def test_a_bare_http_request_keeps_the_test_id_it_has() -> None:
    ran = run_here("hash", "-", "--dialect", NEWEST, stdin=canonical(RANKED[1]["request"]))

    assert ran.lines == [RANKED[0].removesuffix(".json")]


@pytest.mark.parametrize("word", ["stream", "ranked"])
def test_another_test_id_gives_another_hash(word: str, corpus: Path) -> None:
    recorded = ALL[word]
    renamed = recording(
        recorded[1]["request"], recorded[1]["response"], test_id="tests/test_new.py::test_it"
    )
    if "test_id" in recorded[1]["request"]:
        again = {**recorded[1]["request"], "test_id": "tests/test_new.py::test_it"}
        renamed = recording(again, recorded[1]["response"], test_id="tests/test_new.py::test_it")

    ran = run_here(
        "hash",
        path_of(corpus, recorded),
        "--test-id",
        "tests/test_new.py::test_it",
        "--dialect",
        NEWEST,
    )

    assert ran.lines == [renamed[0].removesuffix(".json")]
    assert renamed[0] != recorded[0]


def test_a_tools_hash_does_not_depend_on_the_test(corpus: Path) -> None:
    ran = run_here("hash", path_of(corpus, TOOL), "--test-id", "other", "--dialect", NEWEST)

    assert ran.lines == [TOOL[0].removesuffix(".json")]


def test_a_request_whose_file_keeps_too_little_says_what_is_lost(corpus: Path) -> None:
    ran = run_here("hash", path_of(corpus, FILED))

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert "chunking_strategy" in line


@pytest.mark.parametrize(
    ("request_", "lacking"),
    [
        ({"body": {}, "url": "http://x/v1"}, "method"),
        ({"body": {}, "method": "POST"}, "url"),
        ({"body": {}, "method": 3, "url": "http://x"}, "method"),
        ({"body": {}, "method": "POST", "url": "http://[x"}, "url"),
        ({"tool_name": "log"}, "provider"),
    ],
)
def test_a_request_that_lacks_a_part_says_which(request_: dict[str, Any], lacking: str) -> None:
    ran = run_here("hash", "-", stdin=canonical(request_))

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert lacking in line


def test_hash_of_a_missing_file_is_told(tmp_path: Path) -> None:
    ran = run_here("hash", "lost.json", cwd=tmp_path)

    assert ran.code in (1, 2)
    assert ran.errors == ["recctl: lost.json: no such file or directory"]


# schema, rule


@pytest.mark.parametrize("name", schema.names())
def test_schema_prints_the_file_as_it_is(name: str) -> None:
    ran = run_here("schema", name)

    assert ran.code == 0
    assert ran.raw == (ROOT / "schemas" / f"{name}.schema.json").read_bytes()


def test_schema_lists_all() -> None:
    ran = run_here("schema")

    files = (ROOT / "schemas").glob("*.schema.json")
    assert [line.split()[0] for line in ran.lines] == sorted(
        path.name.removesuffix(".schema.json") for path in files
    )


@pytest.mark.parametrize("name", ["report.schema.json", "../pyproject.toml", "RECORDING", ""])
def test_schema_of_an_unknown_name_lists_the_known(name: str) -> None:
    ran = run_here("schema", name)

    assert (ran.code, ran.stdout) == (2, "")
    assert "recording" in ran.stderr


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.name)
def test_a_rule_is_found_by_code_and_name_in_any_case(rule: Any) -> None:
    wanted = run_here("rule", rule.code).stdout

    assert wanted.startswith(f"{rule.code} {rule.name} (")
    assert rule.doc in wanted
    for word in (rule.name, rule.code.lower(), rule.name.upper(), rule.name.title()):
        assert run_here("rule", word).stdout == wanted


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.name)
def test_a_rule_says_what_to_do(rule: Any) -> None:
    assert "What to do:" in run_here("rule", rule.name).stdout


@needs_posix
@pytest.mark.parametrize("arguments", [["rule"], ["rule", "stale"], ["dialects"]], ids=" ".join)
def test_what_recctl_says_of_itself_fits_a_terminal(arguments: list[str]) -> None:
    ran = run_on_terminal(*arguments, columns=80)

    assert max(map(len, ran.lines)) <= 80


def test_rule_lists_all_in_one_line_each() -> None:
    ran = run_here("rule")

    assert [line.split()[:2] for line in ran.lines] == [[rule.code, rule.name] for rule in TABLE]


@pytest.mark.parametrize(
    ("word", "near"), [("stael", "stale"), ("J1O1", "J101"), ("unreachabel", "unreachable")]
)
def test_an_unknown_rule_has_a_hint(word: str, near: str) -> None:
    ran = run_here("rule", word)

    assert ran.code == 2
    assert f"did you mean {near}?" in ran.errors[0]


def test_a_rule_that_is_like_none_says_where_they_are_listed() -> None:
    ran = run_here("rule", "xyzzy")

    assert ran.code == 2
    assert "recctl rule lists all" in ran.errors[0]


# show


def test_show_prints_header_request_and_response(corpus: Path) -> None:
    ran = run_here("show", STREAM[0][:8], corpus)

    assert (ran.code, ran.stderr) == (0, "")
    assert f"test      {WARM}" in ran.lines
    assert "    Is the lamp lit?" in ran.lines
    assert "    It is." in ran.lines
    assert f"dialects  ogx-2025-10-04 … {NEWEST} (reachable)" in ran.lines


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_show_of_the_request_has_no_response(form: str, corpus: Path) -> None:
    ran = run_here("show", STREAM[0], corpus, "--part", "request", "--format", form)

    assert "Is the lamp lit?" in ran.stdout
    assert "It is." not in ran.stdout


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_show_of_the_response_has_no_request(form: str, corpus: Path) -> None:
    ran = run_here("show", STREAM[0], corpus, "--part", "response", "--format", form)

    assert "Is the lamp lit?" not in ran.stdout
    assert "It is." in ran.stdout


@pytest.mark.parametrize("word", ALL)
@pytest.mark.parametrize("part", ["all", "request", "response"])
def test_show_as_json_fits_its_schema(word: str, part: str, corpus: Path) -> None:
    ran = run_here("show", path_of(corpus, ALL[word]), "--format", "json", "--part", part)

    assert schema.explain("sheet", ran.json) is None


@pytest.mark.parametrize("path", sorted((ROOT / CLEAN).rglob("*.json")), ids=lambda p: p.name[:16])
def test_show_of_an_example_as_json_fits_its_schema(path: Path) -> None:
    ran = run_here("show", path, "--format", "json")

    assert ran.code == 0
    assert schema.explain("sheet", ran.json) is None


@pytest.mark.parametrize("word", ALL)
def test_show_raw_gives_the_files_own_bytes(word: str, corpus: Path) -> None:
    path = path_of(corpus, ALL[word])

    assert run_here("show", path, "--raw").raw == path.read_bytes()


def test_show_raw_gives_bytes_that_are_no_recording(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf\x1b[31m{\xff\r\n\0"
    (tmp_path / "wreck.json").write_bytes(raw)

    assert run("show", "wreck.json", "--raw", cwd=tmp_path).raw == raw


@pytest.mark.parametrize("part", ["request", "response"])
def test_show_raw_of_one_side_is_its_json(part: str, corpus: Path) -> None:
    ran = run_here("show", path_of(corpus, STREAM), "--raw", "--part", part)

    assert ran.raw == canonical(STREAM[1][part])


def test_show_reads_stdin() -> None:
    ran = run_here("show", "-", stdin=canonical(STREAM[1]))

    assert ran.code == 0
    assert "    It is." in ran.lines
    assert any(line.startswith("path") and "standard input" in line for line in ran.lines)


def test_show_raw_of_stdin_gives_it_back() -> None:
    assert run_here("show", "-", "--raw", stdin=b"\xff\r\n").raw == b"\xff\r\n"


def test_show_takes_a_path_outside_of_any_recordings_folder(tmp_path: Path) -> None:
    path = write(tmp_path, "letters", ("from-a-stranger.json", WHOLE[1]))

    ran = run_here("show", path)

    assert ran.code == 0
    assert any(line.startswith("dialects") and "unnamed" in line for line in ran.lines)


def test_show_takes_an_answers_id(corpus: Path) -> None:
    ran = run_here("show", f"rec-{STREAM[0][:12]}", corpus)

    assert STREAM[0] in ran.stdout


def test_show_of_a_format_that_is_not_known_says_so_and_shows_its_json(corpus: Path) -> None:
    ran = run_here("show", path_of(corpus, FILED), "--part", "response")

    assert ran.lines[1] == "  as JSON, for its format is not known"
    assert json.loads("\n".join(ran.lines[2:])) == FILED[1]["response"]["body"]


def test_a_tools_call_is_shown_with_its_arguments(corpus: Path) -> None:
    ran = run_here("show", path_of(corpus, TOOL), "--part", "request")

    assert '    → tide_table({"place": "Gull Bay", "days": [1, 2]})' in ran.lines


LONG = "the keeper trims the wick and winds the clockwork and looks for the ferry " * 4


@needs_posix
@pytest.mark.parametrize("columns", [60, 80])
def test_prose_wraps_on_a_terminal_and_keeps_its_indentation(columns: int, tmp_path: Path) -> None:
    write(tmp_path, "recordings", recording(chat_request(LONG), chat_answer(LONG)))

    (path,) = tmp_path.rglob("*.json")
    ran = run_on_terminal("show", path, "--part", "response", "--color", "never", columns=columns)

    assert max(map(len, ran.lines)) <= columns
    prose = [line for line in ran.lines if line.startswith("    ")]
    assert " ".join(" ".join(prose).split()) == LONG.strip()


def test_prose_in_a_pipe_is_whole() -> None:
    _, document = recording(chat_request(LONG), chat_answer(LONG))

    ran = run_here("show", "-", "--part", "response", stdin=canonical(document))

    assert "    " + LONG in ran.lines


@needs_posix
def test_hashes_and_paths_are_not_broken_on_a_terminal() -> None:
    ran = run_on_terminal("show", "ca1004f4", CLEAN, "--color", "never", columns=40)

    assert any(
        line.endswith("ca1004f4217a982b527c13cf8f642c62bc2c3275bad1816123d156805574e9e3.json")
        for line in ran.lines
    )


@needs_posix
def test_messages_of_findings_wrap_on_a_terminal() -> None:
    ran = run_on_terminal(
        "validate", "examples/broken/tests/byte-order-mark", "--color", "never", columns=60
    )

    path, *told, command = ran.lines
    assert len(told) > 1
    assert max(map(len, told)) <= 60
    assert command.startswith(f"    next: recctl restore {path} ")


# Reports


@pytest.mark.parametrize("example", ["clean", "broken"])
def test_validate_as_json_fits_its_schema(example: str) -> None:
    ran = run_here("validate", f"examples/{example}", "--format", "json")

    assert schema.explain("report", ran.json) is None
    assert ran.json["version"] == 1


def test_a_report_counts_by_rule_what_it_lists() -> None:
    report = run_here("validate", "examples/broken", "--format", "json").json

    counted: dict[str, int] = {}
    for finding in report["findings"]:
        counted[finding["name"]] = counted.get(finding["name"], 0) + 1
    assert report["summary"]["by_rule"] == counted
    assert report["summary"]["findings"] == len(report["findings"])


def test_validate_without_findings_prints_nothing_on_stdout() -> None:
    ran = run_here("validate", CLEAN)

    assert (ran.code, ran.stdout) == (0, "")
    assert ran.errors == ["recctl: 13 recordings, no findings"]


USAGE_UNREQUESTED = "examples/broken/tests/usage-unrequested"


def test_validate_hides_infos() -> None:
    ran = run_here("validate", USAGE_UNREQUESTED)

    assert (ran.code, ran.stdout) == (0, "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_validate_reports_infos_on_demand(form: str) -> None:
    ran = run_here("validate", USAGE_UNREQUESTED, "--info", "--format", form)

    assert "usage-unrequested" in ran.stdout
    assert "W496" in ran.stdout


def test_infos_alone_are_fine() -> None:
    assert run_here("validate", USAGE_UNREQUESTED, "--info").code == 0


def test_infos_as_json_fit_the_schema() -> None:
    ran = run_here("validate", "examples", "--info", "--format", "json")

    assert schema.explain("report", ran.json) is None
    assert {one["severity"] for one in ran.json["findings"]} == {"error", "warning", "info"}


def test_validate_with_findings_ends_in_1_and_names_the_next_command() -> None:
    ran = run_here("validate", "examples/broken")

    assert ran.code == 1
    assert ran.errors[-1].endswith("can be fixed with --fix")


# The whole


def test_version_is_printed() -> None:
    ran = run("--version")

    assert (ran.code, ran.stdout, ran.stderr) == (0, f"recctl {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)], ids="".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_every_exit_code(arguments: list[str], option: str) -> None:
    ran = run_here(*arguments, option)

    assert (ran.code, ran.stderr) == (0, "")
    flowing = " ".join(ran.stdout.split())
    for code, meaning in EXIT_MEANINGS.items():
        assert f"{code} {meaning}" in flowing


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)], ids="".join)
def test_help_fits_80_columns(arguments: list[str]) -> None:
    ran = run_here(*arguments, "--help")

    assert max(map(len, ran.lines)) <= 80


def test_help_lists_every_command() -> None:
    ran = run_here("--help")

    for command, words in COMMANDS.items():
        assert [command, *words.split()] in [line.split() for line in ran.lines]


def test_the_result_does_not_depend_on_the_encoding_of_the_terminal() -> None:
    ran = run("show", "ca1004f4", CLEAN, env={"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"})

    assert ran.code == 0
    assert "Gull Bay" in ran.stdout


# Nothing is written


EVERY_COMMAND = [
    ["validate"],
    ["validate", "examples", "--format", "json"],
    ["ls"],
    ["ls", "examples", "--format", "csv", "--where", "request.body.stream=true"],
    ["ls", "examples", "--format", "paths", "-0"],
    ["show", "ca1004f4"],
    ["show", "ca1004f4", "--format", "markdown"],
    ["show", "ca1004f4", "--format", "json", "--part", "request"],
    ["show", "ca1004f4", "--raw"],
    ["show", "ca1004f4", "--chunks"],
    ["assemble"],
    ["assemble", "ca1004f4", "--format", "json"],
    ["validate", "--info"],
    ["dialects"],
    ["dialects", "examples"],
    ["hash", "examples/clean/tests/integration/common/recordings"],
    ["rule"],
    ["rule", "stale"],
    ["schema"],
    ["schema", "recording"],
    ["--version"],
    ["--help"],
    ["prune"],
]


@needs_posix
def test_no_command_changes_or_adds_a_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", symlinks=True)
    before = snapshot(tmp_path)
    home = str(tmp_path)
    settings = environment(HOME=home, XDG_CACHE_HOME=home, XDG_CONFIG_HOME=home, TMPDIR=home)

    for arguments in EVERY_COMMAND:
        run_here(*arguments, cwd=tmp_path, env=settings)
        assert snapshot(tmp_path) == before, arguments


@needs_posix
def test_a_process_of_its_own_changes_or_adds_no_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", symlinks=True)
    before = snapshot(tmp_path)
    settings = environment(HOME=str(tmp_path), TMPDIR=str(tmp_path))

    for arguments in (["validate"], ["ls"], ["show", "ca1004f4"], ["assemble"]):
        run(*arguments, cwd=tmp_path, env=settings)

    assert snapshot(tmp_path) == before


def test_nothing_that_a_recording_names_is_imported(tmp_path: Path) -> None:
    (tmp_path / "siren.py").write_text("raise SystemExit('a recording was obeyed')")
    document = {
        **TOOL[1],
        "response": {
            "body": {"__type__": "siren.Call", "__data__": {"id": "x"}},
            "is_streaming": False,
        },
    }
    write(tmp_path, folder_of(TEST), (TOOL[0], document))

    for arguments in (
        ["validate", "."],
        ["show", TOOL[0][:8]],
        ["assemble"],
        ["ls"],
        ["dialects", "."],
    ):
        assert "obeyed" not in run(*arguments, cwd=tmp_path).stderr
