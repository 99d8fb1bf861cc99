"""The documentation is true: what it shows is what runs, what it links exists.

`RECCTL_GOLDEN=write` writes the real output of each command into the pages.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recctl.cli import COMMANDS
from recctl.dialects import published
from recctl.errors import EXIT_MEANINGS
from recctl.rules import TABLE
from tests.make_docs import PAGES as GENERATED

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CONSOLE = re.compile(r"```console\n\$ (?P<command>recctl [^\n]*)\n(?P<output>.*?)```", re.DOTALL)


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shown_commands() -> Iterator[tuple[Path, re.Match[str]]]:
    for page in PAGES:
        for match in CONSOLE.finditer(page.read_text(encoding="utf-8")):
            yield page, match


def output_of(command: str) -> str:
    """What a command prints on stdout and stderr, as a terminal shows it, without colors."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RECCTL_")}
    environment = {**kept, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("page", "shown"),
    [pytest.param(page, one, id=one["command"]) for page, one in shown_commands()],
)
def test_a_command_prints_what_its_page_shows(page: Path, shown: re.Match[str]) -> None:
    output = output_of(shown["command"])
    if os.environ.get("RECCTL_GOLDEN") == "write":
        text = page.read_text(encoding="utf-8")
        block = f"```console\n$ {shown['command']}\n{output}```"
        page.write_text(text.replace(shown[0], block), encoding="utf-8")
    else:
        assert shown["output"] == output


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_lists_every_command_with_its_line_of_help() -> None:
    rows = re.findall(r"^\| `recctl (\w+)[^|]*(?:\\\|[^|]*)*\| (.*) \|$", readme(), re.MULTILINE)
    assert dict(rows) == COMMANDS


def test_the_readme_has_the_table_of_exit_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", readme(), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_MEANINGS


def test_the_readme_names_the_two_doors_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "check"} <= set(targets)
    assert "make demo" in readme()
    assert "make check" in readme()


def test_the_format_page_lists_the_published_dialects_in_order() -> None:
    page = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(ogx-[\d-]+)` \|", page, re.MULTILINE)
    assert rows == [dialect.name for dialect in published().dialects]


def test_the_changelog_counts_the_rules() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{len(TABLE)} rules" in changelog


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_that_follows_from_the_code_is_up_to_date(name: str) -> None:
    if os.environ.get("RECCTL_GOLDEN") == "write":
        (ROOT / "docs" / name).write_text(GENERATED[name](), encoding="utf-8")
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == GENERATED[name]()


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")
