"""Recordings made to order, for tests and examples.

A request and a response make a recording: `recording(chat_request("Any fog?"), chat_answer("No."))`
gives its file name and its document. Everything here is pure, but for `write`.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from recctl.dialects import Dialect, Name, material_under, name_under, published
from recctl.hashing import canonical, request_hash
from recctl.recording import Kind, Recording

Document = dict[str, Any]

Recorded = tuple[str, Document]
"""A file name and the document of that file."""

TEST = "tests/integration/chat/test_keeper.py::test_answers"
"""The test that owns a recording where none is named."""

OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://localhost:11434"

_CHUNKS_OF_A_FILE = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
}
"""How the recorder had files cut: part of the hash, but not kept in the recording."""

_EPOCH = "1970-01-01T00:00:00.000000Z"
"""What the recorder writes for every time."""


# Whole recordings


def recording(
    request: Document,
    response: Document,
    *,
    test_id: str | None = TEST,
    dialect: str | None = None,
) -> Recorded:
    """The file name and document that a recorder makes of an interaction.

    `dialect` names the one to hash by; without it, the newest. Ids of typed answers are set.
    """
    if Recording("", {"request": request}, 0).kind is not Kind.INFERENCE:
        request = {"test_id": test_id, **request}
    document: Document = {"test_id": test_id, "request": request, "response": response}
    name = _name(dialect_named(dialect) if dialect else published().target, document)
    body = _with_ids(response["body"], f"rec-{name.short_hash}")
    document["response"] = {**response, "body": body}
    document["id_normalization_mapping"] = {}
    return str(name), document


def dialect_named(name: str) -> Dialect:
    """The published dialect of that name."""
    return next(dialect for dialect in published().dialects if dialect.name == name)


def folder_of(test_id: str | None) -> str:
    """The folder a test's recordings lie in; the shared one where there is no test."""
    if test_id is None:
        return published().shared_folder
    test_file = Path(test_id.partition("::")[0])
    return (test_file.parent / published().beside_test).as_posix()


def write(root: Path, folder: str, recorded: Recorded) -> Path:
    """Write a recording as the recorder does, and give its path."""
    name, document = recorded
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canonical(document))
    return path


# Requests


def inference_request(
    base: str, endpoint: str, body: Document, *, metadata: Document | None = None
) -> Document:
    """A call through a provider's client, whose url is the client's base and the endpoint."""
    request: Document = {
        "method": "POST",
        "url": base + endpoint,
        "headers": {},
        "body": body,
        "endpoint": endpoint,
        "model": body.get("model", ""),
    }
    return request if metadata is None else {**request, "provider_metadata": metadata}


