"""A traced run: how it begins in a file, and how it ends there.

Only the standard library, as `plugin` imports this into pytest.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from importlib import import_module

from recctl import __version__
from recctl.project import top_above
from recctl.tracing import PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from recctl.tracing.path import recctl_tracer

VERSION = 1
"""Of the lines in a trace."""

_START = b'{"kind":'
_FLAGS = (
    os.O_RDWR
    | os.O_APPEND
    | os.O_CREAT
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for a reader
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class TraceFileError(Exception):
    """A trace cannot be written to a file. The text says which and why."""


def tracer() -> ModuleType:
    """The module that traced processes have, as they import it."""
    if str(PATH) not in sys.path:
        sys.path.append(str(PATH))
    return import_module("recctl_tracer")


def root_above(folder: Path) -> Path:
    """The root of the tree in which a folder lies, as plans have it, whose imports this spares."""
    return top_above(folder) or folder


def begin(
    file: str,
    root: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
    trusted: Iterable[str] = (),
) -> dict[str, str]:
    """Add a run to a trace; gives the variables of the environment by which it is traced.

    `trusted` are programs and addresses that are said to read no recordings, beside those that the
    environment has. Raises TraceFileError for a file that cannot be written or holds anything but a
    trace, which is left as it is.
    """
    path = os.path.abspath(file)
    run = os.urandom(8).hex()
    now = time.time_ns() // 1000
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1_000_000))
    started = f"{seconds}.{now % 1_000_000:06}Z"
    line = tracer().line_of(
        "run",
        run,
        version=VERSION,
        recctl=__version__,
        root=str(root),
        command=_short(command),
        started=started,
    )
    try:
        descriptor = os.open(path, _FLAGS, 0o666)
        try:
            _check(descriptor)
            if os.write(descriptor, line) != len(line):
                raise TraceFileError("no space left on the device")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise TraceFileError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    except (TraceFileError, ValueError) as error:
        raise TraceFileError(f"{file}: {error}") from None
    variables: dict[str, str] = tracer().environment_for(
        str(PATH), path, run, str(root), environment
    )
    all_trusted = dict.fromkeys([*environment.get(tracer().TRUST, "").split(","), *trusted])
    if any(all_trusted):
        variables[tracer().TRUST] = ",".join(filter(None, all_trusted))
    return variables


def judge(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Note what is known of the command of a run, by what is known of all programs in it."""
    module = tracer()
    one = _tracer_of(variables)
    one.trust(variables.get(module.TRUST, ""))
    one.take_start(command[0], command, {**os.environ, **variables})


def _tracer_of(variables: Mapping[str, str]) -> recctl_tracer.Tracer:
    module = tracer()
    one: recctl_tracer.Tracer = module.Tracer(
        *(variables[key] for key in (module.FILE, module.RUN, module.ROOT))
    )
    return one


