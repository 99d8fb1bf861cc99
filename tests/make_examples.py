"""Writes `examples/clean` and `examples/broken` anew: `python -m tests.make_examples`.

The examples are about the assistant of a lighthouse keeper. In `clean` nothing is wrong. In
`broken` each folder is called after a rule, and has what that rule alone finds.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

from recctl.cli.settings import policy_of
from recctl.config import load
from recctl.hashing import canonical
from recctl.rules.policy import Policy
from tests.build import (
    OLLAMA,
    Document,
    Recorded,
    assistant_call,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    completion_request,
    embedding_request,
    embeddings,
    exception,
    file_request,
    file_result,
    folder_of,
    function,
    gemini_request,
    gemini_stream,
    generate_request,
    generate_stream,
    http_answer,
    http_request,
    inference_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_call_stream,
    tool_message,
    tool_request,
    tool_result,
    user,
    write,
)

EXAMPLES = Path(__file__).parents[1] / "examples"

SDK = {"openai_sdk_version": "2.5.0"}

_PIECES = ["The", " Marigold", "."]
_CALL_ID = "call_gullbay0001"
_TIDE_TABLE = function("tide_table", "High and low water at a place.", place="Name of the harbour")


def decided() -> Policy:
    """What the configuration of the broken examples decides."""
    return policy_of(load({}, str(EXAMPLES / "broken" / "recctl.toml")))


def make(examples: Path) -> None:
    """Write both example trees into a folder, in place of those that are there."""
    for name, fill in (("clean", make_clean), ("broken", make_broken)):
        if (examples / name).exists():
            rmtree(examples / name)
        fill(examples / name)


# The clean ones


def make_clean(root: Path) -> None:
    """Write a corpus with which nothing is wrong."""
    for recorded in clean():
        write(root, folder_of(recorded[1]["test_id"]), recorded)


def clean() -> Iterator[Recorded]:
    """Every recording of the clean corpus."""
    yield from _chats()
    yield from _tides()
    yield from _searches()
    yield recording(
        http_request(
            "http://localhost:11434/v1/messages",
            {
                "model": "llama3.2:3b",
                "messages": [user("Write one line for the weather log.")],
                "max_tokens": 32,
                "stream": True,
            },
        ),
        messages_stream(["Wind west", ", force 4", ", light drizzle."]),
        test_id="tests/integration/messages/test_weather_log.py::test_writes_one_line",
    )
    yield recording(models_request(), model_list(["llama3.2:3b", "fog-horn:1b"]), test_id=None)


def _chats() -> Iterator[Recorded]:
    test = "tests/integration/chat/test_keeper.py::"
    yield recording(
        chat_request("Why do lighthouses blink?", stream=True, metadata=SDK),
        chat_stream(["So", " that", " sailors", " can", " tell", " them", " apart", "."]),
        test_id=test + "test_answers_in_pieces",
    )
    yield recording(
        chat_request("How many gulls sit on the rail?", temperature=7, stream=True),
        exception("Error code: 400 - the temperature must be at most 2"),
        test_id=test + "test_refuses_a_wrong_temperature",
    )
    yield recording(
        completion_request("The lamp was lit at dusk, and"),
        completion(" its beam went out over the water until the morning came."),
        test_id=test + "test_continues_the_log",
    )
    yield recording(
        generate_request("Give a name for a small grey ferry."),
        generate_stream(["Peb", "ble", " Tern"], prompt_tokens=18),
        test_id=test + "test_names_a_ship",
    )
    yield recording(
        gemini_request("What does a red flare mean?"),
        gemini_stream(["A red flare", " means that a vessel", " is in distress.\n"]),
        test_id=test + "test_explains_a_signal",
    )


def _tides() -> Iterator[Recorded]:
    test = "tests/integration/tools/test_tides.py::test_looks_up_the_tide"
    asked = user("When is high water in Gull Bay?")
    fragments = ['{"', "place", '":"', "Gull", " Bay", '"}']
    yield recording(
        chat_request([asked], tools=[_TIDE_TABLE], stream=True),
        tool_call_stream("tide_table", fragments, call_id=_CALL_ID),
        test_id=test,
    )
    answered = [
        asked,
        assistant_call(_CALL_ID, "tide_table", "".join(fragments)),
        tool_message(_CALL_ID, '{"high": "06:41", "low": "12:55"}'),
    ]
    yield recording(
        chat_request(answered, tools=[_TIDE_TABLE]),
        chat_answer("High water in Gull Bay is at 06:41.", usage=(81, 12)),
        test_id=test,
    )
    yield recording(
        tool_request("web_search", {"query": "spring tide dates Gull Bay"}),
        tool_result(_hits("spring tide dates Gull Bay", "Springs follow the new and full moon.")),
        test_id="tests/integration/tools/test_tides.py::test_searches_the_web",
    )


def _searches() -> Iterator[Recorded]:
    test = "tests/integration/search/test_ship_register.py::"
    yield recording(
        embedding_request(["three-masted barque"]),
        embeddings([[0.0125, -0.25, 0.0625, 0.5, -0.03125, 0.375, -0.125, 0.1875]]),
        test_id=test + "test_embeds_a_description",
    )
    yield recording(
        http_request(
            "http://localhost:8000/rerank",
            {
                "model": "tern-reranker-small",
                "query": "fishing boat",
                "documents": ["Marigold, a trawler", "Northern Crown, a tanker"],
            },
        ),
        http_answer(
            {
                "id": "rerank-0b0a7",
                "model": "tern-reranker-small",
                "usage": {"prompt_tokens": 19, "total_tokens": 19},
                "results": [
                    {
                        "index": 0,
                        "document": {"text": "Marigold, a trawler"},
                        "relevance_score": 0.96875,
                    },
                    {
                        "index": 1,
                        "document": {"text": "Northern Crown, a tanker"},
                        "relevance_score": 0.125,
                    },
                ],
            }
        ),
        test_id=test + "test_ranks_ships",
    )
    yield recording(
        _found_request("Marigold", 0.8314159265358979, temperature=0.123456789),
        chat_answer("The Marigold is a trawler <|ship-0007|>.", usage=(96, 14)),
        test_id=test + "test_answers_from_the_register",
    )


def _found_request(ship: str, score: float, **parameters: Any) -> Document:
    """A question whose search result came with a score, which no two searches give alike."""
    query = json.dumps({"query": ship})
    hit = f"[1] document_id: ship-0007, score: {score} (cite as <|ship-0007|>)\n{ship}, a trawler"
    messages = [
        user(f"What kind of ship is the {ship}?"),
        assistant_call("call_register0001", "register_search", query),
        tool_message("call_register0001", hit),
    ]
    return chat_request(messages, **parameters)


def _hits(query: str, text: str) -> str:
    hit = {"url": "https://almanac.example.com/tides", "title": "Almanac", "content": text}
    return json.dumps({"query": query, "top_k": [hit]})


# The broken ones

_DECISIONS = """# What the rules that ask for a decision go by.
allowed-hosts = ["api.openai.com", "localhost"]
allowed-types = ["openai.types.*", "lighthouse.*"]
max-size = 12_000
"""


def make_broken(root: Path) -> None:
    """Write a folder for each rule, with what that rule alone finds."""
    for rule, break_one in BROKEN.items():
        break_one(root, f"tests/{rule}/test_keeper.py::test_answers")
    (root / "recctl.toml").write_text(_DECISIONS, encoding="utf-8")


def unreadable(root: Path, test_id: str) -> None:
    """A link that leads out of the corpus, to the licence of this project."""
    name, _ = _plain(test_id)
    path = root / folder_of(test_id) / name
    path.parent.mkdir(parents=True)
    path.symlink_to(Path("../../../../../LICENSE"))


def not_utf8(root: Path, test_id: str) -> None:
    """An editor saved the file as Latin-1."""
    recorded = recording(
        chat_request("Which café is nearest to the lamp?"),
        chat_answer("The café on the pier."),
        test_id=test_id,
    )
    raw = canonical(recorded[1])
    _put(root, recorded, raw.replace(rb"\u00e9", "é".encode("latin-1")))


def byte_order_mark(root: Path, test_id: str) -> None:
    """An editor put a byte order mark in front."""
    recorded = _plain(test_id)
    _put(root, recorded, b"\xef\xbb\xbf" + canonical(recorded[1]))


def merge_markers(root: Path, test_id: str) -> None:
    """Two branches recorded the same request and were merged."""
    ours, theirs = "No ship passed at noon.", "The Marigold passed at noon."
    recorded = _plain(test_id, answer=ours)
    raw = canonical(recorded[1])
    line = next(line for line in raw.splitlines(keepends=True) if ours.encode() in line)
    conflict = [
        b"<<<<<<< HEAD\n",
        line,
        b"=======\n",
        line.replace(ours.encode(), theirs.encode()),
        b">>>>>>> record-again\n",
    ]
    _put(root, recorded, _edited(raw, line, b"".join(conflict)))


def invalid_json(root: Path, test_id: str) -> None:
    """The file was cut off while it was written."""
    recorded = _plain(test_id)
    raw = canonical(recorded[1])
    _put(root, recorded, raw[: raw.index(b'"usage"')])


def duplicate_keys(root: Path, test_id: str) -> None:
    """A parameter stands twice. Readers keep the last, with which the name is right."""
    recorded = recording(
        chat_request("Which ship passed at noon?", seed=7), chat_answer("None."), test_id=test_id
    )
    twice = b'      "seed": 3,\n      "seed": 7,\n'
    _put(root, recorded, _edited(canonical(recorded[1]), b'      "seed": 7,\n', twice))


def not_a_number(root: Path, test_id: str) -> None:
    """A vector holds NaN."""
    recorded = recording(
        embedding_request(["fog"]), embeddings([[0.25, float("nan"), -0.5]]), test_id=test_id
    )
    _put(root, recorded, canonical(recorded[1]))


def schema(root: Path, test_id: str) -> None:
    """The choices of a chunk are text."""
    request = chat_request("Which ship passed at noon?", stream=True)
    response = chat_stream(["The", " Marigold", "."])
    response["body"][1]["__data__"]["choices"] = "The"
    write(root, folder_of(test_id), recording(request, response, test_id=test_id))


def bad_name(root: Path, test_id: str) -> None:
    """A file was given a name by hand."""
    _, document = _plain(test_id)
    write(root, folder_of(test_id), ("ship-at-noon.json", document))


def unreachable(root: Path, test_id: str) -> None:
    """A word was replaced everywhere, in the request too."""
    recorded = _plain(test_id)
    _put(
        root, recorded, _edited(canonical(recorded[1]), b"Which ship passed", b"Which boat passed")
    )


def stale(root: Path, test_id: str) -> None:
    """Recorded when search scores were still part of the hash."""
    recorded = recording(
        _found_request("Marigold", 0.71875),
        chat_answer("The Marigold is a trawler <|ship-0007|>."),
        test_id=test_id,
        dialect="ogx-2026-03-18",
    )
    write(root, folder_of(test_id), recorded)


def retired_kind(root: Path, test_id: str) -> None:
    """A file handed to a file processor."""
    response = file_result(["Rules for keepers: trim the wick every four hours."])
    recorded = recording(file_request("file-keepers-rules"), response, test_id=test_id)
    write(root, folder_of(test_id), recorded)


def response_id_mismatch(root: Path, test_id: str) -> None:
    """The answer was taken from the recording of another question."""
    name, document = _plain(test_id)
    _, other = recording(chat_request("Is the lamp lit?"), chat_answer("It is."), test_id=test_id)
    recorded = name, {**document, "response": other["response"]}
    write(root, folder_of(test_id), recorded)


def model_digest_mismatch(root: Path, test_id: str) -> None:
    """A model was added to the list by hand."""
    name, document = recording(models_request(), model_list(["llama3.2:3b"]), test_id=test_id)
    edited = {**document, "response": model_list(["llama3.2:3b", "fog-horn:1b"])}
    write(root, folder_of(test_id), (name, edited))


def misplaced(root: Path, test_id: str) -> None:
    """The test moved one folder down, its recording did not."""
    moved = test_id.replace("/test_keeper.py", "/harbour/test_keeper.py")
    write(root, folder_of(test_id), _plain(moved))


def duplicate(root: Path, test_id: str) -> None:
    """Two tests made one search. A tool's hash has no test id, so both got one name."""
    query = "gale warnings today"
    for area, text in (("ships", "None in force."), ("weather", "One, off Gull Bay.")):
        recorded = recording(
            tool_request("web_search", {"query": query}),
            tool_result(_hits(query, text)),
            test_id=test_id.replace("/test_keeper.py", f"/{area}/test_keeper.py"),
        )
        write(root, folder_of(recorded[1]["test_id"]), recorded)


