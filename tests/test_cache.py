"""What is kept from run to run: never wrong, never in the way, never trusted."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from recctl import cache as module
from recctl import corpus
from recctl.cache import KEY_VARIABLE, Cache, Row, opened, own_key, stamp_of
from recctl.facts import known_test
from recctl.hashing import canonical
from recctl.validate import Examination
from tests.build import TEST, chat_answer, chat_request, chat_stream, folder_of, recording, write
from tests.cli import Ran, environment, needs_posix, run_here, snapshot

SECRET = {KEY_VARIABLE: "thirty-two characters, by chance"}
ALLOWED = environment(RECCTL_CACHE="true", **SECRET)
KEY = b"k" * 32
ROW = Row("stamp", "d" * 64, "about", "seen", (1, None, "POST"))
TOLD = "recctl: .recctl/cache.db was damaged or made elsewhere: it is made anew"
OLDER = "ogx-2026-03-18"


def with_cache(*arguments: str | Path, cwd: Path) -> Ran:
    return run_here(*arguments, cwd=cwd, env=ALLOWED)


def with_key_file(*arguments: str | Path, cwd: Path, state: Path) -> Ran:
    allowed = environment(RECCTL_CACHE="true", XDG_STATE_HOME=str(state))
    return run_here(*arguments, cwd=cwd, env=allowed)


def without(*arguments: str | Path, cwd: Path) -> Ran:
    return run_here(*arguments, "--no-cache", cwd=cwd, env=ALLOWED)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three recordings: one is fine, one stale, one unreachable."""
    (tmp_path / ".git").mkdir()
    folder = folder_of(TEST)
    write(tmp_path, folder, recording(chat_request("Fog?"), chat_answer("No.")))
    scored = chat_request("The log says score: 0.25", stream=True)
    write(tmp_path, folder, recording(scored, chat_stream(["Ay", "e."]), dialect=OLDER))
    name, document = recording(chat_request("Wind?"), chat_answer("West."))
    edited = json.loads(canonical(document))
    edited["request"]["body"]["seed"] = 7
    write(tmp_path, folder, (name, edited))
    return tmp_path


def edited(project: Path, *statements: str) -> None:
    """Have the database say something else."""
    with closing(sqlite3.connect(database(project), isolation_level=None)) as connection:
        for one in statements:
            connection.execute(one)


def files_in(project: Path) -> list[Path]:
    return sorted(project.rglob("recordings/*.json"))


def aged(project: Path) -> None:
    """Make all files older than this moment, so that they are trusted at the first sight."""
    for path in [*files_in(project), *{one.parent for one in files_in(project)}]:
        os.utime(path, ns=(10**18, 10**18))


def database(project: Path) -> Path:
    return project / ".recctl" / "cache.db"


