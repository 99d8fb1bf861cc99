"""Trying mutants: a process is forked for each, and runs the tests that the changed line is in.

    python -m tests.torture.trials look PART FOLDER        which tests run which lines
    python -m tests.torture.trials warm PART FOLDER N      mutants of functions
    python -m tests.torture.trials cold PART FOLDER N      what is done when a module is loaded

A function's mutant is tried in a process that has already loaded and collected everything: the
function gets the changed code. Where the changed line is run while tests are collected, that comes
too late, and the child loads recctl and the tests itself, the mutant in the module's place.
A test that runs ten times as long as it should, and five seconds, is taken for endless.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.torture.mutants import Mutant, mutants
from tests.torture.parts import PARTS, TOP, Part

EXAMPLES = 30
"""Of a property at most, whatever its test says: what one of many mutants breaks is seen soon."""

SURVIVED, KILLED, LATE, BROKEN = 0, 1, 2, 3
"""How a child ends. Late: to be tried anew, cold. Broken: no Python, so that nothing is shown."""

settings.register_profile(
    "torture",
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the tests do: the seconds that each takes, and which of them run which lines.

    `loading` are the lines by module that are run before any test.
    """

    seconds: Mapping[str, float]
    tests: Mapping[str, Mapping[int, Sequence[str]]]
    loading: Mapping[str, frozenset[int]]

    @staticmethod
    def read(folder: Path) -> "Looked":
        """What was written into a folder."""
        found = json.loads((folder / "looked.json").read_text("utf-8"))
        return Looked(
            found["seconds"],
            {
                module: {int(line): tests for line, tests in lines.items()}
                for module, lines in found["tests"].items()
            },
            {module: frozenset(lines) for module, lines in found["loading"].items()},
        )

    def selected(self, mutant: Mutant) -> list[str]:
        """The tests that can see a mutant, the fastest first.

        What is made when a module is loaded, as classes are, and what a function gives that is
        kept, any test may use without running a line of it: then those come first that run some
        line of the module.
        """
        by_line = self.tests[mutant.module]
        is_seen = self.is_warm(mutant) and not mutant.is_remembered
        lines = mutant.lines if is_seen else by_line
        near = {test for line in lines for test in by_line.get(line, ())}
        chosen = near if is_seen else self.seconds
        return sorted(chosen, key=lambda test: (test not in near, self.seconds[test]))

    def is_warm(self, mutant: Mutant) -> bool:
        """Whether its line is run by tests only."""
        return mutant.function is not None and self.loading[mutant.module].isdisjoint(mutant.lines)


