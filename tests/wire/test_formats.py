"""The table of wire formats: sound rows, and only the module loaded that an answer may be of."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recctl import schema
from recctl.wire import FORMATS
from recctl.wire.format import Format
from tests.build import Document, chat_stream, gemini_stream, generate_stream, messages_stream
from tests.cli import ROOT


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_module_of_a_row_has_all_that_a_format_needs(form: Format) -> None:
    module = form.loaded()

    assert all(map(callable, (module.is_chunk, module.is_whole, module.fold, module.from_whole)))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_format_has_tests_of_its_own(form: Format) -> None:
    assert (Path(__file__).parent / f"test_{form.module}.py").exists()


def test_names_are_unique_and_such_as_the_schema_allows() -> None:
    names = [form.name for form in FORMATS]
    allowed = schema.load("transcript")["properties"]["format"]["pattern"]

    assert len(set(names)) == len(names)
    assert [name for name in names if not re.search(allowed, name)] == []


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_value_without_any_mark_is_of_no_format(form: Format) -> None:
    value = {"tide": "low", "type": "buoy", "object": "ship"}

    assert not form.is_chunk("", value)
    assert not form.is_whole("harbour.Log", value)


@pytest.mark.parametrize(
    ("response", "module"),
    [
        (chat_stream(["Fog", "."]), "openai_chat"),
        (messages_stream(["Fog", "."]), "anthropic"),
        (gemini_stream(["Fog", "."]), "gemini"),
        (generate_stream(["Fog", "."]), "ollama"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_no_module_is_loaded_but_that_of_the_answer(response: Document, module: str) -> None:
    modules = [form.module for form in FORMATS]
    code = (
        "import json, sys\nfrom recctl.wire import read\n"
        "read(json.load(sys.stdin))\n"
        f"print(*(one for one in {modules!r} if f'recctl.wire.{{one}}' in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(response),
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )

    assert ran.stdout.split() == [module]
