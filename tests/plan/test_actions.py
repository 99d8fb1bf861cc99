"""Plans as values: what goes together, what they make of a tree, and the way back."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.plan import RefusedError, Splice, State, actions
from recctl.plan.actions import inverse
from tests.plan.plans import TREES, UNHURRIED, plans

ROOT = Path("/lighthouse")
REVIEW = engine.Review()


def refusal(*made: engine.Action) -> str:
    with pytest.raises(RefusedError) as refused:
        engine.of("mend", ROOT, made)
    return str(refused.value)


# Paths


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../x", "a//x", "./x", "a/", "a/.", "a/.."]
)
def test_a_path_that_could_leave_the_root_is_refused(path: str) -> None:
    assert refusal(engine.write(path, b"")).endswith("no plain path below the root")


@pytest.mark.parametrize(
    "path",
    [".git/hooks/pre-commit", "sub/.GIT/config", ".recctl/lock", "a/.git", ".git./x", "GIT~1/x"],
)
def test_nothing_below_git_or_recctl_is_touched(path: str) -> None:
    assert refusal(engine.write(path, b"")).endswith(
        "nothing in .git or .recctl is changed by a plan"
    )


def test_a_target_is_as_suspicious_as_a_source() -> None:
    assert "no plain path" in refusal(engine.rename("a", "../b", b""))


def test_a_name_with_a_nul_byte_is_refused() -> None:
    assert refusal(engine.write("a\0b", b"")) == "a\\x00b: no file can have that name"


def test_names_that_only_resemble_git_are_fine() -> None:
    engine.of("mend", ROOT, [engine.write("a/.github/x.git/.gitignore", b"")])


# What goes together


def test_two_actions_on_one_file_are_refused() -> None:
    made = refusal(engine.remove("a", b"x"), engine.rename("a", "b", b"x"))
    assert made == "a: two actions take it"


def test_two_files_for_one_name_are_refused() -> None:
    made = refusal(engine.rename("a", "c", b""), engine.rename("b", "c", b""))
    assert made == "c: two actions put a file there"


def test_names_that_differ_only_in_case_are_refused() -> None:
    made = refusal(engine.write("x/Lamp", b""), engine.write("x/lamp", b""))
    assert made == "x/lamp: differs only in case from x/Lamp"


def test_names_that_differ_only_in_how_letters_are_composed_are_refused() -> None:
    assert "differs only in case" in refusal(
        engine.write("m\u00f6we", b""), engine.write("mo\u0308we", b"")
    )


def test_a_file_that_would_have_to_be_a_folder_is_refused() -> None:
    made = refusal(engine.remove("a", b""), engine.write("a/b", b""))
    assert made == "a/b: a is a file in this plan"


def test_a_renaming_to_the_same_name_is_refused() -> None:
    assert refusal(engine.rename("a", "a", b"")) == "a: renamed to itself"


def test_an_edit_that_changes_nothing_is_refused() -> None:
    made = refusal(engine.edit("a", b"x", [Splice(0, b"x", b"x")]))
    assert made == "a: an edit that changes nothing"


@pytest.mark.parametrize(
    "edits",
    [
        [Splice(1, b"x", b"y")],
        [Splice(0, b"abc", b"x"), Splice(2, b"c", b"d")],
        [Splice(4, b"e", b"x"), Splice(0, b"a", b"x")],
        [Splice(9, b"a", b"x")],
    ],
)
def test_edits_that_do_not_fit_the_content_are_refused(edits: list[Splice]) -> None:
    with pytest.raises(RefusedError, match=r"the edit at offset . does not fit"):
        engine.edit("a", b"abcdef", edits)


def test_a_chain_and_a_circle_make_sense() -> None:
    tree = {"a": b"1", "b": b"2", "c": b"3", "d": b"4"}
    made = engine.of(
        "mend",
        ROOT,
        [
            engine.rename("a", "b", b"1"),
            engine.rename("b", "new", b"2"),
            engine.rename("c", "d", b"3"),
            engine.rename("d", "c", b"4"),
        ],
    )
    assert engine.simulate(tree, made) == {"b": b"1", "new": b"2", "d": b"3", "c": b"4"}


def test_a_file_may_take_the_name_of_one_that_is_removed() -> None:
    made = engine.of("mend", ROOT, [engine.remove("b", b"2"), engine.rename("a", "b", b"1")])
    assert engine.simulate({"a": b"1", "b": b"2"}, made) == {"b": b"1"}


def test_the_totals_count_each_kind() -> None:
    made = engine.of(
        "mend",
        ROOT,
        [engine.remove("b", b"2"), engine.rename("a", "b", b"1"), engine.write("c", b"")],
        [engine.Conflict("d", ("e", "f"), "different answers")],
    )
    assert made.summary == {"renames": 1, "edits": 0, "writes": 1, "removals": 1, "conflicts": 1}


# What a plan makes of a tree


@pytest.mark.parametrize("tree", [{}, {"a": b"other"}, {"a": b"1", "b": b"taken"}])
def test_a_plan_that_does_not_fit_a_tree_is_refused(tree: dict[str, bytes]) -> None:
    made = engine.of("mend", ROOT, [engine.rename("a", "b", b"1")])
    with pytest.raises(RefusedError, match="not as it was when the plan was made"):
        engine.simulate(tree, made)


@settings(UNHURRIED)
@given(st.data())
def test_what_a_plan_says_of_before_and_after_is_what_it_does(data: st.DataObject) -> None:
    tree = data.draw(TREES)
    made = data.draw(plans(tree, ROOT))
    result = engine.simulate(tree, made)
    for path, state in made.before.items():
        assert state == (State.of(tree[path]) if path in tree else None)
    for path, state in made.after.items():
        assert state == (State.of(result[path]) if path in result else None)
    untouched = set(tree) - set(made.before)
    assert set(result) == untouched | {path for path, state in made.after.items() if state}


@settings(UNHURRIED)
@given(st.data())
def test_the_inverse_of_a_plan_brings_the_tree_back(data: st.DataObject) -> None:
    tree = data.draw(TREES)
    made = data.draw(plans(tree, ROOT))
    kept = {State.of(content): content for content in tree.values()}
    back = engine.of(
        "undo",
        ROOT,
        [
            actions.Write(one.path, kept[one.after], one.after, one.before)
            if isinstance(one, actions.Write)
            else one
            for one in (inverse(action, lambda _: Path(), REVIEW) for action in made.actions)
        ],
    )
    assert engine.simulate(engine.simulate(tree, made), back) == tree


# Edits from contents


@settings(UNHURRIED)
@given(st.binary(max_size=200), st.data())
def test_edits_between_contents_of_equal_length_are_of_equal_length(
    old: bytes, data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, max(0, len(old) - 1)), max_size=4))
    new = bytearray(old)
    for place in places if old else ():
        new[place] ^= 1
    edits = engine.splices(old, bytes(new))
    assert actions.spliced("a", old, edits) == new
    assert all(len(one.old) == len(one.new) for one in edits)
    assert sum(len(one.old) for one in edits) <= 9 * len(places)


@settings(UNHURRIED)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_edits_make_any_content_of_any_other(start: bytes, old: bytes, new: bytes) -> None:
    edits = engine.splices(start + old + start, start + new + start)
    assert actions.spliced("a", start + old + start, edits) == start + new + start
