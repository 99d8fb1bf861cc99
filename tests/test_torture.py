"""What fuzzing once found is found again should it come back, and the fuzzers themselves work."""

from pathlib import Path
from random import Random

import pytest

from tests.torture.fuzz import Fuzzed, table
from tests.torture.fuzz_readers import CORPUS, READERS
from tests.torture.fuzz_run import Kept, checked, timed

_MOST_BYTES = 200_000


def kept() -> list[object]:
    return [
        pytest.param(name, path, id=f"{name}-{path.name}")
        for name, reader in READERS.items()
        for path in reader.kept
    ]


@pytest.mark.parametrize(("name", "path"), kept())
def test_a_kept_input_is_read_rightly_and_soon(name: str, path: Path) -> None:
    timed(READERS[name].check, path.read_bytes())


@pytest.mark.parametrize("name", READERS)
def test_seeds_and_what_is_made_of_them_are_read_rightly(name: str) -> None:
    reader = READERS[name]
    seeds = list(reader.seeds())
    random = Random(name)  # noqa: S311 - the same in each run

    assert seeds
    for raw in random.sample(seeds, min(8, len(seeds))):
        reader.check(raw)
        reader.check(reader.mutate(raw, random, seeds))


def test_the_corpus_is_small_and_all_of_it_belongs_to_a_reader() -> None:
    files = [one for one in CORPUS.rglob("*") if one.is_file()]

    assert {one.parent.name for one in files} <= READERS.keys()
    assert sum(one.stat().st_size for one in files) <= _MOST_BYTES


def test_of_inputs_that_fail_at_one_place_the_smallest_is_kept(tmp_path: Path) -> None:
    def check(raw: bytes) -> None:
        assert b"fog" not in raw

    keep = Kept(tmp_path)
    for raw in (b"clear", b"much fog", b"fog", b"fog again"):
        checked(check, raw, keep)

    (found,) = (one for one in tmp_path.iterdir() if one.suffix != ".txt")
    assert found.read_bytes() == b"fog"
    assert "AssertionError" in found.with_suffix(".txt").read_text()


def test_results_are_told_in_columns() -> None:
    told = table([Fuzzed("json", 12_345, 600.4, 153, 0)])

    assert told.split("\n")[1].split() == ["json", "12,345", "600", "153", "0"]
