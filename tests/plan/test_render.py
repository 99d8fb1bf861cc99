"""How a plan looks to the people who review it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.plan.receipts import Line
from recctl.render import plan as render
from recctl.render.terminal import wrapped
from tests.plan.plans import TREES, UNHURRIED, plans

ROOT = Path("/lighthouse")
TEST = "tests/integration/chat/test_keeper.py::test_answers"
FOLDER = "tests/integration/chat/recordings"


def lamp(number: int, reason: str = "another dialect", group: str | None = TEST) -> engine.Action:
    """A recording that gets another hash."""
    old, new = f"{number:012x}", f"{number + 0xF00:012x}"
    review = engine.Review(reason, group, old, new)
    return engine.rename(f"{FOLDER}/{old}.json", f"{FOLDER}/{new}.json", b"", (), review)


def text(*actions: engine.Action, **others: object) -> list[str]:
    plan = engine.of("rehash", ROOT, actions, **others)  # type: ignore[arg-type]
    return [line.plain for line in render.as_text(plan)]


def markdown(*actions: engine.Action, **others: object) -> list[str]:
    plan = engine.of("rehash", ROOT, actions, **others)  # type: ignore[arg-type]
    return render.as_markdown(plan).split("\n")


# Text


def test_actions_stand_below_their_test_with_short_hashes_and_reason() -> None:
    assert text(lamp(1), lamp(2, "ids follow")) == [
        TEST,
        "  rename 000000000001 → 000000000f01  another dialect",
        "  rename 000000000002 → 000000000f02  ids follow",
    ]


def test_actions_of_one_test_stand_together_wherever_they_come() -> None:
    assert text(lamp(1), lamp(2, group="other"), lamp(3, "later"))[:4] == [
        TEST,
        "  rename 000000000001 → 000000000f01  another dialect",
        "  rename 000000000003 → 000000000f03  later",
        "other",
    ]


def test_a_reason_that_several_share_is_told_once() -> None:
    assert text(lamp(1), lamp(2)) == [
        TEST,
        "  rename 2 files: another dialect",
        "    000000000001 → 000000000f01",
        "    000000000002 → 000000000f02",
    ]


def test_of_very_many_alike_the_first_are_shown_and_the_others_counted() -> None:
    lines = text(*map(lamp, range(45)))
    assert lines[1] == "  rename 45 files: another dialect"
    assert len(lines) == 43
    assert lines[-1] == "    … and 5 more; all of them: --format json"


def test_actions_without_a_test_stand_below_their_folder_by_name() -> None:
    assert text(
        engine.rename("a/x.json", "a/y.json", b""),
        engine.edit("a/b.json", b"x", engine.splices(b"x", b"y"), engine.Review("a word")),
        engine.remove("top.json", b""),
    ) == ["a", "  rename x.json → y.json", "  edit b.json  a word", ".", "  remove top.json"]


def test_a_file_that_is_moved_says_whereto() -> None:
    assert text(engine.rename("a/x.json", "b/c/x.json", b"")) == ["a", "  rename x.json  to b/c"]


def test_what_is_new_or_goes_has_one_hash() -> None:
    made = engine.Review("as it was", TEST, "", "abcd")
    gone = engine.Review("a duplicate", TEST, "dcba")
    assert text(engine.write("a", b"", review=made), engine.remove("b", b"", gone)) == [
        TEST,
        "  write abcd  as it was",
        "  remove dcba  a duplicate",
    ]


def test_conflicts_and_notes_come_last() -> None:
    conflict = engine.Conflict(f"{FOLDER}/c.json", ("a.json", "b.json"), "different answers", TEST)
    assert text(lamp(1), conflicts=[conflict], notes=["given to the old requests"])[2:] == [
        "conflicts, left as they are",
        f"  {FOLDER}/c.json",
        f"    {TEST}",
        "    different answers; claimed by",
        "    a.json",
        "    b.json",
        "given to the old requests",
    ]


def test_nothing_recorded_acts_on_a_terminal() -> None:
    wild = "a\x1b[2J\u202e\nb"
    review = engine.Review(wild, wild, wild, wild)
    conflict = engine.Conflict(wild, (wild,), wild, wild)
    lines = text(engine.remove(wild, b"", review), conflicts=[conflict], notes=[wild])
    assert not any("\x1b" in line or "\n" in line or "\u202e" in line for line in lines)


@settings(UNHURRIED)
@given(st.data())
def test_any_plan_fits_eighty_columns_but_for_names_that_stay_whole(data: st.DataObject) -> None:
    plan = data.draw(plans(data.draw(TREES), ROOT))
    for line in wrapped(render.as_text(plan), 80):
        assert line.no_wrap or line.cell_len <= 80


# Markdown


def test_a_pull_request_gets_a_table() -> None:
    assert markdown(lamp(1)) == [
        "### recctl rehash: 1 rename",
        "",
        "| group | change | old | new | reason |",
        "|---|---|---|---|---|",
        f"| `{TEST}` | rename | `000000000001` | `000000000f01` | another dialect |",
        "",
    ]


def test_a_pull_request_hears_of_conflicts_as_a_list() -> None:
    conflict = engine.Conflict("c.json", ("a.json", "b.json"), "different answers")
    assert markdown(conflicts=[conflict], notes=["a note"])[2:] == [
        "Conflicts, left as they are:",
        "",
        "- `c.json`: different answers; claimed by `a.json`, `b.json`",
        "",
        "a note",
        "",
    ]


def test_a_pull_request_has_room_for_so_many_rows() -> None:
    lines = markdown(*map(lamp, range(205)))
    assert lines[-2] == "… and 5 more changes."
    assert len(lines) == 4 + 200 + 3


@pytest.mark.parametrize("wild", ["a|b", "`a`", "<img src=x>", "[a](b)", "@someone", "**a**"])
def test_nothing_recorded_is_markup(wild: str) -> None:
    review = engine.Review(wild, wild, wild, wild)
    row = markdown(engine.remove("a", b"", review))[4]
    cells = row.replace("\\|", "").split("|")
    assert len(cells) == 7
    quoted = f"`{wild}`" if "`" not in wild else f"`` {wild} ``"
    assert row.startswith("| " + quoted.replace("|", "\\|") + " | remove |")
    assert wild not in cells[5]


# Totals


def test_the_totals_name_only_what_there_is() -> None:
    plan = engine.of("mend", ROOT, [lamp(1), lamp(2), engine.remove("a", b"")])
    assert render.told(plan) == "mend: 2 renames, 1 removal"


def test_an_empty_plan_says_so() -> None:
    assert render.told(engine.of("mend", ROOT, [])) == "mend: nothing to do"


# History


def test_the_history_is_a_table() -> None:
    first, second = "20260412-081503-3fa9c1", "20260412-081611-77b0e2"
    summary = {"renames": 1200, "conflicts": 1}
    lines = [
        Line("20260413-000000-000000", flaw="damaged"),
        Line(second, None, "undo", {"renames": 1200}, first, None, 0),
        Line(first, None, "rehash", summary, None, second, None),
        Line("20260411-000000-ffffff", None, "prune", {"removals": 2}, None, None, 12_345),
    ]
    assert render.history_as_text(lines) == [
        "id                      command     kept  changes",
        "20260413-000000-000000  -              -  damaged",
        "20260412-081611-77b0e2  undo           0  1,200 renames; undoes 3fa9c1",
        "20260412-081503-3fa9c1  rehash   expired  1,200 renames, 1 conflict; undone by 77b0e2",
        "20260411-000000-ffffff  prune     12,345  2 removals",
    ]