def finish_missing(root: Path, test_id: str) -> None:
    """The recorder stopped listening in the middle of the answer."""
    response = chat_stream(_PIECES, usage=None)
    del response["body"][-2:]
    _write(root, test_id, _asked_in_pieces(usage=False), response)


def content_after_finish(root: Path, test_id: str) -> None:
    """A piece of the answer was moved behind its end."""
    response = chat_stream(_PIECES)
    *pieces, last, finish, usage = response["body"]
    _write(root, test_id, _asked_in_pieces(), {**response, "body": [*pieces, finish, last, usage]})


def tool_args_invalid(root: Path, test_id: str) -> None:
    """The model forgot the end of its arguments."""
    request = chat_request("When is high water in Gull Bay?", tools=[_TIDE_TABLE], stream=True)
    fragments = ['{"', "place", '":"', "Gull", " Bay"]
    _write(root, test_id, request, _tide_call(fragments))


def streaming_flag(root: Path, test_id: str) -> None:
    """A list of models was taken for a stream, because it is a list."""
    _write(root, test_id, models_request(), {**model_list(["fog-horn:1b"]), "is_streaming": True})


def endpoint_mismatch(root: Path, test_id: str) -> None:
    """A text was to be continued and a chat answered."""
    body = {"model": "llama3.2:3b", "prompt": "At noon there passed", "stream": True}
    request = inference_request(OLLAMA + "/v1", "/v1/completions", body)
    _write(root, test_id, request, chat_stream(_PIECES, model="llama3.2:3b", usage=None))


