"""A traced run: how it begins in a file, and how it ends there.

Only the standard library, as `plugin` imports this into pytest.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from importlib import import_module

from recctl import __version__
from recctl.tracing import PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

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


def begin(
    file: str, root: Path, command: Sequence[str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Add a run to a trace; gives the variables of the environment by which it is traced.

    Raises TraceFileError for a file that cannot be written or holds anything but a trace, which is
    left as it is.
    """
    path = os.path.abspath(file)  # noqa: PTH100 - links stay
    run = os.urandom(8).hex()
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
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
    return variables


def end(variables: Mapping[str, str], code: int) -> bool:
    """Note how a run ended, as an exit code; whether that could be done."""
    module = tracer()
    wanted = (variables[key] for key in (module.FILE, module.RUN, module.ROOT))
    done: bool = module.Tracer(*wanted).write("end", exit=code)
    return done


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
