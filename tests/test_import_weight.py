"""What a process loads: little, and nothing before it is needed."""

import json
import subprocess
import sys

import pytest

HEAVY = {"typer", "kingfisher_sdk", "rich", "pydantic", "jsonschema", "jsonschema_rs", "deepdiff"}


def modules_after(code: str) -> set[str]:
    """The top-level modules that are loaded when the code has run in a new process."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
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
        "from importlib import import_module\n"
        "from recctl.wire import FORMATS, reasoning, sse\n"
        "[import_module(one.module) for one in FORMATS]"
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
