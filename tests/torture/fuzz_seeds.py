"""What fuzzing starts from: small sound files and odd ones, as the tests and examples have them."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recctl.hashing import canonical
from tests import build
from tests.build import Document
from tests.odd_answers import ASKED, ODD

ROOT = Path(__file__).parents[2]
_LARGEST = 12_000
"""Bytes of a seed: small ones are tried more often."""

_held: list[TemporaryDirectory[str]] = []


def room() -> Path:
    """A folder of this process, which goes with it."""
    if not _held:
        _held.append(TemporaryDirectory())
    return Path(_held[0].name)


def documents() -> Iterator[Document]:
    """Recordings of every kind and wire format."""
    weather = build.function("weather", "Tells the weather.", place="Where.")
    chat = build.chat_request("Is it lit? score: 0.25, 1.23456", stream=True, temperature=0.1)
    called = build.chat_request("Any fog?", stream=True, tools=[weather])
    for request, response in (
        (chat, build.chat_stream(["Yes", ", it is."])),
        (
            called,
            build.tool_call_stream("weather", ['{"pl', 'ace": "Gull Bay"}'], call_id="call_1"),
        ),
        (build.chat_request("Fog?"), build.chat_answer("No.")),
        (build.chat_request("Fog?", n=2), build.exception("Too warm.")),
        (build.completion_request("Once"), build.completion(" upon")),
        (build.embedding_request(["fog", "ice"]), build.embeddings([[0.25, 1e-7], [0.5, 3.0]])),
        (build.models_request(), build.model_list(["llama3.2:3b", "fog"])),
        (build.generate_request("Fog?"), build.generate_stream(["No", "."])),
        (build.gemini_request("Fog?"), build.gemini_stream(["No", "."])),
        (
            build.http_request("https://api.anthropic.com/v1/messages", {"model": "claude"}),
            build.messages_stream(["No", "."]),
        ),
        (build.tool_request("search", {"query": "fog"}), build.tool_result("None.")),
        (build.file_request("file-1"), build.file_result(["fog", "ice"])),
    ):
        yield build.recording(request, response)[1]


def answers() -> Iterator[Document]:
    """The responses of recordings, and odd ones."""
    yield from (document["response"] for document in documents())
    yield from (answer for _, answer in ODD.values())


def recordings() -> Iterator[bytes]:
    """The bytes of recordings: sound, odd, of examples, and of the cases of the schema."""
    yield from map(canonical, documents())
    yield from (canonical(build.recording(ASKED, answer)[1]) for _, answer in ODD.values())
    yield from files("tests/cases/recording/bad", "examples/broken/tests")


def files(*folders: str) -> Iterator[bytes]:
    """The JSON files in folders of this repository that are not large."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.json")):
            if path.is_file() and path.stat().st_size <= _LARGEST:
                yield path.read_bytes()


def as_bytes(values: Iterator[Any]) -> Iterator[bytes]:
    """Values as recorders write them."""
    return map(canonical, values)
