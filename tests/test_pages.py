"""What runs the pages of the documentation notices what is not true on them."""

import subprocess
from pathlib import Path

import pytest

from tests.cli import needs_posix
from tests.pages import blocks_of, page_as_it_runs

pytestmark = needs_posix


def page(*lines: str) -> str:
    return "\n".join(["# A page", "", *lines, ""])


def console(*lines: str) -> str:
    return page("```console", *lines, "```")


def test_a_true_page_stays_as_it_is(tmp_path: Path) -> None:
    true = console("$ echo fog", "fog", "$ ls examples/clean", "tests")
    assert page_as_it_runs(true, tmp_path) == true


def test_what_is_not_true_is_put_right(tmp_path: Path) -> None:
    assert page_as_it_runs(console("$ echo fog", "rain"), tmp_path) == console("$ echo fog", "fog")


def test_all_blocks_are_one_shell(tmp_path: Path) -> None:
    first, last = console("$ cd examples", "$ LAMP=lit"), console("$ echo $LAMP && ls", "?")
    assert "\nlit\nbroken\nclean\n" in page_as_it_runs(first + last, tmp_path)


def test_a_bad_end_is_told(tmp_path: Path) -> None:
    true = console("$ false", "[exit code 1]", "$ cat sea", "cat: sea: No such file or directory")
    assert page_as_it_runs(true, tmp_path) == true.replace("ory\n", "ory\n[exit code 1]\n")


def test_a_command_goes_on_over_lines(tmp_path: Path) -> None:
    true = console("$ cat << END", "> fog", ">", "> rain", "> END", "fog", "", "rain")
    assert page_as_it_runs(true, tmp_path) == true


def test_what_prepares_a_page_is_run_and_not_shown(tmp_path: Path) -> None:
    true = page("<!-- prepare", "echo rain && cd examples", "-->", "```console", "$ ls", "```")
    shown = page_as_it_runs(true, tmp_path)
    assert shown == true.replace("$ ls\n", "$ ls\nbroken\nclean\ngithub-actions\n")


def test_a_preparation_may_not_fail(tmp_path: Path) -> None:
    failing = page("<!-- prepare", "cat sea", "-->")
    with pytest.raises(AssertionError, match="a preparation fails: cat sea"):
        page_as_it_runs(failing, tmp_path)


@pytest.mark.parametrize("said", ["Traceback", "recctl: internal error: x", "$PWD", "'```'"])
def test_nothing_is_shown_that_no_reader_should_see(said: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no reader may be shown this"):
        page_as_it_runs(console(f"$ echo {said}"), tmp_path)


def test_a_page_that_ends_the_shell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the shell ended early"):
        page_as_it_runs(console("$ exit", "$ echo fog"), tmp_path)


def test_a_block_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="must begin with a command"):
        blocks_of(console("fog", "$ echo fog"))


def test_commits_are_the_same_in_every_run(tmp_path: Path) -> None:
    asked = console("$ git commit -q --allow-empty -m Fog", "$ git rev-parse HEAD")
    runs = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        runs.append(page_as_it_runs(asked, tmp_path / name))
    assert runs[0] == runs[1]


def test_nothing_of_the_callers_settings_has_a_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECCTL_SELECT", "stale")
    monkeypatch.setenv("HOME", "/nowhere")
    true = console("$ echo ${RECCTL_SELECT-none}", "none", "$ test -w $HOME", "$ git status -s")
    assert page_as_it_runs(true, tmp_path) == true


def test_the_checkout_is_not_touched(tmp_path: Path) -> None:
    page_as_it_runs(console("$ rm -r examples"), tmp_path)
    listed = subprocess.run(["ls", "examples/clean"], check=True, capture_output=True, text=True)
    assert listed.stdout == "tests\n"
