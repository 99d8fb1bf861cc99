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


def test_the_command_line_itself_loads_only_typer() -> None:
    assert modules_after("import recctl.cli") & HEAVY == {"typer"}


@pytest.mark.parametrize("module", ["jsonschema", "jsonschema_rs"])
def test_no_schema_library_is_loaded_before_a_document_is_checked(module: str) -> None:
    assert module not in modules_after("import recctl.validate")


def test_a_sound_document_needs_no_explanation() -> None:
    code = (
        "from recctl import schema\nschema.explain('report', schema.load('report')['examples'][0])"
    )
    assert modules_after(code) & HEAVY == {"jsonschema_rs"}