class _Hurry:
    """Asks for no more examples than `EXAMPLES`."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Hypothesis has no other way to change what a test says for itself.
        name = "_hypothesis_internal_use_settings"
        for item in items:
            test = getattr(item, "obj", None)
            test = getattr(test, "__func__", test)
            declared = getattr(test, name, None)
            if declared is not None:
                most = min(EXAMPLES, declared.max_examples)
                setattr(test, name, settings(declared, max_examples=most))


def look(part: Part, folder: Path) -> int:
    """Run the tests once as they are, and write down what they do."""
    modules = list(part.modules())
    measured = coverage.Coverage(
        data_file=None, config_file=False, include=[str(TOP / one) for one in modules]
    )
    measured.start()
    seconds: dict[str, float] = {}

    class Look:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
            measured.switch_context(item.nodeid)
            before = sum(os.times()[:4])
            result = yield
            seconds[item.nodeid] = sum(os.times()[:4]) - before
            measured.switch_context("")
            return result

    status = pytest.main(_arguments(part), plugins=[_Hurry(), Look()])
    measured.stop()
    data = measured.get_data()
    by_module = {one: data.contexts_by_lineno(str(TOP / one)) for one in modules}
    found = {
        "seconds": seconds,
        "tests": {
            module: {line: [one for one in contexts if one] for line, contexts in lines.items()}
            for module, lines in by_module.items()
        },
        "loading": {
            module: [line for line, contexts in lines.items() if "" in contexts]
            for module, lines in by_module.items()
        },
    }
    (folder / "looked.json").write_text(json.dumps(found), "utf-8")
    return int(status)


def warm(part: Part, folder: Path, workers: int) -> int:
    """Try the mutants of functions in forks of a process that has collected the tests."""
    looked = Looked.read(folder)
    chosen = [one for one in _all(part) if looked.is_warm(one)]

    class Try:
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            items = {item.nodeid: item for item in session.items}
            functions = _functions(part)

            def act(
                mutant: Mutant | None, tests: Sequence[str], tell: Callable[[str], None]
            ) -> int:
                if mutant is not None:
                    flaw = _changed(mutant, functions)
                    if flaw is not None:
                        return flaw
                for test, after in zip(tests, [*tests[1:], None], strict=True):
                    _limit(looked.seconds[test])
                    following = None if after is None else items[after]
                    item = items[test]
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    if session.testsfailed:
                        tell(test)
                        return KILLED
                return SURVIVED

            _run(folder, workers, chosen, looked, act)
            return True

    return int(pytest.main(_arguments(part), plugins=[_Hurry(), Try()]))


def cold(part: Part, folder: Path, workers: int) -> int:
    """Try the other mutants in forks of a process that has loaded no more than libraries."""
    looked = Looked.read(folder)
    late = {(one["module"], one["number"]) for one in outcomes(folder) if one["outcome"] == LATE}
    chosen = [
        one for one in _all(part) if not looked.is_warm(one) or (one.module, one.number) in late
    ]
    for name in ("_pytest.pytester", "jsonschema", "jsonschema_rs", "orjson", "pydantic", "typer"):
        import_module(name)

    def act(mutant: Mutant | None, tests: Sequence[str], tell: Callable[[str], None]) -> int:
        if mutant is not None:
            try:
                source = compile(mutant.source(), str(TOP / mutant.module), "exec")
            except SyntaxError:
                return BROKEN
            instead = _Instead(mutant.module, source)
            sys.meta_path.insert(0, instead)
            import_module(instead.name)  # before pytest, which has a way of its own to import
        trial = _Trial(tests, looked, tell)
        status = pytest.main([*_arguments(part), "--maxfail=1"], plugins=[_Hurry(), trial])
        return SURVIVED if status == pytest.ExitCode.OK else KILLED

    _run(folder, workers, chosen, looked, act)
    return 0


def outcomes(folder: Path) -> list[dict[str, Any]]:
    """What became of the mutants that were tried. A later try of the same one counts."""
    path = folder / "outcomes.jsonl"
    if not path.exists():
        return []
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return list({(one["module"], one["number"]): one for one in lines}.values())


@dataclass(eq=False)  # pytest keeps plugins in sets
class _Trial:
    """Runs chosen tests in their order."""

    tests: Sequence[str]
    looked: Looked
    tell: Callable[[str], None]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[test] for test in self.tests if test in by_id]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        _limit(self.looked.seconds[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tell(report.nodeid)


@dataclass
class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a mutant where its module is imported."""

    path: str
    code: CodeType

    @property
    def name(self) -> str:
        """The module's name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def find_spec(
        self,
        name: str,
        path: object,  # noqa: ARG002 - that is the interface
        target: object = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        place = TOP / self.path
        inside = [str(place.parent)] if place.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, place, loader=self, submodule_search_locations=inside
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)  # noqa: S102 - a mutant of our own source


Act = Callable[[Mutant | None, Sequence[str], Callable[[str], None]], int]


def _run(folder: Path, workers: int, chosen: Iterable[Mutant], looked: Looked, act: Act) -> None:
    """Try mutants, each in a child of its own, several at a time."""
    gc.collect()
    gc.freeze()
    killers: dict[object, list[str]] = {}
    running: dict[int, tuple[Mutant, int, float]] = {}
    every = sorted(looked.seconds, key=lambda test: looked.seconds[test])
    pid, _ = _forked(folder, None, every, act)
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) != SURVIVED:
        raise SystemExit("the tests fail where nothing was changed")

    def take_one() -> None:
        pid, status = os.wait()
        mutant, pipe, begun = running.pop(pid)
        _end(pid, folder)
        killer = os.read(pipe, 1 << 16).decode("utf-8")
        os.close(pipe)
        code = os.waitstatus_to_exitcode(status)
        if killer:
            known = killers.setdefault((mutant.module, mutant.function), [])
            if killer in known:
                known.remove(killer)
            known.insert(0, killer)
        endless = code in (-signal.SIGXCPU, -signal.SIGALRM)
        outcome = "endless" if endless else code if code >= 0 else KILLED
        _note(folder, mutant, outcome, killer, time.monotonic() - begun)

    for mutant in chosen:
        tests = looked.selected(mutant)
        if not tests:
            _note(folder, mutant, "untested", "", 0.0)
            continue
        if len(running) >= workers:
            take_one()
        first = killers.get((mutant.module, mutant.function), ())[:3]
        able = set(tests)
        ordered = list(dict.fromkeys([*(one for one in first if one in able), *tests]))
        pid, pipe = _forked(folder, mutant, ordered, act)
        running[pid] = mutant, pipe, time.monotonic()
    while running:
        take_one()


def _note(folder: Path, mutant: Mutant, outcome: int | str, killer: str, seconds: float) -> None:
    line = {
        "module": mutant.module,
        "number": mutant.number,
        "outcome": outcome,
        "killer": killer,
        "seconds": round(seconds, 3),
    }
    with (folder / "outcomes.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _forked(folder: Path, mutant: Mutant | None, tests: Sequence[str], act: Act) -> tuple[int, int]:
    """A child that acts, and the pipe in which it names the test that fails."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    status = KILLED
    try:
        os.setsid()
        _settle(_place(folder, os.getpid()))
        status = act(mutant, tests, lambda test: _tell(theirs, test))
    finally:
        os._exit(status)


