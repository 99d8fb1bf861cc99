"""The benchmark: its corpora are what they are said to be, and its figures are right."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from benchmarks import parse
from benchmarks.corpora import change_of, environment, generated, real
from benchmarks.generate import SEED, generate, made, planted
from benchmarks.measure import Command, Effort, Figure, Race, Raced, Sample, hold
from benchmarks.report import Report, document, markdown, text
from benchmarks.run import main
from tests.cli import ROOT, needs_posix, run, snapshot

ONCE = Effort(most=1, least=1, seconds=0, warm=0)


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sixty")
    generate(root, 60)
    return root


def files(root: Path) -> dict[str, bytes]:
    """Path and bytes of each file below a folder."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


# What is generated


def test_a_corpus_has_exactly_the_findings_that_are_planted(sixty: Path) -> None:
    ran = run("validate", "--format", "json", cwd=sixty)

    found = sorted(one["name"] for one in ran.json["findings"])
    assert found == sorted(rule for rule, many in planted(60).items() for _ in range(many))
    assert set(found) == {"stale", "unreachable", "duplicate"}


def test_a_corpus_has_as_many_recordings_as_asked_for(sixty: Path) -> None:
    assert len(files(sixty)) == 60


@pytest.mark.parametrize("count", [1, 29, 30, 400, 1000, 100_000])
def test_what_is_planted_is_counted(count: int) -> None:
    assert planted(count) == {
        "stale": sum(number % 200 == 17 for number in range(count)),
        "unreachable": sum(number % 300 == 29 for number in range(count)),
        "duplicate": sum(number % 500 == 41 for number in range(count)),
    }


def test_the_same_seed_gives_the_same_bytes(sixty: Path, tmp_path: Path) -> None:
    generate(tmp_path, 60)
    assert files(tmp_path) == files(sixty)


def test_another_seed_gives_other_bytes() -> None:
    assert made(SEED, 0) != made(SEED + 1, 0)


def test_several_processes_write_what_one_does(tmp_path: Path) -> None:
    generate(tmp_path / "one", 510, processes=1)
    generate(tmp_path / "two", 510, processes=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_small_corpus_is_the_beginning_of_a_large_one(sixty: Path) -> None:
    first = [made(SEED, number) for number in range(60)]
    assert {f"{one.folder}/{one.name}": one.raw for one in first} == files(sixty)


def test_sizes_are_spread_as_in_real_corpora() -> None:
    sizes = [len(made(SEED, number).raw) for number in range(400)]
    assert 8_000 <= median(sizes) <= 16_000
    assert max(sizes) > 200_000
    assert max(sizes) < 1_100_000


def test_a_corpus_has_every_kind_of_answer() -> None:
    documents = [json.loads(made(SEED, number).raw) for number in range(400)]
    endpoints = {one["request"].get("endpoint") for one in documents}
    assert {"/v1/chat/completions", "/v1/embeddings", "/v1/models", "/api/generate"} < endpoints
    assert {"tool_name" in one["request"] for one in documents} == {True, False}
    assert any(one["test_id"] is None for one in documents)
    assert any(one["response"].get("is_exception") for one in documents)


def test_the_generator_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    words = ("-m", "benchmarks.generate", "5", str(tmp_path))
    ran = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=False)
    assert ran.returncode == 2
    assert files(tmp_path) == {"mine": b""}


# The corpora


def test_a_corpus_is_made_once_and_committed(tmp_path: Path) -> None:
    env = environment(tmp_path)
    one = generated(tmp_path, 20, env)
    before = snapshot(one.root)

    assert generated(tmp_path, 20, env) == one
    assert len(one.files) == 20
    assert snapshot(one.root) == before
    told = subprocess.run(
        ["git", "status", "--porcelain"], cwd=one.root, env=env, capture_output=True, check=True
    )
    assert told.stdout == b""


