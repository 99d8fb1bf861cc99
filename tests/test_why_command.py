"""`recctl why`: every command that it prints does what it says, and no input breaks it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recctl import schema
from recctl.dialects import hash_under, published
from recctl.hashing import canonical
from recctl.recording import Recording
from tests.build import (
    TEST,
    chat_answer,
    chat_request,
    folder_of,
    http_answer,
    http_request,
    recording,
    write,
)
from tests.cli import Ran, environment, run, run_here, run_on_terminal, snapshot
from tests.repository import Work, git_environment, work

TABLE = published()
ASKED = chat_request("Is the lamp lit?", model="gpt-4o")
KEPT = recording(ASKED, chat_answer("It is."))
FLOATS = chat_request("score: 0.25 of the tide", model="gpt-4o")
STALE = recording(FLOATS, chat_answer("High."), dialect="ogx-2026-03-18")
FOLDER = folder_of(TEST)
UNKNOWN = "0123456789abcdef" * 4


def hash_of(request: dict[str, Any], test_id: str | None = TEST) -> str:
    return hash_under(TABLE.target, Recording("", {"test_id": test_id, "request": request}, 0))


def message(digits: str, model: str = "gpt-4o") -> bytes:
    return (
        f"E   RuntimeError: Recording not found for request hash: {digits}\n"
        f"E   Model: {model} | Request: POST {ASKED['url']}\n"
    ).encode()


@pytest.fixture
def repository(tmp_path: Path) -> Work:
    """A repository with a reachable and a stale recording of one test."""
    made = work(tmp_path / "repository")
    for one in (KEPT, STALE):
        write(made.top, FOLDER, one)
    made.commit(subject="Record the keeper")
    return made


def run_as_printed(command: str, cwd: Path, *more: str) -> None:
    """Run a command as it was printed, in a shell, with recctl of this checkout."""
    recctl = f"{shlex.quote(sys.executable)} -m recctl"
    line = command.replace("recctl ", f"{recctl} ", 1) if command.startswith("recctl") else command
    done = subprocess.run(
        ["sh", "-c", " ".join((line, *more))],
        cwd=cwd,
        env=git_environment(**environment()),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def of_one(ran: Ran) -> Any:
    """The one miss of a run in JSON, which must fit the schema."""
    assert schema.explain("why", ran.json) is None
    (miss,) = ran.json["misses"]
    return miss


def why(repository: Work, *arguments: str, stdin: bytes = b"") -> Any:
    return of_one(run_here("why", *arguments, "--format", "json", cwd=repository.top, stdin=stdin))


def reasons(miss: Any) -> list[str]:
    return [one["why"] for one in miss["causes"]]


# What it prints to be run next


def test_a_stale_recording_is_there_after_the_printed_rehash(repository: Work) -> None:
    digits = hash_of(FLOATS)
    miss = why(repository, stdin=message(digits))
    assert reasons(miss) == ["stale"]

    run_as_printed(miss["command"], repository.top, "--apply")

    assert reasons(why(repository, digits)) == ["there"]


def test_a_removed_recording_is_there_after_the_printed_restore(repository: Work) -> None:
    before = repository.tree()
    repository.commit({f"{FOLDER}/{KEPT[0]}": None}, "Tidy up", day=1)
    miss = why(repository, stdin=message(KEPT[0][:64]))
    assert reasons(miss) == ["removed"]
    assert "Tidy up" in miss["causes"][0]["message"]
    assert miss["test_ids"] == [TEST]

    run_as_printed(miss["command"], repository.top, "--apply")

    assert repository.tree()[f"{FOLDER}/{KEPT[0]}"] == before[f"{FOLDER}/{KEPT[0]}"]


def test_a_file_that_only_the_work_tree_lost_is_restored(repository: Work) -> None:
    (repository.top / FOLDER / KEPT[0]).unlink()
    miss = why(repository, KEPT[0][:12])

    assert "HEAD has it" in miss["causes"][0]["message"]
    run_as_printed(miss["command"], repository.top, "--apply")
    assert (repository.top / FOLDER / KEPT[0]).is_file()


def test_the_restore_is_printed_for_where_it_is_to_run(repository: Work, tmp_path: Path) -> None:
    repository.commit({f"{FOLDER}/{KEPT[0]}": None}, day=1)
    ran = run_here("why", KEPT[0][:64], "repository", "--format", "json", cwd=tmp_path)

    run_as_printed(of_one(ran)["command"], tmp_path, "--apply")

    assert (repository.top / FOLDER / KEPT[0]).is_file()


def test_a_stale_recording_that_was_removed_is_found_by_todays_hash(repository: Work) -> None:
    repository.commit({f"{FOLDER}/{STALE[0]}": None}, day=1)
    digits = hash_of(FLOATS)
    miss = why(repository, digits, "--test-id", TEST)
    assert reasons(miss) == ["removed"]

    run_as_printed(miss["command"], repository.top, "--apply")
    again = why(repository, digits)
    assert reasons(again) == ["stale"]


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [((hash_of(FLOATS),), b""), ((hash_of(FLOATS)[:12],), b""), ((), message(hash_of(FLOATS)))],
    ids=["hash", "digits", "text"],
)
def test_a_stale_recording_that_was_removed_is_found_without_its_test(
    repository: Work, arguments: tuple[str, ...], stdin: bytes
) -> None:
    repository.commit({f"{FOLDER}/{STALE[0]}": None}, day=1)
    miss = why(repository, *arguments, stdin=stdin)
    assert reasons(miss) == ["removed"]
    assert miss["test_ids"] == [TEST]
    run_as_printed(miss["command"], repository.top, "--apply")
    rehash = miss["causes"][0]["message"].partition("rehash it then: ")[2]
    run_as_printed(rehash, repository.top, "--apply")
    assert (repository.top / FOLDER / f"{hash_of(FLOATS)}.json").is_file()


def test_what_was_removed_long_ago_is_not_looked_into_without_a_test(
    repository: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recctl.explain.past._MOST_REMOVED", 1)
    repository.commit({f"{FOLDER}/{STALE[0]}": None}, day=1)
    other = recording(chat_request("Fog?"), chat_answer("No."))
    repository.commit({f"{FOLDER}/{other[0]}": canonical(other[1])}, day=2)
    assert reasons(why(repository, hash_of(FLOATS))) == ["removed"]
    repository.commit({f"{FOLDER}/{other[0]}": None}, day=3)
    assert reasons(why(repository, hash_of(FLOATS))) == []


def test_of_a_test_at_the_top_the_folder_is_beside_it(repository: Work) -> None:
    miss = why(repository, UNKNOWN, "--test-id", "test_top.py::test_it")
    assert [one["path"] for one in miss["looked_at"]] == [
        f"recordings/{UNKNOWN}.json",
        f"{TABLE.shared_folder}/{UNKNOWN}.json",
    ]


def test_of_a_test_at_the_top_of_a_folder_the_recordings_tell_which(tmp_path: Path) -> None:
    write(tmp_path, "some/recordings", recording(ASKED, chat_answer("No."), test_id="test_a.py::a"))
    ran = run_here("why", UNKNOWN, "--test-id", "test_a.py::b", cwd=tmp_path)
    assert f"  some/recordings/{UNKNOWN}.json  no such file" in ran.lines


def test_whose_a_recording_is_that_may_be_meant_is_told_once(repository: Work) -> None:
    ran = run_here("why", UNKNOWN, "--test-id", TEST + "[x]", cwd=repository.top)
    assert f"    of {TEST}" in ran.lines
    assert f"    test is {TEST}" not in ran.lines


def test_a_changed_parameter_is_followed_by_the_printed_migration(repository: Work) -> None:
    body = {**ASKED["body"], "parallel_tool_calls": True}
    digits = hash_of({**ASKED, "body": body})
    miss = why(repository, "--test-id", TEST, stdin=message(digits))
    assert reasons(miss) == ["altered"]
    assert miss["causes"][0]["request"] == [
        {"op": "add", "pointer": "/body/parallel_tool_calls", "before": None, "after": True}
    ]

    run_as_printed(miss["command"], repository.top, "--apply")

    assert reasons(why(repository, digits)) == ["there"]


def test_the_migration_is_printed_too_where_the_text_shows_the_request(repository: Work) -> None:
    body = {**ASKED["body"], "parallel_tool_calls": True}
    digits = hash_of({**ASKED, "body": body})
    (repository.top / "body.json").write_text(json.dumps(body))

    asked = ("--request", "body.json", "--url", ASKED["url"], "--test-id", TEST)
    by_file = why(repository, *asked)
    by_log = why(repository, "--test-id", TEST, stdin=f"body = {body}\n".encode() + message(digits))

    for miss in (by_file, by_log):
        assert reasons(miss) == ["altered"]
        assert miss["command"].startswith("recctl migrate --set /body/parallel_tool_calls=true ")


@pytest.mark.parametrize("key", ["a=b", "c\\d", "e~f/g", "h:i"])
def test_a_migration_is_printed_for_any_name_of_a_parameter(repository: Work, key: str) -> None:
    odd = {**ASKED, "body": {**ASKED["body"], key: [1.5, "'"]}}
    kept = recording(odd, chat_answer("No."))
    write(repository.top, FOLDER, kept)
    repository.commit(day=1)
    (repository.top / FOLDER / KEPT[0]).unlink()
    (repository.top / FOLDER / STALE[0]).unlink()
    repository.commit(day=2)
    digits = hash_of({**ASKED, "body": {**ASKED["body"], "stream": True, key: [1.5, "'"]}})
    miss = why(repository, digits, "--test-id", TEST)

    run_as_printed(miss["command"], repository.top, "--apply")

    assert reasons(why(repository, digits)) == ["there"]


def test_a_renamed_test_is_followed_by_the_printed_migration(repository: Work) -> None:
    renamed = TEST.replace("test_answers", "test_replies")
    digits = hash_of(ASKED, renamed)
    miss = why(repository, "--test-id", renamed, stdin=message(digits))
    assert reasons(miss) == ["other-test"]

    run_as_printed(miss["command"], repository.top, "--apply")

    assert reasons(why(repository, digits)) == ["there"]


def test_a_recording_in_another_folder_is_moved_by_the_printed_line(repository: Work) -> None:
    elsewhere = repository.top / "tests/an other/recordings"
    elsewhere.mkdir(parents=True)
    (repository.top / FOLDER / KEPT[0]).rename(elsewhere / KEPT[0])
    miss = why(repository, KEPT[0][:64])
    assert reasons(miss) == ["elsewhere"]

    run_as_printed(miss["command"], repository.top)

    assert reasons(why(repository, KEPT[0][:64])) == ["there"]


def test_what_git_does_not_have_is_added_by_the_printed_line(repository: Work) -> None:
    new = recording(chat_request("Any fog?"), chat_answer("No."))
    write(repository.top, FOLDER, new)
    miss = why(repository, new[0][:64])
    assert "git does not have it yet" in miss["causes"][0]["message"]

    run_as_printed(miss["command"], repository.top)

    assert "not as git has it committed" in why(repository, new[0][:64])["causes"][0]["message"]


def test_what_is_committed_is_missing_in_an_older_tree(repository: Work) -> None:
    miss = why(repository, KEPT[0][:64])

    assert "older tree" in miss["causes"][0]["message"]
    run_as_printed(miss["command"], repository.top)


# Ways to ask


def test_a_request_with_its_test_is_compared_with_the_nearest(repository: Work) -> None:
    asked = chat_request("Is the lamp lit tonight?", model="gpt-4o")
    (repository.top / "asked.json").write_text(json.dumps(asked))

    ran = run_here("why", "--request", "asked.json", "--test-id", TEST, cwd=repository.top)

    assert ran.code == 0
    assert "message 1 (user) edited" in ran.stdout
    assert ran.lines[-1] == f"next: recctl show {FOLDER}/{KEPT[0]}"


def test_a_body_needs_the_url_that_it_was_sent_to(repository: Work) -> None:
    body = json.dumps(ASKED["body"]).encode()
    options = ("why", "--request", "-", "--test-id", TEST, "--format", "json")

    without = run_here(*options, cwd=repository.top, stdin=body)
    ran = run_here(*options, "--url", ASKED["url"], cwd=repository.top, stdin=body)

    assert without.code == 1
    assert "--url URL" in without.stderr
    assert reasons(of_one(ran)) == ["there"]


def test_the_words_of_an_error_may_be_an_argument(repository: Work) -> None:
    assert reasons(why(repository, message(KEPT[0][:64]).decode())) == ["there"]


def test_a_name_of_a_missing_file_is_its_hash(repository: Work) -> None:
    (repository.top / FOLDER / KEPT[0]).unlink()

    assert reasons(why(repository, f"{FOLDER}/{KEPT[0]}")) == ["removed"]


def test_paths_say_where_to_look(repository: Work) -> None:
    miss = why(repository, UNKNOWN, "--test-id", TEST, FOLDER)

    # What no request finds any more may be what was meant.
    assert [Path(one["path"]).name for one in miss["nearest"]] == [STALE[0], KEPT[0]]


def test_a_log_is_summed_up(repository: Work) -> None:
    log = message(KEPT[0][:64]) + message(hash_of(FLOATS)) + message(UNKNOWN, "none-such")

    ran = run_here("why", cwd=repository.top, stdin=log)

    assert ran.code == 1
    assert ran.errors == [
        "recctl: why: 3 recordings not found: 1 there, 1 stale, 1 of which nothing is known"
    ]


def test_a_call_over_http_is_explained_by_the_stale_recording_of_its_test(tmp_path: Path) -> None:
    asked = http_request("http://harbour/v1/messages", {"query": "score: 0.5 of it"})
    kept = recording(asked, http_answer({"results": []}), dialect="ogx-2026-03-18")
    path = write(tmp_path, FOLDER, kept).relative_to(tmp_path)
    text = b"Recording not found for httpx POST http://harbour/v1/messages\n"

    ran = run_here("why", "--test-id", TEST, "--format", "json", cwd=tmp_path, stdin=text)

    assert of_one(ran)["command"] == f"recctl rehash {path}"


def test_nothing_is_changed(repository: Work) -> None:
    before = snapshot(repository.top)

    run_here("why", cwd=repository.top, stdin=message(UNKNOWN) + message(hash_of(FLOATS)))

    assert snapshot(repository.top) == before


# Text


def test_the_text_tells_what_was_looked_for_where_and_what_to_do(repository: Work) -> None:
    digits = hash_of(FLOATS)

    ran = run_here("why", cwd=repository.top, stdin=message(digits))

    assert ran.lines == [
        f"hash     {digits}",
        f"test     {TEST}",
        "model    gpt-4o",
        f"request  POST {ASKED['url']}",
        "",
        "Looked at, in this order",
        f"  {FOLDER}/{digits}.json  no such file",
        f"  tests/integration/common/recordings/{digits}.json  no such file",
        "",
        f"stale  {FOLDER}/{STALE[0]}",
        "  it has just this request, but its name fits ogx-2025-10-04 … ogx-2026-03-18 only",
        f"  next: recctl rehash {FOLDER}/{STALE[0]}",
    ]


def test_what_was_recorded_or_logged_is_not_obeyed(repository: Work) -> None:
    harm = "\x1b]0;owned\x07\u202e"
    write(
        repository.top,
        FOLDER,
        recording(chat_request(harm, model=harm), chat_answer("No."), test_id=f"{TEST}[{harm}]"),
    )
    log = message(UNKNOWN, harm) + f"\nFAILED {TEST}[{harm}] - x\n".encode()

    for ran in (
        run_here("why", cwd=repository.top, stdin=log),
        run_here("why", "--nearest", "9", cwd=repository.top, stdin=message(UNKNOWN)),
    ):
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.stdout + ran.stderr)


def test_without_the_request_the_text_says_of_what_recordings_there_are(repository: Work) -> None:
    ran = run_here("why", UNKNOWN, "--test-id", TEST, "--nearest", "1", cwd=repository.top)

    assert "Recordings of that test, 1 of 2" in ran.lines
    assert ran.lines[-1] == f"next: recctl why --request FILE --test-id {TEST}"


def test_where_nothing_was_compared_nothing_is_said_to_be_unlike(repository: Work) -> None:
    ran = run_here("why", UNKNOWN, cwd=repository.top)

    assert ran.code == 1
    assert "nothing is like it" not in ran.stdout
    assert ran.lines[-1] == "next: recctl why --request FILE --test-id ID"


def test_without_its_test_a_request_is_not_said_to_be_of_another(repository: Work) -> None:
    (repository.top / "asked.json").write_text(json.dumps(ASKED))

    ran = run_here("why", "--request", "asked.json", cwd=repository.top)

    assert "test id" not in ran.stdout
    assert "    the request is equal" in ran.lines


def test_how_alike_requests_are_does_not_depend_on_their_form(repository: Work) -> None:
    asked = chat_request("Is the lamp lit tonight?", model="gpt-4o")
    bare = ("--url", asked["url"], "--test-id", TEST)
    forms = {
        (): {"test_id": TEST, "request": {**asked, "headers": {"x": "y"}}, "response": {}},
        ("--test-id", TEST): asked,
        bare: asked["body"],
    }
    told = set()
    for options, document in forms.items():
        (repository.top / "asked.json").write_text(json.dumps(document))
        nearest = why(repository, "--request", "asked.json", *options)["nearest"]
        told.add(tuple((one["path"], one["similarity"]) for one in nearest))

    assert len(told) == 1


def test_of_many_misses_equal_explanations_are_told_once(repository: Work) -> None:
    many = [chat_request(f"score: 0.25 of lamp {number}", model="gpt-4o") for number in range(40)]
    for one in many:
        write(repository.top, FOLDER, recording(one, chat_answer("No."), dialect="ogx-2026-03-18"))
    log = b"".join(message(hash_of(one)) for one in many) + message(UNKNOWN, "none-such")

    ran = run_here("why", cwd=repository.top, stdin=log)
    found = run_here("why", "--format", "json", cwd=repository.top, stdin=log)

    assert ran.lines[0] == "40 stale"
    assert all(hash_of(one)[:12] in ran.stdout for one in many)
    assert len(ran.lines) < 25
    assert len(found.json["misses"]) == 41


def test_a_few_files_of_many_misses_are_named_in_one_command(repository: Work) -> None:
    many = [chat_request(f"score: 0.25 of lamp {number}", model="gpt-4o") for number in range(3)]
    for one in many:
        write(repository.top, FOLDER, recording(one, chat_answer("No."), dialect="ogx-2026-03-18"))
    log = b"".join(message(hash_of(one)) for one in many)
    log += b"".join(message(f"{number:064x}", "none-such") for number in range(9))

    ran = run_here("why", cwd=repository.top, stdin=log)
    (command,) = (line for line in ran.lines if line.startswith("  next: recctl rehash"))
    run_as_printed(command.removeprefix("  next: "), repository.top, "--apply")

    assert reasons(why(repository, hash_of(many[2]))) == ["there"]


# Bad input


@pytest.mark.parametrize(
    "stdin", [b"", b"\0\xff\xfe", b"all is well\n", b"\xff\xfe", b"Recording not found for x" * 99]
)
def test_a_text_without_a_miss_ends_in_one_line(repository: Work, stdin: bytes) -> None:
    ran = run_here("why", cwd=repository.top, stdin=stdin)

    assert ran.code == 1
    assert ran.raw == b""
    assert len(ran.errors) == 1
    assert ran.errors[0].startswith("recctl: standard input tells of no missing recording")


def test_a_terminal_is_not_waited_for(repository: Work) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "recctl", "why"],
            cwd=repository.top,
            env=environment(),
            stdin=theirs,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert b"nothing to explain" in done.stderr


def test_a_closed_input_ends_in_one_line(repository: Work) -> None:
    command = f"{shlex.quote(sys.executable)} -m recctl why <&-"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repository.top,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"recctl: standard input: closed\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([UNKNOWN, "no/such/folder"], "no such file or folder"),
        (["zz"], "zz: no such file or folder, and no hash"),
        ([UNKNOWN, "--url", "x"], "--url and --method"),
        ([UNKNOWN, "--request", "x.json"], "two questions"),
        (["--request", "x.json"], "--request x.json: no such file"),
        (["tests"], "tests: a folder of recordings is no question; a log is read by: recctl why -"),
        ([f"{FOLDER}/{KEPT[0]}"], "a file is no question; if a recording or a request: recctl why"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    repository: Work, arguments: list[str], said: str
) -> None:
    ran = run_here("why", *arguments, cwd=repository.top)

    assert ran.code == 2
    assert said in ran.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"request": 1}'])
def test_a_request_that_is_none_ends_in_one_line(repository: Work, content: bytes) -> None:
    (repository.top / "asked.json").write_bytes(content)

    ran = run_here("why", "--request", "asked.json", cwd=repository.top)

    assert ran.code == 1
    assert len(ran.errors) == 1
    assert ran.errors[0].startswith("recctl: asked.json")


def test_files_that_cannot_be_read_are_told_where_nothing_else_is_found(repository: Work) -> None:
    (repository.top / FOLDER / ("5" * 64 + ".json")).write_bytes(b"{")

    miss = why(repository, UNKNOWN)

    assert any(note.startswith(f"not read: {FOLDER}/{'5' * 64}.json") for note in miss["notes"])


def test_a_folder_without_recordings_is_still_asked_git_about(repository: Work) -> None:
    gone = {f"{FOLDER}/{one[0]}": None for one in (KEPT, STALE)}
    repository.commit(gone, day=1)
    (repository.top / "tests").mkdir(exist_ok=True)

    assert reasons(why(repository, KEPT[0][:64])) == ["removed"]


def test_a_shallow_clone_is_said_to_be_one(repository: Work, tmp_path: Path) -> None:
    repository.commit({f"{FOLDER}/{KEPT[0]}": None}, day=1)
    repository.git("clone", "-q", "--depth=1", f"file://{repository.top}", str(tmp_path / "clone"))

    miss = of_one(run("why", KEPT[0][:64], "--format", "json", cwd=tmp_path / "clone"))

    assert any("git fetch --unshallow" in note for note in miss["notes"])


def test_on_a_terminal_paths_and_commands_stay_whole(repository: Work) -> None:
    ran = run_on_terminal("why", hash_of(FLOATS), cwd=repository.top)

    assert f"  next: recctl rehash {FOLDER}/{STALE[0]}" in ran.lines
