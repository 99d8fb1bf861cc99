"""The merge driver: two recordings of one request are one again, or a conflict as ever."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.drivers.merge import decide
from recctl.hashing import canonical
from tests.build import (
    TEST,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    exception,
    folder_of,
    recording,
)
from tests.cli import ROOT, run
from tests.repository import BIRTH, Work, git_environment, work

REQUEST = chat_request("Is it lit?", stream=True)
PLACE = f"{folder_of(TEST)}/{recording(REQUEST, chat_stream(['Yes.']))[0]}"
DAY = 86400


def made(answer: Document, request: Document = REQUEST, **more: Any) -> bytes:
    return canonical({**recording(request, answer)[1], **more})


def created(text: str, time: int) -> bytes:
    """A recording whose chunks kept the time at which they were made."""
    answer = chat_stream([text])
    for chunk in answer["body"]:
        chunk["__data__"]["created"] = time
    return made(answer)


def cut(text: str) -> bytes:
    """A recording whose stream was cut off."""
    answer = chat_stream([text])
    answer["body"] = answer["body"][:2]
    return made(answer)


FIRST, SECOND, THIRD = (made(chat_stream([text])) for text in ("Yes.", "It is.", "Aye."))
BROKEN = cut("It")
OTHER = made(chat_stream(["Aye."]), chat_request("Is it lit now?", stream=True))


def decided(base: bytes, ours: bytes, theirs: bytes, *times: int | None) -> bytes | None:
    """What stays, where ours and theirs are of these times."""
    born = dict(zip((ours, theirs), times, strict=False))
    return decide(base, ours, theirs, born.get).content


# The decision


@pytest.mark.parametrize("base", [FIRST, b"", BROKEN, b"no recording"])
def test_the_sound_one_stays_whichever_is_newer(base: bytes) -> None:
    for times in ((1, 2), (2, 1), ()):
        assert decided(base, BROKEN, SECOND, *times) == SECOND
        assert decided(base, SECOND, BROKEN, *times) == SECOND


def test_of_two_sound_ones_the_newer_stays() -> None:
    assert decided(FIRST, SECOND, THIRD, 1, 2) == THIRD
    assert decided(FIRST, SECOND, THIRD, 2, 1) == SECOND


def test_of_two_unsound_ones_the_newer_stays() -> None:
    assert decided(FIRST, BROKEN, cut("Aye"), 2, 1) == BROKEN


def test_the_time_in_the_recordings_counts_before_that_of_the_commits() -> None:
    older, newer = created("It is.", 1_759_000_000), created("Aye.", 1_759_000_001)

    assert decided(FIRST, older, newer, 2, 1) == newer
    assert decided(FIRST, newer, older, 1, 2) == newer


def test_a_time_in_one_recording_only_counts_for_nothing() -> None:
    assert decided(FIRST, created("It is.", 1_759_000_000), THIRD, 1, 2) == THIRD


@pytest.mark.parametrize("times", [(), (1,), (None, 1), (7, 7)])
def test_equal_or_unknown_times_are_a_conflict(times: tuple[int | None, ...]) -> None:
    assert decided(FIRST, SECOND, THIRD, *times) is None


def test_an_exception_and_an_answer_are_told_by_time_only() -> None:
    raised = made(exception("Too warm."))

    assert decided(b"", raised, SECOND, 1, 2) == SECOND
    assert decided(b"", raised, BROKEN, 2, 1) == raised
    assert decided(b"", raised, SECOND) is None


def test_other_requests_are_a_conflict() -> None:
    assert decided(FIRST, SECOND, OTHER, 1, 2) is None


def test_a_number_of_another_type_is_another_request() -> None:
    ours = made(chat_stream(["It is."]), chat_request("Lit?", temperature=1))
    theirs = made(chat_stream(["Aye."]), chat_request("Lit?", temperature=1.0))

    assert decided(b"", ours, theirs, 1, 2) is None


def test_the_order_of_members_makes_no_other_request() -> None:
    _, document = recording(REQUEST, chat_stream(["Aye."]))
    document["request"] = dict(reversed(document["request"].items()))

    assert decided(FIRST, SECOND, canonical(document), 1, 2) == canonical(document)


@pytest.mark.parametrize("more", [{"test_id": None}, {"note": "kept"}])
def test_another_test_or_an_unknown_member_is_a_conflict(more: Document) -> None:
    assert decided(FIRST, SECOND, made(chat_stream(["Aye."]), **more), 1, 2) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\0", SECOND[:-20], b"\xef\xbb\xbf" + SECOND, b"<<<<<<< ours\n" + SECOND,
     SECOND.replace(b'"test_id"', b'"test_id": null, "test_id"', 1)],
)  # fmt: skip
def test_what_is_no_sound_file_is_a_conflict(content: bytes) -> None:
    assert decided(FIRST, content, THIRD, 2, 1) is None
    assert decided(FIRST, THIRD, content, 1, 2) is None


def test_a_newer_version_that_says_what_was_said_before_is_a_conflict() -> None:
    touched = canonical({**json.loads(FIRST), "id_normalization_mapping": {"a": "b"}})

    assert decided(FIRST, touched, SECOND, 2, 1) is None
    assert decided(FIRST, touched, SECOND, 1, 2) == SECOND


VERSIONS = [FIRST, SECOND, THIRD, BROKEN, OTHER, created("Yes.", 5), created("No.", 6), b"", b"x"]
TIMES = st.one_of(st.none(), st.integers(1, 3))


@given(*[st.sampled_from(VERSIONS)] * 3, TIMES, TIMES)
def test_the_sides_can_change_places(
    base: bytes, ours: bytes, theirs: bytes, first: int | None, second: int | None
) -> None:
    if ours != theirs:
        there = decided(base, ours, theirs, first, second)
        back = decided(base, theirs, ours, second, first)

        assert there == back
        assert there in (None, ours, theirs)


# git


@pytest.fixture
def tree(tmp_path: Path) -> Work:
    tree = work(tmp_path / "a tree")
    env = {key: value for key, value in git_environment().items() if key.startswith("GIT_")}
    assert run("git", "install", cwd=tree.top, env={**os.environ, **env}).code == 0
    tree.commit({"README": b"lamps\n"})
    return tree


def tried(tree: Work, *arguments: str, day: int = 9) -> tuple[int, str]:
    """What a git command that may fail ends in, and what it tells."""
    time = f"@{BIRTH + DAY * day} +0000"
    done = subprocess.run(
        ["git", *arguments],
        cwd=tree.top,
        env=git_environment(PYTHONPATH=str(ROOT), GIT_COMMITTER_DATE=time, GIT_EDITOR="true"),
        capture_output=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def fork(
    tree: Work, base: bytes | None, ours: bytes, theirs: bytes, *, days: tuple[int, int] = (2, 3)
) -> None:
    """A branch `side` with theirs and `main`, checked out, with ours."""
    tree.commit({PLACE: base} if base is not None else {"a": b"a"}, day=1)
    tree.git("checkout", "-q", "-b", "side")
    tree.commit({PLACE: theirs}, day=days[1])
    tree.git("checkout", "-q", "main")
    tree.commit({PLACE: ours}, day=days[0])


def merge(tree: Work) -> tuple[int, str]:
    return tried(tree, "merge", "--no-edit", "side")


def rebase(tree: Work) -> tuple[int, str]:
    tree.git("checkout", "-q", "side")
    return tried(tree, "rebase", "main")


def pick(tree: Work) -> tuple[int, str]:
    return tried(tree, "cherry-pick", "side")


def squash(tree: Work) -> tuple[int, str]:
    code, told = tried(tree, "merge", "--squash", "side")
    if code == 0:
        tried(tree, "commit", "-qm", "squashed")
    return code, told


WAYS = pytest.mark.parametrize("join", [merge, rebase, pick, squash])
BASES = pytest.mark.parametrize("base", [FIRST, None], ids=["edit/edit", "add/add"])
Join = Callable[[Work], tuple[int, str]]


@WAYS
@BASES
def test_the_newer_recording_stays(tree: Work, join: Join, base: bytes | None) -> None:
    fork(tree, base, SECOND, THIRD)
    code, told = join(tree)

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == THIRD
    assert tree.git("status", "--porcelain") == ""
    assert f"recctl: {PLACE}: took" in told


@WAYS
def test_the_newer_recording_stays_whoever_has_it(tree: Work, join: Join) -> None:
    fork(tree, FIRST, SECOND, THIRD, days=(4, 3))
    code, told = join(tree)

    # A rebase or a pick of what changes nothing may stop; there is nothing to be decided, though.
    assert code == 0 or "empty" in told, told
    assert (tree.top / PLACE).read_bytes() == SECOND
    assert b"<<<<" not in (tree.top / PLACE).read_bytes()


@WAYS
def test_the_sound_recording_stays(tree: Work, join: Join) -> None:
    fork(tree, FIRST, BROKEN, SECOND, days=(3, 2))
    code, told = join(tree)

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == SECOND


@WAYS
@BASES
def test_recordings_of_equal_age_are_a_conflict_as_ever(
    tree: Work, join: Join, base: bytes | None
) -> None:
    fork(tree, base, SECOND, THIRD, days=(2, 2))
    code, told = join(tree)
    content = (tree.top / PLACE).read_text()

    assert code != 0
    assert f"recctl: {PLACE}: left a conflict, as both are equally new" in told
    assert f"{'AA' if base is None else 'UU'} {PLACE}" in tree.git("status", "--porcelain")
    assert "<<<<<<< " in content
    assert "It is." in content
    assert "Aye." in content


def test_other_requests_are_a_conflict_as_ever(tree: Work) -> None:
    fork(tree, FIRST, SECOND, OTHER)
    code, _ = merge(tree)
    with_driver = (tree.top / PLACE).read_bytes()
    tree.git("merge", "--abort")
    tree.git("config", "--remove-section", "merge.recctl")
    tried(tree, "merge", "--no-edit", "side")
    without = (tree.top / PLACE).read_bytes()

    assert code != 0
    assert [
        line for line in with_driver.split(b"\n") if line[:7] not in (b"<<<<<<<", b">>>>>>>")
    ] == [line for line in without.split(b"\n") if line[:7] not in (b"<<<<<<<", b">>>>>>>")]


def test_what_can_be_merged_by_lines_still_is(tree: Work) -> None:
    """Where the sides are no recordings of one request, git's own way holds."""
    text = b"".join(b"line %d\n" % number for number in range(20))
    fork(tree, text, text.replace(b"line 1\n", b"ours\n"), text.replace(b"line 18\n", b"theirs\n"))
    code, told = merge(tree)

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == text.replace(b"line 1\n", b"ours\n").replace(
        b"line 18\n", b"theirs\n"
    )


