"""A team's own dialects: how their tables are read, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from recctl.dialects import Dialect, published
from recctl.dialects.steps import AddTestId, Drop, Round, Share, Substitute
from recctl.errors import UsageError

PUBLISHED = published()
FIRST, *_, NEWEST = PUBLISHED.dialects


def read(**entry: Any) -> Dialect:
    """A dialect of our own, as the table has it."""
    return PUBLISHED.extended({"harbour": entry}).find("harbour")


def refusal(own: Mapping[str, Mapping[str, Any]]) -> str:
    with pytest.raises(UsageError) as caught:
        PUBLISHED.extended(own)
    return str(caught.value)


def test_of_a_dialect_that_says_nothing_all_is_plain() -> None:
    assert read() == Dialect("harbour", date.min, "", 64, ("sha256",), ())


def test_all_that_a_dialect_says_is_read() -> None:
    harbour = read(
        **{
            "since": date(2026, 5, 1),
            "adds": "fog is left out",
            "hash-digits": 12,
            "digests": ["sha1", "sha512"],
            "steps": [{"step": "test-id"}],
        }
    )

    assert harbour == Dialect(
        "harbour", date(2026, 5, 1), "fog is left out", 12, ("sha1", "sha512"), (AddTestId(),)
    )


@pytest.mark.parametrize("base", [FIRST, NEWEST], ids=["first", "newest"])
def test_what_a_dialect_does_not_say_is_as_in_the_one_it_extends(base: Dialect) -> None:
    assert read(extends=base.name) == replace(base, name="harbour", adds="")


def test_what_a_dialect_says_goes_before_the_one_it_extends() -> None:
    own = {"since": date(2026, 5, 1), "hash-digits": 64, "digests": ["sha512"]}

    assert read(extends=FIRST.name, **own) == Dialect(
        "harbour", date(2026, 5, 1), "", 64, ("sha512",), FIRST.steps
    )


def test_the_own_steps_of_a_dialect_stand_before_those_it_extends() -> None:
    steps = read(extends=NEWEST.name, steps=[{"step": "round", "digits": 2}]).steps

    assert steps == (Round(2), *NEWEST.steps)


@pytest.mark.parametrize(
    ("entry", "step"),
    [
        (
            {"step": "substitute", "pattern": "fog", "with": "mist"},
            Substitute("fog", "mist", None),
        ),
        ({"step": "substitute", "pattern": r"\d", "digits": 2}, Substitute(r"\d", None, 2)),
        ({"step": "round", "digits": 3}, Round(3)),
        ({"step": "drop", "path": "seed"}, Drop(("seed",), "", False)),
        ({"step": "drop", "path": "/a/b"}, Drop(("a", "b"), "", False)),
        (
            {"step": "drop", "path": "a/b/", "host": "tides", "in-lists": True},
            Drop(("a", "b", ""), "tides", True),
        ),
        ({"step": "test-id"}, AddTestId()),
        ({"step": "share", "path": "/v1/tides"}, Share("/v1/tides")),
    ],
)
def test_each_step_is_read(entry: Mapping[str, Any], step: object) -> None:
    assert read(steps=[entry]).steps == (step,)


def test_dialects_may_extend_each_other_in_any_order() -> None:
    own = {
        "pier": {"extends": "quay", "steps": [{"step": "round", "digits": 1}]},
        "quay": {"extends": NEWEST.name, "steps": [{"step": "round", "digits": 2}]},
        "reef": {},
    }

    table = PUBLISHED.extended(own)

    assert [one.name for one in table.dialects[len(PUBLISHED.dialects) :]] == [
        "quay",
        "reef",
        "pier",
    ]
    assert table.find("pier").steps == (Round(1), Round(2), *NEWEST.steps)


def test_own_dialects_leave_the_rest_of_the_table_as_it_is() -> None:
    table = PUBLISHED.extended({"harbour": {}})

    assert table == replace(PUBLISHED, dialects=(*PUBLISHED.dialects, table.find("harbour")))


def test_another_target_leaves_the_rest_of_the_table_as_it_is() -> None:
    assert PUBLISHED.aimed_at(FIRST.name) == replace(PUBLISHED, target=FIRST)


def test_the_steps_of_a_table_are_those_of_all_its_dialects_each_once() -> None:
    table = PUBLISHED.extended(
        {"harbour": {"extends": NEWEST.name, "steps": [{"step": "test-id"}]}}
    )
    steps = {step for dialect in table.dialects for step in dialect.steps}

    assert len(table.steps) == len(steps)
    assert set(table.steps) == steps


def test_the_steps_of_a_table_are_those_of_its_target_too() -> None:
    target = replace(NEWEST, steps=(Round(1),))

    assert replace(PUBLISHED, dialects=(), target=target).steps == (Round(1),)


def test_each_dialect_has_a_place() -> None:
    assert PUBLISHED.places == {one.name: i for i, one in enumerate(PUBLISHED.dialects)}


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (
            {NEWEST.name: {}},
            f"dialect {NEWEST.name}: there is one of that name already",
        ),
        ({"harbour": {"extends": "harbour"}}, "dialect harbour: it extends itself, through others"),
        (
            {"b": {"extends": "a"}, "a": {"extends": "b"}, "c": {}},
            "dialect a: it extends itself, through others",
        ),
        (
            {"harbour": {"extends": "ogx-2026-04-90"}},
            "dialect harbour: extends 'ogx-2026-04-90', which is none, did you mean"
            " ogx-2026-04-09?",
        ),
        ({"harbour": {"extends": "tide"}}, "dialect harbour: extends 'tide', which is none"),
        (
            {"harbour": {"steps": [{"step": "substitute", "pattern": "fog"}]}},
            "dialect harbour: a substitute step takes either with or digits",
        ),
        (
            {
                "harbour": {
                    "steps": [{"step": "substitute", "pattern": "f", "with": "", "digits": 1}]
                }
            },
            "dialect harbour: a substitute step takes either with or digits",
        ),
        (
            {"harbour": {"steps": [{"step": "substitute", "pattern": "(", "with": ""}]}},
            "dialect harbour: missing ), unterminated subpattern at position 0",
        ),
        ({"harbour": {"steps": [{"step": "fog"}]}}, "dialect harbour: fog is no step of a dialect"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    own: Mapping[str, Mapping[str, Any]], reason: str
) -> None:
    assert refusal(own) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "ogx-2026-01-12",
            "no dialect 'ogx-2026-01-12', did you mean ogx-2026-01-21? recctl dialects lists all",
        ),
        ("tide", "no dialect 'tide'; recctl dialects lists all"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        PUBLISHED.aimed_at(name)

    assert str(caught.value) == reason
