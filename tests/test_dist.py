"""What a release is made of: one version, and promises that are kept where changes are checked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import recctl
from recctl.cli import COMMANDS
from tests import lowest, make_dist
from tests.cli import ROOT, run
from tests.make_dist import Interpreter, WrongError, chosen

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
PYTHONS = [
    one.rpartition(" ")[2]
    for one in PROJECT["project"]["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: \d\.\d+", one)
]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_version_stands_in_one_place() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "recctl/__init__.py"}
    lines = text("recctl/__init__.py").splitlines()
    assert [one for one in lines if recctl.__version__ in one] == [
        f'__version__ = "{recctl.__version__}"'
    ]


def test_the_page_on_ci_names_the_tag_of_this_version() -> None:
    assert re.findall(r"^ *rev: (.*)$", text("docs/ci.md"), re.MULTILINE) == [
        f"v{recctl.__version__}"
    ]


def test_the_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    first = re.search(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert first is not None
    released = rf"{re.escape(recctl.__version__)} – \d{{4}}-\d\d-\d\d"
    assert re.fullmatch(rf"Unreleased|{released}", first[1])


def test_the_changelog_names_every_command() -> None:
    changelog = text("CHANGELOG.md")
    assert [one for one in COMMANDS if f"`recctl {one}" not in changelog] == []


def test_each_library_has_an_oldest_version_and_no_newest() -> None:
    for asked in map(Requirement, PROJECT["project"]["dependencies"]):
        assert [one.operator for one in asked.specifier] == [">="]


def test_the_oldest_libraries_are_those_that_the_project_names() -> None:
    extra = PROJECT["project"]["optional-dependencies"]["secrets"]
    for requirement, exact in zip(
        [*PROJECT["project"]["dependencies"], *extra], lowest.constraints(), strict=True
    ):
        assert exact == requirement.replace(">=", "==")


def test_every_python_that_is_promised_is_checked_on_every_system() -> None:
    workflow = text(".github/workflows/check.yml")
    matrices = re.findall(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)
    assert [re.findall(r"\d\.\d+", one) for one in matrices] == [PYTHONS, PYTHONS]
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_a_workflow_fits_its_schema(path: Path, schema: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_names_the_versions_of_what_it_uses(path: Path) -> None:
    workflow = path.read_text(encoding="utf-8")

    assert "\npermissions:\n  contents: read\n" in workflow
    assert "write" not in workflow
    used = re.findall(r"uses: (.*)", workflow)
    assert used
    assert [one for one in used if not re.fullmatch(r"actions/[\w-]+@v\d+", one)] == []
    assert workflow.count("actions/checkout@") == workflow.count("persist-credentials: false")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_knocks_at_doors_of_the_makefile(path: Path) -> None:
    doors = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"run: make (\w+)", path.read_text(encoding="utf-8"))) <= doors


def python(*version: int) -> Interpreter:
    major, minor, micro = version
    return Interpreter((major, minor, micro), Path(f"/usr/bin/python{major}.{minor}"))


def test_a_release_is_tried_on_the_oldest_python_and_the_newest() -> None:
    found = [python(3, 13, 0), python(3, 11, 2), python(3, 14, 1), python(3, 11, 7)]
    assert chosen(found) == [python(3, 11, 7), python(3, 14, 1)]


def test_one_python_is_enough_where_it_is_the_oldest() -> None:
    assert chosen([python(3, 11, 7)]) == [python(3, 11, 7)]


def test_no_release_is_made_without_the_oldest_python() -> None:
    with pytest.raises(WrongError, match=r"Python 3\.11 is not found here"):
        chosen([python(3, 13, 0)])


@pytest.mark.parametrize("trial", make_dist.TRIALS, ids=lambda one: " ".join(one.words))
def test_what_a_release_is_tried_with_holds_for_the_checkout(trial: make_dist.Trial) -> None:
    ran = run(*trial.words, cwd=ROOT / "examples")

    assert ran.code == trial.code
    assert trial.printed in ran.stdout + ran.stderr
