"""Runs recctl for tests: in a process of its own, in this one, or on a terminal.

Whatever is asked of it, recctl must never print a traceback; each of these functions checks that.
"""

import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parents[1]
"""The repository."""

COMMAND = (sys.executable, "-m", "recctl")

needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    code: int
    raw: bytes
    stderr: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.stderr, self.stderr
        assert b"Traceback" not in self.raw, self.raw

    @property
    def stdout(self) -> str:
        """Stdout as text, which it must be."""
        return self.raw.decode("utf-8")

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.stdout.split("\n")[:-1]

    @property
    def errors(self) -> list[str]:
        """The lines of stderr."""
        return self.stderr.split("\n")[:-1]

    @property
    def json(self) -> Any:
        """The one JSON document on stdout, which must be JSON in the strict sense."""
        return json.loads(self.raw, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON number")


def environment(**changes: str) -> dict[str, str]:
    """An environment in which no setting of the caller's has a say, and nothing is kept in trees.

    Trees are compared before and after; what has to do with the cache allows it.
    """
    kept = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR")
    fixed = {"NO_COLOR": "1", "TERM": "xterm-256color", "PYTHONUTF8": "1", "RECCTL_CACHE": "false"}
    return {key: os.environ[key] for key in kept if key in os.environ} | fixed | changes


def run(
    *arguments: str | os.PathLike[str],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60,
) -> Ran:
    """Run `python -m recctl` with its output in pipes."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment() if env is None else env,
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode("utf-8"))


def run_here(
    *arguments: str | os.PathLike[str],
    cwd: Path = ROOT,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Call recctl in this process, which is faster and feels what a test has patched."""
    from recctl.cli import main

    streams = [io.TextIOWrapper(io.BytesIO(one), encoding="utf-8") for one in (stdin, b"", b"")]
    code: object = "main() must exit"
    with (
        chdir(cwd),
        patch.dict(os.environ, environment() if env is None else env, clear=True),
        patch.object(sys, "argv", ["recctl", *map(str, arguments)]),
        patch.object(sys, "stdin", streams[0]),
        patch.object(sys, "stdout", streams[1]),
        patch.object(sys, "stderr", streams[2]),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
        finally:
            # A process that ends needs no collector; this one goes on.
            gc.unfreeze()
            gc.enable()
    assert isinstance(code, int), code
    for stream in streams[1:]:
        stream.flush()
    out, err = (stream.buffer.getvalue() for stream in streams[1:])
    return Ran(int(code), out, err.decode("utf-8"))


def run_on_terminal(
    *arguments: str | os.PathLike[str],
    columns: int = 80,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Ran:
    """Run recctl with stdout on a pseudo-terminal of so many columns, stderr in a file."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=environment() if env is None else env,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=errors,
        )
        os.close(theirs)
        printed = _all_of(ours)
        code = process.wait(timeout)
        errors.seek(0)
        told = errors.read().decode("utf-8")
    return Ran(code, printed.replace(b"\r\n", b"\n"), told)


def _all_of(terminal: int) -> bytes:
    """All that is printed on a terminal until its last writer is gone."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # what Linux says at the end
            piece = b""
        if not piece:
            os.close(terminal)
            return b"".join(pieces)
        pieces.append(piece)


def findings(ran: Ran) -> list[tuple[str, str]]:
    """Rule and file name of each finding of a validation in JSON."""
    return [(one["name"], Path(one["path"]).name) for one in ran.json["findings"]]


def snapshot(root: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below a folder by path: kind, mode, times, content."""
    return {path.relative_to(root).as_posix(): _state(path) for path in sorted(root.rglob("*"))}


def _state(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    content: bytes | str = b""
    if path.is_symlink():
        content = os.readlink(path)  # noqa: PTH115 - the text as it is
    elif path.is_file():
        content = path.read_bytes()
    return (status.st_mode, status.st_mtime_ns, status.st_size, content)
