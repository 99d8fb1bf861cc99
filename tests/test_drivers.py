"""`recctl git`: what is told to git, and taken back again."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.drivers.lines import (
    EVERYWHERE,
    pattern_of,
    patterns_in,
    with_lines,
    without_lines,
)
from recctl.errors import UsageError
from recctl.hashing import canonical
from recctl.textconv import FORM
from tests.build import TEST, chat_answer, chat_request, folder_of, recording
from tests.cli import COMMAND, ROOT, Ran, environment, needs_posix
from tests.repository import Work, git_environment, work

OURS = [EVERYWHERE]
LINE = f"{EVERYWHERE} diff=recctl merge=recctl"

# Lines in a file

PIECES = st.sampled_from(
    [
        b"*.png binary",
        LINE.encode(),
        b"# recctl git install: end",
        b"# recctl",
        b"",
        b" ",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\0",
    ]
)
FILES = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.builds(
        lambda pieces, ends, last: (
            b"".join(piece + ends[place % len(ends)] for place, piece in enumerate(pieces)) + last
        ),
        st.lists(PIECES, max_size=6),
        st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=1, max_size=3),
        st.sampled_from([b"", b"*.bin -diff", b"\r", b"\n"]),
    ),
).filter(lambda content: b"recctl git install: begin" not in (content or b""))
PATTERNS = st.lists(st.sampled_from([EVERYWHERE, "/a/**/*.json", '"/b c/**/*.json"']), max_size=3)


@settings(max_examples=400)
@given(FILES, PATTERNS)
def test_what_is_put_in_and_taken_out_leaves_no_trace(
    content: bytes | None, patterns: list[str]
) -> None:
    assert without_lines(with_lines(content, patterns)) == content


@settings(max_examples=200)
@given(FILES, PATTERNS, PATTERNS)
def test_other_patterns_take_the_place_of_those_before(
    content: bytes | None, first: list[str], second: list[str]
) -> None:
    assert with_lines(with_lines(content, first), second) == with_lines(content, second)
    assert patterns_in(with_lines(content, second)) == tuple(second)


@given(FILES, st.sampled_from([b"*.txt text\n", b"\n", b"*.txt text\r\n", b"x"]))
def test_what_others_add_below_stays(content: bytes | None, more: bytes) -> None:
    left = without_lines(with_lines(content, OURS) + more)
    known = content or b""

    # The line above has to end, now that another one follows.
    is_whole = not known or known.endswith(b"\n")
    ends = [b""] if is_whole else [b"\n", b"\r\n"]
    assert left in [known + end + more for end in ends]


@given(FILES, st.sampled_from([b"*.txt text\n", b"\n"]))
def test_what_others_add_above_stays(content: bytes | None, more: bytes) -> None:
    assert without_lines(more + with_lines(content, OURS)) == more + (content or b"")


def test_our_lines_end_as_those_of_the_file_do() -> None:
    assert with_lines(b"a\r\nb\r\n", OURS).count(b"\r\n") == 5


def test_lines_without_an_end_are_left_to_a_human() -> None:
    broken = with_lines(b"", OURS).replace(b"# recctl git install: end\n", b"")

    with pytest.raises(UsageError, match="by hand"):
        with_lines(broken, OURS)
    with pytest.raises(UsageError, match="by hand"):
        without_lines(broken)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


def may_be_a_folder(name: str) -> bool:
    return name not in (".", "..") and len(name.encode()) < 100


@needs_posix
@settings(max_examples=25, deadline=None)
@given(st.lists(NAMES.filter(may_be_a_folder), min_size=1, max_size=4))
def test_git_finds_whatever_lies_below_a_folder_of_any_name(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    top = work(tmp_path_factory.mktemp("work"))
    patterns = [pattern_of(f"{name}/") for name in names]
    top.write(".gitattributes", with_lines(None, patterns))
    told = top.git("check-attr", "-z", "diff", "--", *(f"{name}/deep/x.json" for name in names))

    assert told.split("\0")[2::3] == ["recctl"] * len(names)
    assert top.git("check-attr", "diff", "--", "other/x.json").endswith("unspecified")


# The command


@pytest.fixture
def tree(tmp_path: Path) -> Work:
    return work(tmp_path / "a work tree")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def recctl(place: Path | Work, *arguments: str, **more: str) -> Ran:
    """Run recctl in a folder where git has no settings but the repository's own."""
    env = {key: value for key, value in git_environment().items() if key.startswith("GIT_")}
    if "HOME" in more:
        env = {"GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        [*COMMAND, "git", *arguments],
        cwd=place.top if isinstance(place, Work) else place,
        env=environment(PYTHONPATH=str(ROOT), **(env | more)),
        capture_output=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_install_tells_git_of_both_drivers_and_of_the_recordings(tree: Work) -> None:
    ran = recctl(tree, "install")

    assert ran.code == 0
    assert "textconv" in tree.git("config", "--local", "diff.recctl.textconv")
    assert tree.git("config", "--local", "--type=bool", "diff.recctl.cachetextconv") == "true"
    assert "git merge %O %A %B" in tree.git("config", "--local", "merge.recctl.driver")
    assert tree.git("config", "--local", "merge.recctl.name")
    for path in ("recordings/x.json", "a/b/recordings/responses/x.json"):
        assert tree.git("check-attr", "diff", "merge", "--", path).split("\n") == [
            f"{path}: diff: recctl",
            f"{path}: merge: recctl",
        ]
    assert "unspecified" in tree.git("check-attr", "diff", "--", "other/x.json")


def test_what_was_changed_is_printed(tree: Work) -> None:
    ran = recctl(tree, "install")

    assert ".gitattributes: **/recordings/**/*.json" in ran.lines
    assert any(line.startswith("diff.recctl.textconv = ") for line in ran.lines)
    assert ran.stderr == "recctl: installed; for others to have it: git add .gitattributes\n"


def test_installing_twice_changes_nothing_more(tree: Work) -> None:
    recctl(tree, "install")
    before = everything(tree.top)
    ran = recctl(tree, "install")

    assert everything(tree.top) == before
    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "recctl: nothing to install\n")


