"""Recordings come back from git's history, exactly as they were, to where they were."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan, schema
from recctl.cli import COMMANDS
from recctl.errors import NothingFoundError
from recctl.gitstore import repository_of
from recctl.hashing import canonical
from recctl.past import Search, Wanted, contents
from recctl.restore import held_at, planned
from tests.build import (
    TEST,
    chat_answer,
    chat_request,
    folder_of,
    model_list,
    models_request,
    recording,
)
from tests.cli import Ran, needs_posix, run_here, snapshot
from tests.repository import Made, Work, processes_started, work, work_with

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

FUNCTION = "tests/integration/chat/test_keeper.py"
FOG, LAMP = f"{FUNCTION}::test_fog[thick]", f"{FUNCTION}::TestLamp::test_lit"


def made(asked: str, answer: str = "Yes.", test_id: str | None = TEST) -> dict[str, bytes]:
    """A recording as a file of its test's folder."""
    name, document = recording(chat_request(asked), chat_answer(answer), test_id=test_id)
    return {f"{folder_of(test_id)}/{name}": canonical(document)}


def gone(*files: Mapping[str, bytes]) -> dict[str, None]:
    return {path: None for one in files for path in one}


def path_of(file: Mapping[str, bytes]) -> str:
    (path,) = file
    return path


def hash_of(file: Mapping[str, bytes]) -> str:
    return Path(path_of(file)).stem


def moved(file: Mapping[str, bytes], folder: str) -> dict[str, bytes | None]:
    ((path, content),) = file.items()
    return {path: None, f"{folder}/{Path(path).name}": content}


@pytest.fixture(autouse=True)
def known_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("restore", "undo"):
        if name not in COMMANDS:
            monkeypatch.setitem(COMMANDS, name, "Bring recordings back from git's history.")


def restore(made: Work, *arguments: str, cwd: str = ".") -> Ran:
    return run_here("restore", *arguments, cwd=made.top / cwd)


def brought_back(made: Work, *arguments: str) -> set[str]:
    """The paths that a plan would write."""
    ran = restore(made, *arguments, "--format", "json")
    assert ran.code == 0, ran.stderr
    return {action["path"] for action in ran.json["actions"]}


def tree(made: Work) -> dict[str, bytes]:
    return {path: held for path, held in made.tree().items() if not path.startswith(".recctl/")}


A, B, C = made("Is it foggy?"), made("Is the lamp lit?", test_id=FOG), made("Tide?", test_id=LAMP)
SHARED = made("Which ships?", test_id=None)
ANSWERED_AGAIN = made("Is it foggy?", "No.")


@pytest.fixture
def removed(tmp_path: Path) -> Work:
    """A repository whose last commit removed two of three recordings, one recorded twice."""
    return work_with(
        tmp_path / "harbour",
        [
            Made(A | B | SHARED | {"notes.md": b"1", "tests/x.py": b"1"}, "record"),
            Made(ANSWERED_AGAIN, "record again"),
            Made({"notes.md": b"2"}, "write"),
            Made({**gone(A, B), "tests/x.py": None}, "remove the feature"),
        ],
    )


# By hash


@pytest.mark.parametrize("apply", [[], ["--apply"]])
def test_a_recording_is_found_by_its_hash_and_brought_back_with_apply_only(
    removed: Work, apply: list[str]
) -> None:
    before = tree(removed)
    ran = restore(removed, hash_of(B), *apply)
    assert ran.code == 0
    assert ran.lines[0] == FOG
    assert ran.lines[1].startswith(f"  write {hash_of(B)[:12]}  removed by ")
    assert ran.lines[1].endswith("2023-11-17 remove the feature")
    assert tree(removed) == (before | B if apply else before)


@pytest.mark.parametrize("digits", [4, 12, 40, 64])
def test_some_digits_of_the_hash_are_enough(removed: Work, digits: int) -> None:
    assert brought_back(removed, hash_of(B)[:digits]) == set(B)


