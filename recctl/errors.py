"""The errors recctl raises on purpose, and the exit codes of its process."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. Every command's help prints this table."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    PARTIAL = 3
    LOCKED = 4
    INTERRUPTED = 130
    PIPE_CLOSED = 141


EXIT_MEANINGS = {
    ExitCode.FINE: "fine",
    ExitCode.FINDINGS: "findings, or nothing found",
    ExitCode.USAGE: "usage, configuration or internal error",
    ExitCode.PARTIAL: "a change applied only in part",
    ExitCode.LOCKED: "locked by another run",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.PIPE_CLOSED: "the reader of the output went away",
}


class RecctlError(Exception):
    """Something the user can mend. Its text is one line: what, where, and what to do next."""

    exit_code = ExitCode.USAGE


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message on an unknown word: the known one most like it, if one is."""
    from difflib import get_close_matches  # only those who err need it

    near = get_close_matches(word, list(known), n=1)
    return f", did you mean {near[0]}?" if near else ""


class PartialError(RecctlError):
    """A change was begun and not finished; its journal is left."""

    exit_code = ExitCode.PARTIAL


class LockedError(RecctlError):
    """Another run is changing the same corpus."""

    exit_code = ExitCode.LOCKED


class UsageError(RecctlError):
    """The command line asks for something that makes no sense."""


class NothingFoundError(RecctlError):
    """What was asked for does not exist."""

    exit_code = ExitCode.FINDINGS


class UnreadableError(RecctlError):
    """A file's bytes cannot be had: missing, forbidden, or no regular file."""

    exit_code = ExitCode.FINDINGS


class UnsoundError(RecctlError):
    """A file's bytes are no recording."""

    exit_code = ExitCode.FINDINGS
