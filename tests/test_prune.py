"""Pruning takes what is proven to be of no use, and nothing that anybody may open."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from recctl.cli import COMMANDS
from recctl.corpus import find
from recctl.dialects import name_under, published
from recctl.errors import ExitCode
from recctl.evidence import Ending, Evidence, Opening, Outcome, Run, TestList, Verdict
from recctl.evidence.spelling import spelled_path
from recctl.plan import RefusedError
from recctl.prune import (
    DAY,
    Ground,
    Options,
    Prune,
    Stay,
    checkout_line,
    notes,
    plan_prune,
    proof_for,
    search_for,
    told_age,
)
from recctl.recording import Recording
from recctl.rules.policy import Policy
from tests.build import (
    OLLAMA,
    Recorded,
    chat_answer,
    chat_request,
    folder_of,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import Ran, needs_posix, run_here

NOW = 1_700_000_000.0
LATER = 4_000_000_000.0
"""When runs begin, unless a test says otherwise: after all files were changed."""

FOG = "tests/a/test_fog.py::test_fog"
LAMP = "tests/a/test_fog.py::test_lamp"
BUOY = "tests/b/test_buoy.py::test_buoy"
SHARED = published().shared_folder
STALE = "ogx-2025-10-09"
UNUSED = frozenset({Ground.UNUSED})


def chat(asked: str, test_id: str | None, dialect: str | None = None) -> Recorded:
    text = f"{asked} 0.123456789" if dialect else asked
    if dialect:
        text = f"{asked} score: 0.5 document"
    return recording(chat_request(text), chat_answer("Yes."), test_id=test_id, dialect=dialect)


def put(root: Path, recorded: Recorded, folder: str | None = None) -> str:
    """Write a recording, a day and more ago, and give its path from the root."""
    place = folder if folder is not None else folder_of(recorded[1]["test_id"])
    path = write(root, place, recorded)
    os.utime(path, (NOW - 2 * DAY, NOW - 2 * DAY))
    return path.relative_to(root).as_posix()


def evidence(
    endings: Mapping[str, Outcome] | None = None,
    opened: Mapping[str, Iterable[str]] | None = None,
    listed: Iterable[str] | None = None,
    *,
    run: str = "run",
    doubt: str = "",
    started: float = LATER,
    commit: str = "",
    dirty: bool = False,
    base: str = "",
) -> Evidence:
    """That tests ended in a traced run, and what they opened; or a list of tests alone."""
    source = f"{run}, list"
    lists = frozenset() if listed is None else frozenset({TestList(source, "list", len([*listed]))})
    ran = Run(run, "pytest", doubt=doubt, started=started, commit=commit, dirty=dirty)
    return Evidence(
        lists=lists,
        listed=dict.fromkeys(listed or (), frozenset({source})),
        runs=frozenset({ran} if endings is not None else ()),
        endings={
            test: frozenset({Ending(outcome, run, base, traced=True)})
            for test, outcome in (endings or {}).items()
        },
        openings={
            spelled_path(path): frozenset({Opening(test, run)})
            for test, paths in (opened or {}).items()
            for path in paths
        },
    )


def pruned(
    root: Path,
    grounds: Iterable[Ground] = UNUSED,
    proof: Evidence | None = None,
    *,
    paths: Sequence[str] = (),
    force: bool = True,
    vouched: bool = False,
    accept_older_runs: bool = False,
    given: Sequence[Path] = (),
    **options: Any,
) -> Prune:
    entries = find([str(root / path) for path in paths or [""]]).entries
    known = None
    if proof is not None:
        known = proof_for(
            proof,
            entries,
            root,
            Policy(),
            vouched=vouched,
            accept_older_runs=accept_older_runs,
            given=given,
        )
    asked = Options(
        frozenset(grounds),
        Policy(),
        known,
        force=force,
        **options,
    )
    return plan_prune(entries, root, asked, NOW)


def removed(made: Prune) -> set[str]:
    return {action.path for action in made.plan.actions}


def stays(made: Prune) -> dict[str, str]:
    """File name -> why it stays."""
    return {Path(one.path).name: one.why for one in made.stays}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree without git, with the sources of three tests."""
    for file, names in {
        "tests/a/test_fog.py": ("test_fog", "test_lamp"),
        "tests/b/test_buoy.py": ("test_buoy",),
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("".join(f"def {name}(): pass\n" for name in names))
    return tmp_path


# Evidence


def test_what_a_passed_test_owned_and_did_not_open_goes(root: Path) -> None:
    opened, dead = put(root, chat("Any fog?", FOG)), put(root, chat("Any ice?", FOG))
    made = pruned(root, proof=evidence({FOG: Outcome.PASSED}, {FOG: [opened]}))
    assert removed(made) == {dead}
    assert [one.review.reason for one in made.plan.actions] == [
        "unused: its test passed and did not open it"
    ]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.PASSED], ids=str)
