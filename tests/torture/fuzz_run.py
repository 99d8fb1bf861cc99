"""One reader under fuzz, in a process of its own: `python -m tests.torture.fuzz_run READER …`.

Atheris guides by the branches of recctl that an input reaches. A flaw does not end the run: the
smallest input for each place at which something went wrong is kept, and the run goes on.
"""

import sys
import time
import traceback
from argparse import ArgumentParser
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.torture.fuzz_mutators import LARGEST

if TYPE_CHECKING:
    from tests.torture.fuzz_readers import Reader

BASE_SECONDS = 0.5
SECONDS_A_BYTE = 20e-6
"""What a reader may take of a processor, under instruments, for a file and for each of its bytes.

48 KB may take 1.5 s. What takes longer twice over takes too long.
"""

_LONGEST = 60
"""Seconds after which an input counts as endless."""
_MOST_MEGABYTES = 2048


class TooSlowError(AssertionError):
    """A reader took too long."""


def run(reader: "Reader", seconds: int, folder: Path) -> None:
    """Fuzz a reader. Does not return."""
    atheris: Any = import_module("atheris")
    crashes = folder / "crashes"
    found = folder / "found"
    seeds = folder / "seeds"
    for one in (crashes, found, seeds):
        one.mkdir(parents=True, exist_ok=True)
    pool = [raw for raw in (*reader.seeds(), *(one.read_bytes() for one in reader.kept)) if raw]
    for raw in pool:
        (seeds / sha256(raw).hexdigest()[:16]).write_bytes(raw)
    keep = Kept(crashes)

    def one_input(raw: bytes) -> None:
        checked(reader.check, raw, keep)

    def mutated(raw: bytes, _most: int, seed: int) -> bytes:
        return reader.mutate(raw, Random(seed), pool)[:LARGEST]  # noqa: S311 - no secret

    options = [
        f"-max_total_time={seconds}",
        f"-timeout={_LONGEST}",
        f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-artifact_prefix={crashes}/endless-",
        "-report_slow_units=9999",
        *("-len_control=0", "-max_len=65536", "-print_final_stats=1", "-reload=0"),
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(found), str(seeds)], one_input, custom_mutator=mutated
    )
    atheris.Fuzz()


class Kept:
    """The smallest input for each place at which something went wrong, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}

    def add(self, raw: bytes, error: Exception) -> None:
        """Keep an input, and what it did."""
        place = where(error)
        if len(raw) >= self._sizes.get(place, len(raw) + 1):
            return
        self._sizes[place] = len(raw)
        name = sha256(place.encode()).hexdigest()[:12]
        (self._folder / name).write_bytes(raw)
        told = "".join(traceback.format_exception(error, limit=-12))
        (self._folder / f"{name}.txt").write_text(f"{place}\n{told}", "utf-8", "backslashreplace")


def checked(check: Callable[[bytes], None], raw: bytes, keep: Kept) -> None:
    """Give a reader one input, and keep what goes wrong."""
    try:
        timed(check, raw)
    except Exception as error:
        keep.add(raw, error)


def timed(check: Callable[[bytes], None], raw: bytes) -> None:
    """Give a reader one input. Raises what the reader raises, and TooSlowError."""
    most = BASE_SECONDS + SECONDS_A_BYTE * len(raw)
    for attempt in range(2):
        started = time.process_time()
        check(raw)
        spent = time.process_time() - started
        if spent <= most:
            return
        if attempt:
            raise TooSlowError(f"{spent:.2f} s for {len(raw):,} bytes")


def where(error: Exception) -> str:
    """The kind of an error and the last place in recctl or in a check that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "/recctl/" in one.filename or "/torture/" in one.filename]
    at = own[-1] if own else frames[-1]
    check = next((one for one in reversed(own) if "/torture/fuzz_re" in one.filename), at)
    line = "" if isinstance(error, RecursionError) else f":{at.name}"
    return f"{type(error).__name__} {Path(at.filename).name}{line} by {check.name}:{check.lineno}"


def main() -> None:
    """What the command line asks for."""
    asked = ArgumentParser()
    asked.add_argument("reader")
    asked.add_argument("seconds", type=int)
    asked.add_argument("folder", type=Path)
    given = asked.parse_args()
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["recctl"]):
        readers = import_module("tests.torture.fuzz_readers").READERS
    run(readers[given.reader], given.seconds, given.folder)


if __name__ == "__main__":
    main()
