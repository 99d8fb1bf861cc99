"""What git tells of a work tree, whatever the user's settings, and what it must never do."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.errors import RecctlError, UsageError
from recctl.gitstore import Blob, Change, Commit, GitError, Repository, repository_of
from tests.cli import needs_posix, snapshot
from tests.repository import BIRTH, Made, Work, processes_started, work, work_with

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

DAY = 86400


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the caller's, and no repository around the temporary folder."""
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def harbour(tmp_path: Path) -> Work:
    """A repository with two files and one commit."""
    made = work(tmp_path / "harbour")
    made.commit({"tests/a.json": b"lamp\n", "tests/b.json": b"fog\n"})
    return made


def opened(made: Work) -> Repository:
    repository = repository_of(made.top)
    assert repository is not None
    return repository


def told(
    made: Work,
    revision: str | None = None,
    *,
    under: Sequence[str] = (),
    named: Sequence[str] = ("*.json",),
) -> list[tuple[str, str]]:
    """The history as pairs of subject and path, with a sign for what became of it."""
    return [
        (commit.subject, sign(change) + change.path)
        for commit, change in opened(made).history(revision, under=under, named=named)
    ]


def sign(change: Change) -> str:
    return "+" if change.before is None else "-" if change.after is None else "~"


def contents(made: Work, files: dict[str, Blob]) -> dict[str, bytes | None]:
    with opened(made).objects() as objects:
        return {path: objects.read(blob.id) for path, blob in files.items()}


# Which repository


def test_a_file_belongs_to_the_work_tree_around_it(harbour: Work) -> None:
    found = repository_of(harbour.top / "tests/a.json")
    assert found is not None
    assert found.top == Path(os.path.realpath(harbour.top))


def test_a_path_that_does_not_exist_yet_belongs_to_the_folder_that_does(harbour: Work) -> None:
    assert repository_of(harbour.top / "not/yet/there.json") == opened(harbour)


