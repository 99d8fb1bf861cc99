"""`recctl apply`, `undo`, `history`, and what all changing commands do with a plan."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from recctl import plan as engine
from recctl import schema
from recctl.cli.changing import PlanFormat, PlanOptions
from recctl.errors import ExitCode, UsageError
from recctl.plan import RefusedError
from recctl.render.plan import as_json
from tests.plan.commands import recctl
from tests.plan.trees import (
    HARBOUR,
    Killed,
    apply,
    contents,
    disk_full,
    grown,
    plan_for,
    steps,
    tree,
)

DONE = {"mend": "3 renames, 1 edit, 2 writes, 1 removal"}["mend"]


pytestmark = pytest.mark.usefixtures("no_syncing")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree, and beside it the file of a plan for it."""
    root = grown(tmp_path / "lighthouse")
    (tmp_path / "plan.json").write_text(as_json(plan_for(root)), encoding="utf-8")
    return root


@pytest.fixture
def stopped(root: Path) -> Path:
    """A tree with a change that was stopped on the way."""
    with steps() as counted:
        apply(engine.of("mend", grown(root.parent / "other"), plan_for(root).actions))
    at = next(at for at, (operation, _) in enumerate(counted.done) if operation == "remove")
    with steps(Killed, at), pytest.raises(Killed):
        apply(plan_for(root))
    return root


def receipt_id(root: Path) -> str:
    return max(path.name for path in (root / ".recctl/receipts").iterdir())


# apply


def test_apply_carries_a_plan_out_and_says_how_to_take_it_back(root: Path) -> None:
    ran = recctl("apply", "../plan.json", cwd=root)
    assert ran.code == ExitCode.FINE
    assert ran.errors == [
        f"recctl: mend: {DONE}; done, to be undone with: recctl undo {receipt_id(root)}"
    ]
    assert ran.lines[:2] == ["tests/harbour/recordings", "  rename 2 files"]
    assert contents(root) == engine.simulate(HARBOUR, plan_for(root))


def test_apply_reads_a_plan_from_stdin(root: Path) -> None:
    ran = recctl("apply", "-", cwd=root, stdin=(root.parent / "plan.json").read_bytes())
    assert ran.code == ExitCode.FINE
    assert contents(root) == engine.simulate(HARBOUR, plan_for(root))


def test_apply_needs_nothing_but_the_file(root: Path, tmp_path: Path) -> None:
    other = grown(tmp_path / "clone")
    assert recctl("apply", "../plan.json", cwd=other).code == ExitCode.FINE
    assert contents(other) == engine.simulate(HARBOUR, plan_for(root))


def test_apply_counts_paths_from_the_root_it_is_given(root: Path, tmp_path: Path) -> None:
    ran = recctl("apply", "plan.json", "--root", root, cwd=tmp_path)
    assert ran.code == ExitCode.FINE
    assert ran.stderr.endswith(
        f"; done, to be undone with: recctl undo {receipt_id(root)} --root {root}\n"
    )
    assert contents(root) == engine.simulate(HARBOUR, plan_for(root))
    undone = recctl("undo", receipt_id(root), "--root", root, "--apply", cwd=tmp_path)
    assert undone.code == ExitCode.FINE
    assert contents(root) == HARBOUR


def test_a_root_that_is_no_folder_is_refused(root: Path) -> None:
    ran = recctl("history", "--root", "nowhere", cwd=root)
    assert (ran.code, ran.stderr) == (ExitCode.USAGE, "recctl: nowhere: no such folder\n")


def test_a_plan_is_applied_once(root: Path) -> None:
    recctl("apply", "../plan.json", cwd=root)
    new = tree(root)
    ran = recctl("apply", "../plan.json", cwd=root)
    assert (ran.code, len(ran.errors)) == (ExitCode.USAGE, 1)
    assert tree(root) == new


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"version": 2}'])
def test_what_is_no_plan_is_refused_in_one_line(root: Path, content: bytes) -> None:
    (root / "bad.json").write_bytes(content)
    ran = recctl("apply", "bad.json", cwd=root)
    assert (ran.code, ran.raw) == (ExitCode.USAGE, b"")
    assert len(ran.errors) == 1
    assert ran.stderr.startswith("recctl: bad.json: no plan to carry out: ")


