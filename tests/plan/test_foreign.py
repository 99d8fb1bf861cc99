"""Plans from files: what they may do, and how they are looked at before they are carried out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recctl import plan as engine
from recctl.errors import ExitCode
from recctl.plan import Plan, RefusedError
from recctl.plan.document import as_document, plan_in
from recctl.plan.foreign import flaws
from recctl.render.plan import as_json
from tests.cli import Ran
from tests.plan.commands import recctl
from tests.plan.trees import HARBOUR, apply, contents, plan_for, tree

AA = "tests/harbour/recordings/aa11.json"


pytestmark = pytest.mark.usefixtures("no_syncing")


def applied(plan: Plan, *options: str) -> Ran:
    (plan.root.parent / "plan.json").write_text(as_json(plan), encoding="utf-8")
    return recctl("apply", "../plan.json", *options, cwd=plan.root)


def writing(root: Path, path: str, *, mode: int | None = None) -> Plan:
    return engine.of("mend", root, [engine.write(path, b"{}", mode=mode)])


# Looking first


def test_check_prints_the_plan_and_changes_nothing(root: Path) -> None:
    before = tree(root)
    ran = applied(plan_for(root), "--check")
    assert ran.code == ExitCode.FINDINGS
    assert ran.lines[:2] == ["tests/harbour/recordings", "  rename 2 files"]
    assert ran.stderr == "recctl: mend: 3 renames, 1 edit, 2 writes, 1 removal\n"
    assert tree(root) == before
    assert not (root / ".recctl").exists()


def test_check_finds_nothing_in_an_empty_plan(root: Path) -> None:
    assert applied(engine.of("mend", root, []), "--check").code == ExitCode.FINE


def test_check_says_each_reason_for_which_it_would_be_refused(root: Path) -> None:
    plan = plan_for(root)
    (root / AA).write_bytes(b"changed")
    (root / "tests/harbour/recordings/cc33.json").unlink()
    (root / "tests/pier/recordings/0000.json").write_bytes(b"taken")
    ran = applied(plan, "--check")
    assert ran.code == ExitCode.FINDINGS
    told = [line.removeprefix("recctl: ") for line in ran.errors]
    assert told[0].endswith("; it would be refused for 3 reasons")
    assert told[1:] == [
        "tests/pier/recordings/0000.json: exists already; plan again",
        f"{AA}: changed since the plan was made; plan again",
        "tests/harbour/recordings/cc33.json: gone since the plan was made; plan again",
    ]


def test_check_does_not_repeat_itself_for_ever(root: Path) -> None:
    paths = [f"x/{number:02}.txt" for number in range(30)]
    plan = engine.of("mend", root, [engine.write(path, b"") for path in paths])
    ran = applied(plan, "--check")
    assert len(ran.errors) == 22
    assert ran.errors[-1] == "recctl: … and 10 more"


def test_what_would_be_refused_is_what_is_refused(root: Path) -> None:
    plan = plan_for(root)
    assert engine.refusals(plan, allow_dirty=True) == ()
    edit = plan.actions[2]
    assert isinstance(edit, engine.Edit)
    wrong = replace(edit, after=engine.State.of(b"other"))
    crooked = engine.of("mend", root, [wrong])
    (reason,) = engine.refusals(crooked, allow_dirty=True)
    with pytest.raises(RefusedError) as refused:
        apply(crooked)
    assert str(refused.value) == reason
    dirty = engine.refusals(plan, uncommitted=lambda *_: [root / AA])
    assert dirty == (f"{AA}: uncommitted changes in git; commit them, or say --allow-dirty",)


def test_check_does_not_go_with_resume(root: Path) -> None:
    assert recctl("apply", "--resume", "--check", cwd=root).code == ExitCode.USAGE


# What such a plan may do


@pytest.mark.parametrize("path", ["conftest.py", "Makefile", "tests/x.json.py", "x.JSON\u202e.sh"])
def test_only_json_files_are_changed(root: Path, path: str) -> None:
    ran = applied(writing(root, path))
    assert ran.code == ExitCode.USAGE
    assert "no .json file; a plan from a file changes recordings only" in ran.stderr
    assert ran.stderr.endswith("look at it with: recctl apply ../plan.json --check\n")
    assert contents(root) == HARBOUR


@pytest.mark.parametrize("path", [".vscode/tasks.json", "tests/.hidden.json"])
def test_nothing_is_changed_whose_name_starts_with_a_dot(root: Path, path: str) -> None:
    assert "whose name has a dot first" in applied(writing(root, path)).stderr
    assert contents(root) == HARBOUR


def test_a_file_is_not_renamed_to_another_kind(root: Path) -> None:
    plan = engine.of("mend", root, [engine.rename(AA, "tests/conftest.py", HARBOUR[AA])])
    assert "tests/conftest.py: no .json file" in applied(plan).stderr


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o645])
def test_nothing_is_made_executable(root: Path, mode: int) -> None:
    ran = applied(writing(root, "x.json", mode=mode))
    assert "x.json: a plan from a file makes nothing executable" in ran.stderr
    assert contents(root) == HARBOUR


def test_what_is_executable_may_stay_so(root: Path) -> None:
    (root / AA).chmod(0o755)
    plan = engine.of("mend", root, [engine.write(AA, b"{}", HARBOUR[AA], mode=0o755)])
    assert applied(plan).code == ExitCode.FINE


@pytest.mark.parametrize("mode", [0o1644, 0o4644, 0o2755])
def test_special_permissions_are_no_part_of_a_plan(root: Path, mode: int) -> None:
    document = as_document(writing(root, "x.json", mode=mode))
    with pytest.raises(RefusedError, match="/mode: Input should be less than"):
        plan_in(json.dumps(document).encode(), root)


# What such a plan says of itself


def said(root: Path, **changes: Any) -> str:
    document = {**as_document(plan_for(root)), **changes}
    with pytest.raises(RefusedError) as refused:
        plan_in(json.dumps(document).encode(), root)
    return str(refused.value)


def test_a_summary_is_that_of_the_actions(root: Path) -> None:
    summary = {**plan_for(root).summary, "removals": 0}
    assert said(root, summary=summary) == "/summary: not that of its actions and conflicts"


def test_a_plan_names_the_command_that_made_it(root: Path) -> None:
    assert said(root, command="").startswith("/command: ")


@pytest.mark.parametrize("value", [[], "x", 1, None])
def test_an_action_is_an_object(root: Path, value: Any) -> None:
    assert said(root, summary=value) == "/summary: no JSON object"


def test_a_plan_that_says_to_take_a_change_back_does_just_that(root: Path) -> None:
    receipt = apply(plan_for(root))
    back = engine.undoing(root)
    assert flaws(back) == ()
    assert flaws(replace(back, undoes=None)) == ()
    told = (
        f"it is not the way back from {receipt.id}, as it says; that is: recctl undo {receipt.id}"
    )
    assert flaws(replace(back, actions=back.actions[1:])) == (told,)
    other = writing(root, "x.json")
    assert applied(replace(other, undoes=receipt.id)).code == ExitCode.USAGE
    assert not (root / "x.json").exists()


def test_a_plan_cannot_take_back_what_never_was(root: Path) -> None:
    plan = replace(writing(root, "x.json"), undoes="20260412-081503-3fa9c1")
    assert "not the way back from 20260412-081503-3fa9c1" in applied(plan).stderr


def test_what_recctl_itself_has_changed_a_file_may_take_back(root: Path) -> None:
    (root / AA).chmod(0o755)
    apply(engine.of("mend", root, [engine.remove(AA, HARBOUR[AA])]))
    assert applied(engine.undoing(root)).code == ExitCode.FINE
    assert (root / AA).stat().st_mode & 0o777 == 0o755
