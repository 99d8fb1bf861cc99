"""What docs/ci.md and the workflows in examples/ tell others to run is what recctl does."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import ROOT, Ran, run_here

yaml = pytest.importorskip("yaml")

PAGE = ROOT / "docs" / "ci.md"
EXAMPLES = ROOT / "examples" / "github-actions"
ANNOTATIONS, ALERTS = EXAMPLES / "recctl.yml", EXAMPLES / "recctl-sarif.yml"
WORKFLOWS = [ANNOTATIONS, ALERTS]

FOG = recording(chat_request("Any fog?"), chat_answer("None."))
OLD = recording(chat_request("score: 0.25?"), chat_answer("Fair."), dialect="ogx-2025-10-04")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a sound recording, a stale one, and their test."""
    path, _, function = TEST.partition("::")
    write(tmp_path, folder_of(TEST), FOG)
    (tmp_path / path).write_text(f"def {function}():\n    pass\n")
    write(tmp_path, folder_of(TEST), OLD)
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def called(command: str, cwd: Path) -> Ran:
    program, *arguments = shlex.split(command)
    assert program == "recctl"
    return run_here(*arguments, cwd=cwd)


def workflow(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


def command_of(path: Path) -> str:
    """The one recctl command of a workflow."""
    (command,) = recctl_commands([step["run"] for step in steps(path) if "run" in step])
    return command


def recctl_commands(lines: list[str]) -> list[str]:
    return [line for text in lines for line in text.splitlines() if line.startswith("recctl ")]


# The page


@pytest.mark.parametrize("command", recctl_commands(blocks("sh")))
def test_every_command_on_the_page_runs(command: str, project: Path) -> None:
    wanted = 0 if "--exit-zero" in shlex.split(command) else 1

    assert called(command, project).code == wanted


def test_the_page_names_the_hooks_of_the_manifest() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (used, *_) = [yaml.safe_load(block) for block in blocks("yaml")]

    assert {hook["id"] for repo in used["repos"] for hook in repo["hooks"]} == hooks


@pytest.mark.skipif(find_spec("pre_commit") is None, reason="pre-commit is needed to ask it")
@pytest.mark.parametrize("block", [one for one in blocks("yaml") if one.startswith("repos:")])
def test_pre_commit_accepts_the_configurations_on_the_page(block: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(block, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", tmp_path / "config.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"")


def test_options_after_which_file_names_follow_keep_their_values(project: Path) -> None:
    (option,) = re.findall(r"`args: \[(--config=.*)\]`", PAGE.read_text("utf-8"))
    configuration = project / option.partition("=")[2]
    configuration.parent.mkdir(parents=True)
    configuration.write_text('ignore = ["stale"]\n')
    old = f"{folder_of(TEST)}/{OLD[0]}"

    assert called(f"recctl validate {old}", project).code == 1
    assert called(f"recctl validate {option} {old}", project).code == 0


def test_the_gitlab_job_keeps_the_report_that_its_script_writes(project: Path) -> None:
    (job,) = [
        read["recordings"]
        for block in blocks("yaml")
        if "recordings" in (read := yaml.safe_load(block))
    ]
    (command,) = recctl_commands(job["script"])

    assert called(command, project).code == 1
    written = project / job["artifacts"]["reports"]["junit"]
    report = ET.parse(written).getroot()  # noqa: S314 - we wrote it
    assert int(report.get("failures", 0)) > 0
    assert job["artifacts"]["when"] == "always"


# The workflows


def test_there_is_a_workflow_for_annotations_and_one_for_alerts() -> None:
    assert sorted(EXAMPLES.iterdir()) == sorted(WORKFLOWS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_on_pushes_and_pull_requests(path: Path) -> None:
    # YAML 1.1 reads the key "on" as true.
    assert set(workflow(path)[True]) == {"push", "pull_request"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_uses_actions_of_github_alone_at_a_major_version(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]

    assert used
    assert [one for one in used if not re.fullmatch(r"(actions|github)/[\w/-]+@v\d+", one)] == []


def test_a_workflow_has_no_more_rights_than_it_needs() -> None:
    jobs = [workflow(path)["jobs"]["validate"] for path in WORKFLOWS]

    assert [workflow(path)["permissions"] for path in WORKFLOWS] == [{}, {}]
    assert [job["permissions"] for job in jobs] == [
        {"contents": "read"},
        {"actions": "read", "contents": "read", "security-events": "write"},
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_leaves_no_credentials_where_later_steps_find_them(path: Path) -> None:
    (checkout,) = [step for step in steps(path) if "actions/checkout@" in step.get("uses", "")]

    assert checkout["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_puts_nothing_of_a_pull_request_into_a_command(path: Path) -> None:
    assert [step for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_installs_what_it_is_told_to_and_then_runs_recctl(path: Path) -> None:
    runs = [step["run"] for step in steps(path) if "run" in step]

    assert [command.split()[0] for command in runs] == ["python", "recctl"]
    assert '"$RECCTL"' in runs[0]
    assert workflow(path)["env"]["RECCTL"].startswith("recctl @ ")


def test_the_page_shows_the_commands_of_the_workflows() -> None:
    runs = [step["run"] for path in WORKFLOWS for step in steps(path) if "run" in step]

    assert set(recctl_commands(runs)) <= set(recctl_commands(blocks("sh")))


def test_the_annotations_name_the_stale_recording_and_fail_the_step(project: Path) -> None:
    ran = called(command_of(ANNOTATIONS), project)

    assert ran.code == 1
    assert f"::error file={folder_of(TEST)}/{OLD[0]},line=" in ran.stdout


def test_the_alerts_are_uploaded_from_the_file_they_are_written_to(project: Path) -> None:
    (upload,) = [step for step in steps(ALERTS) if "upload-sarif@" in step.get("uses", "")]

    assert called(command_of(ALERTS), project).code == 1
    written = json.loads((project / upload["with"]["sarif_file"]).read_text("utf-8"))
    assert "I303" in {one["ruleId"] for one in written["runs"][0]["results"]}
    assert upload["with"]["sarif_file"] in upload["if"]


def test_where_recctl_cannot_tell_there_is_nothing_to_upload(project: Path) -> None:
    (project / "recctl.toml").write_text("select = 1\n")

    assert called(command_of(ALERTS), project).code == 2
    assert not (project / "recctl.sarif").exists()
