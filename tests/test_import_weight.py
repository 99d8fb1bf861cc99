"""What a process loads: little, and nothing before it is needed."""

import json
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from recctl.cli import COMMANDS
from tests.cli import ROOT, environment

HEAVY = {
    *("typer", "kingfisher_sdk", "rich", "pydantic", "jsonschema", "jsonschema_rs", "deepdiff"),
    *("orjson", "multiprocessing"),
}

_TYPER = tuple(map(int, version("typer").split(".")[:2]))
_CHECKS_WORDS = {"pydantic"} if _TYPER >= (0, 29) else set()
"""What Typer loads to check words of a choice; before 0.29, it did so by itself."""

LINES: dict[str, set[str]] = {
    "--version": set(),
    "textconv README.md": set(),
    "trace -o FOLDER/trace.jsonl -- true": set(),
    "--help": {"typer"},
    "validate --help": {"typer"},
    "config": {"typer"},
    "restore": {"typer"},
    "apply FOLDER/plan.json": {"typer"},
    "undo --root FOLDER": {"typer"},
    "assemble examples/clean": {"typer"},
    "history --root FOLDER": {"typer", "rich"},
    "schema": {"typer", "rich"},
    "rule stale": {"typer", "rich"},
    "hash -": {"typer", "rich"},
    "show 8c5441fa examples/clean": {"typer", "rich"},
    "why 8c5441fa examples/clean": {"typer", "rich"},
    "diff 56a26e0b 7c7832b0 examples/clean": {"typer", "rich", "deepdiff", "orjson", "pydantic"},
    "rehash examples/clean": {"typer", "rich"},
    "migrate --set /body/seed=1 examples/clean": {"typer", "rich"},
    "normalize examples/clean": {"typer", "rich"},
    "prune --stale examples/clean": {"typer", "rich"},
    "git status": {"typer", "rich"} | _CHECKS_WORDS,
    "validate examples/clean": {"typer", "orjson", "jsonschema_rs"},
    "ls examples/clean": {"typer", "rich", "orjson"},
    "stats examples/clean": {"typer", "rich", "orjson"},
    "dialects examples/clean": {"typer", "rich", "orjson"},
    "query 'SELECT 1' examples/clean": {"typer", "rich"},
}
"""What each command loads of that. deepdiff loads pydantic and orjson, and Typer loads pydantic to
check words of a choice."""


def modules_after(code: str) -> set[str]:
    """The top-level modules that are loaded when the code has run in a new process."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment(),
        input=b"",
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_folding_a_recording_loads_no_library() -> None:
    code = (
        "from recctl.corpus import load, Entry\n"
        "from recctl.wire import read\n"
        "from recctl.conversation import conversation\n"
        "read({'body': [{'choices': [{'delta': {'content': 'x'}}]}], 'is_streaming': True})"
    )
    assert modules_after(code) & HEAVY == set()


def test_reading_an_answer_of_any_format_does_not_load_dataclasses() -> None:
    code = (
        "import recctl.recording, recctl.conversation\n"
        "from recctl.wire import FORMATS, reasoning, sse\n"
        "[one.loaded() for one in FORMATS]"
    )
    assert modules_after(code) & {"dataclasses", "inspect"} == set()


def test_the_command_line_itself_loads_no_library() -> None:
    assert modules_after("import recctl.cli") & HEAVY == set()


def test_the_commands_load_only_typer() -> None:
    assert modules_after("import recctl.cli.app") & HEAVY == {"typer"}


def test_the_version_is_told_without_any_library() -> None:
    code = (
        "import sys\nfrom recctl.cli import main\nsys.argv = ['recctl', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert modules_after(code) & HEAVY == set()


@pytest.mark.parametrize("module", ["jsonschema", "jsonschema_rs"])
def test_no_schema_library_is_loaded_before_a_document_is_checked(module: str) -> None:
    assert module not in modules_after("import recctl.validate")


def test_a_sound_document_needs_no_explanation() -> None:
    code = (
        "from recctl import schema\nschema.explain('report', schema.load('report')['examples'][0])"
    )
    assert modules_after(code) & HEAVY == {"jsonschema_rs"}


@pytest.mark.parametrize("line", LINES)
def test_a_command_loads_what_it_needs(line: str, tmp_path: Path) -> None:
    arguments = shlex.split(line.replace("FOLDER", str(tmp_path)))
    code = (
        f"import sys\nsys.argv = {['recctl', *arguments]!r}\n"
        "from recctl.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint()"
    )
    assert modules_after(code) & HEAVY == LINES[line]


def test_every_command_is_among_the_lines() -> None:
    assert {line.partition(" ")[0] for line in LINES} >= COMMANDS.keys()


def test_nothing_is_done_when_the_package_is_imported() -> None:
    """No file is read but code, no program run."""
    code = """
import pkgutil, sys
from importlib import import_module
import recctl
CODE = ("py", "pyc", "so", "pyd", "zip")
done = []
def noted(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.system", "sqlite3.connect"):
        done.append(event)
    if event == "open" and str(arguments[0]).rpartition(".")[2] not in CODE:
        if not str(arguments[0]).endswith('entry_points.txt'):  # pydantic looks for plugins
            done.append(arguments[0])
wanted = [
    one.name
    for one in pkgutil.walk_packages(recctl.__path__, "recctl.")
    if ".tracing.path" not in one.name and not one.name.endswith("__main__")
]
import typer, rich, rich.console, rich.text, rich.syntax, pydantic, pytest, deepdiff, hashlib
sys.addaudithook(noted)
for one in wanted:
    import_module(one)
print()
print(done)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ran.stdout.decode().strip() == "[]"
