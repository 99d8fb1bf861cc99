"""CONTRIBUTING.md is true: its floors are those that are enforced, its examples run.

Each example is taken from the page: a module whose first line is its path, and a change of a table.
Both are put into a copy of the package, which then has one rule, dialect, format or command more.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from recctl.hashing import canonical
from tests.build import chat_answer, chat_request, folder_of, recording, write
from tests.cli import ROOT, Ran, environment

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LONGEST = 40
"""Lines of an example, empty ones aside."""

EXAMPLES = ["A rule", "A dialect", "A wire format", "An output format", "A command"]

TEST_ID = "tests/test_lamp.py::test_lit"

Recctl = Callable[..., Ran]


def blocks_of(section: str) -> list[tuple[str, str]]:
    """The language and the text of each block below a heading."""
    _, found, rest = PAGE.partition(f"\n### {section}\n")
    assert found
    return BLOCKS.findall(re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0])


def put(section: str, root: Path) -> None:
    """Put an example into a copy of the package."""
    for language, text in blocks_of(section):
        if language == "python":
            path, _, code = text.removeprefix("# ").partition("\n")
            assert not (root / path).exists()
            (root / path).write_text(code, encoding="utf-8")
        else:
            head, _, changes = text.removeprefix("--- ").partition("\n")
            change(root / head, changes)


def change(path: Path, changes: str) -> None:
    """Make changes in a file; each begins at lines that stand in it once."""
    text = path.read_text(encoding="utf-8")
    for one in changes.split("@@\n"):
        lines = one.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] == " ")
        assert text.count(old) == 1, old
        text = text.replace(old, "".join(line[1:] for line in lines))
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def with_example(request: pytest.FixtureRequest, tmp_path: Path) -> Recctl:
    """Runs recctl, in the temporary folder, as it is with the example that a test is about."""
    root = tmp_path / "changed"
    for name in ("recctl", "schemas"):
        copytree(ROOT / name, root / name, ignore=ignore_patterns("__pycache__"))
    put(request.param, root)
    config = str(ROOT / "pyproject.toml")
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", "--config", config, str(root)]
    subprocess.run(ruff, check=True)

    def run(*arguments: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "recctl", *arguments],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(root)),
            capture_output=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    return run


def example(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("with_example", [section], indirect=True, ids=[section])


def recorded(root: Path, request: dict[str, Any], response: dict[str, Any]) -> Path:
    return write(root, folder_of(TEST_ID), recording(request, response, test_id=TEST_ID))


# The floors


def test_the_floors_are_drawn_as_they_are_enforced() -> None:
    (drawing,) = (text for language, text in BLOCKS.findall(PAGE) if language == "floors")
    floors = re.split(r"^─+\n", drawing, flags=re.MULTILINE)
    drawn = [[line.partition(" ")[0] for line in floor.splitlines()] for floor in floors]

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = (one["layers"] for one in contracts["contracts"] if one["type"] == "layers")
    assert drawn == [layer.split(" | ") for layer in layers]


def test_each_room_of_the_package_is_drawn_with_what_it_is_for() -> None:
    rooms = {
        path.stem
        for path in (ROOT / "recctl").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    (drawing,) = (text for language, text in BLOCKS.findall(PAGE) if language == "floors")
    drawn = dict(re.findall(r"^(\w+) +(\S.*)$", drawing, re.MULTILINE))

    assert drawn.keys() == rooms - {"__init__"}


# The doors


def test_the_doors_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    named = set(re.findall(r"(?:`|^)make (\w+)", PAGE, re.MULTILINE))
    assert named == set(phony.split()) - {"clean"}


def test_every_path_on_the_page_exists() -> None:
    named = re.findall(r"`((?:recctl|tests|docs|examples)/[\w./]*)`", PAGE)

    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


# The examples


def test_each_example_is_one_file_and_one_table() -> None:
    shown = {one: [language for language, _ in blocks_of(one)] for one in EXAMPLES}

    assert shown.pop("A dialect") == ["diff"]
    assert set(map(tuple, shown.values())) == {("python", "diff")}


@pytest.mark.parametrize("section", EXAMPLES)
def test_an_example_is_short(section: str) -> None:
    lines = [line for _, text in blocks_of(section) for line in text.splitlines() if line.strip()]

    assert len(lines) <= LONGEST


@example("A rule")
def test_the_new_rule_finds_something(with_example: Recctl, tmp_path: Path) -> None:
    recorded(tmp_path, chat_request("Lit?", temperature=1.5), chat_answer("Yes."))
    recorded(tmp_path, chat_request("Lit?", temperature=1.5, seed=7), chat_answer("Yes."))

    ran = with_example("validate", "--select", "random-answer", "--format", "json")

    (found,) = ran.json["findings"]
    assert (found["code"], found["message"]) == ("H550", "a temperature of 1.5 and no seed")
    assert "no seed, so a new recording" in with_example("rule", "random-answer").stdout


@example("A dialect")
def test_the_new_dialect_gives_a_hash(with_example: Recctl, tmp_path: Path) -> None:
    hashes = []
    for request in (chat_request("Lit?"), chat_request("Lit?", user="keeper")):
        (tmp_path / "request.json").write_bytes(canonical(request))
        lines = with_example("hash", "request.json").lines
        hashes.append([line.split()[-1] for line in lines[-2:]])

    (before, new), (before_with_user, new_with_user) = hashes
    assert before != before_with_user
    assert new == new_with_user
    assert with_example("dialects").lines[-1].split() == ["ogx-2027-01-01", "no", "user"]


@example("A wire format")
@pytest.mark.parametrize("streamed", [True, False])
def test_the_new_wire_format_is_told_and_folded(
    with_example: Recctl, tmp_path: Path, streamed: bool
) -> None:
    end = {"generated_text": "Yes, it is.", "details": {"finish_reason": "eos_token"}}
    chunks = [{"token": {"text": "Yes, "}}, {"token": {"text": "it is."}, **end}]
    body: Any = chunks if streamed else end
    recorded(tmp_path, chat_request("Lit?"), {"body": body, "is_streaming": streamed})

    ran = with_example("assemble")

    told = ran.json["transcript"]
    assert (told["format"], told["complete"], told["warnings"]) == ("generated", True, [])
    (choice,) = told["choices"]
    assert (choice["text"], choice["finish"]) == ("Yes, it is.", "stop")
    assert ran.json["object"] == end


@example("An output format")
def test_the_new_output_format_prints(with_example: Recctl, tmp_path: Path) -> None:
    path = recorded(tmp_path, chat_request("Lit?"), chat_answer("Yes."))
    path.write_bytes(path.read_bytes() + b"\n")

    (issue,) = with_example("validate", "--format", "gitlab").json

    assert (issue["check_name"], issue["severity"]) == ("not-canonical", "minor")
    assert issue["location"]["path"] == path.relative_to(tmp_path).as_posix()
    assert "gitlab" in with_example("validate", "--help").stdout


@example("A command")
def test_the_new_command_runs(with_example: Recctl, tmp_path: Path) -> None:
    recorded(tmp_path, chat_request("Lit?"), chat_answer("Yes."))
    recorded(tmp_path, chat_request("Still lit?"), chat_answer("Yes."))

    assert with_example("tests").lines == [f"2  {TEST_ID}"]
    assert "Count the recordings of each test." in with_example("--help").stdout
