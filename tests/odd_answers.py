"""Answers that are odd, each in one way, as small as they can be."""

import sys
from typing import Any

from tests.build import (
    Document,
    chat_request,
    event_lines,
)

ASKED = chat_request("Is the lamp lit?", stream=True)


# Answers in pieces, as small as they can be


def streamed(*chunks: Any, **more: Any) -> Document:
    return {"body": list(chunks), "is_streaming": True, **more}


def events(*data: Document) -> Document:
    """Server-sent events, three lines each: the data of event n are line 3n + 1."""
    return streamed(*(line for one in data for line in event_lines(one)))


def chunk(delta: Document | None = None, finish: str | None = None, **more: Any) -> Document:
    """A chat chunk; `more` goes into its choice."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish, **more}
    return {"choices": [choice]}


def calling(*calls: Document) -> Document:
    return chunk({"role": "assistant", "tool_calls": list(calls)})


def call(arguments: str | None = "{}", name: str | None = "horn", **more: Any) -> Document:
    """A tool call, or a piece of one."""
    known = {"arguments": arguments, "name": name}
    return {"index": 0, "function": known, "id": f"call_{more.get('index', 0)}", **more}


def counted(given: int, taken: int, total: int | None = None, **more: Any) -> Document:
    """A chunk that counts tokens and says nothing."""
    sent = {"prompt_tokens": given, "completion_tokens": taken, "total_tokens": total}
    return {"choices": [], "usage": {**sent, **more}}


def part(text: str, finish: str | None = None, **more: Any) -> Document:
    """A chunk of Gemini."""
    said = {"parts": [{"text": text}], "role": "model"}
    return {"candidates": [{"content": said, "finish_reason": finish}], **more}


def block_event(kind: str, index: int, **more: Any) -> Document:
    return {"type": f"content_block_{kind}", "index": index, **more}


def text_delta(text: str, index: int = 0) -> Document:
    return block_event("delta", index, delta={"type": "text_delta", "text": text})


def message_delta(**usage: int) -> Document:
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


LIT = chunk({"role": "assistant", "content": "Lit."})
END = chunk({}, "stop")
CALLED = chunk({}, "tool_calls")

MESSAGE = {"id": "msg_1", "role": "assistant", "content": [], "usage": {"input_tokens": 7}}
START: Document = {"type": "message_start", "message": MESSAGE}
OPEN = block_event("start", 0, content_block={"type": "text", "text": ""})
CLOSE = block_event("stop", 0)
STOP: Document = {"type": "message_stop"}

COUNTS = {"prompt_token_count": 3, "candidates_token_count": 1, "total_token_count": 4}
TEXT_ITEM: Document = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Lit.", "annotations": []}],
}
RESPONSE: Document = {"id": "resp_1", "object": "response", "model": "keeper-1", "output": []}

DEEP = 600 if sys.version_info < (3, 12) else 1200
"""Too deep to be walked, yet not to be parsed: Python's own frames are what runs out."""

