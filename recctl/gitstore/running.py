"""Running git: so that what a user has set changes no answer, and no process is left behind."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from recctl.errors import RecctlError
from recctl.safetext import one_line

_UNAFFECTED = (
    "--no-pager",
    "-c", "color.ui=false",
    "-c", "core.fsmonitor=false",  # would run a program that the repository names
    "-c", f"core.hooksPath={os.devnull}",
    "-c", f"diff.orderFile={os.devnull}",
    "-c", "diff.relative=false",
    "-c", "i18n.logOutputEncoding=UTF-8",
    "-c", "log.follow=false",
    "-c", "log.showRoot=true",
    "-c", "log.showSignature=false",
    "-c", "submodule.recurse=false",
)  # fmt: skip
"""Options before the command that put off what a user's settings would change."""

_USERS_VARIABLES = (
    "GIT_CONFIG_",  # where the settings are; a container may say there what to trust
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
)
"""What of git's part of the environment is kept. The rest names another repository, as in a hook,
or changes how git reads and prints."""

_DUBIOUS = re.compile(r"detected dubious ownership in repository at '(.*)'")
CHUNK = 1 << 16


class GitError(RecctlError):
    """Git cannot or will not tell what it was asked."""


def tokens_of(top: Path, *arguments: str, index: Path | None = None) -> Iterator[bytes]:
    """What a git command prints, in pieces that ended in a NUL byte, as they come.

    Raises GitError where git fails, after what it printed before.
    """
    with TemporaryFile() as told:
        process = started(top, arguments, stdin=subprocess.DEVNULL, stderr=told, index=index)
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe
            rest = b""
            while chunk := process.stdout.read(CHUNK):
                *whole, rest = (rest + chunk).split(b"\0")
                yield from whole
            if process.wait():
                told.seek(0)
                raise GitError(f"git: {reason_of(told.read(), process.returncode)}")
        finally:
            end(process)


def output_of(top: Path, *arguments: str, given: bytes = b"") -> bytes:
    """All that a git command prints. Raises GitError where it fails."""
    process = started(top, arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        printed, told = process.communicate(given)
    finally:
        end(process)
    if process.returncode:
        raise GitError(f"git: {reason_of(told, process.returncode)}")
    return printed


def line_of(top: Path, *arguments: str) -> str:
    """What a git command prints, without the end of its last line."""
    return os.fsdecode(output_of(top, *arguments)).removesuffix("\n")


def started(
    top: Path,
    arguments: Sequence[str],
    *,
    stdin: int,
    stderr: int | IO[bytes],
    index: Path | None = None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - no shell; revisions never start with a dash
            [shutil.which("git") or "git", *_UNAFFECTED, *arguments],
            cwd=top,
            env=_environment(index),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte
        raise GitError(f"git cannot be run: {one_line(error)}") from None


def end(process: subprocess.Popen[bytes]) -> None:
    """Make an end of a process, whether or not it has come to its own."""
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):  # what was not yet written need not be
                pipe.close()
    process.wait()


def _environment(index: Path | None) -> dict[str, str]:
    """The caller's environment without what would lead git elsewhere or change what it prints."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key.startswith(_USERS_VARIABLES)
    }
    if index is not None:
        kept["GIT_INDEX_FILE"] = str(index)
    return kept | {
        "GIT_ALLOW_PROTOCOL": "none",  # nothing is fetched: what a partial clone lacks stays so
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LANGUAGE": "C",
        "LC_ALL": "C",
    }


def reason_of(told: bytes, code: int = 0) -> str:
    """The one line of what git says on stderr that tells the reason."""
    text = os.fsdecode(told)
    if dubious := _DUBIOUS.search(text):
        folder = one_line(dubious[1])
        return (
            f"the repository {folder} belongs to another user;"
            f" if you trust it: git config --global --add safe.directory {folder}"
        )
    lines = [line for line in text.splitlines() if line.strip()]
    found = next((line for line in lines if line.startswith(("error: ", "fatal: "))), None)
    found = found or (lines[0] if lines else f"ended with code {code}")
    return one_line(found.removeprefix("error: ").removeprefix("fatal: "))
