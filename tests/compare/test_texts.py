"""What was edited in a text: words in a line, lines in a text, and no more than can be read."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl import secrets
from recctl.compare import words as of_words
from recctl.compare.secrecy import MASK
from recctl.compare.sequences import common
from recctl.compare.texts import MOST_LINES, changed, edited
from recctl.compare.values import Line


def told(before: str, after: str) -> list[str]:
    marks = {"context": " ", "removed": "-", "added": "+", "words": "~"}
    return [f"{marks[line.kind]} {line.text}".rstrip() for line in edited(before, after)]


def test_words_that_differ_are_marked_in_their_line() -> None:
    before = "The lamp was lit at dusk by the keeper."
    assert told(before, "The lamp was lit at noon by the old keeper.") == [
        "~ The lamp was lit at [-dusk-]{+noon+} by the {+old +}keeper."
    ]


def test_words_with_only_a_space_between_them_are_one_change() -> None:
    assert told("Ships pass and a bell rings here", "Ships pass that once rings here") == [
        "~ Ships pass [-and a bell-]{+that once+} rings here"
    ]


def test_a_comma_is_a_change_of_its_own() -> None:
    assert told("Fog, at night", "Fog at night") == ["~ Fog[-,-] at night"]


def test_far_from_the_change_a_long_line_is_left_out() -> None:
    before, after = (f"{'tide ' * 100}{word}{' wind' * 100}" for word in ("north", "south"))
    (line,) = told(before, after)
    assert line == f"~ …{' tide' * 7} [-north-]{{+south+}}{' wind' * 7} …"


def test_a_line_with_little_in_common_came_anew() -> None:
    assert told("Hello", "Good night") == ["- Hello", "+ Good night"]


def test_lines_are_told_with_one_line_around_them() -> None:
    before = "one\ntwo\nthree\nfour\nfive\nsix\nseven"
    after = "one\ntwo\nthree\nfour\nplus\nfive\nsix\nseven"
    assert told(before, after) == ["  …", "  four", "+ plus", "  five", "  …"]


def test_in_lines_that_stand_for_others_words_are_marked() -> None:
    before = "Rules:\nanswer in one short word\nbe kind"
    after = "Rules:\nanswer in two short words\nbe kind\nand true"
    assert told(before, after) == [
        "  Rules:",
        "~ answer in [-one-]{+two+} short [-word-]{+words+}",
        "  be kind",
        "+ and true",
    ]


def test_a_line_that_was_edited_is_found_among_those_that_came() -> None:
    before = "First\nthe keeper lights the lamp at dusk\nlast"
    after = "First\na bell rings\nthe keeper lights the lamp at dawn\nlast"
    assert told(before, after) == [
        "  First",
        "+ a bell rings",
        "~ the keeper lights the lamp at [-dusk-]{+dawn+}",
        "  last",
    ]


def test_a_final_line_feed_is_a_difference() -> None:
    assert told("Yes", "Yes\n") == ["  white space only, in 1 place", "  Yes", "+ ⏎"]


def test_where_only_white_space_differs_it_is_shown_and_counted() -> None:
    assert told("one two\nthree\tfour", "one  two\nthree four") == [
        "  white space only, in 2 places",
        "~ one[-·-]{+··+}two",
        "~ three[-⇥-]{+·+}four",
    ]
    assert told("the\u00a0lamp", "the lamp")[1] == r"~ the[-\u00a0-]{+·+}lamp"


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        ("lit by a well---known man", "lit by a well known man", "[-well---known-]{+well known+}"),
        ("lit by lamp and/or bell", "lit by lamp and or bell", "[-and/or-]{+and or+}"),
        ("he and she don't sail", "he and she dont sail", "[-don't-]{+dont+}"),
        ("see the pre-lamp there", "see the lamp there", "[-pre-lamp-]{+lamp+}"),
    ],
)
def test_a_change_neither_begins_nor_ends_within_a_word(before: str, after: str, want: str) -> None:
    (line,) = told(before, after)
    assert want in line


def test_words_in_a_text_with_such_marks_are_marked_otherwise() -> None:
    assert told("a [-b-] bell and c", "a [-b-] bell and d") == ["~ a [-b-] bell and ⟦-c-⟧⟦+d+⟧"]
    both = "a [-b-] ⟦-bell"
    assert told(f"{both} c", f"{both} d") == [f"- {both} c", f"+ {both} d"]


TOKEN = "sk-proj-" + "a1B2c3D4e5F6" * 4


def test_what_may_be_a_secret_is_not_shown() -> None:
    shown = told(f"the lamp\nkey {TOKEN} here", f"the lamp\nkey {TOKEN[::-1]} here")
    assert shown == [
        "  the lamp",
        "- (not shown: it may hold a secret)",
        f"+ key {TOKEN[::-1]} here",
    ]
    assert not any(TOKEN in line.text for line in changed(None, TOKEN, "a"))


def test_what_stands_for_a_secret_is_the_same_everywhere() -> None:
    assert secrets.MASK == MASK


def test_more_lines_than_can_be_read_are_counted() -> None:
    lines = edited("", "\n".join(f"line {number}" for number in range(100)))
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == Line("context", "… 61 more lines")


def test_a_long_line_is_cut() -> None:
    (_, line) = edited("a", "b" * 5_000)
    assert line.text.endswith("b… (5,000 characters)")
    assert len(line.text) < 400


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab " * 200_000, "ba " * 200_000),
        ("x" * 2_000_000 + " a", "x" * 2_000_000 + " b"),
        ("\n" * 100_000, "\n" * 99_990 + "x"),
        ("".join(map(chr, range(32, 40_000))), "".join(map(chr, range(40_000, 32, -1)))),
    ],
    ids=["short-words", "one-word", "line-feeds", "letters"],
)
def test_hostile_texts_are_told_in_few_lines(before: str, after: str) -> None:
    lines = edited(before, after)
    assert 0 < len(lines) <= MOST_LINES + 1
    assert sum(len(line.text) for line in lines) < 20_000


@given(st.text("ab \n,", max_size=60), st.text("ab \n,", max_size=60))
def test_texts_that_differ_are_never_told_as_the_same(before: str, after: str) -> None:
    lines = edited(before, after)
    assert any(line.kind != "context" for line in lines) is (before != after)


@given(st.text("ab ,", max_size=30), st.text("ab ,", max_size=30))
def test_a_short_line_can_be_read_back(before: str, after: str) -> None:
    lines = edited(before, after)
    lines = lines[lines[:1] != () and lines[0].text.startswith("white space only") :]
    if [line.kind for line in lines] == ["words"] and "…" not in lines[0].text:
        text = lines[0].text
        for mark, want in (("-", before), ("+", after)):
            opened, closed = ("[-", "-]") if mark == "-" else ("{+", "+}")
            other = ("{+", "+}") if mark == "-" else ("[-", "-]")
            while other[0] in text:
                start, end = text.index(other[0]), text.index(other[1])
                text = text[:start] + text[end + 2 :]
            assert text.replace(opened, "").replace(closed, "").replace("·", " ") == want
            text = lines[0].text


def naive(before: list[int], after: list[int]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(after) + 1)
    for one in before:
        new = [0]
        for at, other in enumerate(after):
            new.append(row[at] + 1 if one == other else max(row[at + 1], new[at]))
        row = new
    return row[-1]


@given(
    st.lists(st.integers(0, 3), max_size=20),
    st.lists(st.integers(0, 3), max_size=20),
    st.booleans(),
)
def test_what_sequences_have_in_common_is_as_long_as_can_be(
    before: list[int], after: list[int], is_bounded: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if is_bounded:
            patch.setattr("recctl.compare.sequences._MOST_CELLS", 6)
        pairs = common(before, after)
    assert all(before[one] == after[other] for one, other in pairs)
    for side in (0, 1):
        places = [pair[side] for pair in pairs]
        assert places == sorted(set(places))
    if not is_bounded:
        assert len(pairs) == naive(before, after)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (0.7, 0.2, [("context", "0.7 → 0.2")]),
        (1, 1.0, [("context", "1 → 1.0")]),
        ("", None, [("context", '"" → null')]),
        ([1] * 40, [2], [("removed", f"[{', '.join(['1'] * 40)}]"), ("added", "[2]")]),
    ],
)
def test_a_value_is_told_with_an_arrow_where_it_fits(
    before: Any, after: Any, lines: list[tuple[str, str]]
) -> None:
    assert [(line.kind, line.text) for line in changed(before, after)] == lines


def words(random: Random, count: int) -> list[str]:
    return [f"w{random.randrange(3_000)}" for _ in range(count)]


def test_of_a_long_line_only_what_is_near_to_a_change_is_compared_word_by_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = Random(5)  # noqa: S311
    before = words(random, 8_000)
    after = [*before]
    for place in range(100, 8_000, 1_000):
        after[place] = "EDIT"
    cells = []
    plain = common

    def counted(old: list[str], new: list[str]) -> list[tuple[int, int]]:
        cells.append(len(old) * len(new))
        return plain(old, new)

    monkeypatch.setattr(of_words, "common", counted)
    (line,) = edited(" ".join(before), " ".join(after))
    assert line.text.count("{+EDIT+}") == 8
    assert sum(cells) < 1_000


def test_a_long_line_with_a_paragraph_more_is_told_by_that_alone() -> None:
    random = Random(5)  # noqa: S311
    parts = [" ".join(words(random, 1_000)) for _ in range(3)]
    text, more = " ".join(parts), f"{parts[0]} {parts[2]}"
    (line,) = edited(f"a {more} b", f"c {text} d")
    assert line.text.startswith("[-a-]{+c+} w")
    assert line.text.count("{+") == 3
    assert line.text.endswith("[-b-]{+d+}")


@given(
    st.lists(st.sampled_from(["lamp", "fog ", " ", "-", "and so on, ", "x" * 40]), max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", "bell ", "-", "fog"]))),
)
def test_the_pieces_of_a_line_make_both_texts(
    pieces: list[str], edits: list[tuple[int, str]]
) -> None:
    other = [*pieces]
    for place, text in edits:
        other[place : place + 1] = [text]
    before, after = "".join(pieces), "".join(other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_words, "_MOST_LETTERS", 0)
        patch.setattr(of_words, "_PROBE", 6)
        made = of_words._pieces(before, after)
    assert "".join("".join(one.same + one.gone) for one in made) == before
    assert "".join("".join(one.same + one.come) for one in made) == after
