"""What goes wrong on the way: at every single step, and whatever it is, no byte is lost.

In the process the fault takes the place of an operation on files; real processes are killed in
`test_kill`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.errors import PartialError
from recctl.plan import Plan, Receipt, RefusedError
from recctl.plan.disk import Disk
from recctl.plan.receipts import FILES, as_bytes, receipt_in
from tests.plan.plans import TREES, UNHURRIED, plans
from tests.plan.trees import (
    HARBOUR,
    Killed,
    Tree,
    apply,
    contents,
    disk_full,
    forbidden,
    grown,
    plan_for,
    read_only,
    renamed,
    steps,
    tree,
)

Kind = Callable[[Path], engine.Plan]


def circle(root: Path) -> engine.Plan:
    """Two files swap names, and a third takes the name of a removed one with equal content."""
    files = {"a.json": b"one", "b.json": b"two", "c.json": b"same", "d.json": b"same"}
    grown(root, files)
    return engine.of(
        "swap",
        root,
        [
            engine.rename("a.json", "b.json", b"one"),
            engine.rename("b.json", "a.json", b"two"),
            engine.rename("c.json", "d.json", b"same"),
            engine.remove("d.json", b"same"),
        ],
    )


def only(*paths: str) -> Kind:
    """The part of the harbour's plan that has to do with these paths."""

    def made(root: Path) -> engine.Plan:
        chosen = [one for one in plan_for(root).actions if one.path.endswith(paths)]
        return engine.of("mend", root, chosen)

    return made


def undo(root: Path) -> engine.Plan:
    """The way back from a change, itself a change."""
    apply(only("bb22.json", "dd44.json", "ee55.json")(root))
    return engine.undoing(root)


KINDS: dict[str, Kind] = {
    "everything": plan_for,
    "renames": only("aa11.json", "bb22.json"),
    "moves": only("ff66.json"),
    "edits": only("cc33.json"),
    "writes": only("0000.json"),
    "overwrites": only("ee55.json"),
    "removals": only("dd44.json"),
    "circle": circle,
    "undo": undo,
}