@pytest.mark.parametrize("form", ["rec-{short}", "{name}", "{path}", "./{path}", "{upper}"])
def test_a_recording_has_many_names(removed: Work, form: str) -> None:
    path = path_of(B)
    names = {"short": hash_of(B)[:12], "name": Path(path).name, "path": path}
    reference = form.format(**names, upper=hash_of(B)[:10].upper())
    assert brought_back(removed, reference) == set(B)


def test_a_path_counts_from_the_working_directory(removed: Work, tmp_path: Path) -> None:
    folder, name = os.path.split(path_of(B))
    (removed.top / folder).mkdir(parents=True)
    ran = restore(removed, f"./{name}", "--apply", cwd=folder)
    assert ran.code == 0
    assert B.items() <= tree(removed).items()


def test_several_recordings_are_one_plan(removed: Work) -> None:
    assert brought_back(removed, hash_of(A), hash_of(B)) == {*A, *B}


def test_the_newest_version_is_taken(removed: Work) -> None:
    restore(removed, hash_of(A), "--apply")
    assert ANSWERED_AGAIN.items() <= tree(removed).items()


def test_rev_says_which_version_to_take(removed: Work) -> None:
    ran = restore(removed, hash_of(A), "--rev", "HEAD~3", "--apply")
    assert "as of" in ran.stdout
    assert A.items() <= tree(removed).items()


def test_rev_takes_what_that_commit_has_and_nothing_older(removed: Work) -> None:
    ran = restore(removed, hash_of(A), "--rev", "HEAD")
    assert (ran.code, ran.stdout) == (1, "")
    assert "in HEAD; without --rev all commits are searched" in ran.stderr


def test_a_file_deleted_without_a_commit_comes_back_as_head_has_it(removed: Work) -> None:
    head = SHARED
    (removed.top / path_of(SHARED)).unlink()
    ran = restore(removed, hash_of(SHARED)[:8], "--apply")
    assert ran.code == 0, ran.stderr
    assert head.items() <= tree(removed).items()
    assert removed.git("status", "--porcelain", "--", path_of(SHARED)) == ""


def test_a_removal_that_is_staged_is_no_obstacle(removed: Work) -> None:
    removed.git("rm", "-q", path_of(SHARED))
    assert restore(removed, hash_of(SHARED), "--apply").code == 0
    assert SHARED.items() <= tree(removed).items()


def test_the_version_of_the_current_branch_goes_before_newer_ones_of_others(tmp_path: Path) -> None:
    harbour = work(tmp_path / "harbour")
    harbour.commit({**A})
    harbour.git("checkout", "-q", "-b", "side")
    harbour.commit({**ANSWERED_AGAIN, **B}, day=5)
    harbour.git("checkout", "-q", "main")
    harbour.commit(gone(A), day=2)
    restore(harbour, hash_of(A), hash_of(B), "--apply")
    assert tree(harbour) == A | B, "what only another branch has is found there"


def test_a_recording_that_was_only_stashed_is_found(removed: Work) -> None:
    removed.write(path_of(C), C[path_of(C)])
    removed.git("stash", "push", "-q", "--include-untracked")
    assert brought_back(removed, hash_of(C)) == set(C)


def test_a_recording_that_is_as_it_was_needs_nothing(removed: Work) -> None:
    before = snapshot(removed.top)
    ran = restore(removed, hash_of(SHARED))
    assert ran.code == 0
    assert "as it was already" in ran.stdout
    assert "nothing to do" in ran.stderr
    assert restore(removed, hash_of(SHARED), "--check").code == 0
    assert restore(removed, hash_of(SHARED), "--apply").code == 0
    assert snapshot(removed.top) == before


def test_another_content_in_the_work_tree_is_a_conflict(removed: Work) -> None:
    removed.write(path_of(A), b"mine")
    before = snapshot(removed.top)
    for options in ([], ["--apply"]):
        ran = restore(removed, hash_of(A), "--format", "json", *options)
        assert ran.code == 1
        assert not ran.json["actions"]
        (conflict,) = ran.json["conflicts"]
        assert conflict["path"] == path_of(A)
        assert "--rev" in conflict["reason"]
    assert snapshot(removed.top) == before


