"""Words are completed: by what recctl offers, and in real shells, where they are installed."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from select import select

import pytest

from recctl import schema
from recctl.cli import COMMANDS
from recctl.cli.completion import Shell
from recctl.dialects import published
from recctl.rules import TABLE
from tests.cli import ROOT, Ran, environment, run, run_here, snapshot

CLEAN = ROOT / "examples" / "clean"


def offered(*words: str, cwd: Path = CLEAN) -> list[str]:
    """The words that a shell is offered in place of the last one."""
    ran = run_here("--complete", *words, cwd=cwd)
    assert (ran.code, ran.stderr) == (0, "")
    return [line.partition("\t")[0] for line in ran.lines]


def test_every_command_is_offered_with_what_it_does() -> None:
    lines = run_here("--complete", "").lines
    assert dict(line.split("\t") for line in lines) == COMMANDS


def test_a_begun_command_is_completed() -> None:
    assert offered("re") == ["rehash", "restore"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_offered(command: str) -> None:
    told = run_here(command, "--help").stdout

    options = offered(command, "--")

    assert "--help" in options
    assert [one for one in options if one not in told] == []


def test_an_option_is_offered_once_unless_it_may_be_given_again() -> None:
    given = ("validate", "--info", "--select", "I302", "--")
    assert "--info" not in offered(*given)
    assert "--select" in offered(*given)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("validate", "--format", ""), "text concise json jsonl github sarif junit"),
        (("validate", "--format", "s"), "sarif"),
        (("validate", "--format=s"), "--format=sarif"),
        (("validate", "--format", "=", "s"), "sarif"),
        (("validate", "--format", "="), "text concise json jsonl github sarif junit"),
        (("validate", "--color", "al"), "always"),
        (("ls", "--kind", ""), "inference http tool file"),
        (("git", ""), "install status uninstall"),
        (("git", "install", "--p"), "--private"),
        (("stats", "--by", "test"), "test-file test"),
        (("rule", "I30"), "I301 I302 I303 I304 I305 I306 I307 I308"),
        (("rule", "unrea"), "unreadable unreachable"),
        (("validate", "--select", "I301,stal"), "I301,stale"),
        (("schema", "conf"), "config"),
        (("show", "8c"), "8c5441fa0fe8"),
        (("show", "8c5441fa0fe8e"), "8c5441fa0fe8e"),
        (("diff", "56a26e0b", "7c78"), "7c7832b05d48"),
        (("why", "8c"), "8c5441fa0fe8"),
        (("--install-completion", ""), "bash zsh fish"),
    ],
)
def test_values_are_completed(words: tuple[str, ...], expected: str) -> None:
    assert offered(*words) == expected.split()


def test_the_rules_the_dialects_and_the_schemas_are_all_offered() -> None:
    assert offered("rule", "") == [rule.name for rule in TABLE]
    assert offered("rehash", "--to", "") == [one.name for one in published().dialects]
    assert offered("schema", "") == list(schema.names())


def test_a_dialect_of_ones_own_is_offered(tmp_path: Path) -> None:
    (tmp_path / "recctl.toml").write_text('[dialects.mine]\nextends = "ogx-2026-04-09"\n')
    assert "mine" in offered("hash", "--dialect", "m", cwd=tmp_path)


def test_the_latest_change_is_offered_to_be_undone_first(tmp_path: Path) -> None:
    receipts = tmp_path / ".recctl" / "receipts"
    for one in ("20260101-120000-aaaaaa", "20260102-120000-bbbbbb"):
        (receipts / one).mkdir(parents=True)
        (receipts / one / "receipt.json").write_text("{}")

    assert offered("undo", "", cwd=tmp_path) == ["20260102-120000-bbbbbb", "20260101-120000-aaaaaa"]


@pytest.mark.parametrize(
    "words",
    [
        *(("show", ""), ("show", "8"), ("validate", ""), ("validate", "--output", "")),
        *(("query", ""), ("trace", "--", "py"), ("nonsense", ""), ("--version=",)),
        *(("validate", "--", "--"), ("git", "install", ""), ("rule", "I302", "")),
    ],
)
def test_where_nothing_is_known_the_shell_looks_for_files(words: tuple[str, ...]) -> None:
    assert offered(*words) == []


def test_a_word_that_begins_a_path_is_no_hash(tmp_path: Path) -> None:
    shutil.copytree(CLEAN, tmp_path / "8cats")
    assert offered("show", "8c", cwd=tmp_path) == []
    assert offered("show", "8c5", cwd=tmp_path) == ["8c5441fa0fe8"]


@pytest.mark.parametrize(
    "words", [(), ("",), ("-",), ("=",), ("--=",), ("validate", "--format", "\0")]
)
def test_odd_lines_are_answered_in_silence(words: tuple[str, ...]) -> None:
    offered(*words)


def test_a_broken_configuration_is_no_reason_to_speak(tmp_path: Path) -> None:
    (tmp_path / "recctl.toml").write_text("nonsense")
    assert offered("show", "8c", cwd=tmp_path) == []
    assert "ogx-2026-04-09" in offered("rehash", "--to", "", cwd=tmp_path)


@pytest.mark.parametrize(
    "name", ["\\$(touch x)", "`touch x`", "a;touch x", "'a", '"a', "a\nb", "a b", "*", "\x1b[2J"]
)
def test_no_name_of_a_tree_that_a_shell_could_obey_is_offered(name: str, tmp_path: Path) -> None:
    quoted = name.encode("unicode_escape").decode().replace("\\", "\\\\").replace('"', '\\"')
    (tmp_path / "recctl.toml").write_text(f'[dialects."{quoted}"]\nextends = "ogx-2026-04-09"\n')

    known = {one.name for one in published().dialects}

    assert set(offered("rehash", "--to", "", cwd=tmp_path)) == known


def test_nothing_is_written_to_the_tree(tmp_path: Path) -> None:
    tree = shutil.copytree(CLEAN, tmp_path / "clean")
    before = snapshot(tree)

    for words in (("",), ("show", "8c"), ("rehash", "--to", ""), ("undo", ""), ("validate", "--")):
        offered(*words, cwd=tree)

    assert snapshot(tree) == before


def test_neither_pydantic_nor_rich_is_loaded_while_one_waits() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['recctl', '--complete', 'validate', '--format', '']\n"
        "from recctl.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, check=True
    )
    loaded = set(done.stdout.decode().splitlines()[-1].split())
    assert loaded & {"pydantic", "rich", "jsonschema", "recctl.validate"} == set()


@pytest.mark.parametrize("shell", Shell)
def test_the_script_is_shown(shell: Shell) -> None:
    shown = run("--show-completion", shell.value).stdout

    assert shown == (ROOT / "recctl" / "cli" / "shells" / f"recctl.{shell}").read_text()
    assert run("--show-completion", env={"SHELL": f"/usr/bin/{shell}"}).stdout == shown


def test_a_shell_that_is_not_known_is_refused(tmp_path: Path) -> None:
    ran = run("--install-completion", "tcsh", env=environment(HOME=str(tmp_path)))

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.errors == ["recctl: tcsh: name one of bash, zsh, fish after the option"]
    assert list(tmp_path.iterdir()) == []


STARTUP = {
    Shell.BASH: (".bashrc", "PS1='ready> '\n"),
    Shell.ZSH: (".zshrc", "PROMPT='ready> '\n"),
    Shell.FISH: (".config/fish/config.fish", "function fish_prompt\n  echo -n 'ready> '\nend\n"),
}
"""The shell's own file, and what makes its prompt known."""