class Scene:
    """A tree, a plan for it, and what the tree is before and after."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder, self.kind = folder, kind
        self.number = 0
        with steps():
            _, plan = self.fresh()
            self.old = tree(plan.root)
            apply(plan)
            self.new = tree(plan.root)

    def fresh(self) -> tuple[Path, engine.Plan]:
        self.number += 1
        root = grown(self.folder / str(self.number))
        return root, self.kind(root)


def whole(scene: Scene, found: Tree) -> str:
    """Which of both trees it is: it must be one of them."""
    assert found in (scene.old, scene.new)
    return "old" if found == scene.old else "new"


@pytest.mark.parametrize(
    ("kind", "links"),
    [*((kind, True) for kind in KINDS), ("everything", False), ("circle", False)],
)
@pytest.mark.parametrize("way", [engine.resume, engine.roll_back], ids=["resume", "undo"])
def test_killed_at_any_step_a_change_can_be_finished_or_taken_back(
    kind: str, links: bool, way: Callable[[Path], engine.Receipt], tmp_path: Path
) -> None:
    scene = Scene(tmp_path, KINDS[kind])
    at, begun, stopped = 0, 0, True
    while stopped:
        with steps():
            root, plan = scene.fresh()
        with steps(Killed, at, links=links) as counted:
            try:
                apply(plan)
            except Killed:
                pass
            else:
                stopped = False
        with steps(links=links):
            if engine.pending(root) is None:
                whole(scene, tree(root))
            else:
                begun += 1
                way(root)
                assert tree(root) == (scene.new if way is engine.resume else scene.old), at
                assert engine.pending(root) is None
        at += 1
        assert at < 300, counted.done
    assert begun >= 5


@settings(UNHURRIED, max_examples=60)
@given(data=st.data(), at=st.integers(0, 80), links=st.booleans(), forward=st.booleans())
def test_any_change_killed_at_any_step_can_be_finished_or_taken_back(
    data: st.DataObject, at: int, links: bool, forward: bool, tmp_path: Path
) -> None:
    files = data.draw(TREES)
    root = grown(Path(mkdtemp(dir=tmp_path)), files)
    old = tree(root)
    plan = data.draw(plans(files, root))
    try:
        with steps(Killed, at, links=links):
            apply(plan)
    except Killed:
        pass
    with steps(links=links):
        if engine.pending(root) is None:
            assert contents(root) in (files, engine.simulate(files, plan))
        elif forward:
            engine.resume(root)
            assert contents(root) == engine.simulate(files, plan)
        else:
            engine.roll_back(root)
            assert tree(root) == old


@pytest.mark.parametrize("way", [engine.resume, engine.roll_back], ids=["resume", "undo"])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
def test_recovery_may_be_killed_at_any_step_too(
    tmp_path: Path, links: bool, way: Callable[[Path], engine.Receipt]
) -> None:
    scene = Scene(tmp_path, plan_for)
    with steps(links=links) as counted:
        apply(scene.fresh()[1])
    half = next(at for at, (operation, _) in enumerate(counted.done) if operation == "remove")
    at, stopped = 0, True
    while stopped:
        with steps():
            root, plan = scene.fresh()
        with pytest.raises(Killed), steps(Killed, half, links=links):
            apply(plan)
        with steps(Killed, at, links=links):
            try:
                way(root)
            except Killed:
                pass
            else:
                stopped = False
        with steps(links=links):
            if engine.pending(root) is not None:
                other = engine.roll_back if way is engine.resume else engine.resume
                (way if at % 2 else other)(root)
            whole(scene, tree(root))
        at += 1


GROWING = ("create", "write", "link", "make folder", "adjust", "sync")


@pytest.mark.parametrize("fault", [disk_full, read_only, forbidden])
@pytest.mark.parametrize("way", [engine.resume, engine.roll_back], ids=["resume", "undo"])
def test_whatever_fails_the_tree_is_old_or_the_change_can_be_finished_or_taken_back(
    tmp_path: Path, fault: Callable[[], OSError], way: Callable[[Path], engine.Receipt]
) -> None:
    scene = Scene(tmp_path, plan_for)
    struck = GROWING if fault is disk_full else ()
    ends = {"refused": 0, "partial": 0, "fine": 0}
    for at in range(100):
        with steps():
            root, plan = scene.fresh()
        with steps(fault, at, only=struck):
            end, message = outcome(plan)
        ends[end] += 1
        if end == "refused":
            assert message.endswith("nothing was changed")
            assert engine.pending(root) is None
        assert tree(root) == scene.old if end == "refused" else True
        assert tree(root) == scene.new if end == "fine" else True
        if end == "partial":
            assert "recctl apply --resume" in message
            assert "recctl undo --apply" in message
            assert "\n" not in message
            with steps():
                way(root)
            assert tree(root) == (scene.new if way is engine.resume else scene.old)
    assert ends["refused"] > 10
    assert ends["partial"] > 5
    assert ends["fine"] > 5


def outcome(plan: engine.Plan) -> tuple[str, str]:
    """How applying a plan ends, and what is said."""
    try:
        apply(plan)
    except RefusedError as error:
        return "refused", str(error)
    except PartialError as error:
        return "partial", str(error)
    return "fine", ""


def test_a_write_that_is_cut_short_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    scene = Scene(tmp_path, plan_for)
    with steps() as counted:
        apply(scene.fresh()[1])
    writes = [at for at, (operation, _) in enumerate(counted.done) if operation == "write"]
    for at in writes:
        with steps():
            root, plan = scene.fresh()
        with steps(Killed, at), pytest.raises(Killed):
            apply(plan)  # the file was created, and is empty
        assert tree(root) == scene.old
        with steps():
            apply(plan)
        assert tree(root) == scene.new


def test_nothing_is_removed_or_replaced_before_all_new_bytes_are_synced(tmp_path: Path) -> None:
    root = grown(tmp_path)
    with steps() as counted:
        apply(plan_for(root))
    operations = [operation for operation, _ in counted.done]
    begun = next(at for at, (_, path) in enumerate(counted.done) if path == ".recctl/journal")
    last_written = max(at for at, operation in enumerate(operations) if operation == "write")
    assert last_written < operations.index("sync") < begun < operations.index("replace")
    removed = operations.index("remove")
    put = max(at for at, one in enumerate(operations) if one in ("replace", "link"))
    assert put < operations.index("sync", put) < removed


def test_after_the_journal_no_byte_is_written_any_more(tmp_path: Path) -> None:
    root = grown(tmp_path)
    with steps() as counted:
        apply(plan_for(root))
    begun = next(at for at, (_, path) in enumerate(counted.done) if path == ".recctl/journal")
    assert {"create", "write"}.isdisjoint(one for one, _ in counted.done[begun:])


def test_an_interrupt_on_the_way_leaves_the_journal_and_says_so(tmp_path: Path) -> None:
    root = grown(tmp_path)
    with steps() as counted:
        apply(engine.of("mend", grown(tmp_path / "x"), plan_for(root).actions))
    at = next(at for at, (operation, _) in enumerate(counted.done) if operation == "remove")
    with (
        steps(KeyboardInterrupt, at, once=True),
        pytest.raises(PartialError, match="interrupted; a change is unfinished"),
    ):
        apply(plan_for(root))
    assert engine.pending(root) is not None


def test_an_interrupt_at_the_moment_of_the_journal_says_so_too(tmp_path: Path) -> None:
    root = grown(tmp_path)
    with steps() as counted:
        apply(engine.of("mend", grown(tmp_path / "x"), plan_for(root).actions))
    at = next(at for at, (_, path) in enumerate(counted.done) if path == ".recctl/journal")
    with (
        steps(KeyboardInterrupt, at, once=True, acts_first=True),
        pytest.raises(PartialError, match="interrupted; a change is unfinished"),
    ):
        apply(plan_for(root))
    assert engine.pending(root) is not None
    other = grown(tmp_path / "y")
    with steps(KeyboardInterrupt, at, once=True), pytest.raises(KeyboardInterrupt):
        apply(engine.of("mend", other, plan_for(root).actions))
    assert engine.pending(other) is None
    assert not (other / ".recctl/preparing").exists()


def test_an_interrupt_before_the_journal_leaves_nothing(tmp_path: Path) -> None:
    root = grown(tmp_path)
    with steps(KeyboardInterrupt, 12, once=True), pytest.raises(KeyboardInterrupt):
        apply(plan_for(root))
    assert engine.pending(root) is None
    assert not (root / ".recctl/preparing").exists()


# An unfinished change


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A tree with a change that was stopped after the first file was put."""
    root = grown(tmp_path / "lighthouse")
    with steps() as counted:
        apply(engine.of("mend", grown(tmp_path / "other"), plan_for(root).actions))
    at = next(at for at, (operation, _) in enumerate(counted.done) if operation == "replace")
    with steps(Killed, at, acts_first=True), pytest.raises(Killed):
        apply(plan_for(root))
    return root


