"""The example trees: the clean one has no fault, the broken one has faults of one rule each."""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from recctl.corpus import Corpus, find, load
from recctl.diagnostics import Severity
from recctl.dialects import identify, published
from recctl.hashing import canonical
from recctl.recording import Kind, Recording
from recctl.rules import TABLE
from recctl.rules.selection import Choice, choose
from recctl.validate import validate
from tests.make_examples import EXAMPLES, decided, make

CLEAN = EXAMPLES / "clean"
BROKEN = EXAMPLES / "broken"
FOLDERS = {path.name for path in (BROKEN / "tests").iterdir()}
RULES = [rule.name for rule in TABLE if rule.name in FOLDERS]
"""The rules that have an example."""

COMPANIONS = {"redundant": ["stale"]}
"""What cannot be broken alone: rule -> the other rules that find something, too."""

EVERY_RULE = choose(TABLE, Choice(infos=True))
INFOS = {rule.name for rule in TABLE if rule.severity is Severity.INFO}


def clean_corpus() -> Corpus:
    return find([str(CLEAN)])


def clean_recordings() -> list[Recording]:
    return [load(entry) for entry in clean_corpus().entries]


def tree(root: Path) -> dict[str, bytes | str]:
    """Content by path below a folder; of a link, its target."""
    return {
        path.relative_to(root).as_posix(): (
            f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
        )
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("name", ["clean", "broken"])
def test_the_examples_are_what_the_script_makes(name: str, tmp_path: Path) -> None:
    make(tmp_path)

    assert tree(EXAMPLES / name) == tree(tmp_path / name)


def test_making_the_examples_again_replaces_what_was_there(tmp_path: Path) -> None:
    make(tmp_path)
    made = tree(tmp_path)
    (tmp_path / "clean" / "left-over.json").write_text("{}")

    make(tmp_path)

    assert tree(tmp_path) == made


def test_a_clean_corpus_gives_no_finding() -> None:
    report = validate(clean_corpus())

    assert report.findings == ()
    assert report.strays == ()


def test_a_clean_corpus_gives_nothing_but_infos_when_asked_for_them() -> None:
    report = validate(clean_corpus(), EVERY_RULE)

    assert {finding.severity for finding in report.findings} == {Severity.INFO}


def test_a_clean_corpus_has_every_kind_that_is_not_retired() -> None:
    kinds = {recording.kind for recording in clean_recordings()}

    assert kinds == {kind for kind in Kind if published().materials[kind].retired is None}


def test_one_clean_recording_fits_the_newest_dialect_only() -> None:
    fitting = [identify(recording, published()).fitting for recording in clean_recordings()]

    assert fitting.count((published().target,)) == 1


@pytest.mark.parametrize(
    "path", [entry.path for entry in clean_corpus().entries], ids=lambda path: path.name[:12]
)
def test_a_clean_file_is_written_as_the_recorder_writes(path: Path) -> None:
    raw = path.read_bytes()

    assert raw == canonical(json.loads(raw))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_its_broken_example_and_no_other_rule_does(rule: str) -> None:
    report = validate(find([str(BROKEN / "tests" / rule)]), EVERY_RULE, decided())

    expected = sorted([rule, *COMPANIONS.get(rule, [])])
    assert sorted(finding.name for finding in report.findings) == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_example_is_found_unasked_unless_its_rule_is_an_info(rule: str) -> None:
    report = validate(find([str(BROKEN / "tests" / rule)]), policy=decided())

    found = {finding.name for finding in report.findings}
    assert (rule in found) is (rule not in INFOS)


def test_a_broken_example_is_called_after_its_rule() -> None:
    assert set(RULES) == FOLDERS


def test_broken_examples_do_not_disturb_each_other() -> None:
    report = validate(find([str(BROKEN)]), EVERY_RULE, decided())

    assert report.by_rule == Counter(RULES) + Counter(chain(*COMPANIONS.values()))