def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that scans read from now on."""
    seen: list[Path] = []
    read = corpus.read

    def watched(entry: Any) -> bytes:
        seen.append(entry.path)
        return read(entry)

    monkeypatch.setattr("recctl.scan.read", watched)
    return seen


# Where it is


def test_the_cache_lies_in_the_project_and_git_does_not_see_it(project: Path) -> None:
    with_cache("validate", cwd=project / "tests")

    assert database(project).is_file()
    assert (project / ".recctl" / ".gitignore").read_text() == "*\n"


def test_outside_of_a_project_nothing_is_written(project: Path) -> None:
    (project / ".git").rmdir()
    before = snapshot(project)

    with_cache("validate", cwd=project)

    assert snapshot(project) == before


def test_a_configuration_elsewhere_does_not_draw_the_cache_there(project: Path) -> None:
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "recctl.toml").write_text("")
    within = project / "tests"

    with_cache("ls", "--config", "../elsewhere/recctl.toml", cwd=within)
    assert database(project).is_file()

    shutil.rmtree(project / ".recctl")
    (project / ".git").rmdir()
    with_cache("ls", "--config", "../elsewhere/recctl.toml", cwd=within)
    assert list(project.rglob(".recctl")) == []


def test_a_configuration_makes_its_folder_a_project(project: Path) -> None:
    (project / ".git").rmdir()
    (project / "recctl.toml").write_text("")

    with_cache("ls", cwd=project / "tests")

    assert database(project).is_file()


@pytest.mark.parametrize("command", ["validate", "ls", "stats", "show 0000", "query 'SELECT 1'"])
def test_with_no_cache_nothing_is_written(project: Path, command: str) -> None:
    before = snapshot(project)

    without(*command.replace("'", "").split(" ", 1), cwd=project)

    assert snapshot(project) == before


@pytest.mark.parametrize("said", ["false", "0"])
def test_the_configuration_may_forbid_it(project: Path, said: str) -> None:
    before = snapshot(project)

    run_here("validate", cwd=project, env=environment(RECCTL_CACHE=said))

    assert snapshot(project) == before


@needs_posix
@pytest.mark.parametrize("place", [".recctl", ".recctl/cache.db", ".recctl/cache.db-wal"])
def test_what_stands_there_as_a_link_is_left_alone(project: Path, place: str) -> None:
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"")
    link = project / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere if place == ".recctl" else elsewhere / "file")
    before = snapshot(elsewhere)

    ran = with_cache("validate", cwd=project)

    assert snapshot(elsewhere) == before
    assert ran.raw == without("validate", cwd=project).raw


@needs_posix
def test_a_folder_that_cannot_be_written_is_no_obstacle(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)

    assert with_cache("validate", cwd=project).raw == without("validate", cwd=project).raw


# What it is good for


def test_what_did_not_change_is_not_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    first = with_cache("validate", cwd=project)
    seen = reads(monkeypatch)

    again = with_cache("validate", cwd=project)

    assert again == first
    assert seen == []


def test_the_facts_that_one_command_kept_serve_the_others(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    seen = reads(monkeypatch)

    for command in ("ls", "stats", "dialects ."):
        assert with_cache(*command.split(), cwd=project).raw
    assert seen == []


def test_only_what_changed_is_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    changed = files_in(project)[1]
    changed.write_bytes(b"{}")
    seen = reads(monkeypatch)

    with_cache("validate", cwd=project)

    assert [path.name for path in seen] == [changed.name]


def test_what_was_only_touched_is_read_but_not_examined(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    first = with_cache("validate", cwd=project)
    for path in files_in(project):
        path.touch()
    monkeypatch.setattr("recctl.validate.parse_written", None)

    assert with_cache("validate", cwd=project) == first


def test_a_reference_is_found_without_a_look_at_other_names(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    digits = files_in(project)[0].name[:8]
    first = with_cache("show", digits, cwd=project)
    monkeypatch.setattr(module, "listed", None)

    assert with_cache("show", digits, cwd=project) == first


def test_a_new_file_makes_a_reference_ambiguous(project: Path) -> None:
    aged(project)
    path = files_in(project)[0]
    assert with_cache("show", path.name[:8], cwd=project).code == 0
    shutil.copy(path, path.with_name(path.name[:8] + "0" * 56 + ".json"))

    assert "ambiguous" in with_cache("show", path.name[:8], cwd=project).stderr


# When it is not trusted


def test_a_file_that_changed_in_the_moment_it_was_read_is_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = 2 * 10**18
    for path in files_in(project):
        os.utime(path, ns=(later, later))
    with_cache("validate", cwd=project)
    seen = reads(monkeypatch)

    with_cache("validate", cwd=project)

    assert len(seen) == 3


@needs_posix
def test_a_change_that_keeps_size_and_time_is_seen(project: Path) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    path = files_in(project)[0]
    path.write_bytes(path.read_bytes().replace(b"gpt-4o", b"gpt-4x"))
    os.utime(path, ns=(10**18, 10**18))

    assert with_cache("validate", cwd=project).raw == without("validate", cwd=project).raw


@pytest.mark.parametrize(
    ("name", "other"),
    [("recctl.cli.scanning.__version__", "0.0.1"), ("recctl.schema.text", lambda _: "{}")],
)
def test_what_another_recctl_kept_is_forgotten_without_a_word(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, other: object
) -> None:
    aged(project)
    first = with_cache("validate", cwd=project)
    monkeypatch.setattr(name, other)
    seen = reads(monkeypatch)

    assert with_cache("validate", cwd=project) == first
    assert len(seen) == 3


def test_other_rules_look_for_themselves(project: Path) -> None:
    aged(project)
    with_cache("validate", cwd=project)

    chosen = ("validate", "--select", "unreachable")
    assert with_cache(*chosen, cwd=project).raw == without(*chosen, cwd=project).raw


def test_another_target_dialect_gives_other_findings(project: Path) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    (project / "recctl.toml").write_text(f'target = "{OLDER}"\n')

    assert with_cache("validate", cwd=project).raw == without("validate", cwd=project).raw


def test_a_run_of_another_version_is_not_believed(tmp_path: Path) -> None:
    with opened(tmp_path, "1" * 64, KEY, lambda _: None) as one:
        assert one is not None
        one.keep(str(tmp_path), "a.json", ROW)
        with opened(tmp_path, "2" * 64, KEY, lambda _: None) as other:  # makes the tables anew
            assert other is not None
            one.flush()
            assert other.known(str(tmp_path), ["a.json"]) == {}
            other.keep(str(tmp_path), "b.json", ROW)
            other.flush()
            assert one.known(str(tmp_path), ["b.json"]) == {}


# Who made it


def test_nothing_of_a_strangers_cache_is_believed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = without("validate", cwd=project)
    with monkeypatch.context() as patched:
        patched.setattr(Examination, "_found", lambda *_: ())
        stranger = environment(RECCTL_CACHE="true", RECCTL_CACHE_KEY="of a stranger's own making")
        assert run_here("validate", cwd=project, env=stranger).code == 0
        assert run_here("show", "0000", cwd=project, env=stranger).code == 1

    ran = with_cache("validate", cwd=project)

    assert ran.raw == expected.raw
    assert ran.errors[0] == TOLD
    assert with_cache("validate", cwd=project) == expected


def test_the_seal_of_one_project_is_none_in_another_place(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    moved = project.rename(project.with_name("moved"))
    seen = reads(monkeypatch)

    assert with_cache("validate", cwd=moved) == without("validate", cwd=moved)
    assert len(seen) == 6


@needs_posix
def test_the_key_is_the_users_alone_and_stays(project: Path, tmp_path_factory: Any) -> None:
    state = tmp_path_factory.mktemp("state")
    aged(project)
    first = with_key_file("validate", cwd=project, state=state)
    key = state / "recctl" / "cache.key"
    made = key.read_bytes()

    assert with_key_file("validate", cwd=project, state=state) == first
    assert (key.read_bytes(), len(made)) == (made, 32)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (key.parent, key)] == [0o700, 0o600]
    assert list(key.parent.iterdir()) == [key]


def test_a_cache_whose_key_was_lost_is_told_and_made_anew(
    project: Path, tmp_path_factory: Any
) -> None:
    with_key_file("validate", cwd=project, state=tmp_path_factory.mktemp("state"))

    ran = with_key_file("validate", cwd=project, state=tmp_path_factory.mktemp("state"))

    assert ran.raw == without("validate", cwd=project).raw
    assert ran.errors[0] == TOLD


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_file_that_holds_no_key_is_made_anew(
    project: Path, tmp_path: Path, content: bytes
) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    path = tmp_path / "recctl" / "cache.key"
    path.parent.mkdir()
    path.write_bytes(content)

    assert own_key(state, project / "tests") == path.read_bytes() != content


@pytest.mark.parametrize("state", ["", "below", "../project/below", "link"])
def test_a_key_that_lies_in_the_project_is_none(tmp_path: Path, state: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "link").symlink_to(project)
    place = (tmp_path if state == "link" else project) / state

    assert own_key({"XDG_STATE_HOME": str(place)}, project) is None
    assert list(project.iterdir()) == []


@needs_posix
@pytest.mark.parametrize("place", ["/dev/null", "somewhere", "LOOP"])
def test_without_a_place_for_a_key_nothing_is_kept(
    project: Path, tmp_path_factory: Any, place: str
) -> None:
    loop = tmp_path_factory.mktemp("state") / "loop"
    loop.symlink_to(loop)

    ran = with_key_file("validate", cwd=project, state=loop if place == "LOOP" else Path(place))

    assert ran == without("validate", cwd=project)
    assert not database(project).exists()


def test_a_secret_that_is_too_short_is_refused(project: Path) -> None:
    weak = environment(RECCTL_CACHE="true", RECCTL_CACHE_KEY="secret")

    ran = run_here("validate", cwd=project, env=weak)

    assert (ran.code, ran.raw) == (2, b"")
    assert ran.errors == [
        "recctl: RECCTL_CACHE_KEY is too short for a secret: give 32 random characters"
    ]


def test_the_variable_of_the_secret_is_one_that_config_knows(project: Path) -> None:
    assert run_here("config", cwd=project, env=ALLOWED).errors == []


# What was damaged


@pytest.mark.parametrize(
    "content",
    [b"\n", b"no database", b"SQLite format 3\0" + b"\xff" * 5000],
    ids=["one byte", "text", "bytes"],
)
def test_a_damaged_cache_is_told_and_made_anew(project: Path, content: bytes) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    database(project).write_bytes(content)

    ran = with_cache("validate", cwd=project)

    assert ran.raw == without("validate", cwd=project).raw
    assert ran.errors[0] == TOLD
    assert len(with_cache("validate", cwd=project).errors) == len(ran.errors) - 1


def test_an_empty_file_is_filled_without_a_word(project: Path) -> None:
    database(project).parent.mkdir()
    database(project).write_bytes(b"")

    assert with_cache("validate", cwd=project) == without("validate", cwd=project)
    assert database(project).stat().st_size


def test_a_cache_cut_anywhere_never_gives_another_result(project: Path) -> None:
    aged(project)
    expected = without("validate", cwd=project).raw
    with_cache("validate", cwd=project)
    whole = database(project).read_bytes()
    random = Random(7)  # noqa: S311 - not for secrets

    for _ in range(40):
        start = random.randrange(len(whole))
        end = min(len(whole), start + random.randrange(1, 3000))
        broken = whole[:start] + (random.randbytes(end - start) if random.random() < 0.5 else b"")
        broken += whole[end:] if random.random() < 0.7 else b""
        database(project).write_bytes(broken)
        assert with_cache("validate", cwd=project).raw == expected


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE files SET row = 5",
        "UPDATE files SET row = 'abc'",
        "UPDATE files SET row = x''",
        "UPDATE files SET row = x'ff'",
        "UPDATE files SET row = row || x'20'",
        "UPDATE files SET row = replace(row, 'stale', 'reachable')",
        "UPDATE files SET row = (SELECT row FROM files LIMIT 1)",
        "UPDATE made SET version = 7",
        "UPDATE made SET version = version || 'x'",
        "DELETE FROM made",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = x'ff' WHERE name = 'files'",
        "DROP TABLE folders",
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    ],
)
@pytest.mark.parametrize("command", ["validate", "ls", "stats"])
def test_what_was_edited_is_not_believed(project: Path, statement: str, command: str) -> None:
    aged(project)
    with_cache("validate", cwd=project)
    edited(project, *statement.split("; "))

    ran = with_cache(command, cwd=project)

    assert ran.raw == without(command, cwd=project).raw
    assert ran.errors.count(TOLD) == 1


def test_a_database_of_a_strangers_is_emptied_and_nothing_in_it_runs(project: Path) -> None:
    database(project).parent.mkdir()
    with closing(sqlite3.connect(database(project), isolation_level=None)) as connection:
        connection.execute("CREATE TABLE files (x)")
        connection.execute("CREATE TABLE told (x)")
        connection.execute("CREATE VIEW made AS SELECT 1 AS version")
        connection.execute(
            "CREATE TRIGGER evil AFTER INSERT ON files BEGIN INSERT INTO told VALUES (1); END"
        )

    assert with_cache("validate", cwd=project).raw == without("validate", cwd=project).raw
    with closing(sqlite3.connect(database(project))) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert names.isdisjoint({"told", "evil"})


# Several runs


def test_runs_side_by_side_agree(project: Path) -> None:
    aged(project)
    expected = without("validate", cwd=project).raw
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "recctl", "validate"],
            cwd=project,
            env=ALLOWED,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(6)
    ]

    for one in commands:
        out, err = one.communicate(timeout=60)
        assert out == expected
        assert b"damaged" not in err


def test_a_cache_that_is_locked_is_done_without(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    aged(project)
    expected = without("validate", cwd=project).raw
    with_cache("ls", cwd=project)

    with closing(sqlite3.connect(database(project), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ran = with_cache("validate", cwd=project)

    assert ran.raw == expected
    assert "damaged" not in ran.stderr


# Whatever happens to the files


LOOKS = (
    ("validate", "--format", "json"),
    ("ls", "--format", "json"),
    ("stats", "--format", "json"),
    ("query", "SELECT * FROM recordings ORDER BY path", "--format", "json"),
)

CONTENTS = st.builds(
    lambda asked, said, dialect: recording(chat_request(asked), chat_answer(said), dialect=dialect),
    st.sampled_from(["Fog?", "Wind?", "score: 0.25", "score: 0.75"]),
    st.sampled_from(["No.", "Ay."]),
    st.sampled_from([None, OLDER]),
)


class Project(RuleBasedStateMachine):
    """Files come, change and go between runs; no run with the cache differs from one without."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(os.environ["RECCTL_TEST_FOLDER"]) / os.urandom(8).hex()
        self.folders = [self.root / folder_of(TEST), self.root / "tests" / "sea" / "recordings"]

    @initialize()
    def begin(self) -> None:
        for folder in self.folders:
            folder.mkdir(parents=True)
        (self.root / ".git").mkdir()

    @property
    def files(self) -> list[Path]:
        return files_in(self.root)

    @rule(one=CONTENTS, second=st.booleans(), old=st.booleans())
    def add(self, one: tuple[str, Any], second: bool, old: bool) -> None:
        path = write(self.root, self.folders[second].relative_to(self.root).as_posix(), one)
        if old:
            os.utime(path, ns=(10**18, 10**18))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), raw=st.sampled_from([b"", b"{}", b"{", b"\xff", b"[1]"]))
    def spoil(self, data: st.DataObject, raw: bytes) -> None:
        data.draw(st.sampled_from(self.files)).write_bytes(raw)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), letter=st.sampled_from([b"N", b"A", b"F"]))
    def change_unseen(self, data: st.DataObject, letter: bytes) -> None:
        """Another content of the same size, with the time that it had before."""
        path = data.draw(st.sampled_from(self.files))
        status = path.stat()
        raw = path.read_bytes()
        path.write_bytes(raw[:-20].replace(b"o", letter, 1) + raw[-20:])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.files)).unlink()

    @precondition(lambda self: self.files)
    @rule(data=st.data(), second=st.booleans())
    def rename(self, data: st.DataObject, second: bool) -> None:
        path = data.draw(st.sampled_from(self.files))
        path.rename(self.folders[second] / f"{data.draw(st.sampled_from('abc')) * 64}.json")

    @precondition(lambda self: len(self.files) > 1)
    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        one, other = data.draw(st.permutations(self.files))[:2]
        aside = one.with_name("aside")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def touch(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.files)).touch()

    @rule(look=st.sampled_from(LOOKS))
    def look(self, look: tuple[str, ...]) -> None:
        self.compare(*look)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), digits=st.sampled_from([4, 12, 64]))
    def show(self, data: st.DataObject, digits: int) -> None:
        name = data.draw(st.sampled_from(self.files)).name.removeprefix("models-")
        self.compare("show", name[:digits], "--format", "json")

    @invariant()
    def nothing_is_left_behind(self) -> None:
        own = self.root / ".recctl"
        if own.exists():
            assert {one.name for one in own.iterdir()} <= {".gitignore", "cache.clock", "cache.db"}

    def compare(self, *arguments: str) -> None:
        expected = without(*arguments, cwd=self.root)
        assert with_cache(*arguments, cwd=self.root) == expected

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