def test_the_next_change_is_refused_and_says_what_to_do(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stopped)
    plan = engine.of("more", stopped, [engine.write("x.json", b"")])
    with pytest.raises(RefusedError) as refused:
        apply(plan)
    journal = engine.pending(stopped)
    assert journal is not None
    assert str(refused.value) == (
        f"a change is unfinished (mend {journal.id}): finish it with recctl apply --resume,"
        " or take it back with recctl undo --apply"
    )
    assert engine.unfinished(stopped) == str(refused.value)


def test_what_to_do_about_a_change_elsewhere_says_where(stopped: Path) -> None:
    told = str(engine.unfinished(stopped))
    assert f"recctl apply --resume --root {stopped}, or " in told
    assert told.endswith(f"recctl undo --apply --root {stopped}")


def test_a_file_changed_by_others_meanwhile_is_not_touched(stopped: Path) -> None:
    path = stopped / "tests/pier/recordings/dd44.json"
    path.write_bytes(b"somebody's work")
    held = tree(stopped)
    for way in (engine.resume, engine.roll_back):
        with pytest.raises(PartialError, match=r"dd44\.json: changed by something else meanwhile"):
            way(stopped)
        assert tree(stopped) == held


@pytest.mark.parametrize("path", HARBOUR)
def test_a_file_moved_away_by_others_meanwhile_is_put_back_by_undo(
    stopped: Path, path: str
) -> None:
    if path != "tests/untouched.json":
        (stopped / path).unlink()
    engine.roll_back(stopped)
    assert contents(stopped) == HARBOUR


