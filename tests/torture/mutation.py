"""Do the tests see it when the code is changed?

    python -m tests.torture.mutation [--part NAME …] [--workers N] [--least PERCENT] [--list FILE]

Each mutant of hashing, dialects, evidence and plan is tried by the tests that run the changed line,
in a copy of the tree. It fails where fewer than 90 % are killed in a part, or where a mutant
survives that `survivors.toml` does not list. What of the list was killed is told, to be deleted.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture.mutants import Mutant, mutants
from tests.torture.parts import PARTS, TOP, Part
from tests.torture.trials import BROKEN, KILLED, outcomes

LEAST = 90.0
LISTED = Path(__file__).with_name("survivors.toml")
_LEFT_BEHIND = (".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "*.egg-info")


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """What identifies a mutant that was not killed while other lines come and go."""

    module: str
    inside: str
    was: str
    now: str

    @staticmethod
    def of(mutant: Mutant) -> "Survivor":
        """The same, of a mutant."""
        return Survivor(mutant.module, mutant.inside, *mutant.difference())

    def __str__(self) -> str:
        """Where it is and what it changes, in three lines."""
        place = self.inside or "outside of functions"
        return f"{self.module}, {place}\n  - {self.was}\n  + {self.now}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the mutants of a module or more."""

    made: int = 0
    killed: int = 0
    endless: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            self.made + other.made, self.killed + other.killed, self.endless + other.endless
        )

    @property
    def percent(self) -> float:
        """How many were killed, those that did not end among them."""
        return 100 * (self.killed + self.endless) / self.made if self.made else 100.0

    def row(self, name: str) -> str:
        """A line of the table."""
        survived = self.made - self.killed - self.endless
        numbers = f"{self.made:>8}{self.killed:>8}{self.endless:>9}{survived:>10}"
        return f"{name:<32}{numbers}{self.percent:>8.1f} %"


def listed(path: Path = LISTED) -> Mapping[Survivor, str]:
    """The mutants that are known to survive, and why."""
    found = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    return {
        Survivor(one["module"], one.get("inside", ""), one["was"], one["now"]): group["why"]
        for group in found.get("group", [])
        for one in group["survivors"]
    }


def run(part: Part, work: Path, workers: int) -> Path:
    """Try a part's mutants in the copy of the tree in `work`; the folder that says what came of it.

    Raises CalledProcessError where the tests fail although nothing was changed.
    """
    folder = work / part.name
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(work / "tree"), "PYTHONDONTWRITEBYTECODE": "1"}
    for what, more in (("look", ()), ("warm", (str(workers),)), ("cold", (str(workers),))):
        with (folder / f"{what}.log").open("wb") as log:
            subprocess.run(
                [sys.executable, "-m", "tests.torture.trials", what, part.name, str(folder), *more],
                cwd=work / "tree",
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
            )
    return folder


def count(part: Part, folder: Path, tree: Path) -> tuple[dict[str, Counts], list[Survivor]]:
    """By module what became of the mutants, and those that survived."""
    by_module: dict[str, Counts] = {}
    survivors: list[Survivor] = []
    tried = {(one["module"], one["number"]): one["outcome"] for one in outcomes(folder)}
    for module in part.modules(tree):
        total = Counts()
        for mutant in mutants(tree, module):
            outcome = tried[module, mutant.number]
            if outcome == BROKEN:
                continue
            total += Counts(1, outcome == KILLED, outcome == "endless")
            if outcome not in (KILLED, "endless"):
                survivors.append(Survivor.of(mutant))
        if total.made:
            by_module[module] = total
    return by_module, survivors


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants, print what became of them; 1 where the tests bite too little."""
    parser = argparse.ArgumentParser("mutation", description=(__doc__ or "").partition("\n")[0])
    names = [one.name for one in PARTS]
    parser.add_argument("--part", action="append", choices=names, help="only this one")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--least", type=float, default=LEAST, help="percent to kill in each part")
    parser.add_argument("--list", type=Path, help="write all survivors there, as survivors.toml")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    failed = False
    survived: list[Survivor] = []
    chosen = [one for one in PARTS if one.name in (options.part or names)]
    with tempfile.TemporaryDirectory(prefix="recctl-mutants-") as made:
        work = Path(made)
        shutil.copytree(TOP, work / "tree", ignore=shutil.ignore_patterns(*_LEFT_BEHIND))
        _say(f"{'':<32}{'mutants':>8}{'killed':>8}{'endless':>9}{'survived':>10}{'killed':>10}")
        for part in chosen:
            try:
                folder = run(part, work, options.workers)
            except subprocess.CalledProcessError:
                _say(f"{part.name}: the tests fail although nothing was changed")
                for log in sorted((work / part.name).glob("*.log")):
                    _say(log.read_text("utf-8", "replace")[-2000:])
                return 1
            by_module, survivors = count(part, folder, work / "tree")
            for module, counts in by_module.items():
                _say(counts.row(module))
            total = sum(by_module.values(), Counts())
            _say(total.row(part.name))
            failed |= total.percent < options.least
            survived += survivors
    _say(f"{(time.monotonic() - begun) / 60:.0f} minutes")
    if options.list:
        options.list.write_text(_as_toml(survived), "utf-8")
    modules = {module for part in chosen for module in part.modules()}
    return 1 if _tell_changes(survived, listed(), modules) or failed else 0


def _tell_changes(
    survived: Collection[Survivor], known: Mapping[Survivor, str], modules: Collection[str]
) -> bool:
    """Print which survivors are not in the list, and what of it did not survive; if any is new."""
    new = Counter(survived) - Counter({one: len(survived) for one in known})
    for one in sorted(new):
        _say(f"survived, and is not listed in {LISTED.name}: {one}")
    for one in sorted(set(known) - set(survived)):
        if one.module in modules:
            _say(f"is listed in {LISTED.name}, but did not survive: {one}")
    return bool(new)


def _as_toml(survivors: Collection[Survivor]) -> str:
    lines = ["[[group]]", 'why = ""']
    for one in sorted(set(survivors)):
        lines += [
            "[[group.survivors]]",
            *(f"{key} = {json.dumps(getattr(one, key))}" for key in Survivor.__slots__),
        ]
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