def test_rev_replaces_another_content_and_undo_brings_it_back(removed: Work) -> None:
    removed.write(path_of(A), b"mine")
    ran = restore(removed, hash_of(A), "--rev", "HEAD^", "--apply")
    assert ran.code == 0, ran.stderr
    assert ANSWERED_AGAIN.items() <= tree(removed).items()
    assert run_here("undo", "--apply", cwd=removed.top).code == 0
    assert (removed.top / path_of(A)).read_bytes() == b"mine"


def test_uncommitted_changes_are_replaced_only_if_allowed(removed: Work) -> None:
    restored = {path_of(SHARED): b"changed"}
    removed.write(path_of(SHARED), b"changed")
    arguments = (hash_of(SHARED), "--rev", "HEAD", "--apply")
    ran = restore(removed, *arguments)
    assert ran.code == 2
    assert "--allow-dirty" in ran.stderr
    assert restored.items() <= tree(removed).items()
    assert restore(removed, *arguments, "--allow-dirty").code == 0
    assert SHARED.items() <= tree(removed).items()


@needs_posix
def test_a_restored_file_has_the_mode_that_git_keeps(removed: Work) -> None:
    old = os.umask(0o077)
    try:
        restore(removed, hash_of(B), "--apply")
    finally:
        os.umask(old)
    assert (removed.top / path_of(B)).stat().st_mode & 0o777 == 0o644


def test_hashes_that_begin_alike_are_ambiguous_and_listed(tmp_path: Path) -> None:
    alike: dict[str, dict[str, bytes]] = {}
    number = 0
    while True:
        one = made(f"Ship {number}?")
        if (start := hash_of(one)[:4]) in alike:
            break
        alike[start] = one
        number += 1
    other = alike[start]
    harbour = work_with(tmp_path / "harbour", [Made(one | other), Made(gone(one, other))])
    ran = restore(harbour, start)
    assert (ran.code, ran.stdout) == (2, "")
    assert f"'{start}' is ambiguous, give more digits" in ran.stderr
    assert all(f"\n  {path_of(file)}" in ran.stderr for file in (one, other))
    listed = restore(harbour, start, "--list").stdout
    assert path_of(one) in listed
    assert path_of(other) in listed
    assert brought_back(harbour, hash_of(one)) == set(one)


def test_one_name_removed_from_two_folders_at_once_is_ambiguous(tmp_path: Path) -> None:
    copy = {f"tests/recordings/{Path(path_of(A)).name}": A[path_of(A)]}
    harbour = work_with(tmp_path / "harbour", [Made(A | copy), Made(gone(A, copy))])
    ran = restore(harbour, hash_of(A))
    assert ran.code == 2
    assert "give the path of one of" in ran.stderr
    assert brought_back(harbour, path_of(copy)) == set(copy)


def test_a_recording_that_moved_comes_back_to_its_last_folder(tmp_path: Path) -> None:
    home = "tests/new/recordings"
    last = {f"{home}/{Path(path_of(A)).name}": A[path_of(A)]}
    harbour = work_with(
        tmp_path / "harbour",
        [
            Made({**A}),
            Made(moved(A, "tests/mid/recordings")),
            Made(moved_on(home)),
            Made({"x": b""}),
        ],
    )
    assert "nothing to do" in restore(harbour, hash_of(A)).stderr
    harbour.commit(gone(last))
    assert brought_back(harbour, hash_of(A)) == set(last)


def moved_on(home: str) -> dict[str, bytes | None]:
    name = Path(path_of(A)).name
    return {f"tests/mid/recordings/{name}": None, f"{home}/{name}": A[path_of(A)]}


def test_of_two_folders_the_one_that_is_still_held_is_meant(tmp_path: Path) -> None:
    copy = {f"tests/recordings/{Path(path_of(A)).name}": A[path_of(A)]}
    harbour = work_with(tmp_path / "harbour", [Made(A | copy), Made(gone(copy))])
    (harbour.top / path_of(A)).unlink()
    assert brought_back(harbour, hash_of(A)) == set(A)