def tool_name_undeclared(root: Path, test_id: str) -> None:
    """A server leaked its own markup into the name of a tool."""
    request = chat_request("When is high water in Gull Bay?", tools=[_TIDE_TABLE], stream=True)
    response = _tide_call(['{"place":"Gull Bay"}'], name="tide_table<|channel|>analysis")
    _write(root, test_id, request, response)


def choices_missing(root: Path, test_id: str) -> None:
    """Two answers were asked for; the server does not know how to give more than one."""
    request = chat_request("Give a name for a small grey ferry.", n=2)
    _write(root, test_id, request, chat_answer("Pebble Tern"))


def usage_not_sent(root: Path, test_id: str) -> None:
    """The server ignores that usage was asked for."""
    _write(root, test_id, _asked_in_pieces(), chat_stream(_PIECES, usage=None))


def usage_unrequested(root: Path, test_id: str) -> None:
    """The server sends usage whether it was asked for or not."""
    _write(root, test_id, _asked_in_pieces(usage=False), chat_stream(_PIECES))


def echo_differs(root: Path, test_id: str) -> None:
    """The harbour was renamed in the answer with the call, and not where it is repeated."""
    asked = user("When is high water here?")
    table = [_TIDE_TABLE]
    call = _tide_call(['{"place":"Tern Bay"}'])
    _write(root, test_id, chat_request([asked], tools=table, stream=True), call)
    repeated = [
        asked,
        assistant_call(_CALL_ID, "tide_table", '{"place":"Gull Bay"}'),
        tool_message(_CALL_ID, '{"high": "06:41"}'),
    ]
    _write(root, test_id, chat_request(repeated, tools=table), chat_answer("At 06:41."))


