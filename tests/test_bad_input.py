"""Bad input: each has the right exit code, one clear line, no traceback, and stops nothing else.

The corpus of these tests has a sound recording, one that is not what its name says, and between
them, in order of name, whatever a test puts at `BAD`.
"""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from recctl import schema
from recctl.assemble import Assembly
from recctl.dialects import published
from recctl.hashing import canonical
from recctl.recording import Recording
from recctl.render import assembly
from recctl.render import sheet as render
from recctl.show import sheet
from recctl.wire import read
from tests.build import (
    TEST,
    assistant_call,
    chat_answer,
    chat_request,
    folder_of,
    recording,
    tool_call_stream,
    tool_request,
    tool_result,
    user,
    write,
)
from tests.cli import COMMAND, Ran, environment, findings, needs_posix, run, run_here
from tests.strategies import json_values, mutated

FOLDER = folder_of(TEST)
BAD = "5" * 64 + ".json"
SOUND_NAME, SOUND = recording(chat_request("Is the lamp lit?", seed=3), chat_answer("It is."))
EDITED = "f" * 64 + ".json"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus with a sound recording, an unreachable one, and room between them."""
    assert SOUND_NAME < BAD < EDITED
    root = tmp_path / "corpus"
    write(root, FOLDER, (SOUND_NAME, SOUND))
    write(root, FOLDER, recording(tool_request("tide_table", {}), tool_result("06:41")))
    _, document = recording(tool_request("fog_signal", {"on": True}), tool_result("on"))
    write(root, FOLDER, (EDITED, document))
    return root


@pytest.fixture
def bad(corpus: Path) -> Path:
    """Where a test puts something bad."""
    return corpus / FOLDER / BAD


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a valid recording of more than 50 MB."""
    root = tmp_path_factory.mktemp("huge")
    recorded = recording(chat_request("Describe the fog."), chat_answer("grey fog, " * 5_300_000))
    path = write(root, FOLDER, recorded)
    assert path.stat().st_size > 50 * 1024 * 1024
    yield root
    path.unlink()


Maker = Callable[[Path], object]


def content(raw: bytes) -> Maker:
    return lambda path: path.write_bytes(raw)


def a_socket(path: Path) -> None:
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)


def link_loop(path: Path) -> None:
    other = path.with_name("6" * 64 + ".other")
    path.symlink_to(other)
    other.symlink_to(path)


def link_out(path: Path) -> None:
    outside = path.parents[len(Path(FOLDER).parts) + 1] / SOUND_NAME
    outside.write_bytes(canonical(SOUND))
    path.symlink_to(outside)


def link_to_no_recording(path: Path) -> None:
    (path.parent / "notes.txt").write_text("{}")
    path.symlink_to("notes.txt")


BROKEN_TEXT = {
    "an empty file": (content(b""), "invalid-json", "empty"),
    "a file of blanks": (content(b" \n\t\n"), "invalid-json", "empty"),
    "a file cut off": (content(canonical(SOUND)[:200]), "invalid-json", "ends in the middle"),
    "100,000 open brackets": (content(b"[" * 100_000), "invalid-json", "nested deeper"),
    "100,000 nested lists": (content(b"[" * 100_000 + b"]" * 100_000), "invalid-json", "deeper"),
    "100,000 nested objects": (
        content(b'{"a":' * 100_000 + b"0" + b"}" * 100_000),
        "invalid-json",
        "deeper",
    ),
    "zero bytes": (content(bytes(4096)), "invalid-json", "column 1"),
    "random bytes": (content(b"\xff\xfe\x00\x80"), "not-utf8", "not UTF-8"),
    "an integer of 5,000 digits": (content(b"9" * 5_000), "invalid-json", "too many digits"),
    "unfinished merge": (content(b"<<<<<<< HEAD\n{}\n=======\n"), "merge-markers", "merge"),
}

NO_FILE = {
    "a folder": (Path.mkdir, "a folder"),
    "a FIFO": (os.mkfifo, "a FIFO"),
    "a socket": (a_socket, ""),
    "a loop of links": (link_loop, ""),
    "a dangling link": (lambda path: path.symlink_to("gone.json"), "no such file"),
    "a link out of the corpus": (link_out, "link out of the corpus"),
    "a link to no recording": (link_to_no_recording, "to no recording"),
}

WITHOUT_RECORDING = {
    **{what: (make, rule, why) for what, (make, rule, why) in BROKEN_TEXT.items()},
    **{what: (make, "unreadable", why) for what, (make, why) in NO_FILE.items()},
}

every_obstacle = pytest.mark.parametrize(
    ("make", "rule", "why"), WITHOUT_RECORDING.values(), ids=WITHOUT_RECORDING.keys()
)


# What stands where a recording should