def test_lists_of_models_are_told_apart_by_their_digest(tmp_path: Path) -> None:
    lists = {}
    for ids in (["fog-horn:1b"], ["lamp:7b"]):
        name, document = recording(models_request(), model_list(ids), test_id=None)
        lists[f"tests/integration/common/recordings/{name}"] = canonical(document)
    harbour = work_with(tmp_path / "harbour", [Made(lists), Made(gone(lists))])
    first, second = (Path(path).stem for path in lists)
    common = first.rpartition("-")[0]
    assert second.startswith(common)
    assert restore(harbour, common).code == 2
    assert restore(harbour, common.removeprefix("models-")[:8]).code == 2
    assert {Path(path).stem for path in brought_back(harbour, first)} == {first}


def test_a_full_hash_finds_a_name_of_twelve_digits(tmp_path: Path) -> None:
    old = {f"recordings/responses/{hash_of(A)[:12]}.json": A[path_of(A)]}
    harbour = work_with(tmp_path / "harbour", [Made(old), Made(gone(old))])
    assert brought_back(harbour, hash_of(A)) == set(old)


def test_an_id_is_found_in_an_answer_whose_file_has_another_name(tmp_path: Path) -> None:
    other = {f"tests/recordings/{'ab' * 32}.json": A[path_of(A)]}
    harbour = work_with(tmp_path / "harbour", [Made(other), Made(gone(other))])
    assert brought_back(harbour, f"rec-{hash_of(A)[:12]}") == set(other)
    assert restore(harbour, "rec-0123456789ab").code == 1


def test_what_was_never_there_is_not_found(removed: Work) -> None:
    ran = restore(removed, "0000111122223333")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr == "recctl: no recording '0000111122223333' in the history\n"


def test_in_a_shallow_clone_the_rest_is_said_to_be_missing(removed: Work, tmp_path: Path) -> None:
    clone = Work(tmp_path / "clone")
    removed.git("clone", "-q", "--depth=1", f"file://{removed.top}", str(clone.top))
    ran = restore(clone, hash_of(B))
    assert ran.code == 1
    assert "git fetch --unshallow" in ran.stderr
    ran = restore(clone, "--deleted-in", "HEAD")
    assert ran.code == 2
    assert "this shallow clone begins with" in ran.stderr


# Only recordings