def not_canonical(root: Path, test_id: str) -> None:
    """An editor saved the file with an indent of four spaces."""
    recorded = _plain(test_id)
    _put(root, recorded, json.dumps(recorded[1], indent=4).encode() + b"\n")


def volatile_field(root: Path, test_id: str) -> None:
    """Recorded when the time of creation was kept."""
    name, document = _plain(test_id)
    document["response"]["body"]["__data__"]["created"] = 1758900000
    write(root, folder_of(test_id), (name, document))


def orphan(root: Path, test_id: str) -> None:
    """The test was renamed."""
    source = root / test_id.partition("::")[0]
    source.parent.mkdir(parents=True)
    source.write_text("def test_answers_in_one_piece() -> None:\n    pass\n", encoding="utf-8")
    write(root, folder_of(test_id), _plain(test_id))


def recorded_failure(root: Path, test_id: str) -> None:
    """The account had no requests left when the test was recorded."""
    failed = exception("Rate limit reached", kind="RateLimitError", status=429)
    _write(root, test_id, chat_request("Which ship passed at noon?"), failed)


def recorded_exception(root: Path, test_id: str) -> None:
    """The provider refused the request."""
    refused = exception("Error code: 400 - the temperature must be at most 2")
    _write(root, test_id, chat_request("Which ship passed at noon?", temperature=7), refused)