@pytest.mark.parametrize(
    "content", [None, b"", b"*.png binary\n", b"*.png binary", b"a b\r\nc d\r\n", b"a\r\nb"]
)
def test_uninstall_leaves_everything_as_it_was(tree: Work, content: bytes | None) -> None:
    if content is not None:
        tree.write(".gitattributes", content)
    before = everything(tree.top)
    recctl(tree, "install")
    ran = recctl(tree, "uninstall")

    assert ran.code == 0
    assert everything(tree.top) == before


def test_uninstall_leaves_other_settings_of_the_same_section(tree: Work) -> None:
    recctl(tree, "install")
    tree.git("config", "diff.recctl.xfuncname", "^[a-z]")
    recctl(tree, "uninstall")

    assert tree.git("config", "diff.recctl.xfuncname") == "^[a-z]"
    assert "textconv" not in tree.git("config", "--list", "--local")


def test_uninstall_removes_the_texts_that_git_has_kept(tree: Work) -> None:
    recctl(tree, "install")
    name, document = recording(chat_request("Lit?"), chat_answer("Yes."))
    tree.commit({f"recordings/{name}": canonical(document)})
    tree.git("show", PYTHONPATH=str(ROOT))
    kept = tree.git("for-each-ref", "--format=%(refname)", "refs/notes")
    recctl(tree, "uninstall")

    assert kept == "refs/notes/textconv/recctl"
    assert tree.git("for-each-ref", "refs/notes") == ""


def test_uninstalling_what_is_not_there_changes_nothing(tree: Work) -> None:
    before = everything(tree.top)
    ran = recctl(tree, "uninstall")

    assert everything(tree.top) == before
    assert (ran.code, ran.stderr) == (0, "recctl: nothing to uninstall\n")


def test_an_older_setting_is_brought_up_to_date(tree: Work) -> None:
    tree.git("config", "diff.recctl.textconv", "/old/recctl textconv")
    ran = recctl(tree, "install")

    assert any("(was: /old/recctl textconv)" in line for line in ran.lines)
    assert "--form" in tree.git("config", "diff.recctl.textconv")


@pytest.mark.parametrize(
    "config",
    [
        b'[diff "recctl"]\n  textconv=mine  # my own\n\tcachetextconv = false\n[user]\n\tx = 1\n',
        b'[merge "recctl"]\n\tdriver = mine %A (a|b) [c] $d\n\tname = \t"mine"\n',
        b'[diff "recctl"]\n\ttextconv = one\n\ttextconv = two textconv --form x\n',
    ],
    ids=["diff", "merge", "several"],
)
def test_settings_of_the_users_own_count_again_after_uninstall(tree: Work, config: bytes) -> None:
    file = tree.top / ".git/config"
    file.write_bytes(file.read_bytes() + config)
    before = everything(tree.top)
    recctl(tree, "install")
    assert tree.git("config", "diff.recctl.textconv").endswith(f" textconv --form {FORM}")
    assert " git merge " in tree.git("config", "merge.recctl.driver")
    installed = everything(tree.top)
    assert recctl(tree, "install").stdout == ""
    assert everything(tree.top) == installed
    ran = recctl(tree, "uninstall")
    assert everything(tree.top) == before
    assert any("again" in line for line in ran.lines)


