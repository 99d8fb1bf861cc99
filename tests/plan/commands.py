"""The commands that carry plans out, called in this process or in one of their own."""

import subprocess
import sys
from pathlib import Path

from tests.cli import Ran, environment, run_here

PROGRAM = """
import os, signal, sys
from recctl.cli import main
from recctl.plan.disk import Disk
at, done, act = int(sys.argv.pop(1)), 0, Disk._do
def counted(disk, operation, path, do):
    global done
    if operation not in ("status", "read", "names", "access"):
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
    return act(disk, operation, path, do)
Disk._do = counted
main()
"""
"""recctl, killed by the system before so many operations on files; never with -1."""


def recctl(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> Ran:
    """Call recctl here."""
    return run_here(*arguments, cwd=cwd, stdin=stdin)


def started(*arguments: str, cwd: Path, killed_at: int = -1) -> subprocess.Popen[bytes]:
    """Start recctl in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(killed_at), *arguments],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