def empty_answer(root: Path, test_id: str) -> None:
    """The provider found nothing to embed."""
    nothing = {"body": {}, "is_streaming": False}
    _write(root, test_id, embedding_request(["fog"]), nothing)


def foreign_host(root: Path, test_id: str) -> None:
    """A bulk edit renamed the project, and with it a host that nobody has."""
    elsewhere = chat_request("Which ship passed at noon?", base="https://lighthouse.openai.com/v1")
    _write(root, test_id, elsewhere, chat_answer("The Marigold passed at noon."))


def unknown_type(root: Path, test_id: str) -> None:
    """The answer's class was renamed where it is defined, but not where it is kept."""
    result = tool_result(_hits("tide table", "High water at 04:10."))
    result["body"]["__type__"] = "beacon.tools.ToolInvocationResult"
    _write(root, test_id, tool_request("web_search", {"query": "tide table"}), result)


def oversized(root: Path, test_id: str) -> None:
    """A whole log was sent. What is oversized, the configuration says."""
    log = "Wind west, force 4, light drizzle. " * 400
    _write(root, test_id, chat_request(f"Sum up this log: {log}"), chat_answer("Drizzle."))


def redundant(root: Path, test_id: str) -> None:
    """One question, asked again after the rules for the hash had changed."""
    for score, dialect in ((0.71875, "ogx-2026-03-18"), (0.5, "ogx-2026-04-09")):
        recorded = recording(
            _found_request("Marigold", score),
            chat_answer("The Marigold is a trawler <|ship-0007|>."),
            test_id=test_id,
            dialect=dialect,
        )
        write(root, folder_of(test_id), recorded)


BROKEN: dict[str, Callable[[Path, str], None]] = {
    "unreadable": unreadable,
    "not-utf8": not_utf8,
    "byte-order-mark": byte_order_mark,
    "merge-markers": merge_markers,
    "invalid-json": invalid_json,
    "duplicate-keys": duplicate_keys,
    "not-a-number": not_a_number,
    "schema": schema,
    "bad-name": bad_name,
    "unreachable": unreachable,
    "stale": stale,
    "retired-kind": retired_kind,
    "response-id-mismatch": response_id_mismatch,
    "model-digest-mismatch": model_digest_mismatch,
    "misplaced": misplaced,
    "duplicate": duplicate,
    "finish-missing": finish_missing,
    "content-after-finish": content_after_finish,
    "tool-args-invalid": tool_args_invalid,
    "streaming-flag": streaming_flag,
    "endpoint-mismatch": endpoint_mismatch,
    "tool-name-undeclared": tool_name_undeclared,
    "choices-missing": choices_missing,
    "usage-not-sent": usage_not_sent,
    "usage-unrequested": usage_unrequested,
    "echo-differs": echo_differs,
    "not-canonical": not_canonical,
    "volatile-field": volatile_field,
    "orphan": orphan,
    "recorded-failure": recorded_failure,
    "recorded-exception": recorded_exception,
    "empty-answer": empty_answer,
    "foreign-host": foreign_host,
    "unknown-type": unknown_type,
    "oversized": oversized,
    "redundant": redundant,
}
"""How each rule is broken, by the rule's name."""


def _plain(test_id: str, *, answer: str = "The Marigold passed at noon.") -> Recorded:
    return recording(
        chat_request("Which ship passed at noon?"), chat_answer(answer), test_id=test_id
    )


def _asked_in_pieces(*, usage: bool = True) -> Document:
    """A question to be answered in a stream, with its usage at the end where that is asked for."""
    request = chat_request("Which ship passed at noon?", stream=True)
    if not usage:
        del request["body"]["stream_options"]
    return request


def _tide_call(fragments: list[str], *, name: str = "tide_table") -> Document:
    return tool_call_stream(name, fragments, call_id=_CALL_ID)


def _write(root: Path, test_id: str, request: Document, response: Document) -> None:
    write(root, folder_of(test_id), recording(request, response, test_id=test_id))


def _put(root: Path, recorded: Recorded, raw: bytes) -> None:
    """Write a recording, but with these bytes."""
    write(root, folder_of(recorded[1]["test_id"]), recorded).write_bytes(raw)


def _edited(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Bytes with the only occurrence of something replaced."""
    if raw.count(old) != 1:
        raise ValueError(f"{old!r} is there {raw.count(old)} times, not once")
    return raw.replace(old, new)


if __name__ == "__main__":
    make(EXAMPLES)
