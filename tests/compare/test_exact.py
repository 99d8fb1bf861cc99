"""Differences of JSON values: exact to the last leaf, and as few as can be."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.compare import exact
from recctl.compare.exact import applied, differences, digest, kept, same
from recctl.difference import ABSENT, is_same
from recctl.jsontext import parse
from recctl.shapes import MAX_DEPTH
from tests.strategies import json_values, mutated, shuffled

NAN = math.nan
KEYS = st.sampled_from(["a", "b", "0", "-1", "", "/", "~", "__type__", "'", "role", "name"])
VALUES = json_values(keys=KEYS)
SIMILAR = st.recursive(
    st.sampled_from([0, 0.0, -0.0, False, 1, 1.0, True, "", "1", None, NAN, 2**70, 2.0**70]),
    lambda below: (
        st.lists(below, max_size=5) | st.dictionaries(KEYS, below, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip
"""Values of few kinds, many of which only a hash tells apart."""


def found(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(one.pointer, one.old, one.new) for one in differences(before, after)]


@settings(deadline=None)
@given(VALUES | SIMILAR, st.randoms())
def test_a_value_does_not_differ_from_itself(value: Any, random: Any) -> None:
    copy = json.loads(json.dumps(value))
    assert differences(value, shuffled(copy, random)) == ()


@settings(max_examples=200, deadline=None)
@given(VALUES | SIMILAR, VALUES | SIMILAR)
def test_differences_lead_from_one_value_to_another(before: Any, after: Any) -> None:
    assert is_same(applied(differences(before, after), before), after)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_differences_lead_to_a_value_that_was_edited(data: st.DataObject) -> None:
    before = data.draw(SIMILAR)
    after = data.draw(mutated(before, SIMILAR))
    assert is_same(applied(differences(before, after), before), after)
    assert is_same(applied(differences(after, before), after), before)


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdef")))
def test_items_that_are_kept_are_the_same_or_edited(before: list[str], after: list[str]) -> None:
    every = differences({"x": before}, {"x": after})
    changed = {one.pointer for one in every if ABSENT not in (one.old, one.new)}
    if "/x" not in changed:
        for old, new in kept(every, ("x",), len(before)):
            assert (before[old] == after[new]) is (f"/x/{old}" not in changed)


@settings(deadline=None)
@given(SIMILAR, SIMILAR)
def test_digests_are_equal_for_what_is_the_same(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) is is_same(one, other) is same(one, other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        (0.0, -0.0),
        (NAN, None),
        ("", None),
        ("1", 1),
        (10**30, 10**30 + 1),
        (10**30, 1e30),
        ({}, []),
        ({}, None),
        ("a", ["a"]),
        ("\ud800", "\\ud800"),
    ],
    ids=repr,
)
def test_what_the_hash_tells_apart_differs(before: Any, after: Any) -> None:
    assert found({"x": [before]}, {"x": [after]}) == [("/x/0", before, after)]


def test_null_is_not_absent() -> None:
    assert found({"seed": None}, {}) == [("/seed", None, ABSENT)]
    assert found({}, {"seed": None}) == [("/seed", ABSENT, None)]


def test_not_a_number_is_the_same_as_itself() -> None:
    one, other = (parse(b'{"x": [NaN, Infinity]}').value for _ in range(2))
    assert differences(one, other) == ()


def test_keys_with_underscores_are_seen() -> None:
    assert found({"__type__": "a"}, {"__type__": "b"}) == [("/__type__", "a", "b")]


def test_an_item_that_is_put_first_moves_none() -> None:
    assert found([1, 2, 3], [0, 1, 2, 3]) == [("/0", ABSENT, 0)]


def test_an_edited_item_is_found_beside_a_new_one() -> None:
    asked = {"role": "user", "content": "Is the lamp lit at night, or only at dusk?"}
    reworded = {"role": "user", "content": "Is the lamp lit at night, or only at dawn?"}
    new = {"role": "system", "content": "Be brief."}
    assert found([asked], [new, reworded]) == [
        ("/0", ABSENT, new),
        ("/0/content", asked["content"], reworded["content"]),
    ]


def test_a_named_item_is_found_in_spite_of_edits() -> None:
    lamp: dict[str, Any] = {"name": "lamp", "parameters": {}}
    bell: dict[str, Any] = {"name": "bell", "parameters": {}}
    edited = {"name": "bell", "parameters": {"type": "object", "required": ["tone"]}}
    assert [pointer for pointer, *_ in found([lamp, bell], [edited])] == [
        "/0",
        "/1/parameters/type",
        "/1/parameters/required",
    ]


def test_differences_come_in_the_order_of_the_value() -> None:
    before = {"b": 1, "a": [1, {"z": 1}], "c": 1}
    after = {"a": [1, {"z": 2, "y": 3}], "c": 2, "d": 3}
    assert [pointer for pointer, *_ in found(before, after)] == [
        "/b",
        "/a/1/z",
        "/a/1/y",
        "/c",
        "/d",
    ]


def test_a_list_of_which_too_much_differs_is_replaced() -> None:
    before, after = list(range(5_000)), [float(one) for one in range(5_000)]
    assert found({"x": before}, {"x": after}) == [("/x", before, after)]


def test_a_few_items_of_a_long_list_are_told_one_by_one() -> None:
    before = [{"role": "user", "content": str(number)} for number in range(5_000)]
    after = [*before[1:3_000], {"role": "user", "content": "new"}, *before[3_001:]]
    assert [pointer for pointer, *_ in found(before, after)] == ["/0", "/3000/content"]


def test_values_may_be_as_deep_as_any_that_is_read() -> None:
    before, after = 1, 2
    for depth in range(MAX_DEPTH - 1):
        before, after = ({"k": one} if depth % 2 else [one, 0] for one in (before, after))  # type: ignore[assignment]
    ((pointer, *values),) = found(before, after)
    assert (pointer.count("/"), values) == (MAX_DEPTH - 1, [1, 2])


def test_a_value_that_holds_much_on_every_level_is_read_once() -> None:
    before, after = ["x" * 200_000], ["y" * 200_000]
    for _ in range(MAX_DEPTH - 2):
        before, after = [before, 0], [after, 1]  # type: ignore[list-item]
    assert same(applied(differences(before, after), before), after)


def test_lists_of_much_different_length_are_replaced_whole() -> None:
    before, after = {"big": [{"a": 1}] * 3, "n": 1}, {"big": [*range(100_000)], "n": 2}
    assert [pointer for pointer, *_ in found(before, after)] == ["/big", "/n"]
    assert same(applied(differences(before, after), before), after)


@pytest.mark.parametrize("gone", [0, 50_000])
def test_an_object_of_which_very_many_members_differ_is_replaced_whole(gone: int) -> None:
    before = {"big": {f"k{number}": number for number in range(50_000)}}
    after = {"big": {f"k{number + gone}": number + 1 for number in range(50_000)}}
    assert found(before, after) == [("/big", before["big"], after["big"])]


def test_of_very_much_that_differs_in_all_some_is_replaced_whole() -> None:
    before = {"rows": [{str(key): 0 for key in range(100)} for _ in range(100)]}
    after = {"rows": [{str(key): 1 for key in range(100)} for _ in range(100)]}
    assert len(differences(before, after)) < 5_100
    assert same(applied(differences(before, after), before), after)


def test_a_list_of_numbers_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    plain = exact._digest

    def counted(text: str) -> bytes:
        calls.append(text)
        return plain(text)

    monkeypatch.setattr(exact, "_digest", counted)
    digest([[0.5] * 1_000] * 50)
    digest([[0.5] * 1_000 for _ in range(50)])
    assert len(calls) <= 60


def test_items_of_lists_that_hold_only_numbers_are_told_apart_as_a_hash_does() -> None:
    before = [*range(300), 1, True, NAN, None]
    after = [*range(300), 1.0, 1, NAN, None]
    assert [pointer for pointer, *_ in found(before, after)] == ["/300", "/301"]
