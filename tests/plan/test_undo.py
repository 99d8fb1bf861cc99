"""Taking changes back: which, to what, and when it is refused; and letting go of what is kept."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.errors import LockedError, NothingFoundError, RecctlError, UsageError
from recctl.plan import RefusedError, receipts, undo
from recctl.plan.disk import Disk
from tests.cli import needs_posix
from tests.plan.plans import TREES, UNHURRIED, plans
from tests.plan.trees import HARBOUR, Tree, apply, contents, grown, plan_for, renamed, steps, tree

AA = "tests/harbour/recordings/aa11.json"
BB = "tests/harbour/recordings/bb22.json"


pytestmark = pytest.mark.usefixtures("no_syncing")


def times(root: Path) -> dict[str, int]:
    return {path: (root / path).stat().st_mtime_ns for path in contents(root)}


def undone(root: Path, reference: str | None = None) -> engine.Receipt:
    return apply(engine.undoing(root, reference))


# To what


@settings(UNHURRIED, max_examples=60)
@given(data=st.data(), links=st.booleans())
def test_undo_brings_back_names_content_modes_times_and_folders(
    data: st.DataObject, links: bool, tmp_path: Path
) -> None:
    files = data.draw(TREES)
    root = grown(Path(mkdtemp(dir=tmp_path)), files)
    for number, path in enumerate(sorted(files)):
        mode = data.draw(st.sampled_from([0o600, 0o644, 0o755, 0o400]))
        (root / path).chmod(mode)
        os.utime(root / path, ns=(1, 10**18 + number))
    for path, (_, held) in tree(root).items():
        if held is None:
            (root / path).chmod(data.draw(st.sampled_from([0o700, 0o755])))
    old, old_times = tree(root), times(root)
    with steps(links=links):
        apply(data.draw(plans(files, root)))
        undone(root)
    assert (tree(root), times(root)) == (old, old_times)


@settings(UNHURRIED, max_examples=30)
@given(data=st.data())
def test_to_undo_an_undo_is_to_do_it_again(data: st.DataObject, tmp_path: Path) -> None:
    files = data.draw(TREES)
    root = grown(Path(mkdtemp(dir=tmp_path)), files)
    apply(data.draw(plans(files, root)))
    new = tree(root)
    undone(root, undone(root).id)
    assert tree(root) == new


@pytest.mark.parametrize("time", [0, -(10**18), 10**19])
def test_files_from_before_1970_and_after_2262_get_their_times_back(root: Path, time: int) -> None:
    file = root / "tests/pier/recordings/dd44.json"
    os.utime(file, ns=(time, time))
    if file.stat().st_mtime_ns != time:
        pytest.skip("this file system has no such times")
    apply(plan_for(root))
    undone(root)
    assert file.stat().st_mtime_ns == time


def test_an_empty_folder_from_before_stays(root: Path) -> None:
    (root / "empty").mkdir()
    old = tree(root)
    apply(engine.of("mend", root, [engine.write("empty/lamp.json", b"on")]))
    undone(root)
    assert tree(root) == old


def test_undo_gives_back_what_a_damaged_receipt_of_another_change_cannot(root: Path) -> None:
    old = tree(root)
    damaged = apply(engine.of("mend", root, [engine.write("x.json", b"")]))
    (root / ".recctl/receipts" / damaged.id / "receipt.json").write_bytes(b"")
    (root / "x.json").unlink()
    apply(plan_for(root))
    undone(root)
    assert tree(root) == old


# Which


def test_undo_takes_the_latest_change_then_the_one_before(root: Path) -> None:
    trees: list[Tree] = [tree(root)]
    for name in ("a.json", "b.json", "c.json"):
        apply(engine.of("write", root, [engine.write(name, b"")]))
        trees.append(tree(root))
    while trees[1:]:
        assert tree(root) == trees.pop()
        undone(root)
    assert tree(root) == trees.pop()
    with pytest.raises(NothingFoundError, match="nothing to undo; all changes: recctl history"):
        undone(root)


def test_a_change_that_was_done_again_can_be_undone_again(root: Path) -> None:
    old = tree(root)
    first = apply(plan_for(root))
    undone(root, undone(root).id)
    plan = engine.undoing(root)
    assert plan.undoes == first.id
    apply(plan)
    assert tree(root) == old


@pytest.mark.parametrize("part", [slice(0, 20), slice(-6, None)])
def test_a_receipt_may_be_named_by_its_start_or_its_end(root: Path, part: slice) -> None:
    receipt = apply(plan_for(root))
    apply(engine.of("write", root, [engine.write("other.json", b"")]))
    assert engine.undoing(root, receipt.id[part]).undoes == receipt.id


def test_an_ambiguous_name_lists_the_receipts(root: Path) -> None:
    made = [apply(engine.of("write", root, [engine.write(f"{one}.json", b"")])) for one in "ab"]
    with pytest.raises(UsageError, match="is ambiguous, give more of one of: ") as refused:
        engine.undoing(root, "2")
    assert all(one.id in str(refused.value) for one in made)


@pytest.mark.parametrize("name", ["", "nonsense", "../../etc", "2*"])
def test_a_name_that_no_receipt_has_is_said_to_be_so(root: Path, name: str) -> None:
    apply(plan_for(root))
    with pytest.raises(NothingFoundError, match="list them with: recctl history"):
        engine.undoing(root, name)


# When it is refused


def test_a_file_changed_since_is_refused(root: Path) -> None:
    receipt = apply(plan_for(root))
    (root / BB).write_bytes(b"edited")
    with pytest.raises(RefusedError) as refused:
        engine.undoing(root)
    assert str(refused.value) == (
        f"{BB}: changed since {receipt.id}, which cannot be undone; see: recctl history"
    )


def test_a_name_taken_since_is_refused(root: Path) -> None:
    apply(plan_for(root))
    (root / AA).write_bytes(b"new recording")
    with pytest.raises(RefusedError, match=r"aa11\.json: changed since"):
        engine.undoing(root)


def test_the_later_change_that_is_in_the_way_is_named(root: Path) -> None:
    first = apply(engine.of("mend", root, [renamed(AA, "tests/cc33.json")]))
    held = contents(root)["tests/cc33.json"]
    second = apply(engine.of("mend", root, [engine.rename("tests/cc33.json", "d.json", held)]))
    with pytest.raises(RefusedError) as refused:
        engine.undoing(root, first.id)
    assert str(refused.value).endswith(
        f"cannot be undone before {second.id}: recctl undo {second.id}"
    )


def test_what_is_no_longer_kept_cannot_be_brought_back(root: Path) -> None:
    receipt = apply(plan_for(root))
    Disk(root).remove_tree(f".recctl/receipts/{receipt.id}/store")
    with pytest.raises(RefusedError) as refused:
        engine.undoing(root)
    assert str(refused.value) == (
        f"receipt {receipt.id} no longer keeps tests/pier/recordings/dd44.json, so that it cannot"
        " be undone; look for the file in git: recctl restore"
    )


def test_what_was_only_renamed_and_edited_can_be_undone_without_what_was_kept(root: Path) -> None:
    old = tree(root)
    receipt = apply(engine.of("mend", root, [renamed(AA, "tests/cc33.json")]))
    Disk(root).remove_tree(f".recctl/receipts/{receipt.id}/store")
    undone(root)
    assert tree(root) == old


def test_damaged_kept_content_is_not_brought_back(root: Path) -> None:
    receipt = apply(engine.of("mend", root, [engine.remove(AA, HARBOUR[AA])]))
    (kept,) = (root / ".recctl/receipts" / receipt.id / "store").iterdir()
    kept.write_bytes(b"damaged")
    before = tree(root)
    with pytest.raises(RefusedError, match="the receipt's store is damaged"):
        undone(root)
    assert tree(root) == before


# History


def test_the_history_tells_what_was_done_and_undone(root: Path) -> None:
    first = apply(plan_for(root))
    second = undone(root)
    third = apply(engine.of("write", root, [engine.write("x.json", b"")]))
    lines = undo.history(root)
    assert [line.id for line in lines] == [third.id, second.id, first.id]
    assert [line.undone_by for line in lines] == [None, None, second.id]
    assert [line.undoes for line in lines] == [None, first.id, None]
    assert [line.command for line in lines] == ["write", "undo", "mend"]
    assert lines[2].summary == plan_for(root).summary
    assert [line.kept for line in lines] == [0, lines[1].kept, lines[2].kept]


def test_a_damaged_receipt_does_not_hide_the_others(root: Path) -> None:
    first = apply(plan_for(root))
    second = apply(engine.of("write", root, [engine.write("x.json", b"")]))
    damaged(root, second)
    assert [(line.id, line.flaw) for line in undo.history(root)] == [
        (second.id, "damaged"),
        (first.id, None),
    ]


@pytest.mark.parametrize(
    ("member", "value"),
    [("undoes", []), ("undoes", "x"), ("summary", {}), ("summary", "x"), ("command", None)],
)
def test_a_receipt_of_another_form_is_listed_as_damaged(
    root: Path, member: str, value: object
) -> None:
    receipt = apply(plan_for(root))
    for name in receipts.FILES:
        file = root / ".recctl/receipts" / receipt.id / name
        document = json.loads(file.read_bytes())
        document["plan"][member] = value
        file.write_text(json.dumps(document))
    assert [(line.id, line.flaw) for line in undo.history(root)] == [(receipt.id, "damaged")]


def damaged(root: Path, receipt: engine.Receipt) -> None:
    for name in receipts.FILES:
        (root / ".recctl/receipts" / receipt.id / name).write_bytes(b"\x00")


def test_where_the_latest_receipt_is_damaged_the_one_before_is_named(root: Path) -> None:
    first = apply(plan_for(root))
    second = apply(engine.of("write", root, [engine.write("x.json", b"")]))
    damaged(root, second)
    with pytest.raises(RefusedError) as refused:
        engine.undoing(root)
    assert str(refused.value) == (
        f"the latest receipt, {second.id}, is damaged; the latest before it is taken back by"
        f" recctl undo {first.id}; all changes: recctl history"
    )
    undone(root, first.id)
    assert contents(root) == {**HARBOUR, "x.json": b""}


def test_an_older_damaged_receipt_is_in_nobodys_way(root: Path) -> None:
    damaged(root, apply(plan_for(root)))
    before = contents(root)
    apply(engine.of("write", root, [engine.write("x.json", b"")]))
    undone(root)
    assert contents(root) == before


@pytest.mark.parametrize("name", receipts.FILES)
def test_one_sound_file_of_a_receipt_is_enough(root: Path, name: str) -> None:
    receipt = apply(plan_for(root))
    (root / ".recctl/receipts" / receipt.id / name).write_bytes(b"")
    assert [line.flaw for line in undo.history(root)] == [None]
    undone(root)
    assert contents(root) == HARBOUR


@needs_posix
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_what_is_no_file_in_a_store_is_not_waited_for_nor_followed(
    root: Path, tmp_path: Path, kind: str
) -> None:
    receipt = apply(engine.of("mend", root, [engine.remove(AA, HARBOUR[AA])]))
    (kept,) = (root / ".recctl/receipts" / receipt.id / "store").iterdir()
    if kind == "fifo":
        kept.unlink()
        os.mkfifo(kept)
    else:
        kept.rename(tmp_path / "elsewhere")
        kept.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match=r"aa11\.json: what is kept of it: "):
        engine.undoing(root)


def _is_a_file(root: Path) -> None:
    (root / ".recctl").write_bytes(b"work")


def _has_linked_receipts(root: Path) -> None:
    (root / ".recctl").mkdir()
    (root / "elsewhere").mkdir()
    (root / ".recctl/receipts").symlink_to(root / "elsewhere")


def _is_from_the_end_of_time(root: Path) -> None:
    (root / ".recctl/receipts/99991231-235959-abcdef").mkdir(parents=True)


def _has_no_time(root: Path) -> None:
    (root / ".recctl/receipts/99999999-999999-abcdef").mkdir(parents=True)


@pytest.mark.parametrize(
    "make", [_is_a_file, _has_linked_receipts, _is_from_the_end_of_time, _has_no_time]
)
def test_a_folder_that_recctl_did_not_make_is_told_in_one_line(
    root: Path, make: Callable[[Path], None]
) -> None:
    plan = plan_for(root)
    make(root)
    before = tree(root)
    with pytest.raises(RefusedError) as refused:
        apply(plan)
    assert ".recctl" in str(refused.value)
    assert any(".recctl" in reason for reason in engine.refusals(plan, allow_dirty=True))
    assert "\n" not in str(refused.value)
    assert tree(root) == before
    looks = (undo.history, engine.unfinished, engine.pending, engine.resume, engine.undoing)
    assert all("\n" not in said(look, root) for look in looks)


def said(look: Callable[[Path], object], root: Path) -> str:
    """What is said by one who looks, or what is wrong; nothing else is raised."""
    try:
        return str(look(root))
    except RecctlError as error:
        return str(error)


def test_what_is_no_receipt_is_not_listed(root: Path) -> None:
    grown(root, {".recctl/receipts/notes.txt": b"", ".recctl/receipts/old/receipt.json": b"{}"})
    assert undo.history(root) == ()


# Letting go


@pytest.mark.parametrize(("age", "hours"), [("12h", 12), ("30d", 720), ("2w", 336), ("0d", 0)])
def test_receipts_older_than_an_age_expire(root: Path, age: str, hours: int) -> None:
    receipt = apply(plan_for(root))
    limit = receipt.time + timedelta(hours=hours)
    assert undo.expiring(root, age, limit) == ()
    (line,) = undo.expiring(root, age, limit + timedelta(seconds=1))
    assert line.id == receipt.id


@pytest.mark.parametrize("age", ["", "30", "d", "30 d", "-1d", "1y", "1.5d", "999999d"])
def test_what_is_no_age_is_said_to_be_so(root: Path, age: str) -> None:
    with pytest.raises(UsageError, match="is no age: give hours, days or weeks, as in 12h"):
        undo.expiring(root, age)


def test_an_expired_receipt_stays_and_keeps_nothing(root: Path) -> None:
    receipt = apply(plan_for(root))
    later = datetime.now(UTC) + timedelta(days=1)
    undo.expire(root, undo.expiring(root, "1h", later))
    (line,) = undo.history(root)
    assert (line.id, line.kept) == (receipt.id, None)
    assert undo.expiring(root, "1h", later) == ()


def test_nothing_expires_while_files_are_changed(root: Path) -> None:
    apply(plan_for(root))
    lines = undo.expiring(root, "0h", datetime.now(UTC) + timedelta(days=1))
    with Disk(root).locked(".recctl/lock"), pytest.raises(LockedError):
        undo.expire(root, lines)
    assert undo.history(root)[0].kept
