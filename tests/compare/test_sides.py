"""Two trees of recordings: folders, commits, the index, the work tree; and what became of what."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recctl.compare.changes import Changes, Fate, Rest, Unread, changes
from recctl.compare.sides import of_folders, of_git
from recctl.compare.values import Part
from recctl.dialects import published
from recctl.errors import NothingFoundError, UsageError
from recctl.hashing import canonical
from tests.build import Document, Recorded, chat_request, chat_stream, recording
from tests.cli import needs_posix
from tests.repository import Work, git_environment, processes_started, work

FOLDER = "tests/integration/chat/recordings"
TEST = "tests/integration/chat/test_keeper.py::test_answers"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """An empty repository, which is the working directory."""
    for key, value in git_environment().items():
        monkeypatch.setenv(key, value)
    made = work(tmp_path / "repository")
    monkeypatch.chdir(made.top)
    return made


def chat(
    asked: str, answer: str = "No fog.", *, test_id: str | None = TEST, **parameters: Any
) -> Recorded:
    """A chat and its answer."""
    request = chat_request(asked, stream=True, **parameters)
    return recording(request, chat_stream([answer]), test_id=test_id)


def path_of(recorded: Recorded, folder: str = FOLDER) -> str:
    """Where it is put."""
    return f"{folder}/{recorded[0]}"


def files(*recorded: Recorded, folder: str = FOLDER) -> dict[str, bytes | None]:
    """Recordings as the files of a commit."""
    return {path_of(one, folder): canonical(one[1]) for one in recorded}


def gone(*recorded: Recorded) -> dict[str, bytes | None]:
    """Recordings as a commit removes them."""
    return {path_of(one): None for one in recorded}


def seen(
    revisions: str = "HEAD", *paths: str, staged: bool = False, part: Part = Part.REQUEST
) -> Changes:
    """What differs in the working directory's repository."""
    with of_git(revisions, paths or ["."], named=bool(paths), staged=staged) as sides:
        return changes(sides, published(), part=part)


def told(found: Changes) -> list[tuple[str, str, str]]:
    """What became of which path: before and after, or like and after."""
    return [
        (
            pair.fate.value,
            (pair.before or pair.like).path if pair.before or pair.like else "",  # type: ignore[union-attr]
            pair.after.path if pair.after else "",
        )
        for pair in found.pairs
    ]


def refusal(revisions: str, *paths: str, staged: bool = False) -> str:
    """Why two sides cannot be had, in one line."""
    with pytest.raises(UsageError) as caught:
        seen(revisions, *paths, staged=staged)
    assert "\n" not in str(caught.value)
    return str(caught.value)


OLD, NEW = chat("Any fog?"), chat("Any fog?", seed=7)
TIDE, OTHER = chat("How high is the tide?"), chat("Whose ship is that?")


# What is compared with what


def test_a_commit_is_compared_with_another(repository: Work) -> None:
    repository.commit(files(OLD, TIDE))
    repository.commit(gone(OLD) | files(NEW))
    assert told(seen("HEAD~1..HEAD")) == [("changed", path_of(OLD), path_of(NEW))]
    assert told(seen("HEAD..HEAD~1")) == [("changed", path_of(NEW), path_of(OLD))]
    assert seen("HEAD..HEAD").is_empty