ODD: dict[str, tuple[int | None, Document]] = {
    # The stream as a whole.
    "stream-exception": (None, streamed(LIT, is_exception=True)),
    "stream-error": (1, streamed(LIT, {"error": {"message": "The bulb burst."}})),
    "empty-stream": (None, streamed()),
    "mixed-stream": (2, streamed(LIT, END, 7)),
    "terminal-missing": (None, events(START, OPEN, text_delta("Lit."), CLOSE, message_delta())),
    "sse-bad-json": (4, streamed(*event_lines(START), "event: ping", "data: {", "")),
    "sse-event-mismatch": (4, streamed(*event_lines(START), "event: ping", 'data: {"type":"x"}')),
    "sse-unterminated": (1, streamed(*event_lines(START)[:2])),
    "block-unstopped": (None, events(START, OPEN, text_delta("Lit."), message_delta(), STOP)),
    "block-index-gap": (
        None,
        events(START, block_event("start", 1, content_block={"type": "text"}), STOP),
    ),
    "block-not-started": (4, events(START, text_delta("Lit."), message_delta(), STOP)),
    "text-differs": (
        None,
        streamed(
            {"type": "response.created", "response": RESPONSE},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Unlit."},
            {"type": "response.completed", "response": {**RESPONSE, "output": [TEXT_ITEM]}},
        ),
    ),
    "too-deep": (
        0,
        streamed('data: {"choices":[{"delta":{"fog":' + "[" * DEEP + "]" * DEEP + "}}]}", ""),
    ),
    # How an answer ends.
    "finish-missing": (None, streamed(LIT)),
    "finish-duplicate": (2, streamed(LIT, END, END)),
    "finish-not-last": (0, streamed(part("Lit.", "STOP"), {"usage_metadata": COUNTS})),
    "finish-empty-string": (0, streamed(chunk({"content": "Lit."}, ""), END)),
    "content-after-finish": (2, streamed(LIT, END, chunk({"content": "Or not."}))),
    "chunk-after-finish": (2, streamed(LIT, END, chunk())),
    "truncated-length": (None, streamed(LIT, chunk({}, "length"))),
    "empty-completion": (None, streamed(chunk({"role": "assistant"}, "stop"))),
    "prompt-blocked": (None, streamed({"prompt_feedback": {"block_reason": "SAFETY"}})),
    # Roles and choices.
    "role-repeated": (1, streamed(LIT, LIT, END)),
    "role-changed": (1, streamed(LIT, chunk({"role": "tool"}, "stop"))),
    "role-missing": (None, streamed(chunk({"content": "Lit."}, "stop"))),
    "choice-index-gap": (None, streamed(chunk({"content": "Lit."}, "stop", index=1))),
    "choice-order": (1, streamed(chunk({"content": "Lit."}, "stop", index=1), LIT)),
    # Tool calls.
    "tool-index-gap": (None, streamed(calling(call(index=1)), CALLED)),
    "tool-index-missing": (0, streamed(calling(call(index=None)), CALLED)),
    "tool-index-reused": (1, streamed(calling(call()), calling(call(id="call_b")), CALLED)),
    "tool-interleaved": (
        2,
        streamed(calling(call("{")), calling(call(index=1)), calling(call("}", None)), CALLED),
    ),
    "tool-id-missing": (None, streamed(calling(call(id=None)), CALLED)),
    "tool-id-duplicate": (None, streamed(calling(call(), call(index=1, id="call_0")), CALLED)),
    "tool-id-repeated": (1, streamed(calling(call("{")), calling(call("}", None)), CALLED)),
    "tool-name-missing": (None, streamed(calling(call(name=None)), CALLED)),
    "tool-name-repeated": (1, streamed(calling(call("{")), calling(call("}", id=None)), CALLED)),
    "tool-name-split": (1, streamed(calling(call("")), calling(call("{}", "_twice")), CALLED)),
    "tool-name-changed": (1, streamed(calling(call("{")), calling(call("}", "lamp")), CALLED)),
    "tool-args-empty": (None, streamed(calling(call("")), CALLED)),
    "tool-args-invalid": (None, streamed(calling(call('{"times":')), CALLED)),
    "tool-args-not-object": (None, streamed(calling(call("[2]")), CALLED)),
    "tools-finish-mismatch": (None, streamed(calling(call()), END)),
    "finish-without-tools": (None, streamed(LIT, CALLED)),
    # Usage.
    "usage-missing": (None, streamed(part("Lit.", "STOP"))),
    "usage-multiple": (3, streamed(LIT, END, counted(3, 1), counted(3, 2))),
    "usage-decreasing": (3, streamed(LIT, END, counted(3, 2), counted(3, 1))),
    "usage-not-last": (0, streamed(counted(3, 1), LIT, END)),
    "usage-sum": (None, streamed(LIT, END, counted(3, 1, 5))),
    "usage-parts": (
        None,
        streamed(LIT, END, counted(3, 1, prompt_tokens_details={"cached_tokens": 9})),
    ),
    "usage-revised": (
        10,
        events(START, OPEN, CLOSE, message_delta(input_tokens=73, output_tokens=1), STOP),
    ),
    # Fields that should stay the same.
    "id-changed": (1, streamed({**LIT, "id": "rec-a"}, {**END, "id": "rec-b"})),
    "model-changed": (1, streamed({**LIT, "model": "fog-1b"}, {**END, "model": "fog-2b"})),
    "created-changed": (1, streamed({**LIT, "created": 1}, {**END, "created": 2})),
    "set-late": (1, streamed({"choices": [], "model": ""}, {**LIT, "model": "fog-1b"}, END)),
    "object-unexpected": (0, streamed({**LIT, "object": "lantern"}, END)),
    # Reasoning and log probabilities.
    "reasoning-duplicated": (
        None,
        streamed(LIT, chunk({"reasoning": "Fog.", "reasoning_content": "Fog."}), END),
    ),
    "inline-reasoning-tags": (
        None,
        streamed(chunk({"role": "assistant", "content": "<think>Fog.</think>Lit."}, "stop")),
    ),
    "logprobs-differ": (
        None,
        streamed(LIT, chunk({}, "stop", logprobs={"content": [{"token": "Unlit."}]})),
    ),
}
"""Of every oddity: the chunk it is seen at, if it is one chunk, and an answer that has it."""