BROKEN = {
    "merge": b'{\n<<<<<<< ours\n"request": {}\n=======\n>>>>>>> theirs\n}\n',
    "other": b'{"a": 1}\n',
    "binary": b"\0\xff",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "empty": b"",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_recording_is_not_restored(tmp_path: Path, kind: str) -> None:
    bad = {path_of(A): BROKEN[kind]}
    harbour = work_with(tmp_path / "harbour", [Made(bad | B), Made(gone(bad, B))])
    ran = restore(harbour, hash_of(A), "--apply")
    assert ran.code == 1
    assert f"not restored: {path_of(A)}" in ran.stderr
    ran = restore(harbour, "--deleted-in", "HEAD", "--apply")
    assert ran.code == 1
    assert f"not restored: {path_of(A)}" in ran.stderr
    assert tree(harbour) == B


def test_where_the_newest_version_is_broken_the_one_before_is_taken(tmp_path: Path) -> None:
    bad = {path_of(A): BROKEN["merge"]}
    harbour = work_with(tmp_path / "harbour", [Made({**A}), Made(bad), Made(gone(A))])
    ran = restore(harbour, hash_of(A), "--apply")
    assert ran.code == 0
    assert "an unresolved merge" in ran.stderr
    assert tree(harbour) == A


@needs_posix
def test_a_link_is_not_restored(tmp_path: Path) -> None:
    harbour = work(tmp_path / "harbour")
    link = harbour.top / path_of(A)
    link.parent.mkdir(parents=True)
    link.symlink_to("/etc/passwd")
    harbour.commit()
    link.unlink()
    harbour.commit({"x": b"1"})
    ran = restore(harbour, hash_of(A), "--apply")
    assert ran.code == 1
    assert "a link" in ran.stderr
    assert not os.path.lexists(link)


def test_files_without_a_name_of_recordings_are_named_and_left(removed: Work) -> None:
    ran = restore(removed, "--deleted-in", "HEAD")
    assert ran.code == 0
    assert "not restored, as they have no recording's name: tests/x.py" in ran.stderr


@needs_posix
@pytest.mark.parametrize("kind", ["link", "folder", "file above", "link above", "fifo"])
def test_what_stands_in_the_way_is_a_conflict(removed: Work, tmp_path: Path, kind: str) -> None:
    place = removed.top / path_of(B)
    place.parent.parent.mkdir(parents=True)
    if kind == "file above":
        place.parent.write_bytes(b"")
    elif kind == "link above":
        (tmp_path / "elsewhere").mkdir()
        place.parent.symlink_to(tmp_path / "elsewhere")
    else:
        place.parent.mkdir()
        if kind == "link":
            place.symlink_to(tmp_path)
        elif kind == "folder":
            place.mkdir()
        else:
            os.mkfifo(place)
    before = snapshot(tmp_path)
    ran = restore(removed, path_of(B) if kind != "link above" else hash_of(B), "--apply")
    assert ran.code == 1
    assert "conflicts, left as they are" in ran.stdout
    assert snapshot(tmp_path) == before


def test_a_hostile_subject_or_name_acts_on_no_terminal(tmp_path: Path) -> None:
    odd = "odd\x1b[31m\n/recordings"
    file = {f"{odd}/{hash_of(A)}.json": A[path_of(A)]}
    harbour = work_with(tmp_path / "harbour", [Made(file, "\x1b]0;owned\x07"), Made(gone(file))])
    for options in ([], ["--list"], ["--format", "markdown"]):
        ran = restore(harbour, hash_of(A), *options)
        assert ran.code == 0
        assert b"\x1b" not in ran.raw
        assert "\x1b" not in ran.stderr
    if os.name == "posix":
        assert restore(harbour, hash_of(A), "--apply").code == 0
        assert tree(harbour) == file


# By test


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (FOG, [B]),
        (f"{FUNCTION}::test_fog", [B]),
        (LAMP, [C]),
        (f"{FUNCTION}::TestLamp", [C]),
        (FUNCTION, [A, B, C]),
        ("tests/integration/chat", [A, B, C]),
        ("tests/integration/chat/", [A, B, C]),
        (f"{FUNCTION}::test_fo", []),
        ("tests/integration/chat/test_keeper", []),
        ("test_fog", []),
        (f"{FUNCTION}::test_fog[thin]", []),
    ],
)
def test_a_test_id_stands_for_what_goes_on_after_it(
    tmp_path: Path, wanted: str, found: Sequence[Mapping[str, bytes]]
) -> None:
    harbour = work_with(
        tmp_path / "harbour", [Made(A | B | C | SHARED), Made(gone(A, B, C, SHARED))]
    )
    if found:
        assert brought_back(harbour, "--test", wanted) == {path_of(one) for one in found}
    else:
        ran = restore(harbour, "--test", wanted)
        assert ran.code == 1
        assert f"no recording of '{wanted}' in the history" in ran.stderr


def test_what_a_test_has_in_the_work_tree_stays_as_it_is(removed: Work) -> None:
    removed.write(path_of(A), b"mine")
    assert brought_back(removed, "--test", FUNCTION) == set(B)


def test_a_test_that_lacks_nothing_needs_nothing(removed: Work) -> None:
    restore(removed, "--test", FUNCTION, "--apply")
    ran = restore(removed, "--test", FUNCTION, "--apply")
    assert ran.code == 0
    assert "nothing to do" in ran.stderr


def test_a_test_with_any_characters_is_found(tmp_path: Path) -> None:
    odd = f'{FUNCTION}::test_odd["ü"-a/b::c]\\x'
    file = made("Odd?", test_id=odd)
    harbour = work_with(tmp_path / "harbour", [Made(file | B), Made(gone(file, B))])
    assert brought_back(harbour, "--test", odd) == set(file)
    raw = json.dumps(json.loads(file[path_of(file)]), ensure_ascii=False).encode()
    harbour = work_with(tmp_path / "raw", [Made({path_of(file): raw}), Made(gone(file))])
    assert brought_back(harbour, "--test", odd) == set(file)


