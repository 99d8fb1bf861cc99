"""The documentation is true: what it shows is what runs, what it links exists.

`RECCTL_GOLDEN=write` writes the real output of each command into the pages, and anew what follows
from the code.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from recctl.cli import COMMANDS
from recctl.cli import app as command_line
from recctl.rules import TABLE
from tests import harbour
from tests.cli import ROOT
from tests.make_docs import PAGES as GENERATED
from tests.pages import PATH, blocks_of, page_as_it_runs

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
SHOWING = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
PROGRAMS = ("bash", "git", "perl", "pre-commit")
GOLDEN = os.environ.get("RECCTL_GOLDEN") == "write"

needs_programs = pytest.mark.skipif(
    sys.platform != "linux" or not all(shutil.which(one, path=PATH) for one in PROGRAMS),
    reason=f"what pages show is what Linux with {', '.join(PROGRAMS)} prints",
)

FENCED = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\s*(?:\$ |(?:- )?run: |- |entry: )?(?:[A-Z]+=\S+ )?(recctl [^:\s].*)")


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# What is shown


@needs_programs
@pytest.mark.parametrize("page", SHOWING, ids=page_name)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    real = page_as_it_runs(text_of(page), tmp_path)
    if GOLDEN:
        page.write_text(real, encoding="utf-8")
    assert text_of(page) == real


@pytest.mark.parametrize("page", SHOWING, ids=page_name)
def test_a_page_hides_nothing_but_what_prepares_it(page: Path) -> None:
    """Else a comment with a slip in its first line would hide a command, and never run it."""
    comments = re.findall(r"^<!--.*?-->$", text_of(page), re.MULTILINE | re.DOTALL)
    hidden = [step for block in blocks_of(text_of(page)) for step in block.steps if not step.shown]
    prepared = [one for one in comments if one.startswith("<!-- prepare\n")]
    assert comments == prepared
    assert len(prepared) <= len(hidden)


def recctl_lines() -> Iterator[tuple[str, str]]:
    """Page and command line of every recctl command in a fenced block."""
    for page in PAGES:
        for _, language, block in FENCED.findall(text_of(page)):
            for line in block.splitlines():
                found = COMMAND.fullmatch(line)
                is_output = language == "console" and not line.startswith("$ ")
                if found and not is_output and "[OPTIONS]" not in line:
                    yield page_name(page), found[1]


@cache
def group() -> Any:
    return typer.main.get_command(command_line._app)


def arguments_of(line: str) -> list[str]:
    """The words of a line up to where the shell takes over, without the program's name."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="<>|;")
    reader.whitespace_split = True
    words = list(reader)
    ends = [place for place, word in enumerate(words) if word[0] in "<>|;"]
    return words[1 : min(ends, default=len(words))]


@pytest.mark.parametrize(("page", "line"), sorted(set(recctl_lines())))
def test_a_recctl_command_on_a_page_has_options_that_there_are(page: str, line: str) -> None:
    name, *rest = arguments_of(line)
    if name.startswith("-"):
        assert name in ("--version", "--help", "--install-completion", "--show-completion")
        return
    assert name in COMMANDS, page
    group().get_command(None, name).make_context(name, rest)


def test_every_make_target_on_a_page_is_one_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for *_, block in FENCED.findall(text_of(page))
        for target in re.findall(r"^(?:\$ )?make ([a-z]+)\b", block, re.MULTILINE)
    }
    assert named <= targets
    assert {"demo", "check"} <= named


# What is linked


def slug(heading: str) -> str:
    """The anchor of a heading, by the rules of GitHub and of the site."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors_of(page: Path) -> set[str]:
    prose = FENCED.sub("", text_of(page))
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCED.sub("", text_of(page))):
        path, _, anchor = target.partition("#")
        led = page.parent / path if path else page
        if not led.exists() or (anchor and anchor not in anchors_of(led)):
            broken.append(target)
    assert broken == []


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / path).resolve()
        for page in PAGES
        for path in re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", text_of(page))
    }
    alone = {"README.md", "docs/index.md", "benchmarks/README.md"}
    assert {page_name(page) for page in PAGES if page.resolve() not in linked} <= alone


# What is told


def test_what_guides_work_on_is_made_in_no_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        harbour.make("replay", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_start_tells_what_to_do_of_rules_that_there_are() -> None:
    rows = re.findall(r"^\| (`[a-z`, -]+)", text_of(DOCS / "start.md"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]
    assert len(named) > 5
    assert set(named) <= {rule.name for rule in TABLE}


@pytest.mark.parametrize("name", GENERATED)
def test_what_follows_from_the_code_is_up_to_date(name: str) -> None:
    if GOLDEN:
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(GENERATED[name](), encoding="utf-8")
    assert (DOCS / name).read_text(encoding="utf-8") == GENERATED[name]()
