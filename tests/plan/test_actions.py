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
    told = f"{path or 'an empty path'}: no plain path below the root"
    assert refusal(engine.write(path, b"")) == told


@pytest.mark.parametrize(
    "path",
    [
        *(".git/hooks/pre-commit", "sub/.GIT/config", ".recctl/lock", "a/.git"),
        *(".git./x", ".git. /x", "GIT~1/x"),
    ],
)
def test_nothing_below_git_or_recctl_is_touched(path: str) -> None:
    told = f"{path}: nothing in .git or .recctl is changed by a plan"
    assert refusal(engine.write(path, b"")) == told


def test_a_target_is_as_suspicious_as_a_source() -> None:
    assert refusal(engine.rename("a", "../b", b"")) == "../b: no plain path below the root"
    assert refusal(engine.rename("../a", "b", b"")) == "../a: no plain path below the root"


@pytest.mark.parametrize("path", ["c:x", "a\\b"])
def test_on_windows_some_names_mean_more(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.of("mend", ROOT, [engine.write(path, b"")])
    monkeypatch.setattr("recctl.files.ON_WINDOWS", True)
    assert refusal(engine.write(path, b"")) == f"{path}: no file can have that name"


@pytest.mark.parametrize("path", ["a b/c d.json", "X.json", "comX.json", "com0.json", "com.json"])
def test_on_windows_other_names_are_fine(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recctl.files.ON_WINDOWS", True)
    engine.of("mend", ROOT, [engine.write(path, b"")])


@pytest.mark.parametrize(
    "name",
    [
        *("con", "PRN", "aux", "nul", "conin$", "CONOUT$", "com1", "lpt9", "COM¹", "lpt³"),
        *("a<b", "a>b", "a:b", 'a"b', "a\\b", "a|b", "a?b", "a*b", "a\nb", "a.", "a "),
    ],
)
def test_on_windows_a_device_or_an_odd_name_is_no_file(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.of("mend", ROOT, [engine.write(f"{name}/a.json", b"")])
    monkeypatch.setattr("recctl.files.ON_WINDOWS", True)
    told = refusal(engine.write(f"{name}/a.json", b""))
    assert told.endswith("/a.json: no file can have that name")


def test_a_name_with_a_nul_byte_is_refused() -> None:
    assert refusal(engine.write("a\0b", b"")) == "a\\x00b: no file can have that name"


def test_names_that_only_resemble_git_are_fine() -> None:
    for path in ("a/.github/x.git/.gitignore", ".gitX/x", "X.git/x"):
        engine.of("mend", ROOT, [engine.write(path, b"")])


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
    made = refusal(engine.write("m\u00f6we", b""), engine.write("mo\u0308we", b""))
    assert made == "m\u00f6we: differs only in case from mo\u0308we"


def test_a_file_that_would_have_to_be_a_folder_is_refused() -> None:
    made = refusal(engine.remove("a", b""), engine.write("a/b", b""))
    assert made == "a/b: a is a file in this plan"
    made = refusal(engine.write("x/a/b", b""), engine.write("x/a", b""))
    assert made == "x/a/b: x/a is a file in this plan"
    made = refusal(engine.write("x/a/b\n", b""), engine.write("x", b""))
    assert made == r"x/a/b\n: x is a file in this plan"


def test_a_renaming_to_the_same_name_is_refused() -> None:
    assert refusal(engine.rename("a\n", "a\n", b"")) == r"a\n: renamed to itself"


def test_an_edit_that_changes_nothing_is_refused() -> None:
    made = refusal(engine.edit("a\n", b"x", [Splice(0, b"x", b"x")]))
    assert made == r"a\n: an edit that changes nothing"


@pytest.mark.parametrize(
    ("edits", "offset"),
    [
        ([Splice(1, b"x", b"y")], 1),
        ([Splice(0, b"abc", b"x"), Splice(2, b"c", b"d")], 2),
        ([Splice(4, b"e", b"x"), Splice(0, b"a", b"x")], 0),
        ([Splice(9, b"a", b"x")], 9),
    ],
)
def test_edits_that_do_not_fit_the_content_are_refused(edits: list[Splice], offset: int) -> None:
    told = rf"a\n: the edit at offset {offset} does not fit"
    for make in (
        lambda: engine.edit("a\n", b"abcdef", edits),
        lambda: engine.rename("a\n", "b", b"abcdef", edits),
    ):
        with pytest.raises(RefusedError) as refused:
            make()
        assert str(refused.value) == told


def test_edits_may_touch_each_other() -> None:
    made = engine.edit("a", b"abcd", [Splice(1, b"b", b"xyz"), Splice(2, b"c", b"")])
    assert engine.simulate({"a": b"abcd"}, engine.of("mend", ROOT, [made])) == {"a": b"axyzd"}


def test_an_action_holds_what_it_was_made_of() -> None:
    edits = [Splice(0, b"a", b"xy")]
    old, new = State.of(b"abc"), State.of(b"xybc")
    why = engine.Review("why", "group", "old", "new")
    assert engine.rename("a", "b", b"abc", edits, why) == engine.Rename(
        "a", "b", old, new, tuple(edits), why, None, None
    )
    assert engine.rename("a", "b", b"abc") == engine.Rename("a", "b", old, old, (), REVIEW)
    assert engine.edit("a", b"abc", edits, why) == engine.Edit(
        "a", old, new, tuple(edits), why, None, None
    )
    assert engine.write("a", b"abc", review=why, mode=0o600) == engine.Write(
        "a", b"abc", old, None, why, 0o600, None
    )
    assert engine.write("a", b"xybc", b"abc") == engine.Write("a", b"xybc", new, old, REVIEW)
    assert engine.remove("a", b"abc", why) == engine.Remove("a", old, why)
    assert engine.remove("a", b"abc").review == REVIEW
    assert engine.Review() == engine.Review("", None, "", "")
    assert State.of(b"abc") == State(
        3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_what_is_not_said_of_an_action_or_a_plan_is_none() -> None:
    state = State.of(b"")
    assert engine.Rename("a", "b", state, state) == engine.Rename(
        "a", "b", state, state, (), REVIEW, None, None
    )
    assert engine.Edit("a", state, state, ()).review == REVIEW
    assert engine.Write("a", b"", state).review == REVIEW
    assert engine.Remove("a", state).review == REVIEW
    assert engine.Plan("mend", ROOT, ()).undoes is None


def test_content_is_no_part_of_how_an_action_is_shown() -> None:
    assert "lighthouse" not in repr(engine.write("a", b"lighthouse"))


def test_a_plan_holds_what_it_was_made_of() -> None:
    action, conflict = engine.remove("a", b""), engine.Conflict("d", ("e", "f"), "why")
    made = engine.of("mend", ROOT, iter([action]), iter([conflict]), notes=iter("n"), undoes="x")
    assert made == engine.Plan("mend", ROOT, (action,), (conflict,), ("n",), "x")
    assert engine.of("mend", ROOT, []) == engine.Plan("mend", ROOT, (), (), (), None)
    assert conflict.group is None
    assert made.is_empty is False
    assert engine.of("mend", ROOT, [], [conflict]).is_empty is True


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
    edited = engine.edit("a", b"x", [Splice(0, b"x", b"y")])
    both = engine.of("mend", ROOT, [edited, engine.write("b", b"", b"x")])
    assert list(both.summary.items()) == [
        *[("renames", 0), ("edits", 1), ("writes", 1), ("removals", 0)],
        ("conflicts", 0),
    ]


# What a plan makes of a tree


@pytest.mark.parametrize("tree", [{}, {"a": b"other"}, {"a": b"1", "b": b"taken"}])
def test_a_plan_that_does_not_fit_a_tree_is_refused(tree: dict[str, bytes]) -> None:
    made = engine.of("mend", ROOT, [engine.rename("a", "b", b"1")])
    path = "b" if "b" in tree else "a"
    with pytest.raises(RefusedError) as refused:
        engine.simulate(tree, made)
    assert str(refused.value) == f"{path}: not as it was when the plan was made"


def test_what_a_plan_does_not_touch_stays() -> None:
    made = engine.of("mend", ROOT, [engine.remove("a\n", b"1")])
    assert engine.simulate({"a\n": b"1", "b": b"2"}, made) == {"b": b"2"}
    with pytest.raises(RefusedError) as refused:
        engine.simulate({}, made)
    assert str(refused.value) == r"a\n: not as it was when the plan was made"


@pytest.mark.parametrize("to", ["a", "b"], ids=["edited", "renamed"])
def test_edits_that_do_not_fit_make_nothing_of_a_tree(to: str) -> None:
    old, edits = State.of(b"1"), (Splice(0, b"2", b"3"),)
    action = (
        engine.Edit("a", old, State.of(b"3"), edits)
        if to == "a"
        else engine.Rename("a", to, old, State.of(b"3"), edits)
    )
    with pytest.raises(RefusedError) as refused:
        engine.simulate({"a": b"1"}, engine.of("mend", ROOT, [action]))
    assert str(refused.value) == "a: the edit at offset 0 does not fit"


# Content that is kept in a file


def test_content_may_be_in_a_file_and_is_read_when_it_is_needed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    action = actions.Write("a", kept, State.of(b"fog"))
    kept.write_bytes(b"fog")
    assert actions.content_of(action) == b"fog"
    assert engine.simulate({}, engine.of("mend", ROOT, [action])) == {"a": b"fog"}


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, r"a\n: what it held is not kept"),
        ("folder", r"a\n: what is kept of it: Is a directory"),
        (
            b"mist",
            r"a\n: the receipt's store is damaged, what it has is not what the file held; look for"
            " it in git: recctl restore",
        ),
    ],
)
def test_content_that_is_not_in_its_file_is_refused(
    held: bytes | str | None, told: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    if isinstance(held, bytes):
        kept.write_bytes(held)
    elif held:
        kept.mkdir()
    with pytest.raises(RefusedError) as refused:
        actions.content_of(actions.Write("a\n", kept, State.of(b"fog")))
    assert str(refused.value) == told


def test_content_that_is_not_the_planned_one_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        actions.content_of(actions.Write("a\n", b"mist", State.of(b"fog")))
    assert str(refused.value) == r"a\n: its new content is not the planned one"


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


def test_the_way_back_of_each_action_has_its_own_review() -> None:
    kept, old, new = Path("kept"), State.of(b"a"), State.of(b"bc")
    edits, back = (Splice(0, b"a", b"bc"),), (Splice(0, b"bc", b"a"),)
    why = engine.Review("why", "group", "old", "new")
    asked: list[State] = []

    def content_of(state: State) -> Path:
        asked.append(state)
        return kept

    def inverted(action: engine.Action) -> engine.Action:
        return inverse(action, content_of, why)

    assert inverted(engine.Rename("x", "y", old, new, edits)) == engine.Rename(
        "y", "x", new, old, back, why
    )
    assert inverted(engine.Edit("x", old, new, edits)) == engine.Edit("x", new, old, back, why)
    assert inverted(engine.Write("x", b"bc", new)) == engine.Remove("x", new, why)
    assert asked == []
    assert inverted(engine.Write("x", b"bc", new, old)) == engine.Write("x", kept, old, new, why)
    assert inverted(engine.Remove("x", old)) == engine.Write("x", kept, old, None, why)
    assert asked == [old, old]


def test_the_way_back_of_edits_counts_in_the_new_content() -> None:
    edits = (Splice(0, b"a", b"xyz"), Splice(2, b"cd", b""), Splice(5, b"f", b"gh"))
    made = inverse(engine.Edit("x", State.of(b""), State.of(b""), edits), lambda _: Path(), REVIEW)
    assert isinstance(made, engine.Edit)
    assert made.edits == (Splice(0, b"xyz", b"a"), Splice(4, b"", b"cd"), Splice(5, b"gh", b"f"))


# Edits from contents


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        (b"", b"", []),
        (b"same", b"same", []),
        (b"abc", b"aXc", [(1, b"b", b"X")]),
        (b"a" + b"." * 8 + b"b", b"x" + b"." * 8 + b"y", [(0, b"a", b"x"), (9, b"b", b"y")]),
        (b"a" + b"." * 7 + b"b", b"x" + b"." * 7 + b"y", [(0, b"a.......b", b"x.......y")]),
        (b"a.bc", b"a.Xbc", [(2, b"", b"X")]),
        (b"a.Xbc", b"a.bc", [(2, b"X", b"")]),
        (b"aa", b"aaa", [(2, b"", b"a")]),
        (b"abab", b"ab", [(2, b"ab", b"")]),
        (b"", b"new", [(0, b"", b"new")]),
        (b"xay", b"xbby", [(1, b"a", b"bb")]),
    ],
)
def test_edits_are_few_and_short(
    old: bytes, new: bytes, edits: list[tuple[int, bytes, bytes]]
) -> None:
    assert engine.splices(old, new) == tuple(Splice(*one) for one in edits)


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