def test_a_recording_given_to_another_test_comes_back_as_it_was_with_the_first(
    tmp_path: Path,
) -> None:
    later = {path_of(A): made("Is it foggy?", test_id=LAMP).popitem()[1]}
    harbour = work_with(tmp_path / "harbour", [Made({**A}), Made(later), Made(gone(A))])
    restore(harbour, "--test", TEST, "--apply")
    assert tree(harbour) == A


def test_recordings_of_a_test_that_moved_are_not_doubled(tmp_path: Path) -> None:
    harbour = work_with(
        tmp_path / "harbour", [Made(A | B), Made({**moved(A, "tests/new/recordings"), **gone(B)})]
    )
    assert brought_back(harbour, "--test", FUNCTION) == set(B)


def test_with_rev_a_test_is_as_that_commit_has_it(removed: Work) -> None:
    removed.write(path_of(A), b"mine")
    removed.write(path_of(C), C[path_of(C)])
    restore(removed, "--test", FUNCTION, "--rev", "HEAD~3", "--apply")
    assert tree(removed) == A | B | C | SHARED | {"notes.md": b"2"}


# By deletion


def test_all_that_a_commit_deleted_comes_back(removed: Work) -> None:
    removed.commit({**C})
    before = tree(removed)
    ran = restore(removed, "--deleted-in", "HEAD^", "--apply")
    assert ran.code == 0
    assert tree(removed) == before | ANSWERED_AGAIN | B


def test_what_is_back_already_is_left(removed: Work) -> None:
    removed.write(path_of(A), b"mine")
    assert brought_back(removed, "--deleted-in", "HEAD") == set(B)


def test_a_commit_that_deleted_no_recordings_is_told(removed: Work) -> None:
    for revision in ("HEAD^", "HEAD~3", "HEAD^..HEAD^"):
        ran = restore(removed, "--deleted-in", revision)
        assert ran.code == 1
        assert f"{revision} deleted no recordings" in ran.stderr


def test_what_a_commit_moved_it_did_not_delete(tmp_path: Path) -> None:
    harbour = work_with(
        tmp_path / "harbour", [Made(A | B), Made({**moved(A, "tests/new/recordings"), **gone(B)})]
    )
    assert brought_back(harbour, "--deleted-in", "HEAD") == set(B)


def test_a_range_deletes_what_came_and_went_in_it(tmp_path: Path) -> None:
    harbour = work_with(
        tmp_path / "harbour",
        [
            Made({**A}),
            Made({**gone(A), **B}),
            Made({**gone(B), **C}),
            Made({"x": b"1"}),
            Made(gone(C)),
        ],
    )
    assert brought_back(harbour, "--deleted-in", "HEAD~4..HEAD^") == {*A, *B}
    assert brought_back(harbour, "--deleted-in", "HEAD~3..HEAD") == {*B, *C}
    assert brought_back(harbour, "--deleted-in", "HEAD~2..") == set(C)


def test_a_range_does_not_delete_what_it_brings_back(tmp_path: Path) -> None:
    harbour = work_with(tmp_path / "harbour", [Made(A | B), Made(gone(A, B)), Made({**A})])
    (harbour.top / path_of(A)).unlink()
    assert brought_back(harbour, "--deleted-in", "HEAD~2..HEAD") == set(B)


def test_a_merge_deletes_what_its_first_parent_had(tmp_path: Path) -> None:
    harbour = work_with(
        tmp_path / "harbour",
        [
            Made(A | B, "root"),
            Made(gone(A), "side"),
            Made({"x": b"1"}, "main", parents=(0,)),
            Made({path_of(A): None}, "merge", parents=(2, 1)),
        ],
    )
    assert brought_back(harbour, "--deleted-in", "HEAD") == set(A)