def test_what_is_binary_is_a_conflict_and_ours_stays(tree: Work) -> None:
    fork(tree, b"\0a", b"\0b", b"\0c")
    code, _ = merge(tree)

    assert code != 0
    assert (tree.top / PLACE).read_bytes() == b"\0b"


def test_a_commit_that_was_rebased_is_as_old_as_it_was(tree: Work) -> None:
    """Two commits on a branch, rebased: the first is committed anew, the second is still newer."""
    tree.commit({PLACE: FIRST}, day=1)
    tree.git("checkout", "-q", "-b", "side")
    tree.commit({PLACE: SECOND}, day=3)
    tree.commit({PLACE: THIRD}, day=4)
    tree.git("checkout", "-q", "main")
    tree.commit({PLACE: made(chat_stream(["Hm."]))}, day=2)
    code, told = rebase(tree)

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == THIRD


def test_a_stash_is_merged_as_well(tree: Work) -> None:
    tree.commit({PLACE: FIRST}, day=1)
    tree.write(PLACE, THIRD)
    time = f"@{BIRTH + DAY * 3} +0000"
    tree.git("stash", "-q", GIT_AUTHOR_DATE=time, GIT_COMMITTER_DATE=time)
    tree.commit({PLACE: SECOND}, day=2)
    code, told = tried(tree, "stash", "pop")

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == THIRD