def test_of_a_test_that_did_not_pass_nothing_goes(root: Path, outcome: Outcome) -> None:
    put(root, chat("Any ice?", FOG))
    made = pruned(root, proof=evidence({FOG: outcome}))
    assert removed(made) == set()
    assert [one.why.startswith("unknown (") for one in made.stays] == [True]


def test_a_test_that_failed_in_another_run_keeps_what_it_owns(root: Path) -> None:
    put(root, chat("Any ice?", FOG))
    both = evidence({FOG: Outcome.PASSED}) | evidence({FOG: Outcome.FAILED}, run="other")
    assert removed(pruned(root, proof=both)) == set()


def test_by_a_list_what_belongs_to_an_unlisted_test_goes_if_the_sources_lack_it_too(
    root: Path,
) -> None:
    gone = put(root, chat("Any ice?", "tests/a/test_fog.py::test_old"))
    lives = put(root, chat("Any ice?", LAMP))
    made = pruned(root, proof=evidence(listed=[FOG]))
    assert removed(made) == {gone}
    assert stays(made) == {
        Path(lives).name: "unknown (its test is in the sources, but it was not collected)"
    }


def test_a_test_that_the_sources_may_have_is_unlisted_only_in_every_configuration(
    root: Path,
) -> None:
    (root / "tests/a/test_fog.py").write_text("from elsewhere import *\ndef test_fog(): pass\n")
    path = put(root, chat("Any ice?", "tests/a/test_fog.py::test_old"))
    assert removed(pruned(root, proof=evidence(listed=[FOG]))) == set()
    assert removed(pruned(root, proof=evidence(listed=[BUOY]), vouched=True)) == set()
    assert removed(pruned(root, proof=evidence(listed=[FOG]), vouched=True)) == {path}


def test_the_sources_count_as_evidence_where_a_trace_has_never_heard_of_a_test(root: Path) -> None:
    path = put(root, chat("Any ice?", "tests/a/test_fog.py::test_old"))
    made = pruned(root, proof=evidence({FOG: Outcome.PASSED}))
    assert removed(made) == {path}
    assert "its test is gone: test_fog.py has no function test_old" in notes_and_reasons(made)


def notes_and_reasons(made: Prune) -> str:
    return "\n".join([*notes(made, whole=True), *(one.review.reason for one in made.plan.actions)])


def test_what_was_opened_stays_whatever_else_is_asked_for(root: Path) -> None:
    path = put(root, chat("Any fog?", FOG, STALE))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [path]})
    made = pruned(root, Ground, proof)
    assert removed(made) == set()
    assert stays(made)[Path(path).name] == "stale, but opened"
    assert f"(by {FOG}): left as it is: stale, but opened" in notes_and_reasons(made)


@pytest.mark.parametrize("grounds", [UNUSED, frozenset(Ground)], ids=["unused", "all"])
def test_an_opened_file_of_the_same_name_elsewhere_may_be_this_one(
    root: Path, grounds: frozenset[Ground]
) -> None:
    path = put(root, chat("Any fog?", FOG, STALE))
    linked = f"alias/{Path(path).name}"
    made = pruned(root, grounds, evidence({FOG: Outcome.PASSED}, {FOG: [linked]}))
    assert removed(made) == set()


def test_of_a_copy_of_which_another_was_opened_only_the_hash_proves_anything(root: Path) -> None:
    opened, dead = put(root, chat("Any fog?", FOG)), put(root, chat("Any fog?", FOG), SHARED)
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [opened]})
    assert removed(pruned(root, proof=proof)) == set()
    assert removed(pruned(root, [Ground.UNUSED, Ground.DUPLICATE], proof)) == {dead}


