"""Runs what the pages of the documentation show, and gives what really comes of it.

The `console` blocks of a page are one shell from top to bottom, in a folder of its own: a copy of
`examples/`, committed to a git repository. `$` begins a command, `>` goes on with it. What a reader
is not shown stands in a comment, `<!-- prepare` to `-->`, and is run at its place; there `$PYTHON`
is this interpreter. A last line `[exit code 1]` says how a command ended, if not well.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Self

from tests.cli import ROOT
from tests.repository import BIRTH, work

_PARTS = re.compile(
    r"^```console\n(?P<console>.*?)^```$|^<!-- prepare\n(?P<hidden>.*?)^-->$",
    re.DOTALL | re.MULTILINE,
)
_COMMAND = re.compile(r"^\$ (.*\n(?:>(?: .*)?\n)*)", re.MULTILINE)
_GOES_ON = re.compile(r"^> ?", re.MULTILINE)
_END = re.compile(rb"\0(\d+)\0")

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
"""Where the programs are that pages call: first, what is installed with this interpreter."""

_NEVER_THE_SAME = (
    (re.compile(r"\bin \d+\.\d\ds\b"), "in 0.05s"),
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b"), "20260105-120000-5ea5de"),
)
"""How long pytest took, and the names of receipts: what pages show instead."""

_NEVER_SHOWN = re.compile(r"^ {0,3}```|Traceback|internal error", re.MULTILINE)
"""What would end a block, and what recctl never should say."""

_INSTALLED = "/usr/bin"
"""Where pages say that programs are."""


@dataclass(frozen=True)
class Step:
    """A command with what the page shows of it; nothing is shown of what prepares a page."""

    command: str
    shown: str | None


@dataclass(frozen=True)
class Block:
    """A console block, or a hidden preparation: where it stands in the page, and its steps."""

    start: int
    end: int
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        """The block that was found. What stands before its first command is an error."""
        if match["hidden"] is not None:
            return cls(*match.span("hidden"), (Step(match["hidden"], None),))
        first, *rest = _COMMAND.split(match["console"])
        if first or not rest:
            raise ValueError(f"a console block must begin with a command: {match[0]}")
        pairs = zip(rest[::2], rest[1::2], strict=True)
        steps = tuple(Step(_GOES_ON.sub("", command), shown) for command, shown in pairs)
        return cls(*match.span("console"), steps)


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page that are run, in order."""
    return [Block.of(match) for match in _PARTS.finditer(page)]


def page_as_it_runs(page: str, folder: Path) -> str:
    """The page with the real output in place of the shown one.

    It is run in the folder, which must be empty. A preparation that fails is an error.
    """
    blocks = blocks_of(page)
    outputs = iter(_outputs([step for block in blocks for step in block.steps], folder))
    pieces, done = [], 0
    for block in blocks:
        pieces += [page[done : block.start], _text(page, block, outputs)]
        done = block.end
    return "".join(pieces) + page[done:]


def _text(page: str, block: Block, outputs: Iterator[str]) -> str:
    """The inside of a block with the next outputs."""
    if any(step.shown is None for step in block.steps):
        next(outputs)
        return page[block.start : block.end]
    return "".join(_typed(step.command) + next(outputs) for step in block.steps)


def _typed(command: str) -> str:
    """A command as a shell asks for it."""
    first, *more = command.splitlines()
    return "\n".join([f"$ {first}", *(f"> {line}".rstrip() for line in more), ""])


def _outputs(steps: list[Step], folder: Path) -> list[str]:
    """What each step prints, stdout and stderr as a terminal mixes them."""
    script = "".join(f"{step.command}\nprintf '\\0%d\\0' $?\n" for step in steps)
    (folder / "home").mkdir()
    start = folder / "recctl"
    copytree(ROOT / "examples", start / "examples", symlinks=True)
    work(start).commit(subject="Begin")
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=start,
        env=_environment(folder / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=240,
    )
    pieces = _END.split(done.stdout)
    codes = [int(code) for code in pieces[1::2]]
    texts = [_readable(text.decode(), folder) for text in pieces[::2]]
    if len(codes) != len(steps) or texts.pop():
        raise AssertionError(f"the shell ended early: {texts}")
    for step, code, text in zip(steps, codes, texts, strict=True):
        if step.shown is None and code:
            raise AssertionError(f"a preparation fails: {step.command}{text}")
    ends = [f"[exit code {code}]\n" if code else "" for code in codes]
    return [text + end for text, end in zip(texts, ends, strict=True)]


def _readable(text: str, folder: Path) -> str:
    """An output without what is different in every run."""
    for pattern, stand_in in _NEVER_THE_SAME:
        text = pattern.sub(stand_in, text)
    text = text.replace(str(Path(sys.executable).parent), _INSTALLED)
    if str(folder) in text or _NEVER_SHOWN.search(text):
        raise AssertionError(f"no reader may be shown this: {text}")
    return text if text.endswith("\n") or not text else text + "\n"


def _environment(home: Path) -> dict[str, str]:
    """An environment that has nothing of the caller's but where programs are."""
    kept = {key: os.environ[key] for key in ("SYSTEMROOT", "TMPDIR") if key in os.environ}
    time = f"@{BIRTH} +0000"
    return {
        **kept,
        "PATH": PATH,
        "HOME": str(home),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "100",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Keeper",
        "GIT_AUTHOR_EMAIL": "keeper@example.org",
        "GIT_AUTHOR_DATE": time,
        "GIT_COMMITTER_NAME": "Keeper",
        "GIT_COMMITTER_EMAIL": "keeper@example.org",
        "GIT_COMMITTER_DATE": time,
        "PIP_NO_INDEX": "1",
    }