@pytest.mark.parametrize("form", ["0", "1", "20"])
def test_a_setting_of_another_recctl_is_replaced(tree: Work, form: str) -> None:
    before = everything(tree.top)
    tree.git("config", "diff.recctl.textconv", f"/old/recctl textconv --form {form}")
    recctl(tree, "install")
    assert len(tree.git("config", "--get-all", "diff.recctl.textconv").splitlines()) == 1
    recctl(tree, "uninstall")
    assert everything(tree.top) == before


@needs_posix
def test_attributes_that_became_a_link_keep_no_settings_back(tree: Work) -> None:
    before = (tree.top / ".git/config").read_bytes()
    recctl(tree, "install")
    file = tree.top / ".gitattributes"
    file.rename(tree.top / "elsewhere")
    file.symlink_to("elsewhere")
    ran = recctl(tree, "uninstall")
    assert ran.code == 0
    assert ran.lines[-1] == ".gitattributes: a link, which git does not follow: left"
    assert (tree.top / ".git/config").read_bytes() == before


@pytest.mark.parametrize("action", ["install", "uninstall", "status"])
def test_the_file_is_named_in_which_our_lines_do_not_end(tree: Work, action: str) -> None:
    recctl(tree, "install")
    file = tree.top / ".gitattributes"
    file.write_bytes(file.read_bytes().replace(b"# recctl git install: end\n", b""))
    ran = recctl(tree, action)
    assert ran.code == 2
    missing = "a line '# recctl git install: end' is missing: put it in by hand"
    assert ran.stderr == f"recctl: .gitattributes: {missing}\n"


def test_private_lines_are_not_committed(tree: Work) -> None:
    recctl(tree, "install", "--private")

    assert not (tree.top / ".gitattributes").exists()
    assert LINE in (tree.top / ".git/info/attributes").read_text().split("\n")
    assert recctl(tree, "status").code == 0
    assert recctl(tree, "uninstall").code == 0
    assert not (tree.top / ".git/info/attributes").exists()


def test_roots_of_another_name_get_lines_of_their_own(tree: Work) -> None:
    for path in ("tapes/a b/x.json", "tests/recordings/x.json", "one.json"):
        tree.write(path, b"{}")
    tree.write("recctl.toml", b'roots = ["tapes/a b", "tests", "tests/recordings", "one.json"]')
    (tree.top / "deep").mkdir()
    recctl(tree.top / "deep", "install")

    told = patterns_in((tree.top / ".gitattributes").read_bytes())
    assert told == (EVERYWHERE, '"/tapes/a b/**/*.json"', "/one.json")
    assert tree.git("check-attr", "diff", "--", "tapes/a b/c/x.json").endswith("recctl")


def test_a_linked_work_tree_has_the_settings_and_lines_of_its_own(tree: Work) -> None:
    tree.commit({"a": b""})
    tree.git("worktree", "add", "-q", "../linked")
    linked = Work(tree.top.parent / "linked")

    assert recctl(linked, "install").code == 0
    assert (linked.top / ".gitattributes").exists()
    assert not (tree.top / ".gitattributes").exists()
    assert recctl(linked, "status").code == 0
    assert recctl(linked, "uninstall").code == 0
    assert "recctl" not in tree.git("config", "--list", "--local")


def test_a_submodule_is_a_repository_of_its_own(tree: Work, tmp_path: Path) -> None:
    inner = work(tmp_path / "inner")
    inner.commit({"a": b""})
    tree.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.top), "sub")

    assert recctl(Work(tree.top / "sub"), "install").code == 0
    assert (tree.top / "sub/.gitattributes").exists()
    assert "recctl" not in tree.git("config", "--list", "--local")


def test_a_bare_repository_has_the_lines_in_its_own_folder(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    bare.mkdir()
    Work(bare).git("init", "-q", "--bare")
    before = everything(bare)

    assert recctl(bare, "install").code == 0
    assert LINE in (bare / "info/attributes").read_text()
    assert recctl(bare, "uninstall").code == 0
    assert everything(bare) == before


@pytest.mark.parametrize("action", ["install", "status", "uninstall"])
def test_outside_of_a_repository_the_next_command_is_told(tmp_path: Path, action: str) -> None:
    ran = recctl(tmp_path, action, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))

    assert ran.code == 2
    assert ran.errors == [
        "recctl: git: not a git repository (or any of the parent directories): .git;"
        " for all your repositories: recctl git install --global"
    ]


