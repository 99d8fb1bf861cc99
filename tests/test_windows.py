"""What Windows does otherwise, as far as it can be told elsewhere: each test acts one trait out."""

import io
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recctl import cli, files, plan
from recctl.cli import traced
from recctl.plan import disk
from recctl.plan.disk import Disk, LinkInTheWayError
from tests.build import chat_answer, chat_request, recording, write
from tests.cli import ROOT, environment


class Held:
    """An act that is refused so often, as another program has the file open."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.times:
            raise PermissionError(13, "Permission denied")
        return "done"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds slept, none of them for real."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ON_WINDOWS", True)


@pytest.mark.usefixtures("windows")
def test_what_a_scanner_has_open_is_tried_again(waits: list[float]) -> None:
    assert files.patiently(Held(3)) == "done"
    assert waits == [0.01, 0.02, 0.05]


@pytest.mark.usefixtures("windows")
def test_patience_ends_within_a_second(waits: list[float]) -> None:
    with pytest.raises(PermissionError):
        files.patiently(Held(100))
    assert 0.5 < sum(waits) < 1


def test_elsewhere_a_refusal_is_final(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ON_WINDOWS", False)
    act = Held(1)

    with pytest.raises(PermissionError):
        files.patiently(act)
    assert (act.tries, waits) == (1, [])


@pytest.mark.usefixtures("windows")
def test_a_file_is_written_once_its_reader_lets_go(
    tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, held = Path.replace, Held(2)
    monkeypatch.setattr(Path, "replace", lambda self, to: held() and replace(self, to))
    (tmp_path / "plan.json").write_bytes(b"old")

    files.write(tmp_path / "plan.json", b"new")

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"plan.json": b"new"}
    assert len(waits) == 2


@pytest.mark.usefixtures("windows", "waits")
def test_an_interrupted_write_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, held = Disk._do, Held(1)

    def half(self: Disk, operation: str, path: str, do: Any) -> Any:
        done = act(self, operation, path, do)
        if operation == "write":
            held()
        return done

    monkeypatch.setattr(Disk, "_do", half)

    Disk(tmp_path).write("a.json", b"{}")

    assert held.tries == 2
    assert (tmp_path / "a.json").read_bytes() == b"{}"


def test_a_link_is_not_read_where_the_system_would_follow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_NO_LINK", 0)
    monkeypatch.setattr(disk, "_BY_FOLDER", False)
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / "b.json").symlink_to("a.json")

    assert Disk(tmp_path).read("a.json")[0] == b"{}"
    with pytest.raises(LinkInTheWayError, match="a link, no file"):
        Disk(tmp_path).read("b.json")


@pytest.mark.parametrize(
    ("tag", "is_link"),
    [
        pytest.param(0xA0000003, True, id="junction"),
        pytest.param(0xA000000C, True, id="symbolic link"),
        pytest.param(0x9000001A, False, id="file in a cloud"),
        pytest.param(0x80000013, False, id="file stored once for several"),
        pytest.param(0, False, id="plain"),
    ],
)
def test_only_what_stands_for_another_path_is_a_link(
    tag: int, is_link: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = SimpleNamespace(st_mode=stat.S_IFDIR | 0o777, st_reparse_tag=tag)
    monkeypatch.setattr(os, "lstat", lambda _: status)

    assert disk.is_link("recordings") is is_link


def recorded(root: Path) -> tuple[Path, plan.Plan]:
    """A recording, and a plan to remove it."""
    path = write(root, "recordings", recording(chat_request("Fog?"), chat_answer("Yes.")))
    name = path.relative_to(root).as_posix()
    state = plan.State.of(path.read_bytes())
    return path, plan.Plan("test", root, (plan.Remove(name, state),))


@pytest.mark.usefixtures("windows")
def test_a_file_that_is_marked_read_only_is_refused_before_anything_changes(
    tmp_path: Path,
) -> None:
    path, removal = recorded(tmp_path)
    path.chmod(0o444)

    with pytest.raises(plan.RefusedError, match="marked read-only"):
        plan.execute(removal)
    assert path.exists()


@pytest.mark.usefixtures("windows", "waits")
def test_nothing_is_left_of_a_refused_first_change_where_an_open_lock_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, removal = recorded(tmp_path)
    path.write_bytes(b"{}")
    opened = set[int]()
    close, act = os.close, Disk._do

    def refusing(self: Disk, operation: str, path: str, do: Any) -> Any:
        if operation == "lock":
            opened.add(descriptor := act(self, operation, path, do))
            return descriptor
        if operation == "remove" and path.endswith("/lock") and opened:
            raise PermissionError(13, "Permission denied")
        return act(self, operation, path, do)

    def closing(descriptor: int) -> None:
        opened.discard(descriptor)
        close(descriptor)

    monkeypatch.setattr(Disk, "_do", refusing)
    monkeypatch.setattr(os, "close", closing)

    with pytest.raises(plan.RefusedError, match="changed since"):
        plan.execute(removal)
    assert not (tmp_path / ".recctl").exists()


def test_a_pipe_gets_utf_8_and_plain_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
    monkeypatch.setattr(cli, "ON_WINDOWS", True)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    monkeypatch.setattr(sys, "stdout", stream)

    cli._prepare_streams()
    stream.write("a → b │\n")
    stream.flush()

    assert raw.getvalue() == "a → b │\n".encode()


def test_an_encoding_that_was_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    monkeypatch.setattr(cli, "ON_WINDOWS", True)
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    monkeypatch.setattr(sys, "stdout", stream)

    cli._prepare_streams()
    stream.write("é →")
    stream.flush()

    assert raw.getvalue() == b"\xe9 \\u2192"


def test_who_writes_for_nobody_ends_quietly_where_no_signal_ends_it() -> None:
    program = (
        "import signal, sys\n"
        "if hasattr(signal, 'SIGPIPE'): del signal.SIGPIPE\n"
        "sys.argv = ['recctl', 'schema', 'recording']\n"
        "from recctl.cli import main\n"
        "main()"
    )
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, b"")


def test_what_windows_says_of_a_closed_pipe_is_no_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = OSError(22, "Invalid argument")

    monkeypatch.setattr(cli, "ON_WINDOWS", False)
    assert not cli._is_of_closed_pipe(error)
    monkeypatch.setattr(cli, "ON_WINDOWS", True)
    assert cli._is_of_closed_pipe(error)
    assert not cli._is_of_closed_pipe(OSError(22, "Invalid argument", "con:.json"))


def test_an_interrupt_of_a_console_is_not_sent_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "tcgetpgrp", raising=False)

    assert traced._comes_from_terminal(signal.SIGINT)
    assert not traced._comes_from_terminal(signal.SIGTERM)


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    "name",
    [
        *("a:b.json", "a\\b.json", "what?.json", "star*.json", "bell\a.json", 'quote".json'),
        *("NUL", "con.json", "Aux/a.json", "com1.tar.gz", "lpt² .json", "CONOUT$"),
        *("end.", "end ", "folder./a.json"),
    ],
)
def test_no_plan_takes_a_name_that_windows_understands_otherwise(name: str) -> None:
    removal = plan.Remove(name, plan.State.of(b"{}"))

    with pytest.raises(plan.RefusedError, match="no file can have that name"):
        plan.of("test", Path("/corpus"), [removal])


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("name", ["console.json", "a.nul.json", "com10", "lpt/.a", "com.json"])
def test_names_like_those_of_devices_are_names(name: str) -> None:
    removal = plan.Remove(name, plan.State.of(b"{}"))

    assert plan.of("test", Path("/corpus"), [removal]).actions == (removal,)