@needs_posix
def test_what_was_opened_through_a_link_to_its_folder_stays(root: Path) -> None:
    path = put(root, chat("Any fog?", BUOY))
    (root / "tests/a/recordings").symlink_to(root / "tests/b/recordings")
    opened = f"tests/a/recordings/{Path(path).name}"
    assert removed(pruned(root, proof=evidence({BUOY: Outcome.PASSED}, {FOG: [opened]}))) == set()


@needs_posix
def test_what_a_link_leads_to_stays_and_so_does_the_link(root: Path) -> None:
    path = put(root, chat("Any fog?", BUOY))
    link = root / "tests/a/recordings" / f"{'0' * 64}.json"
    link.parent.mkdir()
    link.symlink_to(root / path)
    made = pruned(root, proof=evidence({BUOY: Outcome.PASSED}))
    assert removed(made) == set()
    assert stays(made) == {
        Path(path).name: "unused, but a link leads to it",
        link.name: "behind a link",
    }


# Sources


def test_an_orphan_needs_no_other_evidence(root: Path) -> None:
    orphan = put(root, chat("Any ice?", "tests/a/test_gone.py::test_old"))
    put(root, chat("Any fog?", FOG))
    assert removed(pruned(root, [Ground.ORPHAN])) == {orphan}


def test_an_orphan_stays_if_the_evidence_has_heard_of_its_test(root: Path) -> None:
    path = put(root, chat("Any ice?", "tests/a/test_fog.py::test_made_otherwise"))
    proof = evidence({"tests/a/test_fog.py::test_made_otherwise": Outcome.FAILED})
    made = pruned(root, [Ground.ORPHAN], proof)
    assert removed(made) == set()
    assert stays(made) == {Path(path).name: "orphan, but the evidence has its test"}


def test_what_others_than_its_test_may_ask_for_is_no_orphan(root: Path) -> None:
    put(
        root,
        recording(
            tool_request("search", {"query": "fog"}),
            tool_result("Fog."),
            test_id="tests/a/test_fog.py::test_old",
        ),
    )
    assert removed(pruned(root, [Ground.ORPHAN, Ground.UNUSED], evidence({}))) == set()


# Hashes


def test_stale_recordings_go_where_that_is_asked_for(root: Path) -> None:
    stale = put(root, chat("Any fog?", FOG, STALE))
    put(root, chat("Any fog?", FOG))
    made = pruned(root, [Ground.STALE])
    assert removed(made) == {stale}
    assert made.plan.actions[0].review.reason.startswith("stale: fits ogx-2025-10-04")


def test_unreachable_recordings_go_where_that_is_asked_for(root: Path) -> None:
    name, document = chat("Any fog?", FOG)
    unreachable = put(root, ("0" * 64 + ".json", document))
    put(root, (name, document))
    assert removed(pruned(root, [Ground.UNREACHABLE])) == {unreachable}
    assert removed(pruned(root, [Ground.STALE])) == set()


# What was opened refutes the target


def salted(recorded: Recorded) -> Recorded:
    """A recording as a recorder names it that hashes more than any dialect."""
    name, document = recorded
    return sha256(f"salt {name}".encode()).hexdigest() + ".json", document


def as_stale(recorded: Recorded) -> Recorded:
    return chat("Any fog?", recorded[1]["test_id"], STALE)


@pytest.mark.parametrize(
    ("named", "ground"),
    [(as_stale, Ground.STALE), (salted, Ground.UNREACHABLE)],
    ids=["older dialect", "salt"],
)
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED, None])
def test_where_tests_open_what_the_target_does_not_name_it_speaks_against_nothing_unknown(
    root: Path, named: Callable[[Recorded], Recorded], ground: Ground, outcome: Outcome | None
) -> None:
    opened, unknown = (put(root, named(chat("Any fog?", test))) for test in (FOG, BUOY))
    endings = {FOG: Outcome.PASSED} | ({} if outcome is None else {BUOY: outcome})
    made = pruned(root, [ground], evidence(endings, {FOG: [opened]}))
    assert removed(made) == set()
    assert stays(made)[Path(unknown).name].startswith(f"{ground}, but the target")
    assert f"{opened} was opened, and is {ground} under" in notes_and_reasons(made)
    assert "set target to that dialect" in notes_and_reasons(made)


def test_where_tests_open_what_is_stale_what_is_unreachable_stays_as_well(root: Path) -> None:
    opened, _ = put(root, as_stale(chat("", FOG))), put(root, salted(chat("Any ice?", BUOY)))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [opened]})
    assert removed(pruned(root, [Ground.UNREACHABLE, Ground.STALE], proof)) == set()


