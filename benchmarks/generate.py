"""Writes a corpus to measure on: `python -m benchmarks.generate 10000 FOLDER`.

The same seed gives the same bytes, however many processes write them. A recording depends on the
seed and its number alone, so the first thousand of a large corpus are those of a small one.

Most of a large recording is one chunk, over and over, with another piece of text in it. So a
response is rendered once, cut where the pieces go, and joined anew for each recording. Requests are
small; recctl itself hashes and renders them.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from recctl.dialects import published
from recctl.hashing import canonical
from tests import build
from tests.build import OLLAMA, OPENAI, Document, chat_request, folder_of, recording, user

SEED = 1

LARGEST = 1_000_000
"""Bytes that no recording is meant to exceed by more than a chunk."""

_FIRST, _SECOND, _ID = "@first@", "@second@", "@id@"
"""What stands in a rendered response where its pieces and its short hash go."""

_FIRST_NUMBER, _SECOND_NUMBER = 0.123456789, 0.987654321

_NO_ANSWER: Document = {"body": None, "is_streaming": False}

_AREAS = (
    "agents", "audit", "batches", "chat", "completions", "embeddings", "eval", "files",
    "guardrails", "images", "messages", "models", "moderation", "ranking", "reasoning",
    "responses", "routing", "search", "telemetry", "tools",
)  # fmt: skip
_SUBJECTS = ("answer", "call", "history", "limit", "list", "order", "reply", "schema", "stream")
_VERBS = ("checks", "counts", "finds", "gives", "keeps", "reads", "sends", "takes", "tells")

_PART = 500
"""Recordings that a process writes at a time."""

_TEST_HAS = 6
"""Recordings of one test, one after the other."""

_TEXT = """
    the of and to in is that it was for on are as with at be this from have by not but what all
    were when we there can an your which their if will each about how up out them then she many
    some so these would other into has more her two like him see time could no make than first
    been its who now people my made over did down only way find use may water long little very
    after words called just where most know harbour lamp keeper lighthouse tide vessel register
    forecast barometer temperature Celsius instructions parameters function response assistant
"""
_WORDS = _TEXT.split()

_PIECES = [
    json.dumps(piece)[1:-1]
    for piece in [
        *(f" {word}" for word in _WORDS),
        *(word[: len(word) // 2] for word in _WORDS[-20:]),
        *(",", ".", ".\n", ":", " -", "\n\n", ' "', '"', " 12", " 4.5", " (", ")", "'s", " **"),
        *(" café", " naïve", " –", " “so”", " 灯台", " 🌊"),
    ]
]
"""Tokens as a model streams them, as they stand in JSON."""

_NUMBERS = [repr(number / 1e8) for number in Random(0).sample(range(-(10**7), 10**7), 2000)]  # noqa: S311

_PROVIDERS = (
    (OPENAI, "gpt-4o-mini"),
    (OLLAMA + "/v1", "llama3.2:3b-instruct-fp16"),
    ("https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
    ("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "openai.gpt-oss-20b-1:0"),
)

_TOOL = build.function(
    "tide_table",
    "High and low water at a place, from the almanac of the harbour office.",
    place="Name of the harbour",
    day="Day in the form 2025-06-30; today where it is left out",
)

# What is planted: of so many recordings the one with this number. No two meet.
_STALE = (200, 17)
_UNREACHABLE = (300, 29)
_DUPLICATE = (500, 41)

_APART = 6
"""How far before its duplicate the first of two stands: in the folder of the test before."""


@dataclass(frozen=True, slots=True)
class Made:
    """A recording to be written: the folder, the file's name, its bytes."""

    folder: str
    name: str
    raw: bytes


def planted(count: int) -> dict[str, int]:
    """The findings of a corpus of so many recordings: rule -> how many."""
    rules = {"stale": _STALE, "unreachable": _UNREACHABLE, "duplicate": _DUPLICATE}
    return {rule: len(range(first, count, step)) for rule, (step, first) in rules.items()}


def digest() -> str:
    """8 hex digits of what the generator is and does: its source and the beginning of a corpus."""
    source = Path(__file__).read_bytes()
    return sha256(source + b"".join(made(SEED, number).raw for number in range(200))).hexdigest()[
        :8
    ]