def test_a_branch_of_another_repository_is_merged_as_well(tree: Work, tmp_path: Path) -> None:
    tree.commit({PLACE: FIRST}, day=1)
    tree.git("clone", "-q", str(tree.top), str(tmp_path / "other"))
    other = Work(tmp_path / "other")
    other.git("config", "user.name", "Other")
    other.git("config", "user.email", "other@example.org")
    other.commit({PLACE: THIRD}, day=3)
    tree.commit({PLACE: SECOND}, day=2)
    code, told = tried(tree, "pull", "--no-rebase", "--no-edit", str(other.top), "main")

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == THIRD


def test_a_shallow_clone_does_not_know_which_is_newer(tree: Work, tmp_path: Path) -> None:
    fork(tree, FIRST, SECOND, THIRD)
    shallow = tmp_path / "shallow"
    tree.git("clone", "-q", "--depth=2", "--no-single-branch", tree.top.as_uri(), str(shallow))
    clone = Work(shallow)
    env = {key: value for key, value in git_environment().items() if key.startswith("GIT_")}
    run("git", "install", cwd=shallow, env={**os.environ, **env})
    clone.git("config", "user.name", "Other")
    clone.git("config", "user.email", "other@example.org")
    code, _ = tried(clone, "merge", "--no-edit", "origin/side")

    assert code != 0
    assert b"<<<<<<< " in (shallow / PLACE).read_bytes()