def test_with_rev_what_was_deleted_comes_from_there(removed: Work) -> None:
    restore(removed, "--deleted-in", "HEAD", "--rev", "HEAD~3", "--apply")
    assert (A | B).items() <= tree(removed).items()
    ran = restore(removed, "--deleted-in", "HEAD", "--rev", "HEAD")
    assert "nothing to do" in ran.stderr


def test_under_a_folder_nothing_else_is_restored(tmp_path: Path) -> None:
    far = {f"far/recordings/{hash_of(C)}.json": C[path_of(C)]}
    harbour = work_with(tmp_path / "harbour", [Made(A | far), Made(gone(A, far))])
    assert brought_back(harbour, "--deleted-in", "HEAD", "--under", "far") == set(far)
    assert brought_back(harbour, "--test", "tests", "--under", "tests/") == set(A)
    assert restore(harbour, hash_of(A), "--under", "far").code == 1
    assert brought_back(harbour, "--test", "tests", "--under", ".") == {*A, *far}


# Versions


def test_all_versions_are_listed_the_newest_first(removed: Work) -> None:
    ran = restore(removed, hash_of(A), "--list")
    assert ran.code == 0
    head = removed.git("rev-parse", "HEAD")[:12]
    ids = [removed.git("rev-parse", f"HEAD~{back}")[:12] for back in (2, 3)]
    sizes = [f"{len(file[path_of(A)]):,}" for file in (ANSWERED_AGAIN, A)]
    assert ran.lines == [
        path_of(A),
        f"  removed by {head} 2023-11-17 remove the feature",
        f"  {ids[0]}  2023-11-15  {sizes[0]}  record again",
        f"  {ids[1]}  2023-11-14  {sizes[1]}  record",
    ]
    assert not ran.stderr


def test_the_version_in_the_work_tree_is_marked(removed: Work) -> None:
    removed.write(path_of(A), A[path_of(A)])
    assert [line.endswith("(in the work tree)") for line in versions(removed)] == [False, True]


def versions(made: Work) -> list[str]:
    return [line for line in restore(made, hash_of(A), "--list").lines if "record" in line][1:]


def test_versions_as_json_fit_their_schema(removed: Work) -> None:
    for arguments in ([hash_of(A)], ["--test", FUNCTION], ["--deleted-in", "HEAD"]):
        document = restore(removed, *arguments, "--list", "--format", "json").json
        assert schema.explain("versions", document) is None
        first = next(one for one in document["recordings"] if one["path"] == path_of(A))
        assert [one["subject"] for one in first["versions"]] == ["record again", "record"]
        assert first["removed_by"] == removed.git("rev-parse", "HEAD")


# What is refused


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["abcd", "--test", "x"],
        ["--test", "x", "--deleted-in", "HEAD"],
        ["--test", ""],
        ["zz"],
        ["abc"],
        ["notes.md"],
        ["tests/notes.json"],
        ["/elsewhere/" + "ab" * 32 + ".json"],
        ["abcd", "--rev", "foam"],
        ["abcd", "--rev", "--all"],
        ["--deleted-in", "foam"],
        ["--deleted-in", "HEAD..foam"],
        ["abcd", "--list", "--apply"],
        ["abcd", "--list", "--format", "markdown"],
        ["abcd", "--apply", "--check"],
        ["abcd", "--under", "../.."],
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(removed: Work, arguments: list[str]) -> None:
    ran = restore(removed, *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert len(ran.errors) == 1


def test_outside_of_git_it_says_so(tmp_path: Path) -> None:
    ran = run_here("restore", "abcd", cwd=tmp_path)
    assert ran.code == 2
    assert "is in no git work tree" in ran.stderr


def test_before_the_first_commit_nothing_is_found(tmp_path: Path) -> None:
    made = work(tmp_path / "unborn")
    assert restore(made, "abcd").code == 1
    assert restore(made, "--test", "tests").code == 1
    assert restore(made, "--deleted-in", "HEAD").code == 2


def test_a_plan_changes_nothing_not_even_in_the_repository(removed: Work) -> None:
    before = snapshot(removed.top)
    for arguments in ([hash_of(B)], ["--test", FUNCTION], ["--deleted-in", "HEAD", "--list"]):
        assert restore(removed, *arguments).code == 0
    assert restore(removed, hash_of(B), "--check").code == 1
    assert snapshot(removed.top) == before


def test_a_plan_may_be_written_to_a_file(removed: Work, tmp_path: Path) -> None:
    ran = restore(removed, hash_of(B), "--plan-out", str(tmp_path / "plan.json"))
    assert ran.code == 0
    (action,) = json.loads((tmp_path / "plan.json").read_bytes())["actions"]
    assert (action["op"], action["path"]) == ("write", path_of(B))


def test_many_recordings_need_few_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, bytes] = {}
    for number in range(200):
        files |= made(f"Ship {number}?")
    harbour = work_with(tmp_path / "harbour", [Made(files), Made(gone(files))])
    started = processes_started(monkeypatch)
    assert brought_back(harbour, "--test", "tests") == set(files)
    assert brought_back(harbour, *files) == set(files)
    assert brought_back(harbour, "--deleted-in", "HEAD") == set(files)
    assert len(restore(harbour, "--deleted-in", "HEAD", "--list").lines) == 3 * len(files)
    assert len(started) < 60