def test_a_stale_recording_that_is_unused_goes_whatever_else_was_opened(root: Path) -> None:
    opened, dead = put(root, as_stale(chat("", FOG))), put(root, chat("Any ice?", BUOY, STALE))
    proof = evidence({FOG: Outcome.PASSED, BUOY: Outcome.PASSED}, {FOG: [opened]})
    assert removed(pruned(root, [Ground.STALE], proof)) == {dead}


def test_what_was_opened_refutes_the_target_though_other_paths_are_pruned(root: Path) -> None:
    opened, unknown = put(root, as_stale(chat("", FOG))), put(root, as_stale(chat("", BUOY)))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [opened]})
    paths = [str(Path(unknown).parent)]
    assert removed(pruned(root, [Ground.STALE], proof, paths=paths)) == set()


def test_an_orphan_of_a_name_that_no_dialect_gives_stays_where_such_were_opened(
    root: Path,
) -> None:
    opened = put(root, salted(chat("Any fog?", FOG)))
    put(root, salted(chat("Any ice?", "tests/a/test_fog.py::test_old")))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [opened]})
    assert removed(pruned(root, Ground, proof)) == set()


# Answers that were kept in the process


def test_what_asks_the_same_as_another_test_was_answered_in_that_run_is_unknown(
    root: Path,
) -> None:
    opened, unknown = put(root, chat("Any fog?", FOG)), put(root, chat("Any fog?", LAMP))
    passed = dict.fromkeys([FOG, LAMP], Outcome.PASSED)
    made = pruned(root, proof=evidence(passed, {FOG: [opened]}))
    assert removed(made) == set()
    assert "another was answered the same request" in stays(made)[Path(unknown).name]


def test_a_run_in_which_the_test_was_alone_takes_nothing_of_that_back(root: Path) -> None:
    opened = put(root, chat("Any fog?", FOG))
    put(root, chat("Any fog?", LAMP))
    both = evidence(dict.fromkeys([FOG, LAMP], Outcome.PASSED), {FOG: [opened]})
    alone = evidence({LAMP: Outcome.PASSED}, run="alone")
    assert removed(pruned(root, proof=both | alone)) == set()


def test_a_run_in_which_nobody_asked_the_same_proves_by_itself(root: Path) -> None:
    put(root, chat("Any fog?", FOG))
    dead = put(root, chat("Any fog?", LAMP))
    assert removed(pruned(root, proof=evidence({LAMP: Outcome.PASSED}))) == {dead}


def test_so_it_is_if_the_recording_of_the_other_test_is_gone_since(root: Path) -> None:
    opened = put(root, chat("Any fog?", FOG))
    put(root, chat("Any fog?", LAMP))
    (root / opened).unlink()
    passed = dict.fromkeys([FOG, LAMP], Outcome.PASSED)
    assert removed(pruned(root, proof=evidence(passed, {FOG: [opened]}))) == set()


def test_what_a_test_asks_after_its_own_answer_is_unknown_if_it_had_anothers(root: Path) -> None:
    opened = put(root, chat("Any fog?", FOG))
    put(root, chat("Any fog?", LAMP))
    put(root, chat("Only asked after its own answer", LAMP))
    passed = dict.fromkeys([FOG, LAMP], Outcome.PASSED)
    assert removed(pruned(root, proof=evidence(passed, {FOG: [opened]}))) == set()


def test_a_shared_recording_of_a_request_that_a_test_was_answered_is_unknown(root: Path) -> None:
    opened = put(root, chat("Any fog?", FOG))
    put(root, chat("Any fog?", None))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: [opened]}, listed=[FOG])
    assert removed(pruned(root, proof=proof, vouched=True)) == set()


@pytest.mark.parametrize("dialect", [None, STALE])
def test_only_a_test_that_is_in_the_hash_owns_what_has_its_name(
    root: Path, dialect: str | None
) -> None:
    """Where the name is of a dialect without test ids, any test of the folder may ask by it."""
    table = published().extended({"ours": {"extends": "ogx-2025-07-29", "hash-digits": 64}})
    _, document = chat("Any fog?", FOG)
    ours = table.find(dialect or "ours")
    name = str(name_under(ours, Recording("", document, 0)))
    path = put(root, (name, document))
    proof = proof_for(
        evidence({FOG: Outcome.PASSED, BUOY: Outcome.SKIPPED}),
        find([str(root)]).entries,
        root,
        Policy(table=table),
    )
    recording = Recording(name, document, 0)
    judgement = proof.judgement(path, recording, search_for(recording, root / path, Policy()))
    assert judgement.verdict is (Verdict.UNUSED if dialect else Verdict.UNKNOWN)


