"""The parts of recctl whose tests are tested, and which tests are theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Part:
    """A file or folder of the package, and the files and folders of the tests that run it.

    `left_out` are those tests among them that only start other processes.
    """

    name: str
    source: str
    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def modules(self, top: Path = TOP) -> Iterator[str]:
        """The paths of the modules, from the top."""
        path = top / self.source
        for one in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield one.relative_to(top).as_posix()

    @property
    def pytest_arguments(self) -> tuple[str, ...]:
        """What pytest is asked to run."""
        return (*self.tests, *(f"--ignore={one}" for one in self.left_out))


PARTS = (
    Part("hashing", "recctl/hashing.py", ("tests/test_hashing.py",)),
    Part("dialects", "recctl/dialects", ("tests/test_dialects.py", "tests/test_own_dialects.py")),
    Part(
        "evidence",
        "recctl/evidence",
        ("tests/evidence",),
        (
            "tests/evidence/test_pytest_plugin.py",
            "tests/evidence/test_trace_command.py",
            "tests/evidence/test_tracing.py",
        ),
    ),
    Part(
        "plan",
        "recctl/plan",
        ("tests/plan", "tests/test_windows.py"),
        ("tests/plan/test_kill.py",),
    ),
)