@pytest.mark.parametrize("path", HARBOUR)
def test_a_file_moved_away_by_others_meanwhile_does_not_keep_from_finishing(
    stopped: Path, path: str
) -> None:
    plan = plan_for(stopped)
    if path != "tests/untouched.json":
        (stopped / path).unlink()
    engine.resume(stopped)
    assert contents(stopped) == engine.simulate(HARBOUR, plan)


def test_a_file_changed_between_looking_and_acting_leaves_no_journal(tmp_path: Path) -> None:
    root = grown(tmp_path)
    changed = root / "tests/pier/recordings/dd44.json"
    plan, write = plan_for(root), Disk.write

    def then_meddle(disk: Disk, path: str, content: bytes) -> None:
        write(disk, path, content)
        if path.endswith("receipt.json"):
            changed.unlink()
            changed.write_bytes(b"somebody's work")

    with (
        steps(),
        patch.object(Disk, "write", then_meddle),
        pytest.raises(RefusedError, match=r"dd44\.json: changed by something else meanwhile"),
    ):
        apply(plan)
    assert contents(root) == {
        **HARBOUR,
        "tests/pier/recordings/dd44.json": b"somebody's work",
    }
    assert engine.pending(root) is None


def test_a_target_taken_by_others_meanwhile_is_not_touched(stopped: Path) -> None:
    (stopped / "tests/pier/recordings/0000.json").write_bytes(b"somebody's work")
    with pytest.raises(PartialError, match=r"0000\.json: changed by something else meanwhile"):
        engine.resume(stopped)
    assert (stopped / "tests/pier/recordings/0000.json").read_bytes() == b"somebody's work"