# Duplicates


def test_the_shared_copy_is_shadowed_by_the_one_beside_the_test(root: Path) -> None:
    put(root, chat("Any fog?", FOG))
    shared = put(root, chat("Any fog?", FOG), SHARED)
    made = pruned(root, [Ground.DUPLICATE])
    assert removed(made) == {shared}


def test_a_copy_where_the_test_never_looks_is_shadowed_even_by_the_shared_one(root: Path) -> None:
    put(root, chat("Any fog?", FOG), SHARED)
    lost = put(root, chat("Any fog?", FOG), "tests/b/recordings")
    assert removed(pruned(root, [Ground.DUPLICATE])) == {lost}


def test_copies_none_of_which_is_found_all_stay(root: Path) -> None:
    put(root, chat("Any fog?", FOG), "tests/b/recordings")
    put(root, chat("Any fog?", FOG), "tests/c/recordings")
    assert removed(pruned(root, [Ground.DUPLICATE])) == set()


def test_copies_that_several_tests_may_ask_for_all_stay(root: Path) -> None:
    tool = recording(tool_request("search", {"q": "fog"}), tool_result("Fog."), test_id=FOG)
    for folder in ("tests/a/recordings", "tests/b/recordings", SHARED):
        put(root, tool, folder)
    assert removed(pruned(root, [Ground.DUPLICATE])) == set()


def test_lists_of_models_are_all_read_and_never_duplicates(root: Path) -> None:
    models = recording(models_request(f"{OLLAMA}/v1/v1"), model_list(["gull"]), test_id=FOG)
    put(root, models)
    put(root, models, SHARED)
    assert removed(pruned(root, [Ground.DUPLICATE])) == set()


def test_copies_in_two_trees_each_have_their_readers(root: Path) -> None:
    for base in ("", "vendor/"):
        put(root, chat("Any fog?", FOG), f"{base}{folder_of(FOG)}")
        put(root, chat("Any fog?", BUOY), f"{base}{SHARED}")
    assert removed(pruned(root, [Ground.DUPLICATE])) == set()


def test_the_shared_copy_of_another_tree_is_not_shadowed(root: Path) -> None:
    put(root, chat("Any fog?", FOG))
    put(root, chat("Any fog?", FOG), f"vendor/{SHARED}")
    assert removed(pruned(root, [Ground.DUPLICATE])) == set()


def test_a_copy_is_no_duplicate_of_one_that_goes(root: Path) -> None:
    beside = put(root, chat("Any fog?", FOG))
    shared = put(root, chat("Any fog?", FOG), SHARED)
    os.utime(root / shared, (NOW, NOW))
    made = pruned(root, [Ground.UNUSED, Ground.DUPLICATE], evidence({FOG: Outcome.PASSED}))
    assert removed(made) == {beside}
    assert stays(made) == {Path(shared).name: "unused, but younger than 1 day"}
    assert [set(one.grounds) for one in made.judged] == [{Ground.UNUSED}] * 2


# What is left alone


def test_a_young_file_stays(root: Path) -> None:
    path = put(root, chat("Any ice?", FOG))
    os.utime(root / path, (NOW - 3600, NOW - 3600))
    proof = evidence({FOG: Outcome.PASSED})
    made = pruned(root, proof=proof)
    assert removed(made) == set()
    assert stays(made) == {Path(path).name: "unused, but younger than 1 day"}
    assert [one.stay for one in made.judged] == [Stay.YOUNG]
    assert removed(pruned(root, proof=proof, grace=1800.0)) == {path}
    assert removed(pruned(root, proof=proof, grace=0.0)) == {path}