RUNNING = {
    Shell.BASH: ("bash", "--noprofile", "-i"),
    Shell.ZSH: ("zsh", "-i"),
    Shell.FISH: ("fish", "-i"),
}


@pytest.fixture(params=Shell)
def shell(request: pytest.FixtureRequest) -> Shell:
    shell: Shell = request.param
    if os.name != "posix":
        pytest.skip("needs a POSIX terminal")
    if shutil.which(shell.value) is None:
        pytest.skip(f"{shell} is not installed")
    return shell


def installed(shell: Shell, home: Path) -> Ran:
    return run("--install-completion", shell.value, env=shell_environment(home))


def shell_environment(home: Path) -> dict[str, str]:
    """A home of its own, and recctl on the path."""
    scripts = home / "bin"
    scripts.mkdir(exist_ok=True)
    script = scripts / "recctl"
    if not script.exists():
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m recctl "$@"\n')
        script.chmod(0o755)
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    return environment(HOME=str(home), PATH=path, TERM="dumb", PYTHONPATH=str(ROOT))


def test_what_stood_in_the_shells_own_file_stays(shell: Shell, tmp_path: Path) -> None:
    name, text = STARTUP[shell]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.rstrip("\n"))

    first, second = installed(shell, tmp_path), installed(shell, tmp_path)

    assert (first.code, second.code) == (0, 0)
    assert first.stdout == second.stdout
    lines = file.read_text().splitlines()
    assert lines[: text.count("\n")] == text.splitlines()
    assert len(lines) == text.count("\n") + (shell is not Shell.FISH)


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        pytest.param("recctl sche\tconfi\t\r", '"title": "The configuration', id="command, name"),
        pytest.param("recctl rule unreacha\t\r", "I302 unreachable", id="rule"),
        pytest.param("recctl show 8c5\t\r", "tide_table", id="hash"),
        pytest.param("recctl show --form\tmark\t8c5\t\r", "**tool (answers", id="option, value"),
        pytest.param("recctl show --format=mark\t8c5\t\r", "**tool (answers", id="value after ="),
        pytest.param("recctl validate a\\ fol\t\r", "13 recordings, no findings", id="folder"),
    ],
)
def test_a_line_is_completed_in_a_real_shell(
    shell: Shell, typed: str, printed: str, tmp_path: Path
) -> None:
    name, text = STARTUP[shell]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    installed(shell, tmp_path)
    shutil.copytree(CLEAN, tmp_path / "work" / "a folder")

    with Typist(RUNNING[shell], tmp_path / "work", shell_environment(tmp_path)) as typist:
        typist.wait_for("ready> ")
        typist.type(typed)
        typist.wait_for(printed)