def test_a_folder_swapped_for_a_link_meanwhile_is_not_followed(
    stopped: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (stopped / "tests/pier/recordings").rename(outside)
    (stopped / "tests/pier/recordings").symlink_to(outside)
    held = tree(outside)
    for way in (engine.resume, engine.roll_back):
        with pytest.raises(PartialError, match="changed by something else meanwhile"):
            way(stopped)
    assert tree(outside) == held


def test_what_would_be_undone_can_be_looked_at_first(stopped: Path) -> None:
    plan = engine.going_back(stopped)
    before = tree(stopped)
    assert plan.before == {"tests/harbour/recordings/bb22.json": plan.actions[0].before}
    assert tree(stopped) == before
    assert (
        engine.simulate(
            {path: held for path, (_, held) in before.items() if held is not None}, plan
        )
        == HARBOUR
    )


def _without_files(raw: bytes) -> bytes:
    """A receipt whose checksum is right, and whose parts do not fit each other."""
    return as_bytes(replace(receipt_in(raw, Path("/lighthouse"), ""), files={}))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "torn": lambda raw: raw[: len(raw) // 2],
    "one letter": lambda raw: raw.replace(b"dd44", b"dd45", 1),
    "other files": _without_files,
    "no receipt": lambda _: b'{"version": 1}',
    "zeros": lambda raw: bytes(len(raw)),
    "deep": lambda _: b"[" * 100_000,
    "another place": lambda raw: raw.replace(b"tests/pier/recordings", b"../../outside/of/here"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_told_in_one_line_and_left_as_it_is(
    stopped: Path, damage: str
) -> None:
    for name in FILES:
        journal = stopped / ".recctl/journal" / name
        journal.write_bytes(DAMAGES[damage](journal.read_bytes()))
    before = tree(stopped), tree(stopped / ".recctl")
    for act in (
        engine.resume,
        engine.roll_back,
        engine.pending,
        lambda _: apply(plan_for(stopped)),
    ):
        with pytest.raises(RefusedError, match="is damaged") as refused:
            act(stopped)
        assert "\n" not in str(refused.value)
    assert "is damaged" in str(engine.unfinished(stopped))
    assert (tree(stopped), tree(stopped / ".recctl")) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_where_one_of_its_two_files_is_damaged_the_journal_is_not(
    stopped: Path, damage: str, name: str
) -> None:
    journal = stopped / ".recctl/journal" / name
    journal.write_bytes(DAMAGES[damage](journal.read_bytes()))
    engine.roll_back(stopped)
    assert contents(stopped) == HARBOUR


@pytest.mark.parametrize("path", ["../outside.json", ".git/hooks/post-checkout", "/etc/passwd"])
def test_a_journal_from_a_stranger_leads_nowhere(tmp_path: Path, path: str) -> None:
    root = grown(tmp_path / "lighthouse")
    hostile = Plan("mend", root, (engine.write(path, b"owned"),))
    receipt = Receipt("20260412-081503-3fa9c1", datetime(2026, 4, 12, tzinfo=UTC), hostile, {}, {})
    journal = {"receipt.json": as_bytes(receipt), "new/0": b"owned", "store/x": b""}
    grown(root, {f".recctl/journal/{name}": content for name, content in journal.items()})
    before = tree(tmp_path)
    for way in (engine.resume, engine.roll_back, engine.going_back):
        with pytest.raises(RefusedError, match="is damaged"):
            way(root)
    assert tree(tmp_path) == before


def test_an_unfinished_change_is_told_where_nothing_can_be_written(stopped: Path) -> None:
    with steps(read_only, 0):
        assert "a change is unfinished" in str(engine.unfinished(stopped))


def test_a_journal_without_its_file_is_damaged(stopped: Path) -> None:
    for name in FILES:
        (stopped / ".recctl/journal" / name).unlink()
    with pytest.raises(RefusedError, match="is damaged"):
        engine.resume(stopped)


def test_a_link_in_place_of_the_journal_is_not_followed(stopped: Path, tmp_path: Path) -> None:
    (stopped / ".recctl/journal").rename(tmp_path / "elsewhere")
    (stopped / ".recctl/journal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="is damaged"):
        engine.resume(stopped)


def test_damaged_new_content_is_not_put_and_undo_still_works(stopped: Path) -> None:
    for one in (stopped / ".recctl/journal/new").iterdir():
        if one.stat().st_nlink == 1:
            one.write_bytes(b"damaged")
    with pytest.raises(
        PartialError, match="missing or damaged, so that there is only the way back"
    ):
        engine.resume(stopped)
    engine.roll_back(stopped)
    assert contents(stopped) == HARBOUR


def test_damaged_kept_content_is_not_put_back(stopped: Path) -> None:
    for one in (stopped / ".recctl/journal/store").iterdir():
        one.unlink()
        one.write_bytes(b"damaged")
    before = tree(stopped)
    with pytest.raises(PartialError, match="damaged, so that"):
        engine.roll_back(stopped)
    assert tree(stopped) == before
    engine.resume(stopped)


def test_without_an_unfinished_change_there_is_nothing_to_finish(tmp_path: Path) -> None:
    root = grown(tmp_path)
    assert engine.pending(root) is None
    assert engine.unfinished(root) is None
    for way in (engine.resume, engine.roll_back):
        with pytest.raises(RefusedError, match="no unfinished change; see: recctl history"):
            way(root)


def test_looking_for_an_unfinished_change_makes_nothing(tmp_path: Path) -> None:
    engine.pending(tmp_path)
    engine.unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_rename_of_one_file_to_a_name_that_another_takes_just_then_overwrites_nothing(
    tmp_path: Path,
) -> None:
    root = grown(tmp_path)
    path = "tests/harbour/recordings/aa11.json"
    plan = engine.of("mend", root, [renamed(path, "tests/harbour/recordings/9999.json")])
    taken = root / "tests/harbour/recordings/9999.json"

    def take() -> BaseException:
        taken.write_bytes(b"somebody's work")
        return FileExistsError(17, "File exists")

    with steps() as counted:
        apply(engine.of("mend", grown(tmp_path / "x"), plan.actions))
    at = max(at for at, (operation, _) in enumerate(counted.done) if operation == "link")
    with steps(take, at, once=True), pytest.raises(PartialError, match="file exists"):
        apply(plan)
    assert taken.read_bytes() == b"somebody's work"
    taken.unlink()
    engine.resume(root)
    assert not (root / path).exists()
