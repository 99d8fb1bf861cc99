"""Looking through many files: in order, by one process or several, and never longer than asked."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from recctl import scan as module
from recctl.cache import Row
from recctl.corpus import Entry, find
from recctl.errors import RecctlError
from recctl.scan import Kept, Means, scan
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import COMMAND, environment, needs_posix, run_here

SEVERAL = Means(jobs=2)


@dataclass(frozen=True)
class Sizes:
    """A look at how long files are. Of a file that holds `dies`, the process is killed."""

    about: str = "sizes"

    def at(self, entry: Entry, raw: bytes, digest: str) -> tuple[str, Kept | None]:  # noqa: ARG002
        """Name and length."""
        if raw == b"dies":
            os.kill(os.getpid(), signal.SIGKILL)
        return f"{entry.path.name} {len(raw)}", None

    def without(self, entry: Entry, reason: str) -> str:
        """Name and reason."""
        return f"{entry.path.name} {reason}"

    def recalled(self, entry: Entry, row: Row) -> str | None:  # noqa: ARG002
        """Nothing is kept."""
        return None


@pytest.fixture
def files(tmp_path: Path) -> list[Entry]:
    """Sixty files, each longer than the one before, and one that is not there."""
    for number in range(60):
        (tmp_path / f"{number:02}.json").write_bytes(b"x" * number)
    return [Entry(tmp_path / f"{number:02}.json") for number in range(61)]


@pytest.fixture
def worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes processes pay off for a few files."""
    for name, size in (("_WORTH_PROCESSES", 1), ("_WORTH_SPAWNING", 1), ("_BATCH", 20_000)):
        monkeypatch.setattr(module, name, size)


def test_results_are_in_the_order_of_entries(files: list[Entry]) -> None:
    found = list(scan(files, Sizes(), Means()))

    assert found[:2] == ["00.json 0", "01.json 1"]
    assert found[60] == "60.json no such file or directory"


@pytest.mark.usefixtures("worthwhile")
def test_several_processes_give_what_one_gives(files: list[Entry]) -> None:
    assert list(scan(files, Sizes(), SEVERAL)) == list(scan(files, Sizes(), Means()))


@pytest.mark.usefixtures("worthwhile")
def test_where_processes_cannot_be_had_one_does_all(
    files: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no semaphores")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refused)

    assert len(list(scan(files, Sizes(), SEVERAL))) == 61


@needs_posix
@pytest.mark.usefixtures("worthwhile")
def test_a_killed_process_ends_the_scan_with_advice(files: list[Entry]) -> None:
    files[30].path.write_bytes(b"dies")

    with pytest.raises(RecctlError, match="--jobs 1"):
        list(scan(files, Sizes(), SEVERAL))


def test_how_far_it_is_can_be_watched(files: list[Entry]) -> None:
    told: list[tuple[int, int]] = []
    list(scan(files, Sizes(), Means(watch=lambda done, total: told.append((done, total)))))

    assert told == [(done, 61) for done in range(61)]


def test_one_file_is_read_when_its_result_is_asked_for(
    files: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def read(entry: Entry) -> bytes:
        seen.append(entry.path)
        return b""

    monkeypatch.setattr(module, "read", read)
    results = scan(files, Sizes(), Means())

    next(results)
    assert seen == [files[0].path]


# The commands


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus that takes a while, with findings in it."""
    folder = folder_of(TEST)
    for number in range(150):
        said = f"{number} " + "The lamp burns. " * 4_000
        dialect = "ogx-2025-10-04" if number % 50 == 0 else None
        asked = chat_request(f"Fog at {number}.123456789?")
        write(tmp_path, folder, recording(asked, chat_answer(said), dialect=dialect))
    return tmp_path


@pytest.mark.parametrize("command", ["validate", "ls", "stats"])
def test_the_number_of_processes_changes_nothing(corpus: Path, command: str) -> None:
    ran = [run_here(command, "--jobs", jobs, cwd=corpus) for jobs in ("1", "2", "7")]

    assert ran[0].raw
    assert ran[1] == ran[0]
    assert ran[2] == ran[0]


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "", "1.5", "²", "9" * 5_000])
def test_a_number_of_processes_that_makes_no_sense_is_refused(corpus: Path, jobs: str) -> None:
    ran = run_here("validate", "--jobs", jobs, cwd=corpus)

    told = f"recctl: --jobs {jobs[:20]!r} is no number of processes: give 1 or more"
    assert (ran.code, ran.raw, ran.errors) == (2, b"", [told])


@pytest.mark.usefixtures("worthwhile")
def test_no_more_processes_are_started_than_can_be_of_use(
    files: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def refused(most: int, *_: object) -> None:
        started.append(most)
        raise OSError("no semaphores")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refused)
    monkeypatch.setattr(module, "_BATCH", 1)
    for cores in (1, 2, 64):
        monkeypatch.setattr(module, "processors", lambda cores=cores: cores)
        list(scan(files, Sizes(), Means(jobs=1_000_000)))

    assert started == [4, 8, 61]


def children_of(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(one) for one in path.read_text().split()] if path.exists() else []


def is_running(process: int) -> bool:
    """Whether a process is there, and does not only wait to be counted."""
    path = Path(f"/proc/{process}/stat")
    return path.exists() and path.read_text().rpartition(") ")[2][0] != "Z"


@needs_posix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("cache", ["true", "false"])
def test_an_interrupted_run_leaves_at_once_and_nothing_behind(corpus: Path, cache: str) -> None:
    (corpus / ".git").mkdir()
    for path in list(corpus.rglob("recordings/*.json")):
        for copy in range(8):
            path.with_name(f"{copy}{path.name[1:]}").write_bytes(path.read_bytes())
    one = subprocess.Popen(
        [*COMMAND, "validate", "--jobs", "2"],
        cwd=corpus,
        env=environment(RECCTL_CACHE=cache, RECCTL_CACHE_KEY="sixteen or more, by chance"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    for _ in range(500):
        children = children_of(one.pid)
        if children or one.poll() is not None:
            break
        time.sleep(0.01)
    os.killpg(one.pid, signal.SIGINT)
    out, err = one.communicate(timeout=20)

    assert (one.returncode, out, err) == (130, b"", b"")
    assert children
    for _ in range(300):
        if not any(Path(f"/proc/{child}/exe").exists() for child in children):
            break
        time.sleep(0.01)
    assert [child for child in children if Path(f"/proc/{child}/exe").exists()] == []
    own = corpus / ".recctl"
    left = {path.name for path in own.iterdir()} if own.exists() else set()
    assert left <= {".gitignore", "cache.clock", "cache.db", "cache.db-wal", "cache.db-shm"}
    (corpus / ".git").rmdir()


@needs_posix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_no_process_outlives_a_run_that_was_killed(corpus: Path, name: str) -> None:
    number = signal.Signals[name]
    one = subprocess.Popen(
        [*COMMAND, "validate", "--jobs", "2"],
        cwd=corpus,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    children: list[int] = []
    for _ in range(500):
        children = children_of(one.pid)
        if children or one.poll() is not None:
            break
        time.sleep(0.01)
    one.send_signal(number)
    one.wait(timeout=20)

    assert children
    for _ in range(500):
        if not any(map(is_running, children)):
            break
        time.sleep(0.01)
    assert not any(map(is_running, children))


def test_entries_of_a_corpus_can_be_scanned_twice(corpus: Path) -> None:
    entries = find([str(corpus)]).entries

    assert list(scan(entries, Sizes(), Means())) == list(scan(entries, Sizes(), Means()))
