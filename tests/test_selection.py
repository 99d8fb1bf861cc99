"""Which rules run: selectors, severities, and what is not to be reported where."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.corpus import find
from recctl.diagnostics import Report, Severity
from recctl.errors import UsageError
from recctl.rules import TABLE
from recctl.rules.policy import Policy
from recctl.rules.selection import Choice, Selection, choose
from recctl.validate import validate
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import run_here

NAMES = [rule.name for rule in TABLE]
CODES = [rule.code for rule in TABLE]
FATAL = {rule.name for rule in TABLE if rule.fatal}
SELECTORS = st.lists(
    st.sampled_from([*NAMES, *CODES, *{code[:2] for code in CODES}, "J", "I", "W", "ALL"]),
    max_size=3,
)
IGNORABLE = SELECTORS.map(
    lambda some: [one for one in some if one.lower() not in FATAL and one[:3] != "J10"]
)


def chosen(**choice: Any) -> set[str]:
    return set(choose(TABLE, Choice(**choice)).severities)


def test_every_rule_runs_that_is_no_info_where_nothing_is_said() -> None:
    assert chosen() == {rule.name for rule in TABLE if rule.severity is not Severity.INFO}


def test_infos_run_where_they_are_asked_for() -> None:
    assert chosen(infos=True) == set(NAMES)


@pytest.mark.parametrize("selector", ["I303", "i303", "stale", "STALE"])
def test_a_rule_is_selected_by_its_code_or_name_in_any_case(selector: str) -> None:
    assert chosen(select=[selector]) == FATAL | {"stale"}


def test_rules_are_selected_by_the_beginning_of_their_codes() -> None:
    assert chosen(select=["I3"]) == FATAL | {one.name for one in TABLE if one.code[:2] == "I3"}


def test_an_info_that_is_selected_runs() -> None:
    assert "set-late" in chosen(select=["set-late"])


def test_all_are_selected_by_one_word() -> None:
    assert chosen(select=["ALL"]) == set(NAMES)


def test_what_is_ignored_does_not_run() -> None:
    identity = {rule.name for rule in TABLE if rule.code.startswith("I3")}

    assert chosen(drop=["I3"]) == chosen() - identity


def test_the_longer_selector_counts() -> None:
    assert "stale" in chosen(select=["stale"], drop=["I3"])
    assert "stale" not in chosen(select=["I3"], drop=["stale"])


def test_of_two_equally_long_selectors_the_one_that_ignores_counts() -> None:
    assert "stale" not in chosen(select=["stale"], drop=["I303"])


@pytest.mark.parametrize("selector", sorted(FATAL))
def test_a_fatal_rule_cannot_be_ignored(selector: str) -> None:
    for choice in ({"drop": [selector]}, {"ignore": [selector]}, {"severity": {selector: "info"}},
                   {"per_file_ignores": {"*": [selector]}}):  # fmt: skip
        with pytest.raises(UsageError, match="cannot be ignored"):
            chosen(**choice)


def test_fatal_rules_run_whatever_is_selected_and_ignored() -> None:
    assert chosen(select=["stale"], drop=["J"], ignore=["ALL"]) >= FATAL


def test_a_word_that_is_no_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no rule 'unreachible', did you mean unreachable"):
        chosen(select=["unreachible"])


def test_a_severity_is_changed_by_the_longest_selector() -> None:
    severities = choose(
        TABLE, Choice(severity={"I3": "warning", "stale": "info"}, infos=True)
    ).severities

    assert (severities["stale"], severities["unreachable"]) == (Severity.INFO, Severity.WARNING)
    assert severities["merge-markers"] is Severity.ERROR


def test_a_rule_made_an_info_is_hidden() -> None:
    assert "stale" not in chosen(severity={"stale": "info"})


@given(SELECTORS.filter(bool) | st.none(), IGNORABLE, IGNORABLE, st.booleans())
def test_fatal_rules_always_run_and_ignored_ones_never_unless_closer_selected(
    select: list[str] | None, drop: list[str], ignore: list[str], infos: bool
) -> None:
    made = chosen(select=select, drop=drop, ignore=ignore, infos=infos)

    assert made >= FATAL
    assert chosen(select=select, drop=[*drop, *ignore], infos=infos) == made
    watched = choose(
        TABLE, Choice(select=select, drop=drop, ignore=ignore, infos=infos, watch=True)
    )
    hidden = {name for one in watched.exemptions for name in one.rules}
    assert set(watched.severities) - hidden == made


def test_a_selection_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no rule is selected"):
        chosen(select=[])


def test_a_rule_that_cannot_be_checked_is_missed_only_where_it_was_selected() -> None:
    usual = choose(TABLE, Choice(unavailable=["secret"], ignore=["secret"], watch=True))
    asked = choose(TABLE, Choice(unavailable=["secret"], select=["H"]))

    assert ("secret" in usual.severities, usual.missing, usual.exemptions) == (False, (), ())
    assert ("secret" in asked.severities, asked.missing) == (False, ("secret",))


# In a corpus


def stale_corpus(root: Path) -> Path:
    """One stale recording; its path."""
    asked = chat_request("Is it 0.1234567 deep?")
    recorded = recording(asked, chat_answer("No."), dialect="ogx-2025-10-04")
    return write(root, folder_of(TEST), recorded)


def report_of(root: Path, choice: Choice, *, whole: bool = True) -> Report:
    selection: Selection = choose(TABLE, choice)
    return validate(find([str(root)]), selection, Policy(), whole=whole)


def names_of(report: Report) -> list[str]:
    return [finding.name for finding in report.findings]


def configured(root: Path, **choice: Any) -> Choice:
    return Choice(source=str(root / "recctl.toml"), watch=True, **choice)


def test_a_finding_that_is_ignored_is_not_reported(tmp_path: Path) -> None:
    stale_corpus(tmp_path)

    assert names_of(report_of(tmp_path, Choice())) == ["stale"]
    assert names_of(report_of(tmp_path, configured(tmp_path, ignore=["I3"]))) == []


@pytest.mark.parametrize(
    ("glob", "covers"),
    [
        ("tests/integration/chat/*", True),
        ("tests/*.json", True),
        ("*.json", True),
        ("*.jso?", True),
        ("*chat*/x*", False),
        ("chat/*", False),
        ("tests/integration/chat", False),
    ],
)
def test_rules_are_ignored_in_files_that_match_a_glob(
    tmp_path: Path, glob: str, covers: bool
) -> None:
    stale_corpus(tmp_path)
    choice = Choice(source=str(tmp_path / "recctl.toml"), per_file_ignores={glob: ["stale"]})

    assert names_of(report_of(tmp_path, choice, whole=False)) == ([] if covers else ["stale"])


def test_an_ignored_rule_that_finds_nothing_is_a_finding(tmp_path: Path) -> None:
    stale_corpus(tmp_path)
    choice = configured(
        tmp_path, ignore=["stale", "bad-name"], per_file_ignores={"*.json": ["misplaced"]}
    )

    report = report_of(tmp_path, choice)

    assert [(one.name, one.path, one.pointer) for one in report.findings] == [
        ("unused-ignore", str(tmp_path / "recctl.toml"), "/ignore/1"),
        ("unused-ignore", str(tmp_path / "recctl.toml"), "/per-file-ignores/*.json/0"),
    ]


def test_ignored_rules_are_not_judged_on_a_part_of_the_corpus(tmp_path: Path) -> None:
    stale_corpus(tmp_path)

    choice = Choice(source=str(tmp_path / "recctl.toml"), ignore=["bad-name", "stale"])

    assert names_of(report_of(tmp_path, choice, whole=False)) == []


def test_an_ignored_rule_that_would_not_run_is_not_judged(tmp_path: Path) -> None:
    stale_corpus(tmp_path)

    choice = configured(tmp_path, ignore=["set-late"], select=["stale"])

    assert names_of(report_of(tmp_path, choice)) == ["stale"]


# At the command line


def test_rules_are_selected_by_several_options_and_lists(tmp_path: Path) -> None:
    stale_corpus(tmp_path)

    ran = run_here("validate", "--select", "I,W4", "--select=J", "--ignore", "stale", cwd=tmp_path)

    assert (ran.code, ran.stdout) == (0, "")


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_does_not_exist_is_one_line_and_exit_2(tmp_path: Path, option: str) -> None:
    ran = run_here("validate", option, "stael", cwd=tmp_path)

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.errors == ["recctl: no rule 'stael', did you mean stale? recctl rule lists all"]


def test_findings_do_not_count_where_the_exit_code_shall_be_zero(tmp_path: Path) -> None:
    stale_corpus(tmp_path)

    ran = run_here("validate", "--exit-zero", cwd=tmp_path)

    assert (ran.code, "stale" in ran.stdout) == (0, True)


def test_bad_usage_counts_even_where_the_exit_code_shall_be_zero(tmp_path: Path) -> None:
    assert run_here("validate", "--exit-zero", "nowhere", cwd=tmp_path).code == 2