@needs_posix
@every_obstacle
def test_validate_gives_it_one_finding_and_examines_the_rest(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.code == 1
    assert findings(ran) == [(rule, BAD), ("unreachable", EDITED)]
    assert why in ran.json["findings"][0]["message"]
    assert ran.json["summary"]["recordings"] == 4


@needs_posix
@every_obstacle
def test_validate_says_it_in_one_line(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("validate", corpus, "--format", "concise")

    bad_line, edited_line = ran.lines
    assert bad_line.startswith(f"{bad}:")
    assert rule in bad_line
    assert why in bad_line
    assert edited_line.startswith(f"{bad.with_name(EDITED)}:")


@needs_posix
@every_obstacle
def test_ls_names_it_in_one_line_and_lists_the_rest(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("ls", corpus, "--format", "paths")

    assert ran.code == 1
    assert len(ran.lines) == 3
    (line,) = ran.errors
    assert line.startswith(f"recctl: {bad}:")
    assert why in line


@needs_posix
@every_obstacle
def test_assemble_names_it_in_one_line_and_assembles_the_rest(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("assemble", corpus)

    assert (ran.code, len(ran.lines)) == (1, 3)
    (line,) = ran.errors
    assert line.startswith(f"recctl: {bad}:")
    assert why in line


@needs_posix
@every_obstacle
def test_show_names_it_in_one_line(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("show", BAD[:8], corpus)

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert line.startswith(f"recctl: {bad}:")
    assert why in line


@needs_posix
@every_obstacle
def test_show_prints_another_recording_in_peace(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("show", SOUND_NAME[:8], corpus)

    assert (ran.code, ran.stderr) == (0, "")
    assert "It is." in ran.stdout


@needs_posix
@every_obstacle
def test_hash_names_it_in_one_line(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    if make in (link_out, link_to_no_recording):
        pytest.skip("a file that is named is read wherever a link leads")
    make(bad)

    ran = run_here("hash", bad)

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert why in line


@needs_posix
@every_obstacle
def test_dialects_counts_the_rest(
    make: Maker, rule: str, why: str, corpus: Path, bad: Path
) -> None:
    make(bad)

    ran = run_here("dialects", corpus)

    assert ran.code == 1
    assert "3 recordings by agreeing dialects" in ran.lines
    assert len(ran.errors) == 1


@needs_posix
def test_a_fifo_does_not_keep_a_real_process_waiting(corpus: Path, bad: Path) -> None:
    os.mkfifo(bad)

    for command in (("validate", corpus), ("ls", corpus), ("show", bad), ("hash", bad),
                    ("assemble", corpus), ("assemble", bad)):  # fmt: skip
        assert run(*command, timeout=30).code == 1


@needs_posix
def test_a_socket_is_called_one(corpus: Path, bad: Path) -> None:
    a_socket(bad)

    ran = run_here("show", bad)

    assert ran.errors == [f"recctl: {bad}: a socket, no file"]


@needs_posix
def test_a_loop_of_links_is_called_one(corpus: Path, bad: Path) -> None:
    link_loop(bad)

    ran = run_here("validate", corpus, "--format", "json")

    message = ran.json["findings"][0]["message"]
    assert "links in a circle" in message or "too many levels of symbolic links" in message


@needs_posix
@pytest.mark.parametrize("command", ["show", "hash", "validate", "ls"])
def test_an_endless_device_is_not_read(command: str) -> None:
    ran = run_here(command, "/dev/zero")

    assert ran.code == 1
    assert "a device, no file" in ran.stdout + ran.stderr


@needs_posix
def test_a_link_to_a_recording_inside_the_corpus_is_followed(corpus: Path) -> None:
    name, _ = recording(tool_request("tide_table", {}), tool_result("06:41"))
    elsewhere = corpus / "tests" / "integration" / "tide" / "recordings"
    elsewhere.mkdir(parents=True)
    (elsewhere / name).symlink_to(corpus / FOLDER / name)

    ran = run_here("ls", elsewhere.parents[1], "--format", "paths")

    assert (ran.code, ran.stderr) == (0, "")
    assert str(elsewhere / name) in ran.lines


@needs_posix
def test_a_link_between_two_named_folders_is_followed(corpus: Path) -> None:
    name, _ = recording(tool_request("tide_table", {}), tool_result("06:41"))
    tide = corpus / "tide" / "recordings"
    tide.mkdir(parents=True)
    (tide / name).symlink_to(corpus / FOLDER / name)

    ran = run_here("ls", corpus / "tide", corpus / "tests", "--format", "paths")

    assert (ran.code, ran.stderr) == (0, "")
    assert len(ran.lines) == 4


@needs_posix
def test_a_linked_folder_is_not_followed_and_is_named(corpus: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, "recordings", recording(tool_request("flare", {}), tool_result("red")))
    link = corpus / FOLDER / "more"
    link.symlink_to(outside / "recordings")

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.json["summary"]["recordings"] == 3
    assert f"recctl: {link}: left alone: a link to a folder, not followed" in ran.errors


@needs_posix
def test_a_linked_recordings_folder_is_not_followed_and_is_named(
    corpus: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, "recordings", recording(tool_request("flare", {}), tool_result("red")))
    link = corpus / "recordings"
    link.symlink_to(outside / "recordings")

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.json["summary"]["recordings"] == 3
    assert any(line.startswith(f"recctl: {link}: left alone") for line in ran.errors)


@needs_posix
def test_a_loop_of_folders_ends(corpus: Path) -> None:
    (corpus / FOLDER / "again").symlink_to(corpus, target_is_directory=True)

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.json["summary"]["recordings"] == 3


# What the operating system refuses


def refusing(monkeypatch: pytest.MonkeyPatch, bad: Path, number: int) -> None:
    """Let opening a file fail, as it does for others than root."""
    real = os.open

    def fail(path: Any, *rest: Any, **more: Any) -> int:
        if os.fspath(path).endswith(bad.name):
            raise OSError(number, os.strerror(number), os.fspath(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", fail)


def failing_to_read(monkeypatch: pytest.MonkeyPatch, bad: Path) -> None:
    """Let reading a file fail, as on a bad disk or a lost network drive."""
    inode = bad.stat().st_ino
    real = os.read

    def fail(descriptor: int, length: int) -> bytes:
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, length)

    monkeypatch.setattr(os, "read", fail)


def deleting(monkeypatch: pytest.MonkeyPatch, bad: Path) -> None:
    """Let a file be deleted by someone else in the moment before it is opened."""
    real = os.open

    def delete(path: Any, *rest: Any, **more: Any) -> int:
        if os.fspath(path).endswith(bad.name):
            bad.unlink(missing_ok=True)
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", delete)


Refusal = Callable[[pytest.MonkeyPatch, Path], None]

every_refusal = pytest.mark.parametrize(
    ("refuse", "why"),
    [
        (lambda monkeypatch, bad: refusing(monkeypatch, bad, errno.EACCES), "permission denied"),
        (lambda monkeypatch, bad: refusing(monkeypatch, bad, errno.EIO), "input/output error"),
        (lambda monkeypatch, bad: refusing(monkeypatch, bad, errno.EMFILE), "too many open files"),
        (failing_to_read, "input/output error"),
        (deleting, "no such file or directory"),
    ],
    ids=["forbidden", "bad disk on opening", "too many files", "bad disk on reading", "deleted"],
)


@every_refusal
def test_validate_gives_a_file_that_is_refused_one_finding(
    refuse: Refusal, why: str, corpus: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.write_bytes(canonical(SOUND))
    refuse(monkeypatch, bad)

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.code == 1
    assert findings(ran) == [("unreadable", BAD), ("unreachable", EDITED)]
    assert ran.json["findings"][0]["message"] == f"cannot be read: {why}"


@every_refusal
def test_ls_names_a_file_that_is_refused(
    refuse: Refusal, why: str, corpus: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.write_bytes(canonical(SOUND))
    refuse(monkeypatch, bad)

    ran = run_here("ls", corpus, "--format", "paths")

    assert (ran.code, len(ran.lines)) == (1, 3)
    (line,) = ran.errors
    assert line.startswith(f"recctl: {bad}: {why}")


@every_refusal
def test_assemble_names_a_file_that_is_refused(
    refuse: Refusal, why: str, corpus: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.write_bytes(canonical(SOUND))
    refuse(monkeypatch, bad)

    ran = run_here("assemble", corpus)

    assert (ran.code, len(ran.lines)) == (1, 3)
    assert ran.errors == [f"recctl: {bad}: {why}; see: recctl validate"]


@every_refusal
def test_show_names_a_file_that_is_refused(
    refuse: Refusal, why: str, corpus: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.write_bytes(canonical(SOUND))
    refuse(monkeypatch, bad)

    ran = run_here("show", BAD, corpus)

    assert (ran.code, ran.stdout, ran.errors) == (1, "", [f"recctl: {bad}: {why}"])


@pytest.mark.parametrize("command", ["validate", "ls"])
def test_a_folder_that_cannot_be_listed_is_named_and_the_rest_examined(
    command: str, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = corpus / "tests" / "locked"
    locked.mkdir()
    real = os.scandir

    def refuse(path: Any = ".") -> Any:
        if os.fspath(path) == str(locked):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(locked))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)

    ran = run_here(command, corpus, "--format", "json")

    assert ran.code == 1
    assert (ran.stdout + ran.stderr).count("permission denied") == 1
    if command == "validate":
        assert findings(ran) == [("unreachable", EDITED), ("unreadable", "locked")]
        assert ran.json["summary"]["recordings"] == 3
    else:
        assert len(ran.json["recordings"]) == 3


def test_a_folder_that_cannot_be_listed_is_told_when_nothing_else_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()

    def refuse(path: Any = ".") -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))

    monkeypatch.setattr(os, "scandir", refuse)

    ran = run_here("validate", locked)

    assert ran.code == 1
    assert "permission denied" in ran.stdout


# Huge files


def test_a_valid_file_of_50_mb_is_oversized_and_nothing_else(huge: Path) -> None:
    ran = run("validate", huge, "--format", "json")

    assert ran.code == 1
    assert [one["name"] for one in ran.json["findings"]] == ["oversized"]


def test_a_valid_file_of_50_mb_is_listed(huge: Path) -> None:
    ran = run_here("ls", huge, "--format", "jsonl")

    assert (ran.code, ran.stderr) == (0, "")
    assert ran.json["size"] > 50_000_000


def test_a_valid_file_of_50_mb_is_shown(huge: Path) -> None:
    (path,) = huge.rglob("*.json")

    ran = run_here("show", path, "--part", "response")

    assert (ran.code, ran.stderr) == (0, "")
    assert len(ran.raw) > 50_000_000


def test_a_file_of_50_mb_that_is_cut_off_is_found_so(huge: Path, corpus: Path) -> None:
    (path,) = huge.rglob("*.json")
    cut = corpus / FOLDER / BAD
    cut.write_bytes(path.read_bytes()[: 50 * 1024 * 1024])

    ran = run_here("validate", corpus, "--format", "json")
    cut.unlink()

    assert ran.code == 1
    assert findings(ran) == [("oversized", BAD), ("invalid-json", BAD), ("unreachable", EDITED)]


def test_a_file_that_is_too_large_is_not_read(
    corpus: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.touch()
    os.truncate(bad, 513 * 1024 * 1024)  # a hole: takes no room

    ran = run_here("validate", corpus, "--format", "json")

    assert findings(ran) == [("unreadable", BAD), ("unreachable", EDITED)]
    assert "larger than 512 MiB" in ran.json["findings"][0]["message"]


# Small files that could keep it busy for hours. The limit is no measure of speed: what grows with
# the square of a file's length does not end within it.


SLOW_TEXTS = {
    "keys that stand twice": (
        '{"request": {'
        + ", ".join(f'"k{n}": 1, "k{n}": 2' for n in range(8_000))
        + '}, "response": {}}'
    ),
    "numbers that are none": (
        '{"request": {}, "response": {"body": [' + ", ".join(["NaN"] * 20_000) + "]}}"
    ),
}


@pytest.mark.parametrize("text", SLOW_TEXTS.values(), ids=SLOW_TEXTS.keys())
def test_a_small_file_full_of_flaws_is_soon_done_with(text: str, corpus: Path, bad: Path) -> None:
    bad.write_text(text)

    assert run("validate", corpus, timeout=30).code == 1


def test_a_stream_of_many_calls_is_soon_assembled() -> None:
    deltas = [
        {"tool_calls": [{"id": f"call_{n}", "function": {"name": "log", "arguments": "{}"}}]}
        for n in range(40_000)
    ]
    body = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    document = {"request": chat_request("Fog?"), "response": {"body": body, "is_streaming": True}}

    ran = run("show", "-", stdin=canonical(document), timeout=30)

    assert ran.code == 0
    assert "[call_39999]" in ran.stdout


def test_a_glob_of_many_stars_is_soon_done_with(tmp_path: Path) -> None:
    write(tmp_path, "recordings", recording(chat_request("a" * 4_000), chat_answer("")))

    ran = run("ls", "--where", "request.body.*.*.content=*a*a*a*a*a*b", cwd=tmp_path, timeout=30)

    assert ran.code == 1


# Recordings that hold what no recorder writes


def deep(levels: int) -> Any:
    """Lists in lists, so many."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def with_value(pointer: str, value: Any) -> bytes:
    """A recording with another value at a pointer."""
    _, document = recording(chat_request("Fog?"), chat_answer("No."))
    *parts, last = pointer.split("/")[1:]
    place: Any = document
    for part in parts:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return canonical(document)


DATA = "/response/body/__data__"

ODD = [
    ("/request/endpoint", ["/v1/models"]),
    ("/request/endpoint", {"": None}),
    ("/request/url", "http://[fog"),
    ("/request/url", 7),
    ("/request/method", None),
    ("/request/model", ["gpt"]),
    ("/request/body", [1, 2]),
    ("/request/body", None),
    ("/request/body/messages", {"role": "user"}),
    ("/request/body/messages", [[[]], None, 7]),
    ("/request/body/tools", [None, {"function": 3}]),
    ("/request/body/seed", float("nan")),
    ("/request/body/seed", 10**4_000),
    ("/request/test_id", ["t"]),
    ("/test_id", 7),
    ("/test_id", "::"),
    ("/request", []),
    ("/response", "fog"),
    ("/response/status", True),
    ("/response/is_streaming", "yes"),
    ("/response/body", [None, 7, "data: {"]),
    ("/response/body", {"__type__": "os.system", "__data__": "ls"}),
    (f"{DATA}/created", True),
    (f"{DATA}/created", float("inf")),
    (f"{DATA}/choices", {"0": {}}),
    (f"{DATA}/choices/0/index", True),
    (f"{DATA}/choices/0/index", -1),
    (f"{DATA}/choices/0/message", [7]),
    (f"{DATA}/choices/0/finish_reason", {"stop": 1}),
    (f"{DATA}/usage", [7]),
    (f"{DATA}/usage/prompt_tokens", 10**400),
    (f"{DATA}/usage/total_tokens", deep(180)),
    (f"{DATA}/choices/0/logprobs", {"content": deep(180)}),
    (f"{DATA}/choices/0/message/annotations", deep(180)),
    (f"{DATA}/usage/prompt_tokens", -1),
    (f"{DATA}/usage/prompt_tokens", 1.5),
    (f"{DATA}/usage/prompt_tokens", float("nan")),
]

CALLS: list[Any] = [
    *({}, [None], [{}]),
    [{"id": 7, "function": {"name": [], "arguments": {"a": 1}}}],
]

ODD += [
    (f"{DATA}/choices/0/logprobs", {"content": [{"token": "No", "logprob": value}]})
    for value in (10**400, 10**4_000, -(10**400), float("nan"), float("-inf"), True, "low", None)
]
ODD += [(f"{DATA}/choices/0/message/tool_calls", value) for value in CALLS]

every_oddity = pytest.mark.parametrize(
    ("pointer", "value"), ODD, ids=[f"{pointer}={str(value)[:12]}" for pointer, value in ODD]
)


@every_oddity
def test_validate_examines_an_odd_recording_and_the_rest(
    pointer: str, value: Any, corpus: Path, bad: Path
) -> None:
    bad.write_bytes(with_value(pointer, value))

    ran = run_here("validate", corpus, "--format", "json")

    assert ran.code == 1
    assert ("unreachable", EDITED) in findings(ran)


@every_oddity
def test_ls_and_dialects_take_an_odd_recording(
    pointer: str, value: Any, corpus: Path, bad: Path
) -> None:
    bad.write_bytes(with_value(pointer, value))

    ran = run_here("ls", corpus, "--format", "json")

    assert (ran.code, len(ran.json["recordings"])) == (0, 4)
    assert schema.explain("listing", ran.json) is None
    assert run_here("dialects", corpus).code == 0


@every_oddity
def test_show_prints_an_odd_recording(pointer: str, value: Any, corpus: Path, bad: Path) -> None:
    bad.write_bytes(with_value(pointer, value))

    for form in ("text", "markdown", "json"):
        assert run_here("show", bad, "--format", form).code == 0


@every_oddity
def test_show_of_an_odd_recording_as_json_fits_its_schema(
    pointer: str, value: Any, corpus: Path, bad: Path
) -> None:
    bad.write_bytes(with_value(pointer, value))

    sheet = run_here("show", bad, "--format", "json").json

    assert schema.explain("sheet", sheet) is None


@every_oddity
def test_assemble_of_an_odd_recording_fits_its_schema(
    pointer: str, value: Any, corpus: Path, bad: Path
) -> None:
    bad.write_bytes(with_value(pointer, value))

    ran = run_here("assemble", bad, "--format", "json")

    assert ran.code == 0
    assert schema.explain("assembly", ran.json) is None


@every_oddity
def test_hash_of_an_odd_recording_is_a_hash_or_one_line(
    pointer: str, value: Any, corpus: Path, bad: Path
) -> None:
    bad.write_bytes(with_value(pointer, value))

    ran = run_here("hash", bad)

    assert (ran.code, len(ran.lines), len(ran.errors)) in ((0, 6, 0), (1, 0, 1))


@settings(deadline=None, max_examples=150)
@given(
    mutated(
        recording(
            chat_request([user("Tide?"), assistant_call("c", "tide", "{}")], stream=True),
            tool_call_stream("tide", ["{", "}"], call_id="d"),
        )[1],
        json_values(),
    )
)
def test_no_damage_to_a_recording_makes_show_or_assemble_raise(document: Any) -> None:
    if Recording.is_interaction(document):
        made = sheet("-", Recording("fog.json", document, 7), published())
        for view in (render.View(), render.View(reasoning=True), render.View(chunks=True)):
            "".join(line.plain for line in render.as_text(made, view)).encode("utf-8")
            render.as_markdown(made, view).encode("utf-8")
            render.as_json(made, view).encode("ascii")
        answer = read(Recording("fog.json", document, 7).response)
        whole = Assembly("-", None, answer.object, answer.transcript)
        assert json.loads(assembly.as_line(whole)) == json.loads(assembly.as_json(whole))


# Paths


@needs_posix
def test_a_working_directory_that_is_gone_is_told_in_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    for command in (["validate"], ["ls"], ["show", "abcd"], ["assemble"]):
        done = subprocess.run(
            ["sh", "-c", 'mkdir -p "$0" && cd "$0" && rmdir "$0" && exec "$@"', gone,
             *COMMAND, *command],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

        ran = Ran(done.returncode, done.stdout.encode(), done.stderr)
        assert ran.code in (1, 2)
        assert len(ran.errors) == 1
        assert "internal error" not in ran.stderr


def test_a_missing_path_is_told_in_one_line_and_the_others_are_checked(corpus: Path) -> None:
    ran = run_here("validate", "lost-at-sea", corpus, "--format", "json")

    assert ran.code == 2
    assert findings(ran) == [("unreachable", EDITED)]
    assert ran.errors[0] == "recctl: lost-at-sea: no such file or folder"
    assert sum("lost-at-sea" in line for line in ran.errors) == 1


def test_ls_tells_of_a_missing_path_and_lists_the_others(corpus: Path) -> None:
    ran = run_here("ls", corpus, "lost-at-sea", "--format", "paths")

    assert (ran.code, len(ran.lines)) == (2, 3)
    assert ran.errors == ["recctl: lost-at-sea: no such file or folder"]


def test_show_tells_of_a_missing_path_and_looks_in_the_others(corpus: Path) -> None:
    ran = run_here("show", SOUND_NAME[:12], "lost-at-sea", corpus)

    assert ran.code == 2
    assert "It is." in ran.stdout
    assert ran.errors == ["recctl: lost-at-sea: no such file or folder"]


@pytest.mark.parametrize("command", ["validate", "ls", "assemble", "dialects"])
def test_only_missing_paths_are_one_line_each(command: str, tmp_path: Path) -> None:
    ran = run_here(command, "lost-at-sea", cwd=tmp_path)

    assert ran.code == 2
    assert sum("lost-at-sea" in line for line in ran.errors) == 1


@pytest.mark.parametrize("command", ["validate", "ls", "assemble", "dialects"])
def test_a_folder_without_recordings_is_an_error_that_says_where(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "pier").mkdir()

    ran = run_here(command, "pier", cwd=tmp_path)

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert "no recordings below pier" in line


def test_an_empty_path_is_a_missing_one(tmp_path: Path) -> None:
    ran = run_here("validate", "", cwd=tmp_path)

    assert ran.code == 2
    assert "no such file" in ran.errors[0]


def test_a_path_longer_than_the_system_allows_is_a_missing_one(tmp_path: Path) -> None:
    ran = run_here("show", "deep/" * 5_000 + "x.json", cwd=tmp_path)

    assert ran.code in (1, 2)
    assert len(ran.errors) == 1


def test_show_of_a_folder_says_that_it_is_one(corpus: Path) -> None:
    ran = run_here("show", f"tests{os.sep}integration", cwd=corpus)

    assert ran.code in (1, 2)
    (line,) = ran.errors
    assert "folder" in line
    assert "no such file" not in line


# Names


HOSTILE_NAMES = {
    "a line feed": b"fog\nhorn.json",
    "a terminal escape": b"fog\x1b[31m\x07horn.json",
    "bytes that are not UTF-8": b"fog-\xff\xfe.json",
    "a carriage return": b"fog\rhorn.json",
    "a reversal of direction": "fog\u202enosj.json".encode(),
}

every_name = pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())


def hostile(corpus: Path, name: bytes) -> Path:
    path = corpus / FOLDER / os.fsdecode(name)
    path.write_bytes(canonical(SOUND))
    return path


def assert_plain(ran: Ran) -> None:
    """Nothing but line feeds acts on a terminal."""
    printed = ran.stdout + ran.stderr
    assert not [one for one in printed if one != "\n" and not one.isprintable()], printed


@needs_posix
@every_name
def test_validate_prints_such_a_name_on_one_line(name: bytes, corpus: Path) -> None:
    hostile(corpus, name)

    ran = run_here("validate", corpus, "--format", "concise")

    assert ran.code == 1
    assert len(ran.lines) == 2
    assert_plain(ran)


@needs_posix
@every_name
def test_validate_in_json_keeps_such_a_name(name: bytes, corpus: Path) -> None:
    path = hostile(corpus, name)

    ran = run_here("validate", corpus, "--format", "json")

    assert ("bad-name", path.name) in findings(ran)


@needs_posix
@every_name
def test_ls_as_a_table_has_one_line_for_such_a_name(name: bytes, corpus: Path) -> None:
    hostile(corpus, name)

    ran = run_here("ls", corpus)

    assert (ran.code, len(ran.lines)) == (0, 5)
    assert_plain(ran)


@needs_posix
@every_name
def test_ls_gives_programs_the_very_bytes_of_such_a_name(name: bytes, corpus: Path) -> None:
    path = hostile(corpus, name)

    ran = run_here("ls", corpus, "--format", "paths", "-0")

    assert os.fsencode(path) in ran.raw.split(b"\0")


@needs_posix
@every_name
def test_show_prints_such_a_name_on_one_line(name: bytes, corpus: Path) -> None:
    path = hostile(corpus, name)

    ran = run("show", path)

    assert ran.code == 0
    assert_plain(ran)


@needs_posix
@every_name
def test_errors_print_such_a_name_on_one_line(name: bytes, corpus: Path) -> None:
    hostile(corpus, name).write_bytes(b"{")

    for command in (("ls", corpus), ("show", corpus / FOLDER / os.fsdecode(name))):
        ran = run_here(*command)
        assert len(ran.errors) == 1
        assert_plain(ran)


@needs_posix
@every_name
def test_a_missing_path_of_such_a_name_is_told_on_one_line(name: bytes, tmp_path: Path) -> None:
    for command in ("validate", "ls", "show", "hash"):
        ran = run_here(command, os.fsdecode(b"pier/" + name), cwd=tmp_path)
        told = [line for line in ran.errors if "fog" in line]
        assert len(told) == 1
        assert_plain(ran)


@needs_posix
@every_name
def test_a_stray_of_such_a_name_is_told_on_one_line(name: bytes, corpus: Path) -> None:
    (corpus / FOLDER / os.fsdecode(name + b".txt")).touch()

    ran = run_here("validate", corpus)

    assert sum("left alone" in line for line in ran.errors) == 1
    assert_plain(ran)


# References


def test_a_prefix_of_two_recordings_lists_both(corpus: Path) -> None:
    other = "f" * 63 + "0.json"
    (corpus / FOLDER / other).write_bytes(canonical(SOUND))

    ran = run_here("show", "ffff", corpus)

    assert (ran.code, ran.stdout) == (2, "")
    assert "ambiguous" in ran.errors[0]
    assert ran.errors[1:] == [f"  {corpus / FOLDER / name}" for name in (other, EDITED)]


def test_a_prefix_of_none_says_how_many_were_looked_at(corpus: Path) -> None:
    ran = run_here("show", "0123abcd", corpus)

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert "'0123abcd' among 3" in line


@pytest.mark.parametrize("reference", ["fff", "f", "xyzw", "../..", "", "f" * 65, "rec-ff"])
def test_what_is_no_reference_is_told_in_one_line(reference: str, corpus: Path) -> None:
    ran = run_here("show", reference, corpus)

    assert ran.code in (1, 2)
    assert ran.stdout == ""
    assert len(ran.errors) == 1


def test_a_short_prefix_says_how_many_digits_it_takes(corpus: Path) -> None:
    ran = run_here("show", "fff", corpus)

    assert ran.code == 2
    assert "4" in ran.errors[0]


def test_a_prefix_in_upper_case_finds_the_recording(corpus: Path) -> None:
    ran = run_here("show", "FFFFFFFF", corpus)

    assert ran.code == 0
    assert EDITED in ran.stdout


# Standard input


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\n", b"ahoy", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a": 1}'],
    ids=["nothing", "blank", "words", "cut off", "list", "null", "not UTF-8", "deep", "other"],
)
@pytest.mark.parametrize("command", ["show", "hash"])
def test_garbage_on_stdin_is_told_in_one_line(command: str, garbage: bytes) -> None:
    ran = run_here(command, "-", stdin=garbage)

    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert line.startswith("recctl: standard input")


@needs_posix
def test_a_closed_stdin_is_told_in_one_line() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *COMMAND, "show", "-"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    ran = Ran(done.returncode, done.stdout.encode(), done.stderr)
    assert ran.code in (1, 2)
    assert len(ran.errors) == 1
    assert "standard input" in ran.stderr


# The command line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["validate", "--format", "xml"], "'text', 'concise', 'json'"),
        (["ls", "--format", "xml"], "'jsonl'"),
        (["show", "abcd", "--format", "xml"], "'markdown'"),
        (["show", "abcd", "--part", "middle"], "'request', 'response', 'all'"),
        (["ls", "--kind", "letter"], "'inference'"),
        (["validate", "--color", "blue"], "'auto', 'always', 'never'"),
        (["validate", "--fromat", "json"], "--format"),
        (["ls", "--tset", "x"], "--test"),
        (["show"], "REF"),
        (["hash"], "FILE"),
        (["ls", "--where"], "--where"),
        (["ls", "--where", "model"], "KEY=GLOB"),
        (["ls", "--where", "=x"], "KEY=GLOB"),
        (["rule", "stael"], "stale"),
        (["rule", "a", "b"], "b"),
        (["schema", "recordnig"], "recording"),
        (["hash", "-", "--dialect", "ogx-2026-04-90"], "did you mean ogx-2026-04-09"),
        (["show", "-", "--raw", "--format", "json"], "--raw"),
        (["vaildate"], "validate"),
        (["shwo"], "show"),
        (["prune"], "prune"),
        (["--verison"], "--version"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line_that_helps(arguments: list[str], told: str) -> None:
    ran = run_here(*arguments)

    assert (ran.code, ran.stdout) == (2, "")
    (line,) = ran.errors
    assert line.startswith("recctl: ")
    assert told in line


@pytest.mark.parametrize("word", ["vaildate", "lss", "dialect"])
def test_an_unknown_command_has_a_did_you_mean(word: str) -> None:
    ran = run_here(word)

    assert "did you mean" in ran.stderr.lower()


def test_messages_on_the_command_line_are_those_of_people() -> None:
    for arguments in (["vaildate"], ["ls", "--format", "xml"], ["ls", "--fromat", "csv"]):
        ran = run_here(*arguments)
        assert "Value error" not in ran.stderr
        assert "?;" not in ran.stderr


def test_hostile_words_on_the_command_line_are_made_harmless() -> None:
    word = "\x1b]0;fog\x07\u202e"
    for arguments in (
        [word],
        ["show", word],
        ["rule", word],
        ["ls", "--where", word],
        ["schema", word],
    ):
        assert_plain(run_here(*arguments))


# Output that goes nowhere, and interruption


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A corpus whose list does not fit into a pipe."""
    for number in range(500):
        request = tool_request("tide_table", {"day": number})
        write(tmp_path, FOLDER, recording(request, tool_result("06:41"), test_id=TEST * 3))
    return tmp_path


@needs_posix
@pytest.mark.parametrize("form", ["table", "jsonl", "json", "csv", "paths"])
def test_a_reader_that_goes_away_ends_ls_without_noise(form: str, many: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "ls", many, "--format", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        noise = process.stderr.read()

    assert first
    assert noise == b""
    assert process.returncode in (141, -signal.SIGPIPE)


@needs_posix
@pytest.mark.parametrize(
    "arguments",
    [["validate"], ["show", EDITED[:8]], ["show", EDITED[:8], "--raw"], ["ls"], ["dialects"],
     ["assemble"], ["assemble", EDITED[:8], "--format", "json"]],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_was_never_there_ends_every_command_without_noise(
    arguments: list[str], corpus: Path
) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    done = subprocess.run(
        [*COMMAND, *arguments, corpus],
        stdout=ours,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    os.close(ours)

    assert b"rror" not in done.stderr
    assert b"Exception" not in done.stderr
    assert done.returncode in (141, -signal.SIGPIPE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line(corpus: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "ls", corpus],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )

    ran = Ran(done.returncode, b"", done.stderr.decode())
    assert ran.code == 2
    (line,) = ran.errors
    assert "no space left" in line.lower()
    assert "internal error" not in line


@needs_posix
@pytest.mark.parametrize("closed", [">&-", "2>&-"], ids=["stdout", "stderr"])
def test_a_closed_stream_is_no_traceback(closed: str, corpus: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *COMMAND, "validate", corpus],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    ran = Ran(done.returncode, done.stdout.encode(), done.stderr)
    assert ran.code in (1, 2, 141)


# A shell that starts jobs in the background has them ignore interrupts; hence the first line each.

INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from recctl.cli import main
real, seen = os.open, 0
def interrupting(*arguments, **more):
    global seen
    seen += str(arguments[0]).endswith(".json")
    if seen == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return real(*arguments, **more)
os.open = interrupting
sys.argv[0] = "recctl"
main()
"""


@needs_posix
@pytest.mark.parametrize("command", ["validate", "ls", "assemble", "dialects"])
def test_an_interrupt_ends_in_130_without_noise(command: str, corpus: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, command, corpus],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    ran = Ran(done.returncode, done.stdout.encode(), done.stderr)
    assert ran.code == 130
    assert "rror" not in ran.stderr
    assert len(ran.errors) <= 1


@needs_posix
def test_an_interrupt_while_stdin_is_read_ends_in_130() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()

    assert "Traceback" not in told
    assert process.returncode == 130


WAITING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from recctl.cli import main
class Waiting:
    def read(self):
        print("reading", flush=True)
        return real.read()
real = sys.stdin.buffer
sys.stdin = type("Stdin", (), {"buffer": Waiting()})()
sys.argv = ["recctl", "show", "-"]
main()
"""