def test_a_file_from_the_future_is_young(root: Path) -> None:
    path = put(root, chat("Any ice?", FOG))
    os.utime(root / path, (NOW + 5, NOW + 5))
    assert removed(pruned(root, proof=evidence({FOG: Outcome.PASSED}))) == set()


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b'{"test_id": null}', "0" * 64, "without request and response"),
        (b'{"request": {}, "response": {}}', "0" * 64, "of no known kind"),
        (b'{"request": {"body": 1}, "response": {}}', "notes", "without a recording's name"),
        (b'{"request": {"body": 1}, "response": {}', "0" * 64, "unreadable"),
        (
            b'{"request": {"body": 1}, "request": {"body": 2}, "response": {}}',
            "0" * 64,
            "unreadable",
        ),
        (b"\xff\xfe", "0" * 64, "unreadable"),
        (b"[" * 100_000, "0" * 64, "unreadable"),
        (b"", "0" * 64, "unreadable"),
    ],
)
def test_only_what_is_recognised_as_a_recording_goes(
    root: Path, content: bytes, name: str, why: str
) -> None:
    path = root / "tests/a/recordings" / f"{name}.json"
    path.parent.mkdir()
    path.write_bytes(content)
    os.utime(path, (1, 1))
    made = pruned(root, Ground, evidence({FOG: Outcome.PASSED}, listed=[FOG]))
    assert removed(made) == set()
    assert stays(made) == {path.name: why}


# Refusals


def test_a_plan_that_takes_too_large_a_share_is_refused(root: Path) -> None:
    opened = [put(root, chat(f"Any fog {number}?", FOG)) for number in range(3)]
    put(root, chat("Any ice?", FOG))
    proof = evidence({FOG: Outcome.PASSED}, {FOG: opened})
    assert len(removed(pruned(root, proof=proof, force=False))) == 1
    with pytest.raises(RefusedError, match=r"remove 1 of 4 recordings, 25 %, of --max-share 24;"):
        pruned(root, proof=proof, force=False, max_share=24.0)
    assert len(removed(pruned(root, proof=proof, max_share=24.0))) == 1


def test_a_plan_that_takes_all_of_a_folder_is_refused(root: Path) -> None:
    opened = [put(root, chat(f"Any fog {number}?", FOG)) for number in range(5)]
    dead = put(root, chat("Any buoy?", BUOY))
    proof = evidence({FOG: Outcome.PASSED, BUOY: Outcome.PASSED}, {FOG: opened})
    with pytest.raises(RefusedError, match=r"every recording of tests/b/recordings;"):
        pruned(root, proof=proof, force=False)
    made = pruned(root, proof=proof)
    assert removed(made) == {dead}
    assert (made.bare_tests, made.bare_folders) == ((BUOY,), ("tests/b/recordings",))


def test_a_folder_keeps_what_was_not_looked_at(root: Path) -> None:
    opened = [put(root, chat(f"Any fog {number}?", FOG)) for number in range(5)]
    dead, other = put(root, chat("Any ice?", BUOY)), put(root, chat("Any buoy?", BUOY))
    proof = evidence({FOG: Outcome.PASSED, BUOY: Outcome.PASSED}, {FOG: opened, BUOY: [other]})
    paths = ["tests/a", dead]
    assert removed(pruned(root, proof=proof, paths=paths, force=False)) == {dead}


# What is told


def test_notes_count_what_stays_by_reason_and_name_all_where_that_is_asked_for(root: Path) -> None:
    paths = [put(root, chat(f"Any ice {number}?", FOG)) for number in range(5)]
    made = pruned(root, proof=evidence({FOG: Outcome.SKIPPED}))
    short, whole = notes(made, whole=False), notes(made, whole=True)
    assert short[0] == whole[0] == "5 recordings looked at; by the evidence 5 unknown"
    assert short[1].startswith("5 unknown (its test was skipped), left as they are: ")
    assert short[1].endswith(" and 2 more")
    assert len(whole) == 6
    assert all(any(Path(path).name in line for line in whole) for path in paths)


def test_a_test_that_keeps_another_recording_is_not_bare(root: Path) -> None:
    opened = put(root, chat("Any fog?", FOG))
    put(root, chat("Any ice?", FOG))
    put(root, chat("Any ice?", LAMP))
    put(root, chat("Any ice?", "tests/a/test_fog.py::test_old"))
    passed = dict.fromkeys([FOG, LAMP], Outcome.PASSED)
    made = pruned(root, proof=evidence(passed, {FOG: [opened]}))
    assert len(removed(made)) == 3
    assert made.bare_tests == (LAMP,)