def generate(root: Path, count: int, seed: int = SEED, processes: int = 0) -> None:
    """Write so many recordings below a folder. Of processes, 0 means one for each core."""
    for folder in {_folder(number) for number in range(min(count, _TEST_HAS * len(_AREAS)))}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / published().shared_folder).mkdir(parents=True, exist_ok=True)
    processes = processes or os.cpu_count() or 1
    parts = [range(count)[start : start + _PART] for start in range(0, count, _PART)]
    if processes == 1 or len(parts) == 1:
        _write(root, seed, range(count))
        return
    # Spawned, because a fork of a process that has threads may hang.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(partial(_write, root, seed), parts):
            pass


def made(seed: int, number: int) -> Made:
    """The recording of that number."""
    rng = Random(f"{seed} {number}")  # noqa: S311 - nothing secret
    test_id = _test_id(number)
    if number % _STALE[0] == _STALE[1]:
        return _stale(rng, number, test_id)
    if number % _UNREACHABLE[0] == _UNREACHABLE[1]:
        return _unreachable(rng, number, test_id)
    if number % _DUPLICATE[0] in (_DUPLICATE[1], _DUPLICATE[1] - _APART):
        return _searched(rng, f"gale warnings {number // _DUPLICATE[0]}", test_id)
    ((make, _),) = rng.choices(_MIX, [share for _, share in _MIX])
    shared = make in _MAY_BE_SHARED and rng.random() < 0.04
    return make(rng, number, None if shared else test_id)


def _write(root: Path, seed: int, numbers: range) -> None:
    for number in numbers:
        one = made(seed, number)
        (root / one.folder / one.name).write_bytes(one.raw)


