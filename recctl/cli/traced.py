"""Running a command that is traced, with next to nothing imported, as test runs wait for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from recctl.cli.terminal import note
from recctl.errors import NothingFoundError, RecctlError, UsageError

_FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
"""A terminal sends these to the command itself."""


def plain(arguments: Sequence[str]) -> tuple[list[str], str, list[str]] | None:
    """The command, the trace and what is trusted; null for what is not as it is mostly typed."""
    out, trusted = "", list[str]()
    words = [*arguments]
    while words and words[0] != "--":
        name, sign, value = words.pop(0).partition("=")
        if name not in ("-o", "--out", "--trust") or (name == "-o" and sign):
            return None
        if not sign:
            value = words.pop(0) if words else "-"
        if not value or value.startswith("-"):
            return None
        if name == "--trust":
            trusted.append(value)
        else:
            out = value
    return (words[1:], out, trusted) if out and words[1:] else None


def traced(command: list[str], out: str, trusted: Sequence[str]) -> int:
    """Run a command with a changed environment, tell what was noted, and give its exit code."""
    from recctl.tracing import runs

    _check_program(command[0])
    try:
        root = runs.root_above(Path.cwd().resolve())
        variables = runs.begin(out, root, command, os.environ, trusted)
    except runs.TraceFileError as error:
        raise UsageError(f"cannot write a trace: {error}") from None
    except OSError:
        raise NothingFoundError("the working directory does not exist any more") from None
    sys.stdout.flush()
    tree = runs.Tree(root, variables)
    runs.judge(command, variables)
    code = _run(command, {**os.environ, **variables}, meanwhile=tree.note)
    if not runs.end(variables, code):
        note(f"the trace is incomplete: {out} could not be written to")
    _tell(out, variables["RECCTL_TRACE_RUN"])
    return code


def _check_program(program: str) -> None:
    """Raises UsageError before anything is written, if there is no such program."""
    from shutil import which

    if which(program) is None:
        from recctl.safetext import one_line

        raise UsageError(f"cannot run {one_line(program)}: no such program, or it may not be run")


def _run(command: list[str], environment: Mapping[str, str], meanwhile: Callable[[], None]) -> int:
    """The exit code of a command: as a shell has it, 128 and the signal if one ended it.

    `meanwhile` is done while the command runs.

    Raises UsageError if it cannot be started.
    """
    waiting: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        if not running:
            waiting.append(number)
        elif not _comes_from_terminal(number):
            running[0].send_signal(number)

    with _handled(forward):
        try:
            process = subprocess.Popen(command, env=environment)  # noqa: S603 - what is asked for
        except OSError as error:
            from recctl import files  # with it comes much more
            from recctl.safetext import one_line

            raise UsageError(f"cannot run {one_line(command[0])}: {files.reason(error)}") from None
        running.append(process)
        for number in waiting:
            process.send_signal(number)
        meanwhile()
        code = process.wait()
    return 128 - code if code < 0 else code


def _comes_from_terminal(number: int) -> bool:
    """Whether a signal was sent by the terminal, which then sent it to the command as well."""
    if signal.Signals(number).name not in _FROM_TERMINAL:
        return False
    if not hasattr(os, "tcgetpgrp"):
        return True  # on Windows nothing else sends them, and they cannot be sent on
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:  # noqa: PTH123 - no path to speak of
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have signals handled. Those that are ignored stay so, for the command as well."""
    before = {}
    for name in (*_FORWARDED, *_FROM_TERMINAL):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _tell(out: str, run_id: str) -> None:
    """What the trace holds, and what comes next. The command's exit code stands."""
    from recctl.safetext import argument
    from recctl.tracing.runs import count

    counted = count(out, run_id)
    is_doubtful = False
    if not counted.is_plain:
        try:
            is_doubtful = _tell_what_is_less(out, run_id)
        except RecctlError as error:
            note(f"this trace proves nothing: {error}")
            return
    file = argument(out)
    opened, tests = counted.opened, counted.tests
    if tests or opened:
        text = f"{opened:,} file{'s' * (opened != 1)} opened, {tests:,} test{'s' * (tests != 1)}"
        unused = f"unused with: recctl prune --unused --trace {file}"
        used = f"used with: recctl ls --used --trace {file}"
        note(f"{text}; see what is {used if is_doubtful else unused}")
    else:
        note("nothing was noted: no Python that was traced opened a recording or ran a test")


def _tell_what_is_less(out: str, run_id: str) -> bool:
    """Why a run proves less, as whoever reads the trace will say, and whether that is doubtful.

    Raises UsageError.
    """
    from recctl.evidence import read  # it loads much, and few runs need it
    from recctl.safetext import one_line

    (told,) = (one for one in read(traces=[out]).runs if one.id == run_id)
    if told.flaw:
        note(f"this run proves less: {one_line(told.flaw)}")
    if told.doubt:
        note(f"nothing is unused by this run: {one_line(told.doubt)}")
    return bool(told.doubt)