def test_every_commit_of_a_merge_is_one_of_the_two_files(tree: Work) -> None:
    """CRLF and a missing final newline are kept: what stays is a file as it was."""
    odd = THIRD.rstrip(b"\n").replace(b"\n", b"\r\n")
    fork(tree, FIRST, SECOND, odd)
    code, told = merge(tree)

    assert code == 0, told
    assert (tree.top / PLACE).read_bytes() == odd


# The command that git runs


def test_files_that_are_missing_are_told_in_one_line(tmp_path: Path) -> None:
    ran = run("git", "merge", "a", "b", "c", "7", "recordings/x.json", cwd=tmp_path)

    assert ran.code == 1
    assert len(ran.errors) == 1


@pytest.mark.parametrize("labels", [[], ["%S", "%X", "%Y"], ["old", "mine", "yours"]])
def test_conflicts_are_labelled(tmp_path: Path, labels: list[str]) -> None:
    for name, content in zip("oab", (b"1\n", b"2\n", b"3\n"), strict=True):
        (tmp_path / name).write_bytes(content)
    ran = run("git", "merge", "o", "a", "b", "9", "recordings/x.json", *labels, cwd=tmp_path)
    mine, yours = ("mine", "yours") if labels[:1] == ["old"] else ("ours", "theirs")

    assert ran.code == 1
    assert (tmp_path / "a").read_text() == (
        f"<<<<<<<<< {mine}\n2\n=========\n3\n>>>>>>>>> {yours}\n"
    )


def test_whole_answers_are_merged_as_well(tree: Work) -> None:
    request = chat_request("Is it lit?")
    ours, theirs = (made(chat_answer(text), request) for text in ("It is.", "Aye."))
    fork(tree, None, ours, theirs)

    assert merge(tree)[0] == 0
    assert (tree.top / PLACE).read_bytes() == theirs
