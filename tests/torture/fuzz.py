"""All readers under fuzz: `python -m tests.torture.fuzz [READER …] [--minutes N]`.

Each runs in a process of its own, two at a time. What goes wrong is left in a folder that is named
at the end: mend it, add a test where the mended code has its own, and put the smallest input into
`tests/torture/corpus/READER/`, from where `make check` gives it to its reader for ever.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.torture.fuzz_readers import READERS

MINUTES = 10.0
_AT_ONCE = 2
_MEMORY = Path("/dev/shm")  # noqa: S108 - only where it is, and below it a name of our own
_LEAST = 5
"""Seconds for which a reader is not started again."""

_STATUS = re.compile(r"^#(\d+)\t.*?cov: (\d+) ", re.MULTILINE)
_BEGUN = re.compile(r"^INFO: Running with entropic", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of a reader: inputs given to it, branches of recctl reached, inputs kept."""

    reader: str
    runs: int
    seconds: float
    edges: int
    crashes: int


def fuzzed(reader: str, seconds: float, folder: Path) -> Fuzzed:
    """Fuzz a reader for so long. One that ends before its time is started again."""
    started = time.monotonic()
    log = folder / "log.txt"
    folder.mkdir(parents=True, exist_ok=True)
    room = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)
    with log.open("wb") as told, room as held:  # the reader's process leaves without tidying up
        while (left := started + seconds - time.monotonic()) > 0:
            command = [sys.executable, "-m", "tests.torture.fuzz_run", reader]
            subprocess.run(
                [*command, str(max(1, round(left))), str(folder)],
                stdout=told,
                stderr=told,
                env={**os.environ, "TMPDIR": held},
                check=False,
            )
            if started + seconds - time.monotonic() < _LEAST:
                break
    parts = _BEGUN.split(log.read_text("utf-8", "replace"))[1:]
    found = [[(int(runs), int(edges)) for runs, edges in _STATUS.findall(one)] for one in parts]
    kept = [one for one in (folder / "crashes").glob("*") if one.suffix != ".txt"]
    return Fuzzed(
        reader,
        sum(one[-1][0] for one in found if one),
        time.monotonic() - started,
        max((edges for one in found for _, edges in one), default=0),
        len(kept),
    )


def table(results: Sequence[Fuzzed]) -> str:
    """The results as a table."""
    lines = [f"{'reader':<12}{'runs':>10}{'seconds':>9}{'edges':>8}{'crashes':>9}"]
    lines += [
        f"{one.reader:<12}{one.runs:>10,}{one.seconds:>9.0f}{one.edges:>8,}{one.crashes:>9}"
        for one in results
    ]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the readers that are named, or all; 1 where one got something wrong."""
    asked = ArgumentParser("fuzz", description=__doc__)
    asked.add_argument("readers", nargs="*", metavar="READER", help=", ".join(READERS))
    asked.add_argument("--minutes", type=float, default=MINUTES, help="for each reader")
    given = asked.parse_args(arguments)
    unknown = sorted(set(given.readers) - READERS.keys())
    if unknown:
        asked.error(f"no reader {unknown[0]}; there are: {', '.join(READERS)}")
    if find_spec("atheris") is None:
        asked.error("atheris is missing: pip install -e '.[torture]'")
    top = Path(tempfile.mkdtemp(prefix="recctl-fuzz-"))
    with ThreadPoolExecutor(_AT_ONCE) as together:
        runs = [
            together.submit(fuzzed, one, 60 * given.minutes, top / one)
            for one in given.readers or READERS
        ]
        results = [run.result() for run in runs]
    sys.stdout.write(table(results))
    is_fine = all(one.runs and not one.crashes for one in results)
    if is_fine:
        shutil.rmtree(top)
    else:
        sys.stdout.write(f"inputs and logs: {top}\n")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
