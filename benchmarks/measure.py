"""Runs whole processes in turn, and makes ratios of what they took.

A ratio is taken within one round, in which each command ran once, so that what else the machine
does hits both sides alike. The median of the rounds' ratios is the figure.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
_COLLECTED = re.compile(rb"Collected : (\d+)")


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, and where. `ready` is called before each run, and not timed."""

    argv: tuple[str, ...]
    folder: Path
    ready: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds of wall time and CPU of the process tree, peak bytes, exit code.

    The memory is that of the largest process of the tree.
    """

    wall: float
    cpu: float
    memory: int
    code: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio to take: a lane over a sum of lanes, each with its weight.

    The limit is on wall time, `most_memory` on the peak of the lane, in bytes.
    """

    name: str
    lane: str
    base: Mapping[str, int]
    limit: float | None = None
    most_memory: int | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """Commands that run in turn, by lane, and the figures taken of them.

    `countable` tells whether a run may be made fifty times slower to count its instructions.
    """

    corpus: str
    name: str
    lanes: Mapping[str, Command]
    figures: tuple[Figure, ...]
    heavy: bool = False
    countable: bool = True


@dataclass(frozen=True, slots=True)
class Effort:
    """How often a race is run: rounds at most and at least, and seconds after which it ends."""

    most: int
    least: int
    seconds: float
    warm: int


@dataclass(frozen=True, slots=True)
class Raced:
    """A race that was run: per lane its samples, one of each round, and its instructions."""

    race: Race
    samples: Mapping[str, Sequence[Sample]]
    instructions: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> dict[str, int]:
        """Exit code of each lane that did not do its work. 1 says that something was found."""
        worst = {lane: max(one.code for one in taken) for lane, taken in self.samples.items()}
        return {lane: code for lane, code in worst.items() if code not in (0, 1)}

    def ratio(self, figure: Figure, of: Callable[[Sample], float]) -> float | None:
        """The median over the rounds; null where there is nothing to divide by."""
        taken = []
        for number, sample in enumerate(self.samples[figure.lane]):
            base = sum(
                weight * of(self.samples[lane][number]) for lane, weight in figure.base.items()
            )
            if base > 0:
                taken.append(of(sample) / base)
        return median(taken) if taken else None

    def instruction_ratio(self, figure: Figure) -> float | None:
        """The same of instructions, which were counted once; null where they were not."""
        if not {figure.lane, *figure.base} <= self.instructions.keys():
            return None
        base = sum(weight * self.instructions[lane] for lane, weight in figure.base.items())
        return self.instructions[figure.lane] / base if base else None

    def memory(self, figure: Figure) -> int:
        """The largest peak of a figure's lane."""
        return max(sample.memory for sample in self.samples[figure.lane])


def run(command: Command, env: Mapping[str, str]) -> Sample:
    """Run a command once, its output thrown away."""
    if command.ready is not None:
        command.ready()
    null = subprocess.DEVNULL
    started = perf_counter()
    process = subprocess.Popen(  # noqa: S603 - no shell
        command.argv, cwd=command.folder, env=env, stdin=null, stdout=null, stderr=null
    )
    # Not process.wait(): only this tells what the process and its children used.
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = used.ru_maxrss * _MAXRSS_UNIT
    return Sample(wall, used.ru_utime + used.ru_stime, memory, process.returncode)


def hold(
    race: Race, effort: Effort, env: Mapping[str, str], counter: "Counter | None" = None
) -> Raced:
    """Run a race: warm-up rounds, then the rounds that count, then one to count instructions."""
    for _ in range(effort.warm):
        for command in race.lanes.values():
            run(command, env)
    samples: dict[str, list[Sample]] = {lane: [] for lane in race.lanes}
    started = perf_counter()
    for number in range(effort.most):
        if number >= effort.least and perf_counter() - started > effort.seconds:
            break
        for lane, command in race.lanes.items():
            samples[lane].append(run(command, env))
    counted = {}
    if counter is not None and (race.countable or not counter.slow):
        counts = {lane: counter.count(command, env) for lane, command in race.lanes.items()}
        counted = {lane: count for lane, count in counts.items() if count}
    return Raced(race, samples, counted)


@dataclass(frozen=True, slots=True)
class Counter:
    """What counts instructions: the words before a command, and where the numbers are."""

    name: str
    prefix: tuple[str, ...]
    pattern: re.Pattern[bytes]
    slow: bool

    def count(self, command: Command, env: Mapping[str, str]) -> int:
        """The instructions of a command and of all its children; 0 where none were counted."""
        if command.ready is not None:
            command.ready()
        done = subprocess.run(  # noqa: S603 - no shell
            (*self.prefix, *command.argv),
            cwd=command.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        return sum(int(found) for found in self.pattern.findall(done.stderr))


def counter(env: Mapping[str, str]) -> Counter | None:
    """The first of perf and valgrind that counts on this machine."""
    perf = ("perf", "stat", "-x,", "-e", "instructions:u", "--")
    callgrind = (
        *("valgrind", "--tool=callgrind", "--trace-children=yes"),
        "--callgrind-out-file=/dev/null",
    )
    for one in (
        Counter("perf stat", perf, re.compile(rb"^(\d+),,instructions", re.MULTILINE), slow=False),
        Counter("valgrind --tool=callgrind", callgrind, _COLLECTED, slow=True),
    ):
        probe = Command((sys.executable, "-S", "-c", "pass"), Path.cwd())
        if shutil.which(one.prefix[0]) and one.count(probe, env):
            return one
    return None
