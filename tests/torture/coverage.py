"""How much of hashing, dialects, evidence and plan the tests run, branches counted.

    python -m tests.torture.coverage [--least PERCENT]

It prints what is missed and fails where less than 95 % of the lines and branches of a part are run.
Only what the tests do in their own process counts.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import coverage

from tests.torture.parts import PARTS, TOP, Part

LEAST = 95.0


def percent(part: Part, data: Path) -> tuple[float, str]:
    """How much of a part is run, by its own tests alone, and coverage's report of it."""
    include = ",".join(str(TOP / one) for one in part.modules())
    subprocess.run(
        [
            *(sys.executable, "-m", "coverage", "run", "--branch"),
            *(f"--data-file={data}", f"--include={include}"),
            *("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *part.pytest_arguments,
        ],
        cwd=TOP,
        check=True,
        stdout=sys.stderr,
    )
    measured = coverage.Coverage(data_file=data, config_file=str(TOP / "pyproject.toml"))
    measured.load()
    report = io.StringIO()
    return measured.report(file=report, show_missing=True, precision=1), report.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is run of each part; 1 where it is too little."""
    parser = argparse.ArgumentParser("coverage", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--least", type=float, default=LEAST, help="percent to run of each part")
    least = parser.parse_args(arguments).least
    enough = True
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            found, report = percent(part, Path(folder) / "coverage")
        sys.stdout.write(f"{part.name}\n{report}\n")
        enough &= found >= least
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
