"""Measures recctl against other tools on the same files: `python -m benchmarks.run`.

Each figure is a ratio: how long recctl took for what the other did in the same round. It measures
and does not judge: the exit code is 0, whatever limit is missed.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

from benchmarks import corpora, parse, report
from benchmarks.corpora import Change, Corpus, NoCorpusError
from benchmarks.generate import SEED, made
from benchmarks.measure import Command, Effort, Figure, Race, Raced, counter, hold
from recctl import __version__

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "schemas" / "recording.schema.json"

SIZES = (1_000, 10_000)
LARGE = 100_000

_FULL = Effort(most=9, least=3, seconds=45, warm=1)
_FULL_HEAVY = Effort(most=3, least=3, seconds=45, warm=1)
_QUICK = Effort(most=3, least=2, seconds=8, warm=1)
_QUICK_HEAVY = Effort(most=1, least=1, seconds=8, warm=0)

_TOO_MANY = 2_000
"""Recordings from which on check-jsonschema is left out of a quick run."""

_COUNTABLE = 2_000
"""Recordings up to which instructions are counted by a tool that makes runs slow."""


@dataclass
class Bench:
    """What is at hand for a run: the environment, recctl and its peers; and what was left out."""

    env: Mapping[str, str]
    work: Path
    quick: bool = False
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def recctl(self) -> tuple[str, ...]:
        """The console script beside the interpreter; without one, the module."""
        script = Path(sys.executable).parent / "recctl"
        if script.exists():
            return (str(script),)
        self.notes.append("there is no recctl beside the interpreter; python -m recctl is measured")
        return (sys.executable, "-m", "recctl")

    @cached_property
    def cold(self) -> dict[str, tuple[str, ...]]:
        """By command, the option by which it uses no cache; none where it has no such option."""
        options: dict[str, tuple[str, ...]] = {}
        for name in ("validate", "ls", "stats", "show"):
            told = subprocess.run(  # noqa: S603 - no shell
                (*self.recctl, name, "--help"), env=self.env, capture_output=True, check=False
            ).stdout
            options[name] = ("--no-cache",) if b"--no-cache" in told else ()
            if not options[name] and name != "show":
                self.notes.append(f"{name} has no --no-cache: its cold and warm runs are the same")
        return options

    def python(self, code: str, folder: Path) -> Command:
        """A program in one line."""
        return Command((sys.executable, "-c", code), folder)

    def call(self, folder: Path, *words: str, cold: bool = False) -> Command:
        """A call of recctl; a cold one uses no cache."""
        return Command((*self.recctl, *words, *(self.cold[words[0]] if cold else ())), folder)

    def skip(self, what: str, why: str) -> None:
        """Leave something out, and say so once."""
        if (told := f"{what}: {why}") not in self.skipped:
            self.skipped.append(told)

    def jq(self, corpus: Corpus) -> Command | None:
        """What jq does on every file of a corpus; null where that cannot be run."""
        return self._on_files("jq", ("jq", "-c", ".test_id"), corpus)

    def check_jsonschema(self, corpus: Corpus) -> Command | None:
        """check-jsonschema on every file of a corpus; null where that cannot be run."""
        if find_spec("check_jsonschema") is None:
            self.skip("check-jsonschema", "not installed; it is in the extra dev")
            return None
        if self.quick and len(corpus.files) > _TOO_MANY:
            self.skip(f"check-jsonschema, {corpus.name}", "it would take long, and this is --quick")
            return None
        words = (sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA))
        return self._on_files("check-jsonschema", words, corpus)

    def git_status(self, corpus: Corpus) -> Command | None:
        """Git status in a corpus; null where there is no git."""
        if (corpus.root / ".git").exists() and shutil.which("git"):
            return Command(("git", "status"), corpus.root)
        self.skip("git status", "git is not installed, or was not when the corpus was made")
        return None

    def _on_files(self, name: str, words: tuple[str, ...], corpus: Corpus) -> Command | None:
        if shutil.which(words[0]) is None:
            self.skip(name, "not installed")
            return None
        # What the system allows is for arguments, with a pointer each, and the environment.
        needed = sum(len(one) + 9 for one in corpus.files) + 65_536
        if needed > os.sysconf("SC_ARG_MAX"):
            self.skip(f"{name}, {corpus.name}", "so many paths do not fit on one command line")
            return None
        return Command((*words, *corpus.files), corpus.root)


# The races


def start_up(bench: Bench) -> Iterator[Race]:
    """What every call of recctl takes at least."""
    folder = bench.work / "home"
    lanes = {
        "--version": bench.call(folder, "--version"),
        "--help": bench.call(folder, "--help"),
        "python": bench.python("pass", folder),
        "typer": bench.python("import typer", folder),
    }
    figures = (
        Figure("recctl --version / import typer", "--version", {"typer": 1}, limit=1.3),
        Figure("recctl --version / python -c pass", "--version", {"python": 1}),
        Figure("recctl --help / import typer", "--help", {"typer": 1}),
    )
    yield Race("start-up", "start", lanes, figures)


def on_a_corpus(bench: Bench, corpus: Corpus) -> Iterator[Race]:
    """Everything that is measured on one corpus."""
    countable = len(corpus.files) <= _COUNTABLE
    yield _cold(bench, corpus, countable=countable)
    peer = bench.check_jsonschema(corpus)
    if peer is not None:
        lanes = {
            "cold validate": bench.call(corpus.root, "validate", cold=True),
            "check-jsonschema": peer,
        }
        name = "cold validate / check-jsonschema"
        figure = Figure(name, "cold validate", {"check-jsonschema": 1}, limit=1 / 12)
        yield Race(corpus.name, "schema", lanes, (figure,), heavy=True, countable=False)
    yield _warm(bench, corpus, "warm validate", countable=countable)
    try:
        change = corpora.change_of(corpus)
    except NoCorpusError as error:
        bench.skip(f"one file changed, {corpus.name}", str(error))
    else:
        try:
            yield _warm(bench, corpus, "one changed", change, countable=countable)
        finally:
            change.undo()
    yield _lists(bench, corpus, countable=countable)


def shown(bench: Bench, small: Corpus, large: Corpus) -> Race:
    """How finding one recording grows with the corpus."""
    # The first recording of the seed is in both.
    prefix = made(SEED, 0).name.removesuffix(".json")[:16]
    lanes = {
        "large": bench.call(large.root, "show", prefix),
        "small": bench.call(small.root, "show", prefix),
    }
    figure = Figure("warm show PREFIX, large / small", "large", {"small": 1}, limit=1.5)
    return Race(f"{large.name} / {small.name}", "show", lanes, (figure,), countable=False)


def grown(bench: Bench, small: Corpus, large: Corpus) -> Race:
    """How checking all of them grows with the corpus: its share more, and a tenth."""
    lanes = {
        "large": bench.call(large.root, "validate", cold=True),
        "small": bench.call(small.root, "validate", cold=True),
    }
    figure = Figure(
        "cold validate, large / small",
        "large",
        {"small": 1},
        limit=1.1 * len(large.files) / len(small.files),
        most_memory=250_000_000,
    )
    title = f"{large.name} / {small.name}"
    return Race(title, "growth", lanes, (figure,), heavy=True, countable=False)


def _cold(bench: Bench, corpus: Corpus, *, countable: bool) -> Race:
    lanes = {
        "cold validate": bench.call(corpus.root, "validate", cold=True),
        "parse": Command((sys.executable, str(ROOT / "benchmarks" / "parse.py"), "."), corpus.root),
    }
    figures = [Figure("cold validate / read and parse", "cold validate", {"parse": 1}, limit=4)]
    jq = bench.jq(corpus)
    if jq is not None:
        lanes["jq"] = jq
        figures.append(Figure("cold validate / jq -c .test_id", "cold validate", {"jq": 1}))
    return Race(corpus.name, "cold", lanes, tuple(figures), countable=countable)


def _warm(
    bench: Bench, corpus: Corpus, lane: str, change: Change | None = None, *, countable: bool
) -> Race:
    folder = corpus.root
    validate = bench.call(folder, "validate")
    lanes = {
        lane: Command(validate.argv, folder, change.make if change else None),
        "--version": bench.call(folder, "--version"),
        "typer": bench.python("import typer", folder),
        "parse": Command((sys.executable, str(ROOT / "benchmarks" / "parse.py"), "."), folder),
    }
    figures = []
    status = bench.git_status(corpus)
    if status is not None:
        lanes["git status"] = status
        own = {"git status": 2, "--version": 1}
        figures = [
            Figure(f"{lane} / 2 git status + version", lane, own, limit=1),
            Figure(f"{lane} / 2 git status + typer", lane, {"git status": 2, "typer": 1}),
        ]
    figures.append(Figure(f"{lane} / read and parse", lane, {"parse": 1}))
    race = "changed" if change else "warm"
    return Race(corpus.name, race, lanes, tuple(figures), countable=countable)


def _lists(bench: Bench, corpus: Corpus, *, countable: bool) -> Race:
    lanes = {
        f"{how} {name}": bench.call(corpus.root, name, cold=how == "cold")
        for name in ("ls", "stats")
        for how in ("cold", "warm")
    }
    figures = tuple(Figure(f"{lane} / read and parse", lane, {"parse": 1}) for lane in lanes)
    lanes["parse"] = Command(
        (sys.executable, str(ROOT / "benchmarks" / "parse.py"), "."), corpus.root
    )
    return Race(corpus.name, "lists", lanes, figures, countable=countable)


# The command line


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description="Measure recctl against other tools on the same files.",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="few rounds")
    add("--large", action="store_true", help=f"measure on {LARGE:,} recordings, too: 2 GB of disk")
    add("--sizes", metavar="N,N", help="generated recordings; default: 1000,10000")
    add("--only", metavar="RACE", action="append", help="start, cold, schema, warm, changed, …")
    add("--instructions", action="store_true", help="count instructions by perf or valgrind, too")
    add("--work", metavar="DIR", type=Path, help="where corpora are made and kept")
    add("--json", metavar="FILE", type=Path, help="write everything as JSON")
    add("--markdown", metavar="FILE", type=Path, help="write the table as Markdown")
    given = parser.parse_args(argv)
    try:
        asked = [int(one) for one in given.sizes.split(",")] if given.sizes else list(SIZES)
    except ValueError:
        parser.error(f"--sizes takes whole numbers, and {given.sizes} is none")
    if min(asked) < 1:
        parser.error("--sizes takes numbers from 1 on")
    given.sizes = sorted({*asked, LARGE} if given.large else {*asked})
    known = ("start", "cold", "schema", "warm", "changed", "lists", "show", "growth")
    if wrong := [one for one in given.only or () if one not in known]:
        parser.error(f"there is no race {wrong[0]}; there are {', '.join(known)}")
    for path in filter(None, (given.json, given.markdown)):
        if not path.absolute().parent.is_dir():
            parser.error(f"there is no folder for {path}")
    if not hasattr(os, "wait4"):
        parser.error("this needs a POSIX system, which tells what a process used")
    given.work = (given.work or Path(gettempdir()) / "recctl-benchmarks").absolute()
    return given


def _corpora(bench: Bench, sizes: Sequence[int]) -> Iterator[Corpus]:
    try:
        yield corpora.real(bench.work, bench.env)
    except NoCorpusError as error:
        bench.skip("real recordings", str(error))
    for size in sizes:
        _say(f"{size:,} recordings are generated, if they are not there from before")
        try:
            yield corpora.generated(bench.work, size, bench.env)
        except NoCorpusError as error:
            bench.skip(f"{size:,} recordings", str(error))


def _races(bench: Bench, sizes: Sequence[int]) -> Iterator[Race]:
    yield from start_up(bench)
    made_here = []
    for corpus in _corpora(bench, sizes):
        yield from on_a_corpus(bench, corpus)
        if corpus.root.name.startswith("generated-"):
            made_here.append(corpus)
    if len(made_here) > 1:
        yield shown(bench, made_here[0], made_here[-1])
        yield grown(bench, *made_here[-2:])


def _effort(race: Race, *, quick: bool) -> Effort:
    if race.heavy:
        return _QUICK_HEAVY if quick else _FULL_HEAVY
    return _QUICK if quick else _FULL


def _machine(env: Mapping[str, str]) -> dict[str, str | int]:
    facts: dict[str, str | int] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "recctl": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        "parser": parse.parser()[0],
    }
    for name in ("git", "jq"):
        if shutil.which(name):
            words = (name, "--version")
            told = subprocess.run(words, env=env, capture_output=True, check=False)  # noqa: S603
            found = re.search(r"\d[\d.]*\d", told.stdout.decode())
            facts[name] = found[0] if found else "of unknown version"
    return facts


def _say(what: str) -> None:
    sys.stderr.write(f"bench: {what}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure as the command line says, and print what came of it."""
    given = _arguments(argv)
    bench = Bench(corpora.environment(given.work), given.work, given.quick)
    counting = counter(bench.env) if given.instructions else None
    if counting is not None:
        limits = f", for up to {_COUNTABLE:,} recordings" if counting.slow else ""
        bench.notes.append(f"instructions are counted once by {counting.name}{limits}")
    elif given.instructions:
        bench.skip("instructions", "neither perf stat nor valgrind counts them here")
    raced: list[Raced] = []
    for race in _races(bench, given.sizes):
        if given.only and race.name not in given.only:
            continue
        _say(f"{race.corpus}: {race.name}")
        raced.append(hold(race, _effort(race, quick=given.quick), bench.env, counting))
    told = report.Report(
        _machine(bench.env), tuple(raced), tuple(bench.skipped), tuple(bench.notes)
    )
    sys.stdout.write(report.text(told))
    if given.json is not None:
        written = json.dumps(report.document(told), indent=2) + "\n"
        given.json.write_text(written, encoding="utf-8")
    if given.markdown is not None:
        given.markdown.write_text(report.markdown(told), encoding="utf-8")


if __name__ == "__main__":
    main()