class Tree:
    """What the work tree is of, which git is asked at once, and which is noted once it has told.

    So what is traced need not wait for git.
    """

    def __init__(self, root: Path, variables: Mapping[str, str]) -> None:
        from contextlib import suppress
        from shutil import which

        self._variables: Mapping[str, str] | None = variables
        self._git: subprocess.Popen[bytes] | None = None
        program = which("git")
        if program is None:
            return
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("GIT_") or key.startswith(_USERS_VARIABLES)
        }
        with suppress(OSError, ValueError):
            # Not by `-c`: a hook of a run before, in this process, takes that for anything at all.
            number = int(kept.get("GIT_CONFIG_COUNT") or 0)
            for place, (key, value) in enumerate(_SETTINGS, start=number):
                kept |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
            kept["GIT_CONFIG_COUNT"] = str(number + len(_SETTINGS))
            self._git = subprocess.Popen(  # noqa: S603 - fixed words
                [program, *_STATUS],
                cwd=root,
                env=kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def note(self) -> None:
        """Note, once, the commit and whether the work tree differs; null for what is not known.

        New files count only if they are in Python.
        """
        git, variables, self._variables = self._git, self._variables, None
        if variables is None:
            return
        commit = dirty = None
        if git is not None:
            try:
                told = git.communicate(timeout=_MOST_SECONDS)[0]
            except (OSError, ValueError, subprocess.TimeoutExpired):
                git.kill()
                git.communicate()
            else:
                commit, dirty = _read_status(told) if git.returncode == 0 else (None, None)
        _tracer_of(variables).write("tree", commit=commit, dirty=dirty)


_MOST_SECONDS = 10.0
_STATUS = (
    *("--no-pager", "status", "--porcelain=v2", "--branch", "-z", "--no-renames"),
    *("--untracked-files=all", "--ignore-submodules=dirty"),
)
_SETTINGS = (("core.fsmonitor", "false"), ("core.hooksPath", os.devnull))
_USERS_VARIABLES = ("GIT_CONFIG_", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
"""What of git's part of the environment is kept, as the rest may name another repository."""


def _read_status(told: bytes) -> tuple[str | None, bool]:
    """The commit, and whether the work tree differs. Source: git's manual, "Porcelain Format"."""
    commit, dirty = None, False
    for entry in told.split(b"\0"):
        if entry.startswith(b"# branch.oid "):
            words = entry.decode("ascii", "replace").split()
            commit = words[2] if words[2] != "(initial)" else None
        elif entry[:2] in (b"1 ", b"u ") or (entry[:2] == b"? " and entry.endswith(b".py")):
            dirty = True
    return commit, dirty


def end(variables: Mapping[str, str], code: int) -> bool:
    """Note how a run ended, as an exit code; whether that could be done."""
    return _tracer_of(variables).write("end", exit=code)


def _check(descriptor: int) -> None:
    """Raises TraceFileError for a file to which no run can be added."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise TraceFileError("no regular file")
    if status.st_size:
        first = os.read(descriptor, len(_START))
        os.lseek(descriptor, -1, os.SEEK_END)
        if first != _START:
            raise TraceFileError("holds something else than a trace; take another file")
        if os.read(descriptor, 1) != b"\n":
            raise TraceFileError("its last line was cut off; take another file")


def _short(command: Sequence[str]) -> list[str]:
    """A command that fits in a line."""
    words = [word[:200] for word in command[:20]]
    return [*words, "…"] if len(command) > 20 else words


class Count:
    """Of one run in a trace: how many files were opened, and how many tests there are.

    `is_plain` says that nothing in it may make it prove less: whoever wants to know more has to
    read it as evidence.
    """

    def __init__(self) -> None:
        self.opened = self.tests = 0
        self.is_plain = False


def count(file: str, run: str) -> Count:
    """Count what a run noted, with next to nothing loaded. Nothing where it cannot be read."""
    import json  # not of use to the plugin

    counted = Count()
    opened, tests, open_sessions, ends = set[str](), set[str](), set[str](), set[object]()
    own, is_odd = f'"run":"{run}"'.encode("ascii"), False
    try:
        with open(file, "rb") as lines:  # noqa: PTH123 - as it is
            for line in lines:
                is_odd = is_odd or not (line.startswith(_START) and line.endswith(b"}\n"))
                if own not in line:
                    continue
                told = json.loads(line)
                kind = told["kind"]
                if kind == "open":
                    opened.add(told["path"].lower())
                elif kind == "test":
                    if told["outcome"] != "deselected":
                        tests.add(told["id"])
                elif kind == "session":
                    open_sessions.add(told["session"])
                elif kind == "finished":
                    open_sessions.discard(told["session"])
                    ends.add(told["exit"])
                elif kind == "end":
                    ends.add(told["exit"])
                else:
                    is_odd = is_odd or kind not in _PLAIN
                is_odd = is_odd or told.get("traced") is False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_odd = True
    counted.opened, counted.tests = len(opened), len(tests)
    found_any = any("/recordings/" in f"/{one}" for one in opened)
    counted.is_plain = not is_odd and not open_sessions and ends == {0} and (found_any or not tests)
    return counted


_PLAIN = ("run", "tree", "process", "listen")
