"""`--plan-out` writes new files and plans, and never over anything else."""

from pathlib import Path

import pytest

from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import needs_posix, run_here, snapshot


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """The path of a stale recording."""
    asked = chat_request("Is it 0.1234567 deep?")
    recorded = recording(asked, chat_answer("No."), dialect="ogx-2025-10-04")
    return write(tmp_path, folder_of(TEST), recorded)


def test_a_plan_is_written_and_written_again(tmp_path: Path, stale: Path) -> None:
    for _ in range(2):
        assert run_here("rehash", "--plan-out", "plan.json", cwd=tmp_path).code == 0

    assert run_here("apply", "plan.json", cwd=tmp_path).code == 0
    assert not stale.exists()


@pytest.mark.parametrize("name", ["recording", "notes.txt", "-", "folder"])
def test_nothing_else_is_written_over(tmp_path: Path, stale: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("keep")
    (tmp_path / "folder").mkdir()
    before = snapshot(tmp_path)

    target = str(stale) if name == "recording" else name
    ran = run_here("rehash", "--plan-out", target, cwd=tmp_path)

    assert (ran.code, ran.stdout, len(ran.errors)) == (2, "", 1)
    assert snapshot(tmp_path) == before


@needs_posix
def test_a_link_is_not_followed(tmp_path: Path, stale: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("keep")
    (tmp_path / "plan.json").symlink_to(elsewhere)

    assert run_here("rehash", "--plan-out", "plan.json", cwd=tmp_path).code == 2
    assert elsewhere.read_text() == "keep"
