"""`recctl trace`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from recctl.cli.terminal import note
from recctl.errors import RecctlError, UsageError

DETAILS = """COMMAND is run as it is, and its exit code is that of recctl. What comes after -- is
its: recctl trace -o run.jsonl -- pytest -n 4. Python processes below it, however many and of
whatever kind, add a line to FILE for each .json file they open; pytest, also with pytest-xdist,
adds which tests ran and how they ended. The Python that runs COMMAND need not have recctl.

A run is added to what FILE holds; shards may share one. Give it to recctl prune with --trace.

What is no Python is not traced, nor is a Python started with -I, -E or -S or without the variables
RECCTL_TRACE and PYTHONPATH. If a traced process starts such a one, or connects to what is not
traced, FILE says so, and what that may have opened stays unknown; unless --trust names it, or it is
one of a few that are known to read no recordings, as git. Without recctl trace, pytest
--recctl-trace FILE does the same for pytest and what it starts, with --recctl-trust."""

_MOST_TOLD = 3
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
    from recctl.plan import root_of  # noqa: PLC0415
    from recctl.tracing import runs  # noqa: PLC0415

    _check_program(command[0])
    try:
        root = root_of([])
        variables = runs.begin(out, root, command, os.environ, trust or ())
    except runs.TraceFileError as error:
        raise UsageError(f"cannot write a trace: {error}") from None
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

    from recctl.evidence import read  # noqa: PLC0415
    from recctl.evidence.traces import untraced_for_tests  # noqa: PLC0415
    from recctl.safetext import one_line  # noqa: PLC0415

    try:
        evidence = read(traces=[out])
        of_tests = untraced_for_tests(out, run_id)
    except RecctlError as error:
        note(f"this trace proves nothing: {error}")
        return
    tests = sum(
        any(one.source == run_id for one in endings) for endings in evidence.endings.values()
    )
    opened = sum(
        any(one.run == run_id for one in openings) for openings in evidence.openings.values()
    )
    for run_of in evidence.runs:
        if run_of.id == run_id and (run_of.flaw or run_of.doubt):
            note(f"this run proves less: {one_line(run_of.flaw or run_of.doubt)}")
    for text in of_tests[:_MOST_TOLD]:
        note(f"one of its tests proves less: {one_line(text)}")
    if len(of_tests) > _MOST_TOLD:
        note(f"so do tests for {len(of_tests) - _MOST_TOLD:,} more programs")
    file = one_line(shlex.quote(out))
    if tests or opened:
        counted = f"{opened:,} file{'s' * (opened != 1)} opened, {tests:,} test{'s' * (tests != 1)}"
        note(f"{counted}; see what is unused with: recctl prune --unused --trace {file}")
    else:
        note("nothing was noted: no Python that was traced opened a recording or ran a test")