# For any history


POOL = [made(f"Ship {number}?", answer) for number in range(4) for answer in ("Yes.", "No.")]
FILES = [
    {f"{folder}/{Path(path_of(file)).name}": file[path_of(file)]}
    for file in POOL
    for folder in ("tests/integration/chat/recordings", "tests/recordings")
]
STEPS = st.lists(
    st.lists(st.tuples(st.sampled_from(FILES), st.booleans()), min_size=1, max_size=5),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS, data=st.data())
def test_what_is_deleted_comes_back_byte_for_byte(
    steps: list[list[tuple[dict[str, bytes], bool]]],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    now: dict[str, bytes] = {}
    commits = [Made({"README": b"1"})]
    for step in steps:
        changes: dict[str, bytes | None] = {}
        for file, is_put in step:
            path = path_of(file)
            if is_put or path in now:
                changes[path] = file[path] if is_put else None
        commits.append(Made(changes))
        now = {path: held for path, held in (now | changes).items() if held is not None}
    deleted = data.draw(st.sets(st.sampled_from(sorted(now)))) if now else set[str]()
    left = {path: held for path, held in now.items() if path not in deleted}
    commits.append(Made(dict.fromkeys(deleted)))
    harbour = work_with(tmp_path_factory.mktemp("any"), commits)
    assert tree(harbour) == left | {"README": b"1"}
    repository = repository_of(harbour.top)
    assert repository is not None

    def restored(search: Search, find: Callable[[Search], list[Wanted]]) -> dict[str, bytes]:
        try:
            found, flaws = contents(repository, find(search))
        except NothingFoundError:
            return left
        assert not flaws
        held = {one.path: held_at(harbour.top, one.path) for one in found}
        return plan.simulate(left, planned(harbour.top, found, held))

    search = Search(repository)
    paths = [str(harbour.top / path) for path in deleted]
    assert restored(search, lambda search: search.by_reference(paths)) == now
    assert restored(search, lambda search: search.by_deletion("HEAD")[0]) == now
    before = replace(search, revision="HEAD^")
    assert restored(before, lambda search: search.by_test("tests")) == now
    assert left.items() <= restored(search, lambda search: search.by_test("tests")).items()


def test_what_a_rehash_renamed_is_not_brought_back(tmp_path: Path) -> None:
    asked = chat_request("Is it 0.1234567 deep?")
    name, document = recording(asked, chat_answer("No."), dialect="ogx-2025-10-04")
    repository = work_with(tmp_path, [Made({f"{folder_of(TEST)}/{name}": canonical(document)})])
    assert run_here("rehash", "--apply", cwd=tmp_path).code == 0
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "rehash")

    ran = restore(repository, "--deleted-in", "HEAD")

    assert (ran.code, ran.stdout) == (0, "")
    assert f"{name}: it is there as " in ran.errors[0]