@pytest.mark.parametrize("action", ["install", "status", "uninstall"])
def test_git_that_is_missing_is_told(tree: Work, action: str) -> None:
    ran = recctl(tree, action, PATH="/nowhere")

    assert (ran.code, ran.errors) == (2, ["recctl: git is not installed, or not on the PATH"])


def test_settings_that_cannot_be_written_are_told(tree: Work) -> None:
    tree.write(".git/config.lock", b"")
    before = everything(tree.top)
    ran = recctl(tree, "install")

    assert ran.code == 2
    assert "could not lock config file" in ran.stderr
    assert everything(tree.top) == before


def test_a_folder_in_the_place_of_the_attributes_is_told(tree: Work) -> None:
    (tree.top / ".gitattributes").mkdir()
    ran = recctl(tree, "install")

    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ".gitattributes: a folder" in ran.stderr


@needs_posix
def test_attributes_that_are_a_link_are_told(tree: Work) -> None:
    (tree.top / "elsewhere").write_bytes(b"")
    (tree.top / ".gitattributes").symlink_to("elsewhere")
    ran = recctl(tree, "install")

    assert ran.code == 2
    assert "is a link, which git does not follow" in ran.stderr
    assert (tree.top / "elsewhere").read_bytes() == b""


def test_private_goes_with_install_for_one_repository_only(tree: Work) -> None:
    for line in (["status", "--private"], ["install", "--private", "--global"]):
        assert recctl(tree, *line).code == 2


# Whether it works


def facts(ran: Ran) -> dict[str, str]:
    return {line[:13].strip(): line[14:].strip() for line in ran.lines}


def test_status_before_says_what_is_missing(tree: Work) -> None:
    ran = recctl(tree, "status")

    assert ran.code == 1
    assert facts(ran)["diff driver"] == "not installed"
    assert facts(ran)["merge driver"] == "not installed"
    assert facts(ran)["attributes"] == "none"
    assert ran.errors == ["recctl: something is missing: recctl git install"]


def test_status_says_what_is_installed_and_where(tree: Work) -> None:
    recctl(tree, "install")
    ran = recctl(tree, "status")

    assert (ran.code, ran.stderr) == (0, "")
    assert facts(ran)["diff driver"].endswith("(.git/config)")
    assert facts(ran)["attributes"] == f"{EVERYWHERE}  (.gitattributes)"
    assert facts(ran)["command"].startswith("works: this recctl, ")


def test_status_sees_a_command_that_is_gone(tree: Work) -> None:
    recctl(tree, "install")
    tree.git("config", "diff.recctl.textconv", "'/gone away/recctl' textconv --form 1")
    ran = recctl(tree, "status")

    assert ran.code == 1
    assert facts(ran)["command"] == "/gone away/recctl is not there"


@needs_posix
def test_status_runs_no_command_that_a_repository_names(tree: Work, tmp_path: Path) -> None:
    recctl(tree, "install")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tmp_path / 'sprung'))}\n")
    trap.chmod(0o755)
    tree.git("config", "diff.recctl.textconv", str(trap))
    recctl(tree, "status")

    assert not (tmp_path / "sprung").exists()


def test_status_sees_attributes_that_others_overrule(tree: Work) -> None:
    recctl(tree, "install")
    tree.write("recordings/.gitattributes", b"*.json -diff\n")
    ran = recctl(tree, "status")

    assert ran.code == 1
    assert "overruled" in ran.stdout


def test_lines_written_by_hand_count(tree: Work) -> None:
    recctl(tree, "install", "--private")
    (tree.top / ".git/info/attributes").unlink()
    tree.write(".gitattributes", b"*.json diff=recctl merge=recctl\n")

    assert recctl(tree, "status").code == 0
    recctl(tree, "uninstall")
    assert (tree.top / ".gitattributes").read_bytes() == b"*.json diff=recctl merge=recctl\n"


# git fails where it has to keep a text and knows no name for who keeps it.


def nameless(tree: Work) -> None:
    for key in ("user.name", "user.email"):
        tree.git("config", "--unset", key)
    tree.git("config", "user.useConfigOnly", "true")


def test_without_a_name_for_the_user_git_is_to_keep_no_texts(tree: Work) -> None:
    name, document = recording(chat_request("Lit?"), chat_answer("Yes."))
    tree.commit({f"recordings/{name}": canonical(document)})
    recctl(tree, "install")
    nameless(tree)
    told = recctl(tree, "status")
    recctl(tree, "install")

    assert told.code == 1
    assert "user.name" in facts(told)["cache"]
    assert recctl(tree, "status").code == 0
    assert "answer\n+  Yes." in tree.git("show", PYTHONPATH=str(ROOT))