@pytest.mark.parametrize("path", ["../escaped.json", "/tmp/x", ".git/hooks/pre-commit"])  # noqa: S108
def test_a_plan_that_leaves_the_tree_is_refused(root: Path, path: str) -> None:
    plan = json.loads((root.parent / "plan.json").read_bytes())
    plan["actions"][5]["path"] = path
    ran = recctl("apply", "-", cwd=root, stdin=json.dumps(plan).encode())
    assert (ran.code, len(ran.errors)) == (ExitCode.USAGE, 1)
    assert contents(root) == HARBOUR
    assert not (root.parent / "escaped.json").exists()


@pytest.mark.parametrize("arguments", [(), ("../plan.json", "--resume")])
def test_apply_takes_a_file_or_resumes(root: Path, arguments: tuple[str, ...]) -> None:
    ran = recctl("apply", *arguments, cwd=root)
    assert ran.code == ExitCode.USAGE
    assert ran.stderr == "recctl: give either the file of a plan or --resume\n"


def test_a_plan_file_that_does_not_exist_is_told(root: Path) -> None:
    ran = recctl("apply", "nowhere.json", cwd=root)
    assert (ran.code, ran.stderr) == (
        ExitCode.USAGE,
        "recctl: nowhere.json: no such file or directory\n",
    )


def test_a_disk_that_is_full_changes_nothing(root: Path) -> None:
    with steps(disk_full, 12, only=("create", "write", "link")):
        ran = recctl("apply", "../plan.json", cwd=root)
    assert ran.code == ExitCode.USAGE
    assert ran.stderr.endswith(": no space left on device; nothing was changed\n")
    assert contents(root) == HARBOUR


def test_a_change_that_stops_on_the_way_exits_with_3(root: Path) -> None:
    with steps(disk_full, 40, only=("link", "make folder")):
        ran = recctl("apply", "../plan.json", cwd=root)
    assert (ran.code, len(ran.errors)) == (ExitCode.PARTIAL, 1)
    assert "finish it with recctl apply --resume" in ran.stderr


# An unfinished change


def test_resume_finishes_an_unfinished_change(stopped: Path) -> None:
    ran = recctl("apply", "--resume", cwd=stopped)
    assert ran.code == ExitCode.FINE
    assert ran.stderr == (
        f"recctl: mend: {DONE}; done, to be undone with: recctl undo {receipt_id(stopped)}\n"
    )
    assert contents(stopped) == engine.simulate(HARBOUR, plan_for(stopped))


def test_undo_takes_an_unfinished_change_back(stopped: Path) -> None:
    journal = engine.pending(stopped)
    assert journal is not None
    ran = recctl("undo", "--apply", cwd=stopped)
    assert (ran.code, ran.stderr) == (
        ExitCode.FINE,
        f"recctl: mend {journal.id}: taken back; every file is as it was before\n",
    )
    assert contents(stopped) == HARBOUR


def test_undo_of_an_unfinished_change_is_a_plan_without_apply(stopped: Path) -> None:
    before = tree(stopped)
    ran = recctl("undo", "--format", "json", cwd=stopped)
    assert ran.code == ExitCode.FINE
    assert schema.explain("plan", ran.json) is None
    assert {one["op"] for one in ran.json["actions"]} == {"remove", "write"}
    assert ran.stderr.count("a change is unfinished") == 1
    assert "a change is unfinished" not in ran.stdout
    assert recctl("undo", "--check", cwd=stopped).code == ExitCode.FINDINGS
    assert tree(stopped) == before


def test_every_command_of_changes_tells_of_an_unfinished_one(stopped: Path) -> None:
    assert "a change is unfinished (mend " in recctl("history", cwd=stopped).stderr
    assert "a change is unfinished (mend " in recctl("apply", "../plan.json", cwd=stopped).stderr


def test_there_may_be_nothing_to_resume(root: Path) -> None:
    ran = recctl("apply", "--resume", cwd=root)
    assert ran.code == ExitCode.USAGE
    assert ran.stderr.endswith(": no unfinished change; see: recctl history\n")


# undo


def test_undo_plans_without_apply(root: Path) -> None:
    apply(plan_for(root))
    new = tree(root)
    ran = recctl("undo", cwd=root)
    assert ran.code == ExitCode.FINE
    assert ran.stderr == f"recctl: undo: {DONE}; nothing is changed without --apply\n"
    assert "  rename 2 files: as it was before mend" in ran.lines
    assert tree(root) == new