def test_a_path_may_be_relative(harbour: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(harbour.top / "tests")
    assert repository_of(Path("a.json")) == opened(harbour)


def test_there_is_none_outside_of_work_trees(tmp_path: Path) -> None:
    assert repository_of(tmp_path) is None


def test_there_is_none_where_git_is_not_installed(
    harbour: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(harbour.top))
    assert repository_of(harbour.top) is None


def test_a_bare_repository_has_no_work_tree(tmp_path: Path) -> None:
    bare = work(tmp_path / "bare", "--bare")
    assert repository_of(bare.top) is None


def test_the_inside_of_the_git_folder_is_no_work_tree(harbour: Work) -> None:
    assert repository_of(harbour.top / ".git" / "objects") is None


def test_a_path_with_a_nul_byte_belongs_to_none_or_to_the_folder_above(harbour: Work) -> None:
    assert repository_of(harbour.top / "a\0b") == opened(harbour)


@needs_posix
def test_a_link_to_a_work_tree_leads_into_it(harbour: Work, tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to(harbour.top)
    harbour.write("tests/a.json", b"changed")
    repository = repository_of(tmp_path / "door/tests")
    assert repository == opened(harbour)
    given = [tmp_path / "door/tests/a.json", tmp_path / "door/tests/b.json"]
    assert repository.uncommitted(given) == {given[0]}


def test_a_folder_name_may_hold_a_line_break(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("no such names here")
    made = work(tmp_path / "two\nlines ☂")
    made.commit({"x.json": b"1"})
    assert opened(made).top == Path(os.path.realpath(made.top))
    assert opened(made).tree("HEAD").keys() == {"x.json"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_repository_of_another_user_is_refused_with_the_cure(harbour: Work) -> None:
    os.chown(harbour.top, 4711, 4711)
    os.chown(harbour.top / ".git", 4711, 4711)
    with pytest.raises(GitError, match=r"^git: the repository .* belongs to another user") as seen:
        repository_of(harbour.top)
    assert f"git config --global --add safe.directory {harbour.top}" in str(seen.value)
    assert "\n" not in str(seen.value)


def test_settings_that_git_cannot_read_are_told_in_one_line(harbour: Work) -> None:
    (harbour.top / ".git/config").write_text("[core\n")
    with pytest.raises(GitError, match=r"^git: bad config line 1 in file [^\n]*$"):
        repository_of(harbour.top)


def test_variables_that_point_elsewhere_have_no_say(
    harbour: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = work(tmp_path / "other")
    other.commit({"else.json": b"1"})
    for key, value in {
        "GIT_DIR": str(other.top / ".git"),
        "GIT_WORK_TREE": str(other.top),
        "GIT_INDEX_FILE": str(other.top / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.top / ".git/objects"),
        "GIT_ICASE_PATHSPECS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(key, value)
    assert opened(harbour).top == harbour.top
    assert opened(harbour).staged().keys() == {"tests/a.json", "tests/b.json"}
    assert len(told(harbour)) == 2


def test_in_a_hook_the_index_is_that_of_the_commit_being_made(
    harbour: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(harbour.top / ".git/index", harbour.top / ".git/next-index-1.lock")
    harbour.write("tests/c.json", b"new")
    harbour.git("add", "--all")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index-1.lock")
    assert opened(harbour).staged().keys() == {"tests/a.json", "tests/b.json"}
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert opened(harbour).staged().keys() == {"tests/a.json", "tests/b.json", "tests/c.json"}


def test_a_linked_work_tree_has_its_own_files_and_the_common_history(harbour: Work) -> None:
    linked = Work(harbour.top.parent / "linked")
    harbour.git("worktree", "add", "-q", "-b", "second", str(linked.top))
    changed = linked.write("tests/a.json", b"changed here")
    assert opened(linked).top == linked.top
    assert opened(linked).uncommitted([changed, linked.top / "tests/b.json"]) == {changed}
    assert not opened(harbour).uncommitted([harbour.top / "tests/a.json"])
    assert told(linked) == told(harbour)


def test_a_repository_may_name_its_objects_by_sha256(tmp_path: Path) -> None:
    made = work(tmp_path / "long", "--object-format=sha256")
    made.commit({"a.json": b"lamp"})
    blob = opened(made).tree("HEAD")["a.json"]
    assert blob.id == sha256(b"blob 4\0lamp").hexdigest() == opened(made).id_of(b"lamp")
    assert contents(made, {"a.json": blob}) == {"a.json": b"lamp"}


# What is not committed


def test_what_is_as_in_the_last_commit_is_committed(harbour: Work) -> None:
    assert not opened(harbour).uncommitted([harbour.top / "tests/a.json"])


def test_touching_a_file_does_not_change_it(harbour: Work) -> None:
    os.utime(harbour.top / "tests/a.json", (1, 1))
    assert not opened(harbour).uncommitted([harbour.top / "tests/a.json"])


@pytest.mark.parametrize("staged", [False, True])
def test_changed_deleted_and_new_files_are_not_committed(harbour: Work, staged: bool) -> None:
    changed = harbour.write("tests/a.json", b"other")
    deleted = harbour.top / "tests/b.json"
    deleted.unlink()
    new = harbour.write("tests/new.json", b"new")
    if staged:
        harbour.git("add", "--all")
    repository = opened(harbour)
    assert repository.uncommitted([changed, deleted, new]) == {changed, deleted} | (
        {new} if staged else set()
    )
    assert repository.untracked([changed, deleted, new]) == (
        # What the index lost, git does not have either.
        {deleted} if staged else {new}
    )


def test_a_file_staged_and_changed_back_is_not_committed(harbour: Work) -> None:
    file = harbour.write("tests/a.json", b"other")
    harbour.git("add", "--all")
    file.write_bytes(b"lamp\n")
    assert opened(harbour).uncommitted([file]) == {file}


def test_only_what_was_asked_for_is_told(harbour: Work) -> None:
    harbour.write("tests/a.json", b"other")
    assert not opened(harbour).uncommitted([harbour.top / "tests/b.json"])


def test_relative_paths_are_made_absolute(harbour: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = harbour.write("tests/a.json", b"other")
    monkeypatch.chdir(harbour.top / "tests")
    assert opened(harbour).uncommitted([Path("a.json"), Path("../tests/b.json")]) == {changed}


def test_before_the_first_commit_all_that_is_added_is_uncommitted(tmp_path: Path) -> None:
    made = work(tmp_path / "unborn")
    added, loose = made.write("a.json", b"1"), made.write("b.json", b"2")
    made.git("add", "a.json")
    repository = opened(made)
    assert repository.uncommitted([added, loose]) == {added}
    assert repository.untracked([added, loose]) == {loose}
    assert not repository.added_at([added, loose])
    assert not list(repository.history())
    with pytest.raises(UsageError, match="unknown revision 'HEAD'"):
        repository.tree("HEAD")


def test_ignored_files_and_files_outside_are_untracked(harbour: Work, tmp_path: Path) -> None:
    harbour.write(".gitignore", b"*.log.json\n")
    ignored = harbour.write("tests/x.log.json", b"1")
    paths = [ignored, tmp_path / "outside.json", harbour.top / "tests/a.json"]
    assert opened(harbour).untracked(paths) == set(paths[:2])
    assert not opened(harbour).uncommitted(paths)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_was_told_to_overlook_are_seen(harbour: Work, flag: str) -> None:
    harbour.git("update-index", flag, "tests/a.json", "tests/b.json")
    changed, same = harbour.write("tests/a.json", b"secret"), harbour.top / "tests/b.json"
    assert opened(harbour).uncommitted([changed, same]) == {changed}


def test_what_a_sparse_checkout_leaves_out_is_not_deleted(harbour: Work) -> None:
    harbour.commit({"far/away.json": b"1"})
    harbour.git("sparse-checkout", "set", "tests")
    away = harbour.top / "far/away.json"
    assert not away.exists()
    repository = opened(harbour)
    assert not repository.uncommitted([away])
    assert not repository.untracked([away])
    assert repository.added_at([away]) == {away: BIRTH}
    assert "far/away.json" in repository.staged()


def test_files_in_a_conflict_are_not_committed(harbour: Work) -> None:
    conflicted(harbour)
    file = harbour.top / "tests/a.json"
    assert opened(harbour).uncommitted([file, harbour.top / "tests/b.json"]) == {file}


def test_the_index_holds_our_side_of_a_conflict(harbour: Work) -> None:
    conflicted(harbour)
    assert contents(harbour, dict(opened(harbour).staged()))["tests/a.json"] == b"ours"


def conflicted(made: Work) -> None:
    made.git("branch", "theirs")
    made.commit({"tests/a.json": b"ours"})
    made.git("checkout", "-q", "theirs")
    made.commit({"tests/a.json": b"theirs"})
    made.git("checkout", "-q", "main")
    with pytest.raises(AssertionError):
        made.git("merge", "-q", "theirs")


def test_line_ends_that_git_changes_on_checkout_are_no_change(harbour: Work) -> None:
    harbour.git("config", "core.autocrlf", "true")
    file = harbour.top / "tests/a.json"
    file.unlink()
    harbour.git("checkout", "--", "tests/a.json")
    assert file.read_bytes() == b"lamp\r\n"
    assert not opened(harbour).uncommitted([file])


def test_files_of_a_submodule_are_judged_by_it(harbour: Work, tmp_path: Path) -> None:
    inner = work(tmp_path / "inner")
    inner.commit({"x.json": b"1", "y.json": b"2"}, day=3)
    harbour.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.top), "sub")
    harbour.commit()
    changed, same = harbour.write("sub/x.json", b"other"), harbour.top / "sub/y.json"
    new = harbour.write("sub/new.json", b"3")
    repository = opened(harbour)
    assert repository.uncommitted([changed, same, new]) == {changed}
    assert repository.untracked([changed, same, new]) == {new}
    assert repository.added_at([same, harbour.top / "tests/a.json"]) == {
        same: BIRTH + 3 * DAY,
        harbour.top / "tests/a.json": BIRTH,
    }
    assert repository.tree("HEAD").keys() == {".gitmodules", "tests/a.json", "tests/b.json"}
    assert repository.staged().keys() == repository.tree("HEAD").keys()


def test_a_folder_with_an_empty_git_folder_is_part_of_the_repository(harbour: Work) -> None:
    (harbour.top / "tests/.git").mkdir()
    file = harbour.write("tests/a.json", b"other")
    assert opened(harbour).uncommitted([file]) == {file}


def test_where_a_submodule_is_not_checked_out_nothing_is_known(
    harbour: Work, tmp_path: Path
) -> None:
    inner = work(tmp_path / "inner")
    inner.commit({"x.json": b"1"})
    harbour.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.top), "sub")
    harbour.commit()
    harbour.git("submodule", "deinit", "-q", "-f", "sub")
    path = harbour.top / "sub/x.json"
    assert opened(harbour).untracked([path]) == {path}
    assert not opened(harbour).uncommitted([path])


@pytest.mark.parametrize("count", [10, 200])
def test_many_files_in_many_folders_are_told_as_few_are(tmp_path: Path, count: int) -> None:
    files = {f"tests/{number}/recordings/a.json": b"%d" % number for number in range(count)}
    made = work_with(tmp_path / "many", [Made(files | {"top.json": b"top"})])
    paths = [made.top / path for path in files] + [made.top / "top.json"]
    for path in paths[::3]:
        path.write_bytes(b"changed")
    new = made.write("tests/1/recordings/new.json", b"")
    assert opened(made).uncommitted([*paths, new]) == set(paths[::3])
    assert opened(made).untracked([*paths, new]) == {new}
    assert opened(made).added_at([*paths, new]) == dict.fromkeys(paths, BIRTH)


def test_no_paths_are_answered_without_a_process(
    harbour: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = opened(harbour)
    monkeypatch.setenv("PATH", "")
    assert not repository.uncommitted([])
    assert not repository.untracked([])
    assert not repository.added_at([])


# When a file was added


def test_a_file_is_as_old_as_the_commit_that_added_it_first(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "aged",
        [
            Made({"a.json": b"1"}),
            Made({"b.json": b"1", "a.json": b"2"}),
            Made({"a.json": None}),
            Made({"a.json": b"3"}),
        ],
    )
    loose = made.write("loose.json", b"1")
    assert opened(made).added_at([made.top / "a.json", made.top / "b.json", loose]) == {
        made.top / "a.json": BIRTH,
        made.top / "b.json": BIRTH + DAY,
    }


def test_a_renamed_file_is_as_old_as_its_new_name(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "aged", [Made({"old.json": b"1"}), Made({"old.json": None, "new.json": b"1"})]
    )
    assert opened(made).added_at([made.top / "new.json"]) == {made.top / "new.json": BIRTH + DAY}


def test_a_file_of_a_merged_branch_is_as_old_as_on_that_branch(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "merged",
        [
            Made({"a.json": b"1"}),
            Made({"side.json": b"1"}),
            Made({"b.json": b"1"}, parents=(0,)),
            Made({"made-by-merge.json": b"1"}, parents=(2, 1)),
        ],
    )
    made.git("read-tree", "HEAD")
    paths = [made.top / name for name in ("side.json", "b.json", "made-by-merge.json")]
    assert [opened(made).added_at(paths).get(path) for path in paths] == [
        BIRTH + DAY,
        BIRTH + 2 * DAY,
        BIRTH + 3 * DAY,
    ]


# Trees


def test_the_tree_of_a_revision_is_what_it_held(harbour: Work) -> None:
    first = harbour.git("rev-parse", "HEAD")
    harbour.commit({"tests/a.json": b"later", "c.json": b"new"})
    harbour.git("tag", "-a", "-m", "annotated", "first", first)
    repository = opened(harbour)
    for revision in (first, first[:10], "HEAD^", "main~1", "first"):
        files = dict(repository.tree(revision))
        assert contents(harbour, files) == {"tests/a.json": b"lamp\n", "tests/b.json": b"fog\n"}


def test_a_tree_may_be_limited_to_folders_and_files(harbour: Work) -> None:
    harbour.commit({"tests/[a-b].json": b"1", "testsuite/x.json": b"2", "c.json": b"3"})
    repository = opened(harbour)
    for read in (lambda under: repository.tree("HEAD", under), repository.staged):
        assert read(["tests"]).keys() == {"tests/a.json", "tests/b.json", "tests/[a-b].json"}
        assert read(["tests/[a-b].json"]).keys() == {"tests/[a-b].json"}
        assert read(["c.json", "testsuite"]).keys() == {"c.json", "testsuite/x.json"}
        assert not read(["nothing"])
        assert read([""]).keys() == read(["."]).keys() == read([]).keys()


@needs_posix
def test_a_tree_tells_links_and_programs_by_their_mode(harbour: Work) -> None:
    (harbour.top / "link.json").symlink_to("tests/a.json")
    harbour.write("run.json", b"").chmod(0o755)
    harbour.commit()
    files = opened(harbour).tree("HEAD")
    assert {path: blob.mode for path, blob in files.items()} == {
        "link.json": 0o120000,
        "run.json": 0o100755,
        "tests/a.json": 0o100644,
        "tests/b.json": 0o100644,
    }
    assert [path for path, blob in files.items() if blob.is_link] == ["link.json"]


def test_changes_tell_what_differs_between_two_commits(harbour: Work) -> None:
    before = opened(harbour).tree("HEAD")
    harbour.commit({"tests/a.json": None, "tests/b.json": b"thick", "tests/c.json": b"lamp\n"})
    after = opened(harbour).tree("HEAD")
    paths = [f"tests/{name}.json" for name in "abc"]
    assert list(opened(harbour).changes("HEAD^", "HEAD")) == [
        Change(path, before.get(path), after.get(path)) for path in paths
    ]
    assert not list(opened(harbour).changes("HEAD", "HEAD"))
    assert len(list(opened(harbour).changes("HEAD", "HEAD^", ["tests/b.json"]))) == 1


@needs_posix
def test_any_file_name_is_told_as_it_is(tmp_path: Path) -> None:
    names = [
        'a "quoted".json',
        "line\nbreak.json",
        "tab\t.json",
        ":colon.json",
        "-dash.json",
        "ünïcode ☂.json",
        "back\\slash.json",
        " space .json",
        "star*.json",
        os.fsdecode(b"not-utf8-\xff.json"),
    ]
    made = work_with(tmp_path / "odd", [Made({f"tests/{name}": b"1" for name in names})])
    paths = [made.top / "tests" / name for name in names]
    repository = opened(made)
    assert repository.tree("HEAD").keys() == {f"tests/{name}" for name in names}
    assert {change.path for _, change in repository.history()} == repository.tree("HEAD").keys()
    assert repository.added_at(paths) == dict.fromkeys(paths, BIRTH)
    assert not repository.untracked(paths)
    for path in paths:
        path.write_bytes(b"2")
    assert repository.uncommitted(paths) == set(paths)


# History


def test_history_tells_the_newest_commit_first(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "told",
        [
            Made({"a.json": b"1", "a.txt": b"1"}, "light"),
            Made({"a.json": b"2"}, "trim"),
            Made({"a.json": None, "b.json": b"2"}, "move"),
        ],
    )
    assert told(made) == [
        ("move", "-a.json"),
        ("move", "+b.json"),
        ("trim", "~a.json"),
        ("light", "+a.json"),
    ]
    assert [commit.time for commit, _ in opened(made).history()] == [
        BIRTH + 2 * DAY,
        BIRTH + 2 * DAY,
        BIRTH + DAY,
        BIRTH,
    ]
    assert told(made, "HEAD^") == told(made)[2:]
    assert told(made, "HEAD~2..HEAD^") == [("trim", "~a.json")]


def test_history_may_be_limited_by_folder_and_name(tmp_path: Path) -> None:
    files = ["top.json", "x/1a.json", "x/deep/1b.json", "y/1a.json", "[x]/1a.json", "xy/1a.json"]
    made = work_with(tmp_path / "told", [Made(dict.fromkeys(files, b"1"))])

    def paths(under: Sequence[str] = (), named: Sequence[str] = ("*.json",)) -> set[str]:
        return {path[1:] for _, path in told(made, under=under, named=named)}

    assert paths() == set(files)
    assert paths(under=["x"]) == {"x/1a.json", "x/deep/1b.json"}
    assert paths(under=["[x]", "y/"]) == {"[x]/1a.json", "y/1a.json"}
    assert paths(named=["1b*.json", "t*.json"]) == {"x/deep/1b.json", "top.json"}
    assert paths(under=["x"], named=["1a*"]) == {"x/1a.json"}


def test_branches_come_after_the_history_of_the_current_one(harbour: Work) -> None:
    harbour.git("checkout", "-q", "-b", "side")
    harbour.commit({"side.json": b"1"}, "aside", day=9)
    harbour.git("checkout", "-q", "main")
    harbour.commit({"main.json": b"1"}, "ahead", day=2)
    assert [subject for subject, _ in told(harbour)] == ["ahead", "change", "change", "aside"]
    assert [subject for subject, _ in told(harbour, "HEAD")] == ["ahead", "change", "change"]


def test_what_was_stashed_is_history_too(harbour: Work) -> None:
    harbour.write("tests/new.json", b"new")
    harbour.write("tests/a.json", b"other")
    harbour.git("stash", "push", "-q", "--include-untracked")
    assert {"+tests/new.json", "~tests/a.json"} <= {path for _, path in told(harbour)}


def test_a_side_branch_that_came_to_nothing_is_told(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "aside",
        [
            Made({"a.json": b"1"}, "root"),
            Made({"side.json": b"1"}, "try"),
            Made({"side.json": None}, "give up"),
            Made({"b.json": b"1"}, "go on", parents=(0,)),
            Made({}, "merge", parents=(3, 2)),
        ],
    )
    assert told(made, named=["side.json"]) == [("give up", "-side.json"), ("try", "+side.json")]


def test_a_merge_tells_only_what_it_made_itself(tmp_path: Path) -> None:
    made = work_with(
        tmp_path / "merged",
        [
            Made({"a.json": b"1", "b.json": b"1"}, "root"),
            Made({"a.json": b"2"}, "left"),
            Made({"a.json": b"3", "b.json": b"2"}, "right", parents=(0,)),
            Made({"a.json": b"4", "b.json": b"2", "own.json": b"1"}, "merge", parents=(1, 2)),
        ],
    )
    assert told(made)[:2] == [("merge", "~a.json"), ("merge", "+own.json")]
    assert [path for subject, path in told(made) if subject == "merge"] == ["~a.json", "+own.json"]


def test_a_shallow_clone_begins_with_all_that_it_has(tmp_path: Path) -> None:
    made = work_with(tmp_path / "deep", [Made({f"{day}.json": b"1"}, f"{day}") for day in range(4)])
    clone = Work(tmp_path / "clone")
    made.git("clone", "-q", "--depth=2", f"file://{made.top}", str(clone.top))
    repository = opened(clone)
    assert repository.is_shallow
    assert not opened(made).is_shallow
    assert told(clone) == [("3", "+3.json"), ("2", "+0.json"), ("2", "+1.json"), ("2", "+2.json")]
    assert repository.added_at([clone.top / "0.json"]) == {clone.top / "0.json": BIRTH + 2 * DAY}
    with pytest.raises(UsageError, match=r"unknown revision 'HEAD~2': .* git fetch --unshallow"):
        repository.resolve("HEAD~2")
    with pytest.raises(UsageError, match=r"this shallow clone begins with .* --unshallow"):
        repository.parent("HEAD^")


NAMES = st.sampled_from(["a.json", "b.json", "x/a.json", "x/y/c.json"])
STEPS = st.lists(
    st.dictionaries(NAMES, st.sampled_from([None, b"1", b"2", b"3"]), min_size=1), min_size=1
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_history_told_backwards_gives_the_tree(
    steps: list[dict[str, bytes | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree: dict[str, bytes] = {}
    commits = []
    for step in steps:
        real = {path: held for path, held in step.items() if held is not None or path in tree}
        commits.append(Made(real))
        tree = {p: held for p, held in (tree | real).items() if held is not None}
    made = work_with(tmp_path_factory.mktemp("told"), commits)
    played: dict[str, Blob] = {}
    for _, change in reversed(list(opened(made).history())):
        assert change.before == played.get(change.path)
        if change.after is None:
            del played[change.path]
        else:
            played[change.path] = change.after
    assert played == opened(made).tree("HEAD") == opened(made).staged()
    assert contents(made, played) == tree == made.tree()


# Revisions


@pytest.mark.parametrize("revision", ["foam", "--all", "-n1", "", "HEAD:tests", "a\0b", "HEAD~9"])
def test_an_unknown_revision_is_a_usage_error_of_one_line(harbour: Work, revision: str) -> None:
    with pytest.raises(UsageError, match=r"^unknown revision [^\n]*no such commit") as seen:
        opened(harbour).resolve(revision)
    assert seen.value.exit_code == 2


def test_too_few_digits_of_a_commit_are_told_as_such(tmp_path: Path) -> None:
    # The ids of made commits are the same wherever they are made; two of so many begin alike.
    made = work_with(tmp_path / "many", [Made({"a.json": b"%d" % n}) for n in range(700)])
    starts = [one[:4] for one in made.git("log", "--format=%H").split()]
    twice = next(one for one in starts if starts.count(one) > 1)
    with pytest.raises(UsageError, match=rf"^unknown revision '{twice}': [^\n]*is ambiguous$"):
        opened(made).resolve(twice)


def test_a_range_names_two_commits(harbour: Work) -> None:
    base = harbour.git("rev-parse", "HEAD")
    harbour.git("checkout", "-q", "-b", "side")
    side = harbour.commit({"side.json": b"1"})
    harbour.git("checkout", "-q", "main")
    main = harbour.commit({"main.json": b"1"})
    repository = opened(harbour)
    assert repository.ends("main..side") == (main, side)
    assert repository.ends("side..") == (side, main)
    assert repository.ends("..side") == (main, side)
    assert repository.ends("main...side") == (base, side)
    for wrong in ("main", "foam..main", "main..foam"):
        with pytest.raises(UsageError, match=r"foam|no range"):
            repository.ends(wrong)


def test_a_first_commit_has_no_parent(harbour: Work) -> None:
    first = harbour.git("rev-parse", "HEAD")
    harbour.commit({"b.json": b"1"})
    assert opened(harbour).parent("HEAD") == first
    assert opened(harbour).parent(first) is None


def test_a_commit_is_told_by_its_time_and_the_first_line_of_its_message(harbour: Work) -> None:
    name = harbour.commit({"x.json": b"1"}, "ä first: line\n\nand more", day=2)
    repository = opened(harbour)
    assert repository.commit("HEAD") == Commit(name, BIRTH + 2 * DAY, "ä first: line")
    assert repository.head() == name
    harbour.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    assert repository.commit("HEAD").subject == ""


# Contents


def test_objects_are_read_as_they_were_written(harbour: Work) -> None:
    wanted = [b"", b"\n", b"no line end", b"\0\xff" * 70_000, b"missing\n"]
    harbour.commit({f"{number}.bin": content for number, content in enumerate(wanted)})
    repository = opened(harbour)
    files = repository.tree("HEAD")
    ids = [files[f"{number}.bin"].id for number in range(len(wanted))]
    with repository.objects() as objects:
        assert [content for _, content in objects.read_all(ids)] == wanted
        assert list(objects.read_all(reversed(ids))) == list(
            zip(reversed(ids), reversed(wanted), strict=True)
        )
    assert [repository.id_of(content) for content in wanted] == ids
    assert repository.sizes([*ids, "0" * 40]) == dict(zip(ids, map(len, wanted), strict=True))


def test_a_missing_object_is_null_and_the_rest_goes_on(harbour: Work) -> None:
    known = opened(harbour).id_of(b"lamp\n")
    with opened(harbour).objects() as objects:
        assert list(objects.read_all(["0" * 40, known])) == [("0" * 40, None), (known, b"lamp\n")]


def test_an_object_that_is_too_large_is_null_and_the_rest_goes_on(
    harbour: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    harbour.commit({"large": b"x" * 200_000})
    files = opened(harbour).tree("HEAD")
    monkeypatch.setattr("recctl.gitstore.objects.MAX_BYTES", 100_000)
    with opened(harbour).objects() as objects:
        assert objects.read(files["large"].id) is None
        assert objects.read(files["tests/a.json"].id) == b"lamp\n"


def test_a_reader_that_is_left_early_leaves_no_process(harbour: Work) -> None:
    files = opened(harbour).tree("HEAD")
    with opened(harbour).objects() as objects:
        next(objects.read_all([files["tests/a.json"].id] * 1000))
        process = objects._process
    assert process.returncode is not None
    history = opened(harbour).history()
    assert next(history)
    assert isinstance(history, Iterator)
    del history  # a warning about an open pipe or a living process would be an error


@pytest.mark.parametrize("kept", [0, 12, 20_000])
def test_a_damaged_object_is_missing_or_told_in_one_line(harbour: Work, kept: int) -> None:
    content = os.urandom(40_000)
    harbour.commit({"a.bin": content})
    name = opened(harbour).id_of(content)
    file = harbour.top / ".git/objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:kept])
    with opened(harbour).objects() as objects:
        try:
            assert objects.read(name) is None
        except GitError as error:
            assert re.fullmatch(rf"git: object {name[:12]}: [^\n]+", str(error))  # noqa: PT017


def test_what_a_partial_clone_lacks_is_not_fetched(harbour: Work, tmp_path: Path) -> None:
    harbour.git("config", "uploadpack.allowFilter", "true")
    clone = Work(tmp_path / "partial")
    harbour.git("clone", "-q", "--filter=blob:none", "-n", f"file://{harbour.top}", str(clone.top))
    blob = opened(clone).tree("HEAD")["tests/a.json"]
    with opened(clone).objects() as objects:
        try:
            content = objects.read(blob.id)
        except GitError as error:
            assert "git fetch --refetch --no-filter" in str(error)  # noqa: PT017
        else:
            assert content is None


def test_a_damaged_repository_is_told_in_one_line(harbour: Work) -> None:
    repository = opened(harbour)
    shutil.rmtree(harbour.top / ".git/objects")
    (harbour.top / ".git/objects").mkdir()
    for ask in (
        lambda: repository.tree("HEAD"),
        lambda: list(repository.history()),
        lambda: repository.uncommitted([harbour.top / "tests/a.json"]),
    ):
        with pytest.raises(RecctlError) as seen:
            ask()
        assert "\n" not in str(seen.value)


def test_a_work_tree_that_is_gone_is_told_in_one_line(harbour: Work) -> None:
    repository = opened(harbour)
    shutil.rmtree(harbour.top)
    with pytest.raises(GitError, match=r"^git cannot be run: [^\n]*$"):
        repository.staged()
    with pytest.raises(GitError, match=r"^git cannot be run: [^\n]*$"), repository.objects():
        pass


# What it must never do


SETTINGS = {
    "alias.log": "!echo aliased",
    "alias.status": "!echo aliased",
    "color.ui": "always",
    "color.status": "always",
    "core.fsmonitor": "touch {flag}; false",
    "core.hooksPath": "{hooks}",
    "core.pager": "touch {flag}; cat",
    "core.quotePath": "true",
    "core.untrackedCache": "true",
    "diff.external": "touch {flag}; echo external",
    "diff.mnemonicPrefix": "true",
    "diff.noPrefix": "true",
    "diff.orderFile": "/nowhere",
    "diff.relative": "true",
    "diff.renames": "copies",
    "diff.show.textconv": "touch {flag}; echo converted",
    "diff.show.command": "touch {flag}; echo external",
    "diff.submodule": "log",
    "format.pretty": "fuller",
    "i18n.logOutputEncoding": "ISO-8859-1",
    "log.abbrevCommit": "true",
    "log.date": "relative",
    "log.decorate": "full",
    "log.diffMerges": "separate",
    "log.follow": "true",
    "log.showRoot": "false",
    "log.showSignature": "true",
    "pager.log": "touch {flag}; cat",
    "pager.status": "touch {flag}; cat",
    "status.branch": "true",
    "status.relativePaths": "true",
    "status.renames": "copies",
    "status.short": "true",
    "status.showStash": "true",
    "status.showUntrackedFiles": "all",
}


def test_no_setting_changes_an_answer_or_runs_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = work_with(
        tmp_path / "set",
        [
            Made({".gitattributes": b"*.json diff=show\n", "a.json": b"1" * 99}, "ä ☂"),
            Made({"b.json": b"2" * 99}),
            Made({"a.json": None, "c.json": b"1" * 99}),
        ],
    )
    changed = made.write("b.json", b"3" * 99)
    made.git("stash")
    changed.write_bytes(b"4" * 99)
    made.write("new.json", b"2" * 99)
    paths = [made.top / f"{name}.json" for name in ("a", "b", "c", "new")]

    def answers() -> list[object]:
        repository = opened(made)
        return [
            repository.uncommitted(paths),
            repository.untracked(paths),
            repository.added_at(paths),
            repository.tree("HEAD"),
            repository.staged(),
            list(repository.history()),
            list(repository.changes("HEAD~2", "HEAD")),
            contents(made, dict(repository.tree("HEAD"))),
        ]

    plain = answers()
    flag, hooks = tmp_path / "flag", tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {flag}\n")
        (hooks / hook).chmod(0o755)
    for key, value in SETTINGS.items():
        made.git("config", key, value.format(flag=flag, hooks=hooks))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {flag}")
    monkeypatch.setenv("GIT_PAGER", f"touch {flag}; cat")
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    assert answers() == plain
    assert not flag.exists()


def test_the_user_may_say_in_the_environment_what_to_trust(
    harbour: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(harbour.top, 4711, 4711)
    os.chown(harbour.top / ".git", 4711, 4711)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "*")
    assert opened(harbour).tree("HEAD")


def test_nothing_is_written_to_the_repository(harbour: Work) -> None:
    harbour.commit({"tests/c.json": b"1"})
    harbour.write("tests/a.json", b"lamp\n")  # the index would be refreshed
    os.utime(harbour.top / "tests/b.json", (1, 1))
    paths = [harbour.top / f"tests/{name}.json" for name in "abcd"]
    before = snapshot(harbour.top)
    repository = opened(harbour)
    repository.uncommitted(paths)
    repository.untracked(paths)
    repository.added_at(paths)
    repository.staged()
    list(repository.history())
    list(repository.changes("HEAD^", "HEAD"))
    contents(harbour, dict(repository.tree("HEAD")))
    assert snapshot(harbour.top) == before


def test_a_lock_that_another_git_left_is_no_obstacle(harbour: Work) -> None:
    (harbour.top / ".git/index.lock").touch()
    changed = harbour.write("tests/a.json", b"other")
    assert opened(harbour).uncommitted([changed]) == {changed}


def test_the_number_of_processes_does_not_grow_with_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"x/{number}.json": b"%d" % number for number in range(300)}
    made = work_with(tmp_path / "many", [Made(files), Made({"x/1.json": b"changed"})])
    started = processes_started(monkeypatch)
    repository = opened(made)
    paths = [made.top / path for path in files]
    repository.uncommitted(paths)
    repository.untracked(paths)
    repository.added_at(paths)
    list(repository.history())
    contents(made, dict(repository.tree("HEAD")))
    assert len(started) < 20


def test_a_place_is_told_relative_to_the_top(harbour: Work, tmp_path: Path) -> None:
    repository = opened(harbour)
    assert repository.place_of(harbour.top / "tests/a.json") == "tests/a.json"
    assert repository.place_of(harbour.top / "x/../tests") == "tests"
    assert repository.place_of(harbour.top) == ""
    assert repository.place_of(harbour.top / "tests/..") == ""
    assert repository.place_of(tmp_path) is None