def _test_id(number: int) -> str:
    block = number // _TEST_HAS
    area, test = _AREAS[block % len(_AREAS)], block // len(_AREAS)
    subject, verb = _SUBJECTS[test % len(_SUBJECTS)], _VERBS[test // 3 % len(_VERBS)]
    _, model = _PROVIDERS[test % len(_PROVIDERS)]
    return f"tests/{area}/test_{subject}.py::test_{verb}_{area}[txt={model}-{test}]"


def _folder(number: int) -> str:
    return folder_of(_test_id(number))


# Kinds of recordings


def _chat_stream(rng: Random, number: int, test_id: str | None) -> Made:
    base, model = rng.choice(_PROVIDERS)
    target = _size(rng, 21_000, 0.95)
    if rng.random() < 0.004:
        target = round(250_000 * (LARGEST / 250_000) ** rng.random())
    request = chat_request(
        _conversation(rng, number, min(target // 12, 6000)), base=base, model=model, stream=True
    )
    return _streamed(rng, request, test_id, _stream_template(model), target)


def _tool_call(rng: Random, number: int, test_id: str | None) -> Made:
    base, model = rng.choice(_PROVIDERS)
    asked = _conversation(rng, number, 300)
    request = chat_request(asked, base=base, model=model, stream=True, tools=[_TOOL])
    name, head = _head(request, test_id)
    place = rng.choices(_WORDS, k=rng.randrange(3, 12))
    fragments = ['{\\"place\\": \\"', *(f"{word} " for word in place), '\\"}']
    tail = _call_template(model).filled(name, fragments).replace("call_1", f"call_{number:09x}")
    return _joined(test_id, name, head, tail)


def _whole_answer(rng: Random, number: int, test_id: str | None) -> Made:
    base, model = rng.choice(_PROVIDERS)
    target = _size(rng, 4_000, 0.7)
    asked = _conversation(rng, number, max(target - 2_200, 100))
    if rng.random() < 0.4:
        call_id = f"call_{number:09x}"
        asked += [
            build.assistant_call(call_id, "tide_table", '{"place": "Gull Bay"}'),
            build.tool_message(call_id, _text(rng, 12)),
        ]
    request = chat_request(asked, base=base, model=model, temperature=rng.random(), tools=[_TOOL])
    name, head = _head(request, test_id)
    tail = _answer_template(model).filled(name, rng.choices(_PIECES, k=rng.randrange(5, 120)))
    return _joined(test_id, name, head, tail)


def _embedding(rng: Random, number: int, test_id: str | None) -> Made:
    texts = [f"{_text(rng, 9)} {number}"]
    name, head = _head(build.embedding_request(texts), test_id)
    vector = rng.choices(_NUMBERS, k=rng.choice((384, 768, 1536)))
    return _joined(test_id, name, head, _vector_template().filled(name, vector))


def _models(rng: Random, number: int, test_id: str | None) -> Made:
    ids = [f"{rng.choice(_WORDS)}-{size}b-{number}" for size in range(rng.choice((4, 40, 110)))]
    # At a server's root the path is exempt from the test id; at a client's base url it is not.
    base = OLLAMA if test_id is None else OLLAMA + "/v1"
    return _whole(test_id, build.models_request(base), build.model_list(ids))


def _gemini(rng: Random, number: int, test_id: str | None) -> Made:
    pieces = [_text(rng, 8) for _ in range(rng.randrange(2, 12))]
    request = build.gemini_request(f"{_text(rng, 40)} {number}")
    return _whole(test_id, request, build.gemini_stream(pieces))


def _ollama(rng: Random, number: int, test_id: str | None) -> Made:
    pieces = [_text(rng, 2) for _ in range(rng.randrange(2, 30))]
    request = build.generate_request(f"{_text(rng, 60)} {number}")
    return _whole(test_id, request, build.generate_stream(pieces))


def _anthropic(rng: Random, number: int, test_id: str | None) -> Made:
    payload = {
        "model": "llama3.2:3b",
        "messages": _conversation(rng, number, 400),
        "max_tokens": 256,
        "stream": True,
    }
    request = build.http_request(OLLAMA + "/v1/messages", payload)
    pieces = [_text(rng, 2) for _ in range(rng.randrange(5, 50))]
    return _whole(test_id, request, build.messages_stream(pieces))


def _search(rng: Random, number: int, test_id: str | None) -> Made:
    return _searched(rng, f"{_text(rng, 5)} {number}", test_id)


def _refusal(rng: Random, number: int, test_id: str | None) -> Made:
    request = chat_request(_conversation(rng, number, 500), temperature=7, stream=True)
    return _whole(
        test_id, request, build.exception("Error code: 400 - the temperature is too high")
    )


_Maker = Callable[[Random, int, str | None], Made]

_MIX: tuple[tuple[_Maker, int], ...] = (
    (_chat_stream, 50),
    (_whole_answer, 24),
    (_tool_call, 8),
    (_models, 5),
    (_gemini, 4),
    (_embedding, 3),
    (_search, 2),
    (_ollama, 2),
    (_anthropic, 1),
    (_refusal, 1),
)
"""What a corpus is made of, in parts of a hundred: about as the real ones known are."""

_MAY_BE_SHARED = (_models, _embedding, _whole_answer)


# What is planted


def _stale(rng: Random, number: int, test_id: str) -> Made:
    found = f"document_id: {number:08x} score: {rng.random()} content: {_text(rng, 30)}"
    request = chat_request([user(found)], stream=True)
    name, document = recording(request, _NO_ANSWER, test_id=test_id, dialect="ogx-2026-03-18")
    template = _stream_template("gpt-4o-mini")
    return _joined(test_id, name, _opening(document), template.filled(name, _some_pieces(rng)))


def _unreachable(rng: Random, number: int, test_id: str) -> Made:
    request = chat_request(_conversation(rng, number, 300), stream=True)
    name, document = recording(request, _NO_ANSWER, test_id=test_id)
    document["request"]["body"]["messages"][0]["content"] += " (renamed since)"
    template = _stream_template("gpt-4o-mini")
    return _joined(test_id, name, _opening(document), template.filled(name, _some_pieces(rng)))


def _searched(rng: Random, query: str, test_id: str | None) -> Made:
    hits = [
        {"url": f"https://almanac.example/{place}", "title": _text(rng, 5), "content": content}
        for place, content in enumerate(_text(rng, 90) for _ in range(rng.randrange(3, 12)))
    ]
    request = build.tool_request("web_search", {"query": query})
    return _whole(test_id, request, build.tool_result(json.dumps({"query": query, "top_k": hits})))


# Parts


def _size(rng: Random, median: int, spread: float) -> int:
    return min(round(median * rng.lognormvariate(0, spread)), LARGEST)


def _text(rng: Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))


def _some_pieces(rng: Random) -> list[str]:
    return rng.choices(_PIECES, k=rng.randrange(5, 40))


def _conversation(rng: Random, number: int, size: int) -> list[Document]:
    """Messages of so many characters in all, the first with the number to tell it from others."""
    messages: list[Document] = [user(f"{_text(rng, 12)} {number}")]
    while (size := size - len(messages[-1]["content"])) > 0:
        role = "assistant" if len(messages) % 2 else "user"
        words = min(rng.randrange(10, 120), size // 6 + 1)
        messages.append({"role": role, "content": _text(rng, words)})
    return messages


def _whole(test_id: str | None, request: Document, response: Document) -> Made:
    """A recording small enough to be rendered as it is."""
    name, document = recording(request, response, test_id=test_id)
    return Made(folder_of(test_id), name, canonical(document))


def _streamed(
    rng: Random, request: Document, test_id: str | None, template: "_Template", target: int
) -> Made:
    """A recording of about so many bytes."""
    name, head = _head(request, test_id)
    count = max(1, (target - len(head) - template.fixed) // template.each)
    return _joined(test_id, name, head, template.filled(name, rng.choices(_PIECES, k=count)))


def _head(request: Document, test_id: str | None) -> tuple[str, str]:
    """The file's name, and its text up to the response."""
    name, document = recording(request, _NO_ANSWER, test_id=test_id)
    return name, _opening(document)


def _opening(document: Document) -> str:
    asked: dict[str, Any] = {"test_id": document["test_id"], "request": document["request"]}
    return canonical(asked).decode("ascii").removesuffix("\n}\n") + ",\n"


def _joined(test_id: str | None, name: str, head: str, tail: str) -> Made:
    return Made(folder_of(test_id), name, (head + tail).encode("ascii"))


@dataclass(frozen=True, slots=True)
class _Template:
    """A recording's text from the response on, cut where pieces of the answer go."""

    before: str
    between: str
    after: str

    @property
    def fixed(self) -> int:
        """Bytes that are there however many pieces there are."""
        return len(self.before) + len(self.after)

    @property
    def each(self) -> int:
        """Bytes that a piece more takes, on average."""
        return len(self.between) + 5

    def filled(self, name: str, pieces: Sequence[str]) -> str:
        """The text with these pieces, which are text inside JSON already."""
        before, between, after = (
            part.replace(_ID, name[:12]) for part in (self.before, self.between, self.after)
        )
        return before + between.join(pieces) + after


def _template(
    request: Document, response: Document, first: str = _FIRST, second: str = _SECOND
) -> _Template:
    name, document = recording(request, response)
    text = canonical(document).decode("ascii")
    text = text[text.index('  "response": {\n') :].replace(name[:12], _ID)
    before, found, after = text.partition(first)
    if not found:
        raise ValueError(f"{first} is not in the response")
    between, found, rest = after.partition(second)
    return _Template(before, between, rest) if found else _Template(before, "", after)


@cache
def _stream_template(model: str) -> _Template:
    response = build.chat_stream([_FIRST, _SECOND], model=model)
    return _template(chat_request("", stream=True), response)


@cache
def _call_template(model: str) -> _Template:
    fragments = [_FIRST, _SECOND]
    response = build.tool_call_stream("tide_table", fragments, call_id="call_1", model=model)
    return _template(chat_request("", stream=True), response)


@cache
def _answer_template(model: str) -> _Template:
    return _template(chat_request(""), build.chat_answer(_FIRST, model=model))


@cache
def _vector_template() -> _Template:
    response = build.embeddings([[_FIRST_NUMBER, _SECOND_NUMBER]])
    markers = repr(_FIRST_NUMBER), repr(_SECOND_NUMBER)
    return _template(build.embedding_request([""]), response, *markers)


# The command line


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generate", description="Write a corpus to measure on."
    )
    parser.add_argument("count", type=int, help="how many recordings")
    parser.add_argument("folder", type=Path, help="where; it must not have anything in it")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--processes", type=int, default=0, help="default: one for each core")
    given = parser.parse_args()
    if given.count < 1 or given.processes < 0:
        parser.error("there must be at least one recording, and no less than no processes")
    if given.folder.exists() and (not given.folder.is_dir() or any(given.folder.iterdir())):
        parser.error(f"{given.folder} is there already, and not an empty folder")
    return given


def _sizes(root: Path) -> Iterator[int]:
    return (path.stat().st_size for path in root.rglob("*.json"))


def main() -> None:
    """Write a corpus as the command line says."""
    given = _arguments()
    started = perf_counter()
    generate(given.folder, given.count, given.seed, given.processes)
    took = perf_counter() - started
    sizes = sorted(_sizes(given.folder))
    sys.stderr.write(
        f"generate: {len(sizes):,} recordings of {sum(sizes) / 1e6:,.0f} MB in {took:.1f} s;"
        f" median {sizes[len(sizes) // 2] / 1e3:.1f} KB, largest {sizes[-1] / 1e3:,.0f} KB;"
        f" planted: {', '.join(f'{many} {rule}' for rule, many in planted(given.count).items())}\n"
    )


if __name__ == "__main__":
    main()