def test_undo_restores_the_tree(root: Path) -> None:
    old = tree(root)
    apply(plan_for(root))
    assert recctl("undo", "--apply", cwd=root).code == ExitCode.FINE
    assert tree(root) == old


def test_undo_restores_the_tree_in_git_without_being_asked_twice(root: Path) -> None:
    import subprocess

    as_someone = ("-c", "user.name=Keeper", "-c", "user.email=keeper@example.org")
    for arguments in (("init",), ("add", "."), (*as_someone, "commit", "--message", "Lamps")):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    assert recctl("apply", "../plan.json", cwd=root).code == ExitCode.FINE
    assert recctl("undo", "--apply", cwd=root).code == ExitCode.FINE
    told = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, check=True, capture_output=True
    )
    assert told.stdout == b""


def test_undo_takes_an_id(root: Path) -> None:
    receipt = apply(plan_for(root))
    apply(engine.of("write", root, [engine.write("x.json", b"")]))
    assert recctl("undo", receipt.id, "--apply", cwd=root).code == ExitCode.FINE
    assert contents(root) == {**HARBOUR, "x.json": b""}


def test_undo_with_nothing_to_undo_finds_nothing(root: Path) -> None:
    ran = recctl("undo", "--apply", cwd=root)
    assert (ran.code, ran.stderr) == (
        ExitCode.FINDINGS,
        "recctl: nothing to undo; all changes: recctl history\n",
    )
    assert not (root / ".recctl").exists()


def test_the_plan_of_an_undo_can_be_applied_later(root: Path) -> None:
    receipt = apply(plan_for(root))
    assert recctl("undo", "--plan-out", "../undo.json", cwd=root).code == ExitCode.FINE
    assert recctl("apply", "../undo.json", cwd=root).code == ExitCode.FINE
    assert contents(root) == HARBOUR
    assert f"undone by {receipt_id(root)[-6:]}" in recctl("history", cwd=root).stdout
    assert receipt.id != receipt_id(root)


# history


def test_history_lists_receipts(root: Path) -> None:
    receipt = apply(plan_for(root))
    ran = recctl("history", cwd=root)
    assert ran.code == ExitCode.FINE
    assert ran.lines == [
        "id                      command  kept  changes",
        f"{receipt.id}  mend      118  {DONE}",
    ]
    assert ran.stderr == "recctl: 1 change; see: recctl undo --help\n"


def test_history_is_fine_without_any_change(root: Path) -> None:
    ran = recctl("history", cwd=root)
    assert (ran.code, ran.raw, ran.stderr) == (ExitCode.FINE, b"", "recctl: 0 changes\n")


def test_history_as_json_fits_its_schema(root: Path) -> None:
    apply(plan_for(root))
    apply(engine.undoing(root))
    (root / ".recctl/receipts/20200101-000000-abcdef").mkdir()
    ran = recctl("history", "--format", "json", cwd=root)
    assert schema.explain("history", ran.json) is None
    assert len(ran.json["receipts"]) == 3


def test_expire_is_a_plan_without_apply(root: Path) -> None:
    receipt = apply(plan_for(root))
    _age(root, receipt)
    ran = recctl("history", "--expire", "30d", cwd=root)
    assert ran.code == ExitCode.FINE
    assert ran.stderr == (
        "recctl: 1 receipt, 118 bytes to let go of; nothing is changed without --apply\n"
    )
    assert recctl("history", "--expire", "30d", "--check", cwd=root).code == ExitCode.FINDINGS
    assert list((root / ".recctl/receipts").glob("*/store/*"))


def test_expire_lets_go_of_what_old_receipts_keep(root: Path) -> None:
    _age(root, apply(plan_for(root)))
    kept = apply(engine.of("mend", root, [engine.remove("tests/untouched.json", b"{}")]))
    ran = recctl("history", "--expire", "30d", "--apply", cwd=root)
    assert (ran.code, ran.stderr) == (ExitCode.FINE, "recctl: 1 receipt, 118 bytes: let go of\n")
    assert {path.parts[-3] for path in (root / ".recctl/receipts").glob("*/store/*")} == {kept.id}
    again = recctl("history", "--expire", "30d", "--check", cwd=root)
    assert (again.code, again.stderr) == (
        ExitCode.FINE,
        "recctl: 0 receipts, 0 bytes to let go of\n",
    )