def chat_request(
    asked: str | Sequence[Document],
    *,
    base: str = OPENAI,
    model: str = "gpt-4o-mini",
    stream: bool = False,
    metadata: Document | None = None,
    **parameters: Any,
) -> Document:
    """A chat: one question of the user, or all messages. A stream ends in its usage."""
    body: Document = {"model": model, "messages": _messages(asked), **parameters, "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return inference_request(base, "/v1/chat/completions", body, metadata=metadata)


def completion_request(
    prompt: str, *, model: str = "llama3.2:3b", max_tokens: int = 24
) -> Document:
    """A text to be continued."""
    body = {"model": model, "prompt": prompt, "max_tokens": max_tokens}
    return inference_request(OLLAMA + "/v1", "/v1/completions", body)


def embedding_request(texts: Sequence[str], *, model: str = "text-embedding-3-small") -> Document:
    """Texts to be made into vectors."""
    body = {"model": model, "input": list(texts), "encoding_format": "float"}
    return inference_request(OPENAI, "/v1/embeddings", body)


def models_request(base: str = OLLAMA + "/v1") -> Document:
    """The question which models there are."""
    return inference_request(base, "/v1/models", {})


def generate_request(prompt: str, *, model: str = "llama3.2:3b") -> Document:
    """A prompt at Ollama's own endpoint, answered in a stream."""
    body = {"model": model, "prompt": prompt, "options": {"temperature": 0.0}, "stream": True}
    return inference_request(OLLAMA, "/api/generate", body)


def gemini_request(
    prompt: str, *, model: str = "publishers/google/models/gemini-2.0-flash"
) -> Document:
    """A prompt to Gemini. That the answer is a stream shows in the url alone."""
    contents = [{"role": "user", "parts": [{"text": prompt}]}]
    body = {"model": model, "contents": contents, "config": {}}
    metadata = {"provider": "vertexai"}
    return inference_request("vertexai://", "/generate_content_stream", body, metadata=metadata)


def http_request(url: str, payload: Document) -> Document:
    """A call over plain HTTP. Its test id is set by `recording`."""
    return {"url": url, "method": "POST", "payload": payload}


def tool_request(tool: str, arguments: Document, *, provider: str = "tavily") -> Document:
    """A call of a tool. Its test id is set by `recording`."""
    return {"provider": provider, "tool_name": tool, "kwargs": arguments}


def file_request(file_id: str, *, provider: str = "pypdf") -> Document:
    """A file handed to a file processor: the retired kind."""
    return {"provider": provider, "api": "file_processors", "file_id": file_id}


def function(name: str, description: str, **parameters: str) -> Document:
    """A function that a model may call, as a request declares it: parameter -> description."""
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    declared = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": declared}


# Messages of a chat


def user(text: str) -> Document:
    """What the user said."""
    return {"role": "user", "content": text}


def assistant_call(call_id: str, name: str, arguments: str) -> Document:
    """The assistant's call of a function, as a later request repeats it."""
    call = {
        "index": 0,
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def tool_message(call_id: str, content: str) -> Document:
    """What the called function gave back."""
    return {"role": "tool", "tool_call_id": call_id, "content": content}


# Responses


def chat_stream(
    pieces: Sequence[str],
    *,
    model: str = "gpt-4o-mini-2024-07-18",
    finish: str = "stop",
    usage: tuple[int, int] | None = (12, 9),
) -> Document:
    """A chat answer in chunks: the role, each piece, the finish, the usage if there is any."""
    deltas = [_delta(role="assistant", content=""), *(_delta(content=piece) for piece in pieces)]
    return _chat_chunks(deltas, model, finish, usage)


def tool_call_stream(
    name: str,
    fragments: Sequence[str],
    *,
    call_id: str,
    model: str = "gpt-4o-mini-2024-07-18",
    usage: tuple[int, int] | None = (48, 15),
) -> Document:
    """A tool call in chunks: id and name first, then the arguments in fragments."""
    opened = {
        "index": 0,
        "id": call_id,
        "function": {"arguments": "", "name": name},
        "type": "function",
    }
    deltas = [_delta(role="assistant", tool_calls=[opened])]
    for fragment in fragments:
        more = {
            "index": 0,
            "id": None,
            "function": {"arguments": fragment, "name": None},
            "type": None,
        }
        deltas.append(_delta(tool_calls=[more]))
    return _chat_chunks(deltas, model, "tool_calls", usage)


def chat_answer(
    content: str,
    *,
    model: str = "gpt-4o-mini-2024-07-18",
    finish: str = "stop",
    usage: tuple[int, int] = (12, 9),
) -> Document:
    """A chat answer in one piece."""
    message: Document = {
        "content": content,
        "refusal": None,
        "role": "assistant",
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    data = {
        "id": "",
        "choices": [{"finish_reason": finish, "index": 0, "logprobs": None, "message": message}],
        "created": 0,
        "model": model,
        "object": "chat.completion",
        "service_tier": "default",
        "system_fingerprint": "fp_5ea11947",
        "usage": _usage(usage),
    }
    return _answer(_typed("openai.types.chat.chat_completion.ChatCompletion", data))


def completion(
    text: str, *, model: str = "llama3.2:3b", usage: tuple[int, int] = (17, 24)
) -> Document:
    """A continued text."""
    data = {
        "id": "",
        "choices": [{"finish_reason": "length", "index": 0, "logprobs": None, "text": text}],
        "created": 0,
        "model": model,
        "object": "text_completion",
        "system_fingerprint": "fp_ollama",
        "usage": {
            "completion_tokens": usage[1],
            "prompt_tokens": usage[0],
            "total_tokens": sum(usage),
            "completion_tokens_details": None,
            "prompt_tokens_details": None,
        },
    }
    return _answer(_typed("openai.types.completion.Completion", data))


def embeddings(
    vectors: Sequence[Sequence[float]], *, model: str = "text-embedding-3-small", tokens: int = 6
) -> Document:
    """A vector for each text. This answer has no id."""
    data = {
        "data": [
            {"embedding": list(vector), "index": index, "object": "embedding"}
            for index, vector in enumerate(vectors)
        ],
        "model": model,
        "object": "list",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return _answer(_typed("openai.types.create_embedding_response.CreateEmbeddingResponse", data))


def model_list(ids: Sequence[str], *, owner: str = "library") -> Document:
    """The models there are: a list that is no stream, with ids that are never replaced."""
    models = [
        {"id": one, "created": 1750000000, "object": "model", "owned_by": owner} for one in ids
    ]
    return _answer([_typed("openai.types.model.Model", model) for model in models])


def generate_stream(
    pieces: Sequence[str], *, model: str = "llama3.2:3b", prompt_tokens: int = 14
) -> Document:
    """Ollama's own stream: the pieces, then a chunk with the counts."""
    chunks = [_generated(model, piece) for piece in pieces]
    counts = {
        "done": True,
        "done_reason": "stop",
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": prompt_tokens,
        "prompt_eval_duration": 0,
        "eval_count": len(pieces) + 1,
        "eval_duration": 0,
    }
    chunks.append({**_generated(model, ""), **counts})
    return _stream([_typed("ollama._types.GenerateResponse", chunk) for chunk in chunks])


def gemini_stream(
    pieces: Sequence[str],
    *,
    model: str = "gemini-2.0-flash",
    response_id: str = "beacon0001",
    prompt_tokens: int = 11,
) -> Document:
    """Gemini's stream of plain objects: the last has the finish and the counts."""
    chunks = []
    for number, piece in enumerate(pieces, start=1):
        last = number == len(pieces)
        candidate: Document = {"content": {"parts": [{"text": piece}], "role": "model"}}
        usage: Document = {"traffic_type": "ON_DEMAND"}
        if last:
            candidate["finish_reason"] = "STOP"
            usage = {
                "candidates_token_count": len(pieces),
                "prompt_token_count": prompt_tokens,
                "total_token_count": prompt_tokens + len(pieces),
                **usage,
            }
        chunk = {
            "sdk_http_response": {"headers": {"Content-Type": "text/event-stream"}},
            "candidates": [candidate],
            "create_time": _EPOCH,
            "model_version": model,
            "response_id": response_id,
            "usage_metadata": usage,
        }
        chunks.append(chunk)
    return _stream(chunks)


def messages_stream(
    pieces: Sequence[str],
    *,
    model: str = "llama3.2:3b",
    message_id: str = "msg_1a4b0001",
    usage: tuple[int, int] = (15, 8),
) -> Document:
    """Anthropic's stream of one text block, as lines of server-sent events."""
    message = {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "usage": {"input_tokens": usage[0], "output_tokens": 0},
    }
    deltas = [
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": piece},
        }
        for piece in pieces
    ]
    text = {"type": "text", "text": ""}
    ended = {"input_tokens": usage[0], "output_tokens": usage[1]}
    events: list[Document] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": text},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": ended},
        {"type": "message_stop"},
    ]
    return _stream([line for event in events for line in event_lines(event)])


def event_lines(event: Document) -> list[str]:
    """A server-sent event in lines; an empty one ends it."""
    return [f"event: {event['type']}", f"data: {json.dumps(event, separators=(',', ':'))}", ""]


def http_answer(body: Document, *, status: int = 200) -> Document:
    """The answer to a plain HTTP call."""
    return {"status": status, **_answer(body)}


def tool_result(content: str) -> Document:
    """What a tool gave back."""
    data = {"content": content, "error_message": None, "error_code": None, "metadata": None}
    return _answer(_typed("lighthouse.tools.ToolInvocationResult", data))


def file_result(pieces: Sequence[str]) -> Document:
    """The pieces that a file processor made of a file."""
    chunks = [
        {"content": piece, "chunk_id": f"piece-{number}", "metadata": {"page": number}}
        for number, piece in enumerate(pieces, start=1)
    ]
    data = {"chunks": chunks, "metadata": {"processor": "pypdf", "page_count": len(pieces)}}
    return _answer(_typed("lighthouse.file_processors.ProcessFileResponse", data))


def exception(
    message: str, *, provider: str = "openai", kind: str = "BadRequestError", status: int = 400
) -> Document:
    """A call that raised: no body, and the exception to raise again."""
    data = {
        "category": "provider_sdk",
        "provider": provider,
        "type": kind,
        "message": message,
        "status_code": status,
    }
    return {
        **_answer(None),
        "is_exception": True,
        "exception_data": data,
        "exception_message": message,
    }


# Parts


def _name(dialect: Dialect, document: Document) -> Name:
    draft = Recording("", document, 0)
    if draft.kind is not Kind.FILE:
        return name_under(dialect, draft)
    material = {**material_under(dialect, draft), "chunking_strategy": _CHUNKS_OF_A_FILE}
    return Name(request_hash(material))


def _with_ids(body: Any, one: str) -> Any:
    """A body whose typed values have the recorder's id, where they have any."""
    if isinstance(body, list):
        return [_with_ids(item, one) for item in body]
    data = body.get("__data__") if isinstance(body, dict) else None
    if not isinstance(data, dict) or "id" not in data or data.get("object") == "model":
        return body
    return {**body, "__data__": {**data, "id": one}}


def _messages(asked: str | Sequence[Document]) -> list[Document]:
    return [user(asked)] if isinstance(asked, str) else list(asked)


def _answer(body: Any) -> Document:
    return {"body": body, "is_streaming": False}


def _stream(body: Sequence[Any]) -> Document:
    return {"body": list(body), "is_streaming": True}


def _typed(class_name: str, data: Mapping[str, Any]) -> Document:
    return {"__type__": class_name, "__data__": dict(data)}


def _delta(**fields: Any) -> Document:
    declared = ("content", "function_call", "refusal", "role", "tool_calls")
    return {**dict.fromkeys(declared), **fields}


def _chat_chunks(
    deltas: Sequence[Document], model: str, finish: str, usage: tuple[int, int] | None
) -> Document:
    choices = [[_choice(delta, None)] for delta in deltas]
    choices.append([_choice(_delta(), finish)])
    counts: list[Document | None] = [None] * len(choices)
    if usage is not None:
        choices.append([])
        counts.append(_usage(usage))
    chunks = [
        {
            "id": "",
            "choices": chosen,
            "created": 0,
            "model": model,
            "object": "chat.completion.chunk",
            "service_tier": "default",
            "system_fingerprint": "fp_5ea11947",
            "usage": count,
            "obfuscation": _obfuscation(number),
        }
        for number, (chosen, count) in enumerate(zip(choices, counts, strict=True))
    ]
    name = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"
    return _stream([_typed(name, chunk) for chunk in chunks])


def _choice(delta: Document, finish: str | None) -> Document:
    return {"delta": delta, "finish_reason": finish, "index": 0, "logprobs": None}


def _obfuscation(number: int) -> str:
    """Padding of changing length, as the provider adds it; here always the same."""
    return sha256(f"fog {number}".encode()).hexdigest()[: number * 5 % 13 + 1]


def _usage(counts: tuple[int, int]) -> Document:
    prompt, answer = counts
    return {
        "completion_tokens": answer,
        "prompt_tokens": prompt,
        "total_tokens": prompt + answer,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
    }


def _generated(model: str, piece: str) -> Document:
    unset = (
        "done_reason",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
    )
    return {
        "model": model,
        "created_at": _EPOCH,
        "done": False,
        **dict.fromkeys(unset),
        "response": piece,
        "thinking": None,
        "context": None,
    }
