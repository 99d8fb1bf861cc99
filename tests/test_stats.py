"""Totals of a corpus: what is counted adds up, and is printed whole."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl import schema
from recctl.cli import COMMANDS
from recctl.errors import ExitCode
from recctl.render import stats as render
from recctl.stats import OVERVIEW, Fact, Field, Stats, stats
from tests.build import (
    TEST,
    Recorded,
    chat_answer,
    chat_request,
    completion,
    completion_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import Ran, run_here
from tests.strategies import WILD_TEXTS

OTHER = "tests/integration/chat/test_other.py::test_two[a|b]"
FOLDER = "tests/integration/chat/recordings"

VALUES = st.none() | st.sampled_from(["a", "b"]) | WILD_TEXTS
FACTS = st.lists(
    st.builds(
        Fact,
        st.integers(0, 10**9),
        st.fixed_dictionaries(dict.fromkeys((Field.MODEL, Field.KIND), VALUES)),
    )
)


def told(root: Path, *arguments: str) -> Ran:
    with patch.dict(COMMANDS, {"stats": ""}):
        return run_here("stats", *arguments, cwd=root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four recordings of two tests, and one of none."""
    made: list[Recorded] = [
        recording(chat_request("Any fog?"), chat_answer("No.")),
        recording(chat_request("Any ice?"), chat_answer("No.")),
        recording(chat_request("Any fog?"), chat_answer("No."), test_id=OTHER),
        recording(completion_request("Fog is"), completion("grey"), test_id=OTHER),
        recording(tool_request("search", {"q": "fog"}), tool_result("Fog."), test_id=None),
    ]
    for one in made:
        write(tmp_path, FOLDER, one)
    return tmp_path


def groups(ran: Ran, field: str) -> dict[str | None, int]:
    return {one["value"]: one["recordings"] for one in ran.json["by"][field]}


def test_every_field_counts_all_recordings(root: Path) -> None:
    ran = told(root, "--format", "json")
    size = sum(path.stat().st_size for path in root.rglob("*.json"))
    assert (ran.code, ran.json["recordings"], ran.json["bytes"]) == (ExitCode.FINE, 5, size)
    assert list(ran.json["by"]) == list(OVERVIEW)
    for field in ran.json["by"].values():
        assert sum(one["recordings"] for one in field) == 5
        assert sum(one["bytes"] for one in field) == size
    assert schema.explain("stats", ran.json) is None


@pytest.mark.parametrize(
    ("field", "counts"),
    [
        ("folder", {FOLDER: 5}),
        ("test-file", {TEST.partition("::")[0]: 2, OTHER.partition("::")[0]: 2, None: 1}),
        ("test", {TEST: 2, OTHER: 2, None: 1}),
        ("model", {"gpt-4o-mini": 3, "llama3.2:3b": 1, None: 1}),
        ("provider", {"openai": 3, "ollama": 1, "tavily": 1}),
        ("endpoint", {"/v1/chat/completions": 3, "/v1/completions": 1, "search": 1}),
        ("kind", {"inference": 4, "tool": 1}),
        ("dialect", {"ogx-2025-10-04 … ogx-2026-04-09": 4, "ogx-2025-07-29 … ogx-2026-04-09": 1}),
        ("standing", {"reachable": 5}),
    ],
)
def test_recordings_are_counted_by_a_field(
    root: Path, field: str, counts: Mapping[str | None, int]
) -> None:
    ran = told(root, "--by", field, "--format", "json")
    assert groups(ran, field) == counts
    assert list(ran.json["by"]) == [field]
    assert schema.explain("stats", ran.json) is None


def test_fields_are_counted_one_by_one_in_the_order_asked_for(root: Path) -> None:
    ran = told(root, "--by", "model", "--by", "kind", "--by", "model", "--format", "json")
    assert list(ran.json["by"]) == ["model", "kind"]


def test_filters_choose_what_is_counted(root: Path) -> None:
    ran = told(root, "--test", "test_two", "--by", "kind", "--format", "json")
    assert (ran.json["recordings"], groups(ran, "kind")) == (2, {"inference": 2})


