"""The list of mutants that survive: each is of code that is there, and has a reason."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parents[2]
GROUPS = tomllib.loads(Path(__file__).with_name("survivors.toml").read_text("utf-8"))["group"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["why"])
def test_what_is_listed_is_of_code_that_is_there(group: dict[str, Any]) -> None:
    gone = [
        one["was"]
        for one in group["survivors"]
        if " ".join(one["was"].split())
        not in " ".join((TOP / one["module"]).read_text("utf-8").split())
    ]

    assert gone == []


def test_each_is_listed_once_with_a_reason() -> None:
    listed = [tuple(sorted(one.items())) for group in GROUPS for one in group["survivors"]]

    assert len(set(listed)) == len(listed)
    assert all(group["why"].endswith(".") for group in GROUPS)
