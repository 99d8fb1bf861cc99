"""Makes what a guide works on: `python -m tests.harbour STORY FOLDER`.

A harbour's assistant, its tests, and the recordings from which they are replayed, in a git
repository. The story is what has happened to it when the guide begins: `replay` (a test sends one
parameter more than was recorded), `old` (what gathers in a corpus over the years lies among the
recordings: leftovers, and what bulk edits broke) or `review` (a branch asks other questions).
"""

import argparse
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Work:
    """The git repository in which a story is told."""

    folder: Path

    def git(self, *arguments: str) -> None:
        """Run git, which must not fail."""
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)

    def commit(self, subject: str) -> None:
        """Commit all there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file."""
        file = self.folder / path
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def record(self, recordings: Iterable[Recorded]) -> None:
        """Write recordings to where their tests have them."""
        for one in recordings:
            write(self.folder, folder_of(one[1]["test_id"]), one)


def make(story: str, folder: Path) -> None:
    """Make the project of a story in a new folder. Raises FileExistsError if it is there."""
    folder.mkdir(parents=True)
    for path, text in _FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    work = _Work(folder)
    work.git("init", "--quiet", "--initial-branch=main")
    work.git("config", "user.name", "Keeper")
    work.git("config", "user.email", "keeper@example.org")
    work.record(_current())
    STORIES[story](work)


def _replay(work: _Work) -> None:
    """Somebody sends a parameter that was not recorded."""
    work.commit("Record")
    asked = 'high water in Gull Bay?"'
    work.edit("tests/tides/test_tides.py", asked, f"{asked}, temperature=0")
    work.commit("Ask for high water at temperature 0")


def _old(work: _Work) -> None:
    """Nobody has looked after the corpus for years."""
    work.record(_leftovers())
    name, document = _asked(_FOG + "test_fog[Tern Bay]", "Any fog in Gull Bay?", "No fog.")
    edited = canonical(document).replace(b"Gull Bay", b"Tern Harbour")
    (work.folder / folder_of(document["test_id"]) / name).write_bytes(edited)
    work.commit("Record")


def _review(work: _Work) -> None:
    """A pull request, the branch `today`, asks other questions; the work tree is at `main`."""
    work.commit("Record")
    work.git("switch", "--quiet", "--create", "today")
    for path in (work.folder / "tests/tides/recordings").iterdir():
        path.unlink()
    work.record(_tides(" today", high="At 06:41 and at 19:05."))
    work.edit("tests/tides/test_tides.py", "Gull Bay?", "Gull Bay today?")
    work.edit("tests/tides/test_tides.py", "At 06:41.", "At 06:41 and at 19:05.")
    work.commit("Ask about today")
    work.git("switch", "--quiet", "main")


STORIES: dict[str, Callable[[_Work], None]] = {"replay": _replay, "old": _old, "review": _review}
"""What has happened to the project, by the name of the story."""


def _current() -> Iterator[Recorded]:
    """What the tests are replayed from, by each model."""
    yield from _tides()
    for model in MODELS:
        for place in PLACES:
            yield _asked(_FOG + f"test_fog[{place}]", f"Any fog in {place}?", "No fog.", model)


def _tides(day: str = "", high: str = "At 06:41.") -> Iterator[Recorded]:
    """What the tests of the tides are replayed from."""
    for model in MODELS:
        asked = f"water in Gull Bay{day}?"
        yield _asked(_TIDES + "test_high_water", f"When is high {asked}", high, model)
        low = f"When is low {asked}"
        yield _asked(_TIDES + "test_low_water", low, "At 12:55.", model, temperature=0)


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


def _main() -> None:
    """Make what the command line says."""
    words = argparse.ArgumentParser(prog="python -m tests.harbour")
    words.add_argument("story", choices=STORIES)
    words.add_argument("folder", type=Path)
    told = words.parse_args()
    try:
        make(told.story, told.folder)
    except FileExistsError:
        words.error(f"{told.folder} is there already: name another folder")


if __name__ == "__main__":
    _main()
