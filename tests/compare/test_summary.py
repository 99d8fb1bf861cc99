"""What many changes have in common is told once."""

from recctl.compare.changes import Changes, Fate, Pair, Place, Unread
from recctl.compare.summary import Summary, Told, summary
from recctl.compare.values import Comparison, Line, Statement

STREAM = Statement("parameter `stream_options` added", (Line("added", "{}"),))
MODEL = Statement("model changed", (Line("context", "a → b"),))


def edited(text: str) -> Statement:
    """A message edited into something of its own."""
    return Statement("message 1 (system) edited", (Line("words", text),))


def pair(
    *statements: Statement, test_id: str | None = "a.py::test_a", fate: Fate = Fate.CHANGED
) -> Pair:
    """A pair of which these statements tell."""
    place = Place("x.json", None)
    comparison = Comparison(statements=statements) if statements else None
    return Pair(fate, test_id, place, place, comparison=comparison)


def made(*pairs: Pair) -> Summary:
    """The summary of pairs."""
    return summary(Changes(pairs))


def test_recordings_tests_and_fates_are_counted() -> None:
    pairs = (pair(STREAM), pair(test_id=None, fate=Fate.ADDED), pair(fate=Fate.REMOVED))
    found = summary(Changes(pairs, (Unread("x", None, "torn"),)))
    assert (found.recordings, found.tests, found.compared, found.unread) == (3, 1, 1, 1)
    assert {fate.value: count for fate, count in found.counts.items()} == {
        "changed": 1,
        "moved": 0,
        "added": 1,
        "removed": 1,
    }


def test_a_change_of_one_recording_is_its_own() -> None:
    one = pair(STREAM)
    found = made(one, pair(MODEL))
    assert found.common == ()
    assert found.told(one) == ((Told(STREAM),), ())
    assert found.has_own(one)


def test_an_equal_change_of_several_is_told_once() -> None:
    one = pair(STREAM, MODEL)
    other = pair(STREAM, test_id="b.py::test_b")
    found = made(one, other)
    (common,) = found.common
    assert (common.headline, common.recordings, common.is_one) == (STREAM.headline, 2, True)
    assert common.statement(common.variants[0]) == STREAM
    assert found.is_all(common)
    assert found.told(one) == ((Told(MODEL),), ())
    assert found.told(other) == ((), ())
    assert not found.has_own(other)


def test_changes_of_one_kind_are_counted_together_and_told_apart() -> None:
    pairs = [pair(edited("x")), pair(edited("x")), pair(edited("y"))]
    found = made(*pairs)
    (common,) = found.common
    assert (common.recordings, common.is_one) == (3, False)
    assert [variant.recordings for variant in common.variants] == [2]
    assert [found.has_own(one) for one in pairs] == [False, False, True]


def test_what_some_have_in_common_is_told_of_each_without_its_details() -> None:
    one, other, third = pair(STREAM, MODEL), pair(STREAM), pair(MODEL)
    found = made(one, other, third)
    headlines = [Told(Statement(of.headline), is_own=False) for of in (STREAM, MODEL)]
    assert [found.told(of)[0] for of in (one, other, third)] == [
        tuple(headlines),
        (headlines[0],),
        (headlines[1],),
    ]


def test_of_several_variants_each_recording_has_its_number() -> None:
    pairs = [pair(edited(text)) for text in "xxxyy"]
    found = made(*pairs)
    assert [one.variant for of in pairs for one in found.told(of)[0]] == [1, 1, 1, 2, 2]


def test_ways_that_only_one_recording_has_are_counted_too() -> None:
    (common,) = made(*[pair(edited(text)) for text in "xxyyzw"]).common
    assert ([one.recordings for one in common.variants], common.ways) == ([2, 2], 4)


def test_equal_words_of_requests_and_answers_are_not_one_change() -> None:
    answer = Pair(Fate.CHANGED, None, None, None, comparison=Comparison(answers=(MODEL,)))
    assert made(pair(MODEL), answer).common == ()


def test_hidden_differences_are_counted() -> None:
    hidden = Pair(Fate.CHANGED, None, None, None, comparison=Comparison(hidden=3))
    assert made(hidden, pair(MODEL), hidden).hidden == 6


def test_the_most_frequent_change_comes_first() -> None:
    found = made(pair(MODEL, STREAM), pair(MODEL, STREAM), pair(STREAM))
    assert [(one.headline, one.recordings) for one in found.common] == [
        (STREAM.headline, 3),
        (MODEL.headline, 2),
    ]


def test_a_change_told_twice_of_one_recording_is_counted_once() -> None:
    assert made(pair(MODEL, MODEL)).common == ()


def test_pointers_make_no_difference() -> None:
    one = Statement("model changed", pointers=("/a",))
    other = Statement("model changed", pointers=("/b",))
    assert [common.recordings for common in made(pair(one), pair(other)).common] == [2]


def test_no_changes_make_an_empty_summary() -> None:
    found = made()
    assert (found.recordings, found.tests, found.common) == (0, 0, ())
