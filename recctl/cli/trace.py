"""`recctl trace`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from recctl.cli.terminal import note
from recctl.errors import NothingFoundError, RecctlError, UsageError

DETAILS = """COMMAND is run as it is, and its exit code is that of recctl. What comes after -- is
its: recctl trace -o run.jsonl -- pytest -n 4. Python processes below it, however many and of
whatever kind, add a line to FILE for each .json file they open; pytest, also with pytest-xdist,
adds which tests ran and how they ended. The Python that runs COMMAND need not have recctl.

A run is added to what FILE holds; shards may share one. Give it to recctl prune with --trace.

What is no Python is not traced, nor is a Python started with -I, -E or -S or without the variables
RECCTL_TRACE and PYTHONPATH. If a traced process starts such a one, or connects to what is not
traced, FILE says so, and of the whole run nothing that was not opened is proven unused; unless
--trust names it, or it is one of a few that are known to read no recordings. Without recctl trace,
pytest --recctl-trace FILE does the same for pytest and what it starts, with --recctl-trust."""

_FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
"""A terminal sends these to the command itself."""


def run(
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND…", help="What to run.", show_default=False),
    ],
    *,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="The trace to add to, or to begin.")
    ],
    trust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROGRAM",
            help="A program, or an address as HOST:PORT, that reads no recordings; repeatable.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Run the command with a changed environment, and tell what was noted."""
    from recctl.tracing import runs  # noqa: PLC0415

    _check_program(command[0])
    try:
        root = runs.root_above(Path.cwd().resolve())
        variables = runs.begin(out, root, command, os.environ, trust or ())
    except runs.TraceFileError as error:
        raise UsageError(f"cannot write a trace: {error}") from None
    except OSError:
        raise NothingFoundError("the working directory does not exist any more") from None
    sys.stdout.flush()
    tree = runs.Tree(root, variables)
    code = _run(command, {**os.environ, **variables}, meanwhile=tree.note)
    if not runs.end(variables, code):
        note(f"the trace is incomplete: {out} could not be written to")
    _tell(out, variables["RECCTL_TRACE_RUN"])
    return code


def _check_program(program: str) -> None:
    """Raises UsageError before anything is written, if there is no such program."""
    import shutil  # noqa: PLC0415

    from recctl.safetext import one_line  # noqa: PLC0415

    if shutil.which(program) is None:
        raise UsageError(f"cannot run {one_line(program)}: no such program, or it may not be run")


def _run(command: list[str], environment: Mapping[str, str], meanwhile: Callable[[], None]) -> int:
    """The exit code of a command: as a shell has it, 128 and the signal if one ended it.

    `meanwhile` is done while the command runs.

    Raises UsageError if it cannot be started.
    """
    from recctl import files  # noqa: PLC0415
    from recctl.safetext import one_line  # noqa: PLC0415

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
            raise UsageError(f"cannot run {one_line(command[0])}: {files.reason(error)}") from None
        running.append(process)
        for number in waiting:
            process.send_signal(number)
        meanwhile()
        code = process.wait()
    return 128 - code if code < 0 else code


def _comes_from_terminal(number: int) -> bool:
    """Whether a signal was sent by the terminal, which then sent it to the command as well."""
    if signal.Signals(number).name not in _FROM_TERMINAL or not hasattr(os, "tcgetpgrp"):
        return False
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
    import shlex  # noqa: PLC0415

    from recctl.safetext import one_line  # noqa: PLC0415
    from recctl.tracing.runs import count  # noqa: PLC0415

    counted = count(out, run_id)
    if not counted.is_plain:
        try:
            _tell_what_is_less(out, run_id)
        except RecctlError as error:
            note(f"this trace proves nothing: {error}")
            return
    file = one_line(shlex.quote(out))
    opened, tests = counted.opened, counted.tests
    if tests or opened:
        text = f"{opened:,} file{'s' * (opened != 1)} opened, {tests:,} test{'s' * (tests != 1)}"
        note(f"{text}; see what is unused with: recctl prune --unused --trace {file}")
    else:
        note("nothing was noted: no Python that was traced opened a recording or ran a test")


def _tell_what_is_less(out: str, run_id: str) -> None:
    """Why a run proves less, as whoever reads the trace will say. Raises UsageError."""
    from recctl.evidence import read  # noqa: PLC0415 - it loads much, and few runs need it
    from recctl.safetext import one_line  # noqa: PLC0415

    for run_of in read(traces=[out]).runs:
        if run_of.id == run_id and (run_of.flaw or run_of.doubt):
            told = dict.fromkeys([*run_of.flaw.split("; "), *run_of.doubt.split("; ")])
            note(f"this run proves less: {one_line('; '.join(filter(None, told)))}")
