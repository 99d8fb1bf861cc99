"""The reference and the site: nothing is missing, and nothing is loaded from elsewhere.

That the pages say what the code says is held in tests/test_docs.py.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recctl.cli import COMMANDS
from recctl.config.file import Configuration
from recctl.errors import EXIT_MEANINGS
from recctl.plan import receipts
from tests.cli import ROOT, run
from tests.make_docs import DOCS
from tests.reference.commands import PURPOSES, commands
from tests.reference.markdown import prose, table
from tests.reference.pictures import PICTURES, Picture

FOREIGN = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//|@import"""
)
"""What makes a browser load something of another host."""


def text(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def test_every_command_has_one_purpose() -> None:
    named = [name for names in PURPOSES.values() for name in names]
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_section_names_every_option_of_its_help(name: str) -> None:
    _, _, rest = text("commands.md").partition(f"\n### {name}\n")
    section, _, _ = rest.partition("\n### ")
    flags = re.findall(r"^  (?:-\w, )?(--[\w-]+)", run(name, "--help").stdout, re.MULTILINE)
    assert flags
    missing = [flag for flag in flags if f"`{flag}" not in section]
    assert missing == ["--help"]


def test_the_usage_of_a_command_has_what_it_cannot_do_without() -> None:
    usages = {one.name: one.usage for one in commands()}
    assert usages["trace"] == "recctl trace [OPTIONS] -o FILE -- COMMAND…"
    assert usages["show"] == "recctl show [OPTIONS] REF [PATHS]"
    assert usages["why"] == "recctl why [OPTIONS] [HASH|-] [PATHS]"


def test_every_key_of_the_configuration_has_a_section() -> None:
    found = re.findall(r"^### ([\w-]+)$", text("configuration.md"), re.MULTILINE)
    assert found == [name.replace("_", "-") for name in Configuration.model_fields]


def test_every_exit_code_has_a_row() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|", text("exit-codes.md"), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_MEANINGS


def test_the_layout_of_the_folder_names_what_is_written_there() -> None:
    parts = (receipts.LOCK, receipts.PREPARING, receipts.JOURNAL, receipts.RECEIPTS)
    names = [Path(part).name for part in parts]
    page = text("receipts.md")
    assert [one for one in (*names, receipts.STORE, receipts.NEW) if f"{one}" not in page] == []


def test_prose_of_a_terminal_has_no_markup_but_for_words_of_code() -> None:
    assert prose("a * b, --apply, `git log` and a_b <x>") == (
        r"a \* b, `--apply`, `git log` and a\_b \<x>"
    )
    assert prose("see recctl rule", commands="c.md") == "see [`recctl rule`](c.md#rule)"


def test_a_pipe_in_code_does_not_end_a_cell() -> None:
    made = table(("a", "b"), [("`x|y`", "z")])
    assert made.splitlines()[2] == "| <code>x&#124;y</code> | z |"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda one: one.name)
def test_a_picture_loads_nothing_and_names_no_host(picture: Picture) -> None:
    svg = (DOCS / "pictures" / f"{picture.name}.svg").read_text(encoding="utf-8")
    hosts = re.findall(r"https?://([^/\"'&\s]+)", svg)
    assert set(hosts) <= {"www.w3.org", "api.openai.com"}
    assert "font-face" not in svg
    assert not FOREIGN.search(svg)


def test_the_site_has_no_broken_link_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs mkdocs-material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    pages = [*(tmp_path / "site").rglob("*.html"), *(tmp_path / "site").rglob("*.css")]
    assert len(pages) > len(list(DOCS.rglob("*.md")))
    assert [page.name for page in pages if FOREIGN.search(page.read_text(encoding="utf-8"))] == []