def test_text_has_a_table_for_each_field(root: Path) -> None:
    ran = told(root, "--by", "kind")
    assert ran.lines[0].startswith("5 recordings, ")
    assert ran.lines[1] == ""
    assert ran.lines[2].split() == ["recordings", "bytes", "kind"]
    assert [line.split()[0::2] for line in ran.lines[3:]] == [["4", "inference"], ["1", "tool"]]


def test_markdown_keeps_bars_within_their_cell(root: Path) -> None:
    lines = told(root, "--by", "test", "--format", "markdown").lines
    assert lines[2] == "| test | recordings | bytes |"
    assert any("test_two[a\\|b]` | 2 |" in line for line in lines)


def test_csv_begins_with_the_total(root: Path) -> None:
    ran = told(root, "--by", "kind", "--by", "model", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert [row["field"] for row in rows] == ["total", *["kind"] * 2, *["model"] * 3]
    assert rows[0]["recordings"] == "5"
    assert {row["value"] for row in rows if row["field"] == "model"} == {
        "gpt-4o-mini",
        "llama3.2:3b",
        "",
    }


def test_an_overview_sums_up_the_values_that_it_does_not_show(root: Path) -> None:
    for number in range(12):
        asked = chat_request("Any fog?", model=f"model-{number:02}")
        write(root, FOLDER, recording(asked, chat_answer("No.")))
    overview = told(root)
    assert any(line.endswith("… 5 more values: --by model") for line in overview.lines)
    whole = told(root, "--by", "model")
    assert not any("more value" in line for line in whole.lines)
    assert "… 5 more values" in told(root, "--format", "markdown").stdout


def test_what_cannot_be_read_is_told_and_not_counted(root: Path) -> None:
    (root / FOLDER / f"{'0' * 64}.json").write_bytes(b"{")
    ran = told(root, "--format", "json")
    assert (ran.code, ran.json["recordings"]) == (ExitCode.FINDINGS, 5)
    assert f"{'0' * 64}.json:1" in ran.stderr


def test_an_unknown_field_is_refused(root: Path) -> None:
    ran = told(root, "--by", "color")
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")


def test_nothing_that_passes_the_filters_is_a_finding(root: Path) -> None:
    ran = told(root, "--model", "none", "--format", "json")
    assert (ran.code, ran.json["recordings"]) == (ExitCode.FINDINGS, 0)


def test_what_was_recorded_does_not_act_on_a_terminal(root: Path) -> None:
    evil = f"{TEST}\x1b[2J\n\u202e"
    write(root, FOLDER, recording(chat_request("Any fog?"), chat_answer("No."), test_id=evil))
    for form in ("text", "markdown"):
        ran = told(root, "--by", "test", "--format", form)
        assert not {"\x1b", "\u202e"} & set(ran.stdout)


@given(FACTS)
def test_groups_add_up_and_come_in_order(facts: list[Fact]) -> None:
    made = stats(facts, (Field.MODEL, Field.KIND))
    assert made.recordings == len(facts)
    for field, found in made.by.items():
        assert sum(one.recordings for one in found) == made.recordings
        assert sum(one.bytes for one in found) == made.bytes
        assert [one.value for one in found] == list(dict.fromkeys(one.value for one in found))
        assert {one.value for one in found} == {fact.values[field] for fact in facts}
        counts = [(one.recordings, one.bytes) for one in found]
        assert counts == sorted(counts, reverse=True)


@given(FACTS)
def test_the_order_of_files_makes_no_difference(facts: list[Fact]) -> None:
    fields = (Field.MODEL, Field.KIND)
    assert stats(facts, fields) == stats(facts[::-1], fields)


@given(FACTS, st.none() | st.integers(1, 3))
def test_whatever_was_recorded_every_form_can_be_printed(
    facts: list[Fact], most: int | None
) -> None:
    made: Stats = stats(facts, (Field.MODEL, Field.KIND))
    assert schema.explain("stats", render.as_document(made)) is None
    text = "\n".join(render.as_text(made, most))
    assert text.count("\n") + 1 == len(list(render.as_text(made, most)))
    markdown = render.as_markdown(made, most)
    rows = [line for line in markdown.split("\n") if line.startswith("| ")]
    assert all(line.endswith(" |") for line in rows)
    rows_of_csv = list(csv.reader(io.StringIO("".join(render.as_csv(made)))))
    assert {len(row) for row in rows_of_csv} == {4}