def _tell(pipe: int, test: str) -> None:
    os.write(pipe, test.encode("utf-8"))
    os.close(pipe)


def _place(folder: Path, pid: int) -> Path:
    return folder / f"child-{pid}"


def _settle(place: Path) -> None:
    """Have a child be silent, take little memory, and leave its files in a folder of its own."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    place.mkdir()
    os.environ.update(TMPDIR=str(place), PYTEST_DEBUG_TEMPROOT=str(place))
    tempfile.tempdir = None
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(pid: int, folder: Path) -> None:
    """End what a child started and remove what it left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    shutil.rmtree(_place(folder, pid), ignore_errors=True)


def _limit(seconds: float) -> None:
    """Kill the child if it needs much longer than that for a test."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soon = int(used.ru_utime + used.ru_stime + 6 + 10 * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soon, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, 60 + 60 * seconds)


def _functions(part: Part) -> Mapping[tuple[str, int, str], list[FunctionType]]:
    """The functions of a part that were made, by file, line and name."""
    files = {str(TOP / one) for one in part.modules()}
    found: dict[tuple[str, int, str], list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in files:
            found.setdefault(_key(one.__code__), []).append(one)
    return found


def _key(code: CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_qualname


def _changed(
    mutant: Mutant, functions: Mapping[tuple[str, int, str], Sequence[FunctionType]]
) -> int | None:
    """Give a mutant's function its changed code; why that cannot be, null where it is done."""
    try:
        module = compile(mutant.source(), str(TOP / mutant.module), "exec")
    except SyntaxError:
        return BROKEN
    assert mutant.function is not None
    key = (module.co_filename, *mutant.function)
    code = next((one for one in _codes(module) if _key(one) == key), None)
    made = functions.get(key, ())
    if code is None or not made:
        return LATE
    for one in made:
        try:
            one.__code__ = code
        except ValueError:  # it closes over other variables
            return LATE
    return None


def _codes(code: CodeType) -> Iterable[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _all(part: Part) -> list[Mutant]:
    return [one for module in part.modules() for one in mutants(TOP, module)]


def _arguments(part: Part) -> list[str]:
    return [
        *("-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=torture", "-s"),
        *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
        *part.pytest_arguments,
    ]


def main() -> int:
    """Do what is asked for: see above."""
    what, name, folder, *rest = sys.argv[1:]
    part = next(one for one in PARTS if one.name == name)
    if what == "look":
        return look(part, Path(folder))
    acts = {"warm": warm, "cold": cold}
    return acts[what](part, Path(folder), int(*rest))


if __name__ == "__main__":
    sys.exit(main())