def test_without_git_the_receipt_alone_keeps_what_is_removed(root: Path) -> None:
    path = put(root, chat("Any ice?", FOG))
    made = pruned(root, proof=evidence({FOG: Outcome.PASSED}))
    assert (made.only_here, made.checkout) == ((path,), None)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(DAY, "1 day"), (3 * DAY, "3 days"), (5400.0, "90 minutes"), (7200.0, "2 hours")],
)
def test_an_age_is_told_in_whole_units(seconds: float, told: str) -> None:
    assert told_age(seconds) == told


def test_git_is_named_the_files_one_by_one_or_not_at_all() -> None:
    few = checkout_line("a" * 40, ["tests/a b/x.json"])
    assert few == "git --literal-pathspecs checkout aaaaaaaaaaaa -- 'tests/a b/x.json'"
    assert checkout_line("a" * 40, [f"tests/{one}/x.json" for one in range(11)]) is None


# The command line


def prune(root: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    with patch.dict(COMMANDS, {"prune": ""}):
        return run_here("prune", *arguments, cwd=root, stdin=stdin)


@pytest.mark.parametrize("age", ["", "1", "x", "-1d", "1.5d", "99999999999d"])
def test_an_age_that_is_none_is_refused(root: Path, age: str) -> None:
    refused = prune(root, "--stale", f"--grace={age}")
    assert refused.code == ExitCode.USAGE
    assert "is no age: 0, 30m, 12h, 1d, 2w" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--unused",),
        ("--stale", "--apply", "--check"),
        ("--stale", "--max-share", "101"),
        ("--stale", "--expect-shards", "1"),
        ("--explain", "abcd", "--apply"),
        ("--explain", "abcd", "--format", "json"),
        ("--unused", "--tests", "-", "--tests", "-"),
        ("--unused", "--tests", "nowhere.txt"),
        ("--unused", "--trace", "nowhere.jsonl"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line_and_plans_nothing(
    root: Path, arguments: Sequence[str]
) -> None:
    put(root, chat("Any fog?", FOG, STALE))
    refused = prune(root, *arguments)
    assert (refused.code, refused.stdout, len(refused.errors)) == (ExitCode.USAGE, "", 1)


def test_a_file_that_is_no_recording_is_explained_as_well(root: Path) -> None:
    path = root / "tests/a/recordings" / f"{'0' * 64}.json"
    path.parent.mkdir()
    path.write_bytes(b'{"test_id": null}')
    told = prune(root, "--explain", "0000")
    assert told.lines[1:] == ["  stays: without request and response"]


def test_a_case_is_explained_without_evidence_and_without_grounds(root: Path) -> None:
    stale = put(root, chat("Any fog?", FOG, STALE))
    told = prune(root, "--explain", stale)
    assert told.code == ExitCode.FINE
    assert (
        "  evidence: none given; give --tests FILE, --trace FILE or several of them" in told.lines
    )
    assert told.lines[-1].startswith("  goes: stale: fits ")


def test_stale_recordings_are_not_pruned_without_a_word_on_rehash(root: Path) -> None:
    for number in range(4):
        put(root, chat(f"Any fog {number}?", FOG))
    put(root, chat("Any fog?", FOG, STALE))
    planned = prune(root, "--stale")
    assert planned.code == ExitCode.FINE
    assert "recctl: 1 stale recording may still be of use: recctl rehash" in planned.errors


def test_an_evil_test_id_is_printed_without_acting(root: Path) -> None:
    evil = "tests/a/test_gone.py::test_\x1b[2J\n\u202e"
    put(root, chat("Any ice?", evil))
    told = prune(root, "--orphans", "--force")
    assert "\x1b" not in told.stdout
    assert "\u202e" not in told.stdout
    assert "\x1b" not in prune(root, "--explain", next(root.rglob("*.json")).name).stdout


def test_what_is_unknown_by_a_list_from_a_pipe_is_listed_by_one_again(root: Path) -> None:
    put(root, chat("Any ice?", FOG))
    put(root, chat("Any ice?", LAMP))
    told = prune(root, "--unused", "--tests", "-", stdin=f"{FOG}\n{LAMP}\n".encode())
    assert told.errors[-1] == (
        "recctl: 2 recordings unknown, which stay; list them with:"
        " pytest --collect-only -q | recctl ls --unknown --tests -"
    )


def test_two_lists_from_one_pipe_are_refused_with_what_to_do(root: Path) -> None:
    refused = prune(root, "--unused", "--tests", "-", "--tests", "-")
    assert refused.errors[0].endswith("and give --tests tests.txt")