AT_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Runs a command as one that a terminal has in hand: fish does not start otherwise."""


def test_commands_are_listed_before_a_letter_is_typed(shell: Shell, tmp_path: Path) -> None:
    name, text = STARTUP[shell]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    installed(shell, tmp_path)

    with Typist(RUNNING[shell], tmp_path, shell_environment(tmp_path)) as typist:
        typist.wait_for("ready> ")
        typist.type("recctl \t\t")
        typist.wait_for("validate")


class Typist:
    """Who types at a terminal, key by key, and waits for what is shown."""

    def __init__(self, command: tuple[str, ...], cwd: Path, env: dict[str, str]) -> None:
        import pty  # which Windows has not, nor the shells

        self._ours, theirs = pty.openpty()
        self._shown = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, *command],
            cwd=cwd,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> "Typist":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, keys: str) -> None:
        """Type; after Tab, wait until nothing more is shown."""
        for piece in keys.replace("\t", "\t\0").split("\0"):
            os.write(self._ours, piece.encode())
            if piece.endswith("\t"):
                self._read_until_quiet()

    def wait_for(self, text: str, seconds: float = 40) -> None:
        """Wait until a text is shown, or fail with all that was."""
        end = time.monotonic() + seconds
        while text.encode() not in self._shown:
            assert time.monotonic() < end, self._shown.decode(errors="replace")
            self._read(1)

    def _read_until_quiet(self) -> None:
        """A completion takes as long as a start of recctl, which may be long on a busy machine."""
        before = len(self._shown)
        end = time.monotonic() + 30
        while len(self._shown) == before and time.monotonic() < end:
            self._read(1)
        while self._read(0.3):
            pass

    def _read(self, seconds: float) -> bool:
        if not select([self._ours], [], [], seconds)[0]:
            return False
        try:
            self._shown += os.read(self._ours, 65536)
        except OSError:  # what Linux says once the shell is gone
            return False
        return True