def test_three_dots_begin_where_the_branches_parted(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.git("checkout", "-qb", "side")
    repository.commit(files(TIDE))
    repository.git("checkout", "-q", "main")
    repository.commit(files(OTHER))
    assert told(seen("main...side")) == [("added", "", path_of(TIDE))]


def test_a_commit_is_compared_with_the_work_tree_new_files_included(repository: Work) -> None:
    repository.commit(files(OLD, TIDE))
    (repository.top / path_of(OLD)).unlink()
    repository.write(path_of(NEW), canonical(NEW[1]))
    assert told(seen()) == [("changed", path_of(OLD), path_of(NEW))]


def test_a_file_changed_in_place_is_compared_with_itself(repository: Work) -> None:
    repository.commit(files(OLD))
    again = chat("Any fog?", "Plenty.")
    repository.write(path_of(OLD), canonical(again[1]))
    (pair,) = seen().pairs
    assert (pair.fate, pair.similarity, pair.rest) == (Fate.CHANGED, 1, Rest.ANSWER)


def test_an_older_commit_is_compared_with_the_work_tree_too(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.commit(gone(OLD) | files(NEW))
    assert told(seen("HEAD~1")) == [("changed", path_of(OLD), path_of(NEW))]
    repository.write(path_of(NEW), b"{}\n")
    repository.write(path_of(OLD), canonical(OLD[1]))
    found = seen("HEAD~1")
    assert [one.path for one in found.unread] == [path_of(NEW)]
    assert found.pairs == ()


def test_the_index_is_compared_without_a_look_at_the_work_tree(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.write(path_of(TIDE), canonical(TIDE[1]))
    repository.git("add", "--all")
    repository.write(path_of(OTHER), canonical(OTHER[1]))
    assert told(seen(staged=True)) == [("added", "", path_of(TIDE))]


def test_all_that_is_staged_before_a_first_commit_is_added(repository: Work) -> None:
    repository.write(path_of(OLD), canonical(OLD[1]))
    repository.git("add", "--all")
    assert told(seen(staged=True)) == [("added", "", path_of(OLD))]


def test_only_what_is_at_or_below_the_paths_counts(repository: Work) -> None:
    repository.commit(files(OLD) | files(TIDE, folder="other/recordings"))
    repository.commit(gone(OLD) | {path_of(TIDE, "other/recordings"): None})
    assert told(seen("HEAD~1..HEAD", "other")) == [
        ("removed", path_of(TIDE, "other/recordings"), "")
    ]
    one = path_of(OLD)
    assert told(seen("HEAD~1..HEAD", one)) == [("removed", one, "")]


def test_what_is_no_recording_by_its_place_does_not_count(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.commit(
        {"package.json": b"{}", "a/.hidden/recordings/x.json": b"{", "notes.txt": b""}
    )
    assert seen("HEAD~1..HEAD").is_empty


def test_what_git_ignores_and_repositories_inside_have_no_part(repository: Work) -> None:
    repository.commit(files(OLD) | {".gitignore": b"scratch/\n"})
    for path, content in files(NEW).items():
        repository.write(f"scratch/{path}", content or b"")
    work(repository.top / "inner").commit(files(TIDE))
    assert seen().is_empty
    assert seen("HEAD", "scratch").is_empty
    repository.write(path_of(OTHER), canonical(OTHER[1]))
    assert [(fate, after) for fate, _, after in told(seen())] == [("added", path_of(OTHER))]


def test_line_ends_that_git_converts_are_no_difference(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.git("config", "core.autocrlf", "true")
    repository.write(path_of(OLD), canonical(OLD[1]).replace(b"\n", b"\r\n"))
    assert seen().is_empty


def test_a_new_mode_is_no_difference(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.git("update-index", "--chmod=+x", path_of(OLD))
    repository.git("commit", "-qm", "mode")
    assert seen("HEAD~1..HEAD").is_empty


def test_two_folders_are_compared_by_the_paths_in_them(tmp_path: Path) -> None:
    for side, recorded in (("a", OLD), ("b", NEW)):
        for path, content in files(recorded, TIDE).items():
            file = tmp_path / side / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content or b"")
    sides = of_folders(str(tmp_path / "a"), str(tmp_path / "b"))
    found = changes(sides, published())
    assert told(found) == [
        ("changed", str(tmp_path / "a" / path_of(OLD)), str(tmp_path / "b" / path_of(NEW)))
    ]


def test_a_folder_without_recordings_lacks_all_of_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b/recordings").mkdir(parents=True)
    with pytest.raises(NothingFoundError):
        of_folders(str(tmp_path / "a"), str(tmp_path / "b"))
    (tmp_path / "b/recordings" / OLD[0]).write_bytes(canonical(OLD[1]))
    found = changes(of_folders(str(tmp_path / "a"), str(tmp_path / "b")), published())
    assert [pair.fate for pair in found.pairs] == [Fate.ADDED]


# What became of it


def test_a_recording_that_changed_its_folder_is_moved(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.commit(gone(OLD) | files(OLD, folder="shared/recordings"))
    assert told(seen("HEAD~1..HEAD")) == [
        ("moved", path_of(OLD), path_of(OLD, "shared/recordings"))
    ]


def test_a_moved_recording_of_equal_bytes_is_only_moved(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.commit(gone(OLD) | files(OLD, folder="shared/recordings"))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert (pair.fate, pair.rest) == (Fate.MOVED, Rest.NOTHING)


def test_the_request_of_a_renamed_test_is_moved(repository: Work) -> None:
    renamed = chat("Any fog?", test_id=TEST.replace("test_answers", "test_replies"))
    repository.commit(files(OLD))
    repository.commit(gone(OLD) | files(renamed))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert (pair.fate, pair.formerly, pair.similarity) == (Fate.MOVED, TEST, 1)


def test_an_added_recording_is_like_one_of_its_test_that_stays(repository: Work) -> None:
    repository.commit(files(OLD, TIDE, OTHER))
    repository.commit(files(NEW))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert (pair.fate, pair.before) == (Fate.ADDED, None)
    assert pair.like is not None
    assert pair.like.path == path_of(OLD)
    assert pair.comparison is not None
    assert [one.pointer for one in pair.comparison.request] == ["/body/seed"]


def test_an_added_recording_may_be_like_one_of_a_test_that_had_another_name(
    repository: Work,
) -> None:
    renamed = chat("Any fog?", test_id=TEST.replace("test_answers", "test_replies"))
    repository.commit(files(OLD, TIDE))
    repository.commit(files(renamed))
    assert told(seen("HEAD~1..HEAD")) == [("added", path_of(OLD), path_of(renamed))]


def test_an_added_recording_that_resembles_none_is_just_added(repository: Work) -> None:
    repository.commit(files(OLD))
    stranger = chat(
        "List all ships of the line that ever sank.", test_id="x.py::test_x", tools=[{}]
    )
    repository.commit(files(stranger, folder="elsewhere/recordings"))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert (pair.fate, pair.like, pair.similarity, pair.comparison) == (
        Fate.ADDED,
        None,
        None,
        None,
    )


def test_what_is_only_written_otherwise_is_told_as_that(repository: Work) -> None:
    import json

    repository.commit(files(OLD))
    repository.write(path_of(OLD), json.dumps(OLD[1]).encode())
    (pair,) = seen().pairs
    assert pair.rest is Rest.FORM


def test_where_only_a_member_beside_them_differs_that_is_told(repository: Work) -> None:
    name, document = chat("Any fog?")
    repository.commit(files((name, document)))
    repository.commit(files((name, {**document, "note": "foggy"})))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert pair.rest is Rest.MEMBERS
    document["response"]["body"] = []
    repository.commit(files((name, document)))
    (pair,) = seen("HEAD~1..HEAD").pairs
    assert pair.rest is Rest.ANSWER


def test_an_answer_that_says_the_same_is_told_as_that(repository: Work) -> None:
    document: Document = OLD[1]
    chunks = document["response"]["body"]
    changed = [{**one, "__data__": {**one["__data__"], "created": 9}} for one in chunks]
    repository.commit(files(OLD))
    answer = {**document["response"], "body": changed}
    repository.write(path_of(OLD), canonical({**document, "response": answer}))
    (pair,) = seen().pairs
    assert pair.rest is Rest.VOLATILE
    (pair,) = seen(part=Part.ALL).pairs
    assert pair.rest is Rest.VOLATILE


# What cannot be read


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "line 1"),
        (b"\x00\xff\xfe", "line 1"),
        (b"[]", "no recording"),
        (b"<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "merge"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
    ],
)
def test_what_does_not_parse_on_one_side_is_told_and_the_rest_goes_on(
    repository: Work, content: bytes, reason: str
) -> None:
    repository.commit(files(OLD, TIDE))
    repository.commit({path_of(OLD): content} | gone(TIDE) | files(OTHER))
    found = seen("HEAD~1..HEAD")
    (unread,) = found.unread
    assert (unread.path, unread.before) == (path_of(OLD), None)
    assert reason in (unread.after or "")
    assert {pair.fate for pair in found.pairs} <= {Fate.CHANGED, Fate.ADDED, Fate.REMOVED}
    assert len(found.pairs) in {1, 2}


def test_a_file_that_was_mended_is_told_for_the_side_before(repository: Work) -> None:
    repository.commit({path_of(OLD): b"{"})
    repository.commit(files(OLD))
    (unread,) = seen("HEAD~1..HEAD").unread
    assert unread.before is not None
    assert unread.after is None


@needs_posix
def test_links_among_commits_are_not_followed(repository: Work) -> None:
    repository.commit(files(OLD))
    (repository.top / FOLDER / "x.json").symlink_to("/etc/passwd")
    repository.commit()
    (unread,) = seen("HEAD~1..HEAD").unread
    assert unread.after == "a link, not followed"


def test_an_object_that_is_lost_is_told(repository: Work) -> None:
    repository.commit(files(OLD))
    repository.commit(gone(OLD) | files(NEW))
    lost = repository.git("rev-parse", f"HEAD:{path_of(NEW)}")
    file = repository.top / ".git/objects" / lost[:2] / lost[2:]
    file.chmod(0o600)
    file.unlink()
    (unread,) = seen("HEAD~1..HEAD").unread
    assert "git lacks the content" in (unread.after or "")


def test_submodules_are_passed_over(repository: Work, tmp_path: Path) -> None:
    repository.commit(files(OLD))
    inner = work(tmp_path / "inner")
    inner.commit(files(TIDE))
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.top), "sub"
    )
    repository.commit()
    found = seen("HEAD~1..HEAD")
    assert found.pairs == ()
    assert found.unread == (Unread("sub", None, "a submodule, not compared"),)
    assert seen().is_empty
    inner_work = Work(repository.top / "sub")
    inner_work.git(
        "-c", "user.name=K", "-c", "user.email=k@x", "commit", "--allow-empty", "-qm", "x"
    )
    assert [(one.path, one.is_submodule) for one in seen().unread] == [("sub", True)]
    assert seen(staged=True).is_empty
    repository.git("add", "sub")
    assert [one.path for one in seen(staged=True).unread] == ["sub"]
    assert refusal("HEAD", ".", "sub").startswith("sub is not in the repository")


def in_conflict(repository: Work) -> Recorded:
    """A recording that two branches have changed, in a merge that was left half done."""
    base, ours, theirs = (chat("Any fog?", answer) for answer in ("No.", "Some.", "Plenty."))
    repository.commit(files(base, TIDE))
    repository.git("branch", "theirs")
    repository.commit(files(ours))
    repository.git("checkout", "-q", "theirs")
    repository.commit(files(theirs))
    repository.git("checkout", "-q", "main")
    with pytest.raises(AssertionError):
        repository.git("merge", "-q", "theirs")
    return base


def test_a_file_in_a_conflict_is_not_compared(repository: Work) -> None:
    at = path_of(in_conflict(repository))
    assert seen(staged=True).unread == (Unread(at, None, "an unresolved merge"),)


def test_a_commit_is_named_by_its_message(repository: Work) -> None:
    repository.commit(files(OLD), "one fog: horn")
    repository.commit(files(TIDE), "two")
    repository.commit(files(OTHER), "three")
    assert told(seen(":/one fog: horn..:/two")) == [("added", "", path_of(TIDE))]
    assert told(seen(":/two")) == [("added", "", path_of(OTHER))]


@pytest.mark.parametrize(
    ("revisions", "staged", "most"), [("HEAD~1..HEAD", False, 7), ("HEAD", True, 6)]
)
def test_git_is_asked_for_nothing_twice(
    repository: Work, monkeypatch: pytest.MonkeyPatch, revisions: str, staged: bool, most: int
) -> None:
    repository.commit(files(OLD))
    repository.commit(files(TIDE))
    started = processes_started(monkeypatch)
    seen(revisions, staged=staged)
    assert len(started) <= most
    assert len(set(map(tuple, started))) == len(started)


# What makes no sense


def test_a_folder_that_no_repository_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert refusal("HEAD").startswith("the working directory is in no git work tree")


def test_a_bare_repository_has_no_work_tree_to_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True, env=git_environment())
    monkeypatch.chdir(bare)
    assert "is a bare repository" in refusal("HEAD")
    assert "is a bare repository" in refusal("HEAD", staged=True)


def test_a_repository_without_commits_says_what_can_be_compared(repository: Work) -> None:
    repository.write(path_of(OLD), b"")
    assert refusal("HEAD").endswith("recctl diff --git --staged")


@pytest.mark.parametrize("revision", ["nope", "--all", "HEAD~1..nope", "HEAD:tests", "a\nb"])
def test_an_unknown_revision_says_how_to_find_one(repository: Work, revision: str) -> None:
    repository.commit(files(OLD))
    assert refusal(revision).endswith("git log --oneline --all")


def test_a_path_in_the_place_of_a_revision_is_told_as_that(repository: Work) -> None:
    repository.commit(files(OLD))
    assert refusal(path_of(OLD)).endswith(f"recctl diff --git=HEAD {path_of(OLD)}")


def test_a_range_has_no_index(repository: Work) -> None:
    repository.commit(files(OLD))
    assert "--staged" in refusal("HEAD..HEAD", staged=True)


def test_a_path_that_is_nowhere_is_refused(repository: Work) -> None:
    repository.commit(files(OLD))
    assert "on either side" in refusal("HEAD", "nowhere")


def test_a_path_outside_is_refused(repository: Work, tmp_path: Path) -> None:
    repository.commit(files(OLD))
    assert "is not in the repository" in refusal("HEAD", ".", os.fspath(tmp_path))


def test_a_shallow_clone_says_how_to_get_the_rest(
    repository: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(files(OLD))
    repository.commit(files(NEW))
    source = repository.top.as_uri()
    repository.git("clone", "-q", "--depth=1", source, str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert seen().is_empty
    assert "git fetch --unshallow" in refusal("HEAD~1..HEAD")