@pytest.mark.parametrize(
    "arguments", [("--apply",), ("--check",), ("--expire", "1d", "--apply", "--check")]
)
def test_options_that_make_no_sense_together_are_refused(
    root: Path, arguments: tuple[str, ...]
) -> None:
    assert recctl("history", *arguments, cwd=root).code == ExitCode.USAGE


def _age(root: Path, receipt: engine.Receipt) -> None:
    """Have a receipt be of long ago."""
    from dataclasses import replace
    from datetime import timedelta

    from recctl.plan.receipts import as_bytes

    file = root / ".recctl/receipts" / receipt.id / "receipt.json"
    file.write_bytes(as_bytes(replace(receipt, time=receipt.time - timedelta(days=31))))


# What all changing commands do with a plan


def carried_out(
    root: Path, capsys: pytest.CaptureFixture[str], **options: Any
) -> tuple[int, str, str]:
    with chdir(root):
        code = PlanOptions(**options).carry_out(plan_for(root))
    out, err = capsys.readouterr()
    return code, out, err


def test_without_apply_a_plan_is_printed_and_nothing_changed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(root)
    code, out, err = carried_out(root, capsys)
    assert code == ExitCode.FINE
    assert out.startswith("tests/harbour/recordings\n  rename 2 files\n")
    assert err == f"recctl: mend: {DONE}; nothing is changed without --apply\n"
    assert tree(root) == before
    assert not (root / ".recctl").exists()


def test_check_finds_what_there_is_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert carried_out(root, capsys, check=True)[0] == ExitCode.FINDINGS
    assert PlanOptions(check=True).carry_out(engine.of("mend", root, [])) == ExitCode.FINE
    conflict = engine.Conflict("a", ("b", "c"), "different answers")
    assert (
        PlanOptions(check=True).carry_out(engine.of("mend", root, [], [conflict]))
        == ExitCode.FINDINGS
    )


def test_apply_of_an_empty_plan_does_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert PlanOptions(apply=True).carry_out(engine.of("mend", root, [])) == ExitCode.FINE
    assert capsys.readouterr().err == "recctl: mend: nothing to do\n"
    assert not (root / ".recctl").exists()


@pytest.mark.parametrize("form", list(PlanFormat))
def test_with_apply_the_plan_is_printed_too(
    root: Path, form: PlanFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = carried_out(root, capsys, apply=True, form=form)
    assert code == ExitCode.FINE
    assert "aa11.json" in out
    assert err.endswith(f"to be undone with: recctl undo {receipt_id(root)}\n")
    assert contents(root) == engine.simulate(HARBOUR, plan_for(root))


def test_json_is_what_plan_out_writes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = root.parent / "out file.json"
    _, out, err = carried_out(root, capsys, form=PlanFormat.JSON, plan_out=str(file))
    assert file.read_text(encoding="utf-8") == out
    assert schema.explain("plan", json.loads(out)) is None
    assert err.endswith(f"; carry it out with: recctl apply '{file}'\n")


def test_a_plan_file_is_written_whole_or_not_at_all(root: Path) -> None:
    file = root.parent / "plan.json"
    before = file.read_bytes()
    with (
        patch("os.replace", side_effect=disk_full()),
        pytest.raises(UsageError, match="cannot write"),
    ):
        PlanOptions(plan_out=str(file)).carry_out(engine.of("mend", root, []))
    assert file.read_bytes() == before
    assert sorted(path.name for path in root.parent.iterdir()) == ["lighthouse", "plan.json"]


@pytest.mark.parametrize("options", [{"check": True}, {"plan_out": "x.json"}])
def test_apply_excludes_what_only_plans(root: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="take one"):
        PlanOptions(apply=True, **options).carry_out(plan_for(root))
    assert contents(root) == HARBOUR


@pytest.mark.parametrize("command", ["validate", "ls", "normalize"])
def test_the_next_command_says_that_a_change_is_unfinished(stopped: Path, command: str) -> None:
    assert recctl(command, cwd=stopped).stderr.count("a change is unfinished (mend ") == 1


def test_no_other_change_is_begun_beside_an_unfinished_one(stopped: Path) -> None:
    with pytest.raises(RefusedError, match="a change is unfinished"):
        PlanOptions(apply=True).carry_out(engine.of("more", stopped, [engine.write("x.json", b"")]))