@needs_posix
def test_no_run_with_the_cache_differs_from_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECCTL_TEST_FOLDER", str(tmp_path))
    run_state_machine_as_test(
        Project,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# The parts


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Cache]:
    with opened(tmp_path, "1", KEY, lambda _: None) as cache:
        assert cache is not None
        yield cache


def test_what_is_kept_is_known_afterwards(kept: Cache, tmp_path: Path) -> None:
    kept.keep(str(tmp_path), "a.json", ROW)
    kept.flush()

    assert kept.known(str(tmp_path), ["a.json", "b.json"]) == {"a.json": ROW}


def test_what_is_forgotten_is_known_no_more(kept: Cache, tmp_path: Path) -> None:
    kept.keep(str(tmp_path), "a.json", ROW)
    kept.flush()
    kept.forget(str(tmp_path), ["a.json"])

    assert kept.known(str(tmp_path), ["a.json"]) == {}


def test_names_that_are_no_text_are_kept_too(kept: Cache, tmp_path: Path) -> None:
    kept.keep(str(tmp_path), "\udcff.json", ROW)
    kept.flush()

    assert kept.known(str(tmp_path), ["\udcff.json"]) == {"\udcff.json": ROW}


def test_a_stamp_tells_size_times_and_inode(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    one = stamp_of(file.stat())
    os.utime(file, ns=(1, 1))
    assert stamp_of(file.stat()) != one
    assert stat.S_ISREG(file.stat().st_mode)


# Commands that look for one thing


def test_an_added_recording_is_likened_without_a_look_at_other_tests(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(project / "tests", project / "before" / "tests")
    (project / "after").mkdir()
    (project / "tests").rename(project / "after" / "tests")
    folder = f"after/{folder_of(TEST)}"
    other = recording(chat_request("Hail?"), chat_answer("No."), test_id="tests/b.py::test_b")
    for root in ("before", "after"):
        write(project, f"{root}/{folder_of(TEST)}", other)
    write(project, folder, recording(chat_request("Fog today?"), chat_answer("Ay.")))
    aged(project)
    with_cache("ls", "after", cwd=project)
    diff = ("diff", "before", "after", "--format", "json")
    expected = without(*diff, cwd=project)
    looked = []

    def known(cache: Cache, path: Path) -> tuple[str | None] | None:
        found = known_test(cache, path)
        looked.append(found)
        return found

    monkeypatch.setattr("recctl.facts.known_test", known)

    assert with_cache(*diff, cwd=project) == expected
    assert expected.json["pairs"][0]["like"]
    assert sorted(looked, key=repr) == [("tests/b.py::test_b",), (TEST,), (TEST,), (TEST,)]


def test_a_miss_is_explained_without_reading_what_is_known(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(project)
    with_cache("ls", cwd=project)
    stale = without("query", "SELECT wanted FROM recordings WHERE standing = 'stale'", cwd=project)
    wanted = stale.lines[1]
    expected = without("why", wanted, cwd=project)
    seen = reads(monkeypatch)

    assert with_cache("why", wanted, cwd=project) == expected
    assert seen == []
    assert "recctl rehash" in expected.stdout


def test_nothing_is_known_of_a_test_whose_recording_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET[KEY_VARIABLE])
    aged(project)
    with_cache("ls", cwd=project)
    path = files_in(project)[0]
    from recctl.cli.scanning import CacheOptions
    from recctl.config import Settings

    with chdir(project), CacheOptions().cache(Settings(project)) as kept:
        assert kept is not None
        assert known_test(kept, path) == (TEST,)
        path.touch()
        assert known_test(kept, path) is None
        assert known_test(kept, path.with_name("other.json")) is None
