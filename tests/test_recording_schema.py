"""The schema of a recording. A case is a file: tests/cases/recording/{good,bad}/NAME.json.

A bad case has a NAME.expect beside it: the JSON pointer, one space, a part of the message.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from recctl import schema

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases" / "recording"
GOOD = sorted(CASES.glob("good/*.json"))
BAD = sorted(CASES.glob("bad/*.json"))


def stem(path: Path) -> str:
    return path.stem


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def definitions() -> dict[str, Any]:
    found: dict[str, Any] = schema.load("recording")["$defs"]
    return found


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Where each example stands, the schema it is for, and the example."""
    whole = schema.load("recording")
    for number, example in enumerate(whole["examples"]):
        yield f"/examples/{number}", whole, example
    for name, definition in definitions().items():
        one = {"$ref": f"#/$defs/{name}", "$defs": definitions()}
        for number, example in enumerate(definition.get("examples", ())):
            yield f"/$defs/{name}/examples/{number}", one, example


def references(node: Any) -> Iterator[str]:
    """Every $ref at or below a node."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def real_recordings() -> Path:
    """The folder of real recordings. Skips the test where there is none."""
    named = os.environ.get("RECCTL_TEST_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is absent and RECCTL_TEST_CORPUS names no other")
    return folder


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_a_good_recording_is_accepted(path: Path) -> None:
    assert schema.explain("recording", read(path)) is None


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_a_bad_recording_gets_the_one_error_that_matters(path: Path) -> None:
    pointer, _, message = path.with_suffix(".expect").read_text().rstrip("\n").partition(" ")

    violation = schema.explain("recording", read(path))

    assert violation is not None
    assert (violation.pointer or "(root)") == pointer
    assert message in violation.message


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_a_bad_recording_is_wrong_in_one_place_only(path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema.load("recording"))

    places = {error.json_path for error in validator.iter_errors(read(path))}

    assert len(places) == 1


@pytest.mark.parametrize("path", GOOD + BAD, ids=stem)
def test_both_validators_agree(path: Path) -> None:
    document = read(path)

    slow = jsonschema.Draft202012Validator(schema.load("recording")).is_valid(document)
    fast = jsonschema_rs.Draft202012Validator(schema.load("recording")).is_valid(document)

    assert slow == fast


@pytest.mark.parametrize("path", GOOD + BAD, ids=stem)
def test_a_case_is_written_as_the_recorder_writes(path: Path) -> None:
    assert path.read_text() == json.dumps(read(path), indent=2) + "\n"


def test_every_expectation_has_its_case() -> None:
    assert sorted(CASES.glob("**/*.expect")) == [path.with_suffix(".expect") for path in BAD]


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.load("recording"))


def test_every_example_in_the_schema_is_valid() -> None:
    wrong = [
        (where, error.message)
        for where, one, example in examples()
        for error in jsonschema.Draft202012Validator(one).iter_errors(example)
    ]

    assert wrong == []


def test_every_definition_has_a_title_and_a_description() -> None:
    assert [
        name for name, one in definitions().items() if not {"title", "description"} <= set(one)
    ] == []


def test_every_definition_is_used_and_every_use_is_defined() -> None:
    used = {
        reference.removeprefix("#/$defs/") for reference in references(schema.load("recording"))
    }

    assert used == set(definitions())


def test_every_real_recording_is_accepted() -> None:
    violations = {
        str(path): violation
        for path in sorted(real_recordings().rglob("*.json"))
        if (violation := schema.explain("recording", read(path)))
    }

    assert violations == {}
