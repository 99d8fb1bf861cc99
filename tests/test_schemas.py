"""The packaged schemas: sound, exemplified, and equal where one holds another."""

from typing import Any

import jsonschema
import pytest

from recctl import schema


@pytest.mark.parametrize("name", schema.names())
def test_a_schema_is_valid_and_named_after_its_file(name: str) -> None:
    document = schema.load(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:recctl:schema:{name}:1"
    assert document["title"]


@pytest.mark.parametrize("name", schema.names())
def test_the_examples_of_a_schema_fit_it(name: str) -> None:
    examples = schema.load(name)["examples"]
    assert examples
    assert [schema.explain(name, example) for example in examples] == [None] * len(examples)


@pytest.mark.parametrize("name", ["assembly", "sheet"])
def test_a_schema_holds_the_transcript_as_it_is(name: str) -> None:
    assert schema.load(name)["$defs"]["transcript"] == schema.load("transcript")


@pytest.mark.parametrize("name", ["assembly", "sheet"])
def test_a_transcript_inside_another_document_is_checked(name: str) -> None:
    example: dict[str, Any] = {**schema.load(name)["examples"][0]}
    broken = {**schema.load("transcript")["examples"][0], "complete": "yes"}
    if name == "sheet":
        example["response"] = {**example["response"], "transcript": broken}
    else:
        example["transcript"] = broken
    violation = schema.explain(name, example)
    assert violation is not None
    assert violation.pointer.endswith("/transcript/complete")
