"""What `make torture` runs: `python -m tests.torture [--part NAME] [--minutes N]`.

The parts are run one after the other, each as a module of its own; all of them, whatever the ones
before came to. `minutes` are those for each reader under fuzz.
"""

import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence

from tests.torture import fuzz

PARTS = ("coverage", "mutation", "machines", "fuzz")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts, and say what came of each; 1 where one of them failed."""
    asked = ArgumentParser("torture", description=__doc__)
    asked.add_argument("--part", choices=PARTS, help="only this one")
    asked.add_argument("--minutes", type=float, default=fuzz.MINUTES, help="for each reader")
    given = asked.parse_args(arguments)
    told = []
    for part in PARTS if given.part is None else [given.part]:
        more = ["--minutes", str(given.minutes)] if part == "fuzz" else []
        started = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", f"tests.torture.{part}", *more], check=False
        ).returncode
        told.append((part, time.monotonic() - started, code))
    for part, seconds, code in told:
        sys.stdout.write(f"{part}: {'failed' if code else 'fine'}, {seconds:,.0f} s\n")
    return 1 if any(code for _, _, code in told) else 0


if __name__ == "__main__":
    sys.exit(main())