# For all repositories


def test_a_global_install_works_in_every_repository(tree: Work, home: Path) -> None:
    ran = recctl(tree, "install", "--global", HOME=str(home))

    assert ran.code == 0
    assert LINE in (home / ".config/git/attributes").read_text()
    assert "recctl" not in tree.git("config", "--list", "--local")
    for options in ([], ["--global"]):
        assert recctl(tree, "status", *options, HOME=str(home)).code == 0


@pytest.mark.parametrize("had", [(), (".gitconfig",), (".config/",), (".config/git/config",)])
def test_a_global_uninstall_leaves_neither_files_nor_folders(
    home: Path, had: tuple[str, ...]
) -> None:
    for one in had:
        path = home / one
        (path if one.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not one.endswith("/"):
            path.write_bytes(b"")
    before = sorted(home.rglob("*"))
    recctl(home, "install", "--global", HOME=str(home))
    recctl(home, "install", "--global", HOME=str(home))
    during = sorted(home.rglob("*"))
    ran = recctl(home, "uninstall", "--global", HOME=str(home))

    assert ran.code == 0
    assert during != before
    assert sorted(home.rglob("*")) == before


def test_a_folder_that_others_use_meanwhile_stays(home: Path) -> None:
    recctl(home, "install", "--global", HOME=str(home))
    (home / ".config/git/ignore").write_bytes(b"*.swp\n")
    recctl(home, "uninstall", "--global", HOME=str(home))

    assert everything(home) == {".config/git/ignore": b"*.swp\n"}


def test_a_global_install_needs_no_repository(home: Path) -> None:
    assert recctl(home, "install", "--global", HOME=str(home)).code == 0
    assert recctl(home, "status", "--global", HOME=str(home)).code == 0


@pytest.mark.parametrize("value", ["~/my attributes", "{home}/my attributes"])
def test_the_users_own_attributes_file_is_used(home: Path, value: str) -> None:
    (home / ".gitconfig").write_text(
        f'[core]\n\tattributesFile = "{value.format(home=home.as_posix())}"\n'
    )
    (home / "my attributes").write_bytes(b"*.png binary")
    before = everything(home)
    recctl(home, "install", "--global", HOME=str(home))
    during = everything(home)
    recctl(home, "uninstall", "--global", HOME=str(home))

    assert LINE.encode() in during["my attributes"]
    assert ".config/git/attributes" not in during
    assert everything(home) == before


def test_the_folder_of_settings_may_be_elsewhere(home: Path) -> None:
    place = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "xdg")}
    recctl(home, "install", "--global", **place)

    assert LINE in (home / "xdg/git/attributes").read_text()


# What git runs


def test_the_command_needs_no_path_and_stands_any_name_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from recctl.drivers import installation

    program = tmp_path / "it's a folder" / "python"
    program.parent.mkdir()
    monkeypatch.setattr(sys, "executable", str(program))
    by_module = installation.command()
    script = program.with_name("recctl.exe" if os.name == "nt" else "recctl")
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)

    assert shlex.split(by_module) == [program.as_posix(), "-P", "-m", "recctl"]
    assert shlex.split(installation.command()) == [script.as_posix()]


def test_git_prints_recordings_as_text(tree: Work) -> None:
    recctl(tree, "install")
    folder = folder_of(TEST)
    name, document = recording(chat_request("Is it lit?"), chat_answer("Yes, it is."))
    place = f"{folder}/{name}"
    tree.commit({place: canonical(document)})
    document["response"]["body"]["__data__"]["choices"][0]["message"]["content"] = "No, it is not."
    tree.write(place, canonical(document))
    path = {"PYTHONPATH": str(ROOT)}

    assert "-  Yes, it is.\n+  No, it is not." in tree.git("diff", **path)
    tree.commit()
    assert "-  Yes, it is.\n+  No, it is not." in tree.git("show", **path)
    assert "+  Yes, it is." in tree.git("log", "-p", **path)
    assert "__data__" not in tree.git("log", "-p", **path)


def test_git_prints_what_is_no_recording_as_it_is(tree: Work) -> None:
    recctl(tree, "install")
    tree.commit({"recordings/x.json": b"<<<<<<< ours\nlamp\n"})

    assert "+<<<<<<< ours\n+lamp" in tree.git("show", PYTHONPATH=str(ROOT))
