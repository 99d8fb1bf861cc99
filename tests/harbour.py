"""Writes the project that the guides work on: `python -m tests.harbour FOLDER [--old]`.

A harbour's assistant, its tests, and the recordings from which they are replayed. With `--old`,
what gathers in a corpus over the years lies among them: leftovers, and what bulk edits broke.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recctl.hashing import canonical
from tests.build import Recorded, chat_answer, chat_request, folder_of, recording, write

_FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\ncache_dir = ".cache"\n',
    ".gitignore": "/.cache/\n__pycache__/\n*.log\n*.jsonl\n",
    "harbour.py": '''"""The harbour's assistant."""

import os

from replay import chat


def ask(text, **parameters):
    """The answer to a question."""
    return chat(
        {
            "model": os.environ.get("MODEL", "gpt-4o-mini"),
            "messages": [{"role": "user", "content": text}],
            **parameters,
            "stream": False,
        }
    )
''',
    "replay.py": '''"""A recorder that only replays: the request's hash names the recording."""

import json
import os
from pathlib import Path
from typing import Any

from recctl.dialects import hash_under, published
from recctl.recording import Recording

URL = "https://api.openai.com/v1/v1/chat/completions"


def chat(body):
    """The recorded answer to a request of the running test. Raises RuntimeError without one."""
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
    request = {
        "method": "POST",
        "url": URL,
        "headers": {},
        "body": body,
        "endpoint": "/v1/chat/completions",
        "model": body["model"],
    }
    asked = Recording("", {"test_id": test, "request": request}, 0)
    found = hash_under(published().target, asked)
    path = Path(test.partition("::")[0]).parent / "recordings" / f"{found}.json"
    if not path.exists():
        raise RuntimeError(
            f"Recording not found for request hash: {found}\\n"
            f"Model: {body['model']} | Request: POST {URL}"
        )
    answer = json.loads(path.read_text())["response"]["body"]["__data__"]
    return answer["choices"][0]["message"]["content"]
''',
    "tests/tides/test_tides.py": """from harbour import ask


def test_high_water():
    assert ask("When is high water in Gull Bay?") == "At 06:41."


def test_low_water():
    assert ask("When is low water in Gull Bay?", temperature=0) == "At 12:55."
""",
    "tests/weather/test_fog.py": """import pytest
from harbour import ask


PLACES = ["Gull Bay", "Tern Bay", "Seal Rock", "Old Pier", "West Quay", "Lantern Point"]


@pytest.mark.parametrize("place", PLACES)
def test_fog(place):
    assert "fog" in ask(f"Any fog in {place}?")
""",
}

_TIDES, _FOG = "tests/tides/test_tides.py::", "tests/weather/test_fog.py::"

PLACES = ("Gull Bay", "Tern Bay", "Seal Rock", "Old Pier", "West Quay", "Lantern Point")

MODELS = ("gpt-4o-mini", "llama3.2:3b")
"""The models by which the tests are run, one after the other."""


def make(folder: Path, *, old: bool = False) -> None:
    """Write the project into a folder."""
    for path, text in _FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for recorded in [*_current(), *(_leftovers() if old else ())]:
        write(folder, folder_of(recorded[1]["test_id"]), recorded)
    if old:
        name, document = _asked(_FOG + "test_fog[Tern Bay]", "Any fog in Gull Bay?", "No fog.")
        edited = canonical(document).replace(b"Gull Bay", b"Tern Harbour")
        (folder / folder_of(document["test_id"]) / name).write_bytes(edited)


def _current() -> Iterator[Recorded]:
    """What the tests are replayed from, by each model."""
    for model in MODELS:
        high, low = "When is high water in Gull Bay?", "When is low water in Gull Bay?"
        yield _asked(_TIDES + "test_high_water", high, "At 06:41.", model)
        yield _asked(_TIDES + "test_low_water", low, "At 12:55.", model, temperature=0)
        for place in PLACES:
            yield _asked(_FOG + f"test_fog[{place}]", f"Any fog in {place}?", "No fog.", model)


def _leftovers() -> Iterator[Recorded]:
    """Recordings that no test opens any more: good ones, stale ones, unnormalized ones."""
    yield _asked(_TIDES + "test_neap_tide", "When is the next neap tide?", "On Tuesday.")
    for day in ("Monday", "Friday"):
        name, document = _asked(_TIDES + "test_high_water", f"Any tide on {day}?", "Two of them.")
        document["response"]["body"]["__data__"]["created"] = 1758900000
        yield name, document
    found = "The register says: score: 0.71875. Which ship is it?"
    yield recording(
        chat_request(found),
        chat_answer("The Marigold."),
        test_id=_FOG + "test_fog[Gull Bay]",
        dialect="ogx-2026-03-18",
    )


def _asked(
    test_id: str, text: str, answer: str, model: str = MODELS[0], **parameters: Any
) -> Recorded:
    """A question of a test, recorded as `replay.py` asks it."""
    request = chat_request(text, model=model, **parameters)
    return recording(request, chat_answer(answer, model=model), test_id=test_id)


if __name__ == "__main__":
    make(Path(sys.argv[1]), old="--old" in sys.argv[2:])
