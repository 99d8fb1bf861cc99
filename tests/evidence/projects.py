"""Small projects whose tests open recordings, run by real pytest in processes of their own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from recctl.evidence import Case, Evidence, Judgement
from tests.cli import Ran, environment

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
PLUGIN = ("-p", "recctl.tracing.plugin", "--recctl-trace=trace.jsonl")
XDIST = ("-p", "xdist", "-n", "2")

RECCTL = "from recctl.cli import main; main()"
"""Python code that is recctl."""

HEADER = """\
from pathlib import Path
import subprocess, sys
import pytest
def opened(name):
    return (Path(__file__).parent / "recordings" / name).read_text()
"""


class Project:
    """A folder with tests in `tests/test_it.py`, and recordings beside them."""

    def __init__(self, root: Path, tests: str, *recordings: str) -> None:
        self.root = root
        self.trace = root / "trace.jsonl"
        (root / ".git").mkdir(parents=True)  # so that no folder above is the tree's root
        self.add("tests/test_it.py", HEADER + dedent(tests))
        for name in recordings or ("a.json",):
            self.add(f"tests/recordings/{name}", "{}")

    def add(self, path: str, text: str) -> None:
        """Write a file."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def pytest(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run pytest as it is; add PLUGIN to have it traced."""
        return self.start(*PYTEST, *arguments, env=env)

    def recctl(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run recctl."""
        return self.start(sys.executable, "-c", RECCTL, *arguments, env=env)

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run a program in the project, without any plugin that is not asked for."""
        # Pytest clears away what other runs have left, and that would be traced, too.
        temporary = self.root.with_name(f"{self.root.name}-temporary")
        temporary.mkdir(exist_ok=True)
        own = {"PYTEST_DEBUG_TEMPROOT": str(temporary), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command,
            cwd=self.root,
            env=environment(**{**own, **(env or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """The lines of a kind in the trace."""
        lines = map(json.loads, self.trace.read_text().splitlines())
        return [line for line in lines if line["kind"] == kind]

    def opened(self) -> set[tuple[str, str | None]]:
        """The files that were opened, by name, and the function for which they were."""
        return {
            (
                one["path"].rpartition("/")[2],
                one["test"].rpartition("::")[2] if "test" in one else None,
            )
            for one in self.lines("open")
        }

    def outcomes(self) -> dict[str, str]:
        """How tests ended, by the name of the function."""
        return {one["id"].rpartition("::")[2]: one["outcome"] for one in self.lines("test")}


def judged(evidence: Evidence, name: str, function: str) -> Judgement:
    """The verdict on a recording of a function."""
    return evidence.judge(Case(f"tests/recordings/{name}", f"tests/test_it.py::{function}"))