def test_real_recordings_are_copied(
    sixty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECCTL_TEST_CORPUS", str(sixty))
    corpus = real(tmp_path, environment(tmp_path))
    assert {name: (corpus.root / name).read_bytes() for name in corpus.files} == files(sixty)


def test_a_change_is_one_letter_and_is_taken_back(tmp_path: Path) -> None:
    corpus = generated(tmp_path, 20, environment(tmp_path))
    change = change_of(corpus)
    seen = [change.path.read_bytes()]
    for _ in range(3):
        change.make()
        seen.append(change.path.read_bytes())
    change.undo()

    assert len(set(seen)) == 4
    for one in seen[1:]:
        assert sum(new != old for new, old in zip(one, seen[0], strict=True)) == 1
        assert json.loads(one)["request"] == json.loads(seen[0])["request"]
    assert change.path.read_bytes() == seen[0]


def test_the_floor_reads_every_recording(sixty: Path) -> None:
    script = ROOT / "benchmarks" / "parse.py"
    done = subprocess.run([sys.executable, script, sixty], capture_output=True, check=True)
    assert done.stdout.decode().split() == [parse.parser()[0], "60"]


# The figures


def raced(*, code: int = 0) -> Raced:
    """Three rounds of two lanes: ours takes half, all, and twice what theirs takes."""
    ours = [Sample(wall, 3.0, 90_000_000, code) for wall in (1.0, 2.0, 8.0)]
    theirs = [Sample(wall, 1.0, 10_000_000, 0) for wall in (2.0, 2.0, 4.0)]
    figures = (
        Figure("ours / theirs", "ours", {"theirs": 1}, limit=1.5),
        Figure("ours / 2 theirs + ours", "ours", {"theirs": 2, "ours": 1}, limit=0.1),
        Figure("ours, large / small", "ours", {"theirs": 1}, most_memory=80_000_000),
    )
    command = Command(("true",), Path())
    race = Race("a corpus", "cold", {"ours": command, "theirs": command}, figures)
    return Raced(race, {"ours": ours, "theirs": theirs}, {"ours": 500, "theirs": 400})


def report(*, code: int = 0) -> Report:
    return Report({"cores": 2}, (raced(code=code),), ("jq: not installed",), ("a note " * 30,))


def test_a_figure_is_the_median_of_the_ratios_of_the_rounds() -> None:
    rows = report().rows
    assert [row.wall for row in rows] == [1.0, 1 / 3, 1.0, None]
    assert [row.cpu for row in rows] == [3.0, 0.6, 3.0, None]
    assert [row.instructions for row in rows] == [1.25, 500 / 1300, 1.25, None]
    assert [row.memory for row in rows] == [90_000_000] * 4
    assert [row.verdict for row in rows] == ["met", "missed", "", "missed"]


def test_a_lane_that_failed_makes_no_figure_that_is_met() -> None:
    told = report(code=2)
    assert {row.verdict for row in told.rows} == {"failed"}
    assert "ours exits with 2" in text(told)


def test_the_table_has_80_columns() -> None:
    told = text(report())
    assert max(map(len, told.splitlines())) <= 80
    assert "skipped: jq: not installed" in told


def test_the_table_has_a_row_in_markdown() -> None:
    row = "| a corpus | ours / theirs | 1.00 | 3.00 | 1.25 | 90 | 1.5 | met |"
    assert row in markdown(report()).splitlines()


def test_the_document_has_every_sample() -> None:
    told = json.loads(json.dumps(document(report())))
    (race,) = told["races"]
    assert race["samples"]["ours"][2] == {"wall": 8.0, "cpu": 3.0, "memory": 90_000_000, "code": 0}


@needs_posix
def test_a_race_runs_its_lanes_in_turn(tmp_path: Path) -> None:
    order: list[str] = []
    lanes = {
        lane: Command(("sh", "-c", f"exit {lane}"), tmp_path, partial(order.append, lane))
        for lane in ("0", "7")
    }
    effort = Effort(most=2, least=2, seconds=60, warm=1)

    done = hold(Race("none", "turns", lanes, ()), effort, os.environ)

    assert order == ["0", "7"] * 3
    assert {lane: [one.code for one in taken] for lane, taken in done.samples.items()} == {
        "0": [0, 0],
        "7": [7, 7],
    }
    assert done.failed == {"7": 7}
    assert all(one.wall > 0 and one.memory > 0 for one in done.samples["0"])


@needs_posix
def test_cpu_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    lanes = {"nested": Command((sys.executable, "-c", nested), tmp_path)}
    done = hold(Race("none", "tree", lanes, ()), ONCE, os.environ)
    assert done.samples["nested"][0].cpu >= 0.3


# The command line


@needs_posix
def test_a_quick_run_prints_a_table_and_writes_both_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECCTL_TEST_CORPUS", str(tmp_path))
    written = tmp_path / "all.json", tmp_path / "table.md"
    options = ["--quick", "--sizes", "20", "--only", "cold", "--work", str(tmp_path / "work")]

    main([*options, "--json", str(written[0]), "--markdown", str(written[1])])

    printed = capsys.readouterr().out
    assert "cold validate / read and parse" in printed
    assert "skipped: real recordings: there are none in" in printed.replace("\n  ", " ")
    assert json.loads(written[0].read_bytes())["races"][0]["corpus"] == "20 recordings"
    assert written[1].read_text().startswith("| corpus | what | wall |")


@pytest.mark.parametrize(
    "wrong",
    [["--sizes", "many"], ["--sizes", "0"], ["--only", "nothing"], ["--json", "no/such/file"]],
)
def test_wrong_usage_exits_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(wrong)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_makefile_runs_it() -> None:
    told = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "bench: $(VENV)/dev\n\t$(BIN)/python -m benchmarks.run $(BENCH)\n" in told
