"""The bar that shows how far long work is."""

import io
from contextlib import suppress
from pathlib import Path

import pytest

from recctl.cli import progress
from recctl.cli.progress import Bar, watched
from recctl.corpus import Entry
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import run_here


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch, patience: float = 0) -> Terminal:
    """The terminal that stderr is from now on; to be called in the test, as pytest has its own."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    return made


def test_what_is_quick_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch, patience=60)
    with Bar() as bar:
        for done in range(5):
            bar.show(done, 5)

    assert terminal.getvalue() == ""


def test_what_takes_long_shows_how_far_it_is_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = terminal_of(monkeypatch)
    with Bar() as bar:
        bar.show(3, 5)

    assert "3/5" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")  # the line is gone
    assert "\x1b[?25h" in terminal.getvalue()  # and the cursor back


def test_the_cursor_is_back_after_an_interruption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = terminal_of(monkeypatch)
    with suppress(KeyboardInterrupt), Bar() as bar:
        bar.show(3, 5)
        raise KeyboardInterrupt

    assert "\x1b[?25h" in terminal.getvalue()


def test_nothing_is_shown_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    with Bar() as bar:
        bar.show(3, 5)

    assert capsys.readouterr().err == ""


def test_entries_show_how_many_were_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = terminal_of(monkeypatch)
    entries = tuple(Entry(Path(f"{number}.json")) for number in range(7))
    with watched(entries) as some:
        assert tuple(some) == entries
        assert (len(some), some[2]) == (7, entries[2])

    assert "/7" in terminal.getvalue()


def test_no_bar_is_in_what_a_pipe_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    write(tmp_path, folder_of(TEST), recording(chat_request("Fog?"), chat_answer("No.")))

    ran = run_here("validate", cwd=tmp_path)

    assert (ran.code, ran.raw, len(ran.errors)) == (0, b"", 1)
