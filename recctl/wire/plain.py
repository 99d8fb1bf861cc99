"""Answers that are never streamed: embeddings, model lists, tool results, ranks, exceptions."""

from collections.abc import Callable, Mapping
from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, Transcript
from recctl.wire.normal import usage, without_nulls


def from_whole(class_name: str, data: Any) -> Transcript:
    """The transcript of an answer of no format that can be streamed. Never raises."""
    if isinstance(data, list):
        return _models(data) if lists_models(data) or not data else unknown(complete=True)
    if not isinstance(data, dict):
        return unknown(complete=data is not None)
    data = without_nulls(data)
    short = class_name.rpartition(".")[2]
    for is_such, read in _READERS:
        if is_such(short, data):
            return read(data)
    return unknown(complete=True)


def exception(response: Mapping[str, Any]) -> Transcript:
    """The transcript of a recorded exception: no answer, and what was raised."""
    raised = fields(response.get("exception_data"))
    extra = {
        "type": raised.get("type"),
        "message": response.get("exception_message") or raised.get("message"),
    }
    return _transcript("exception", complete=False, extra=without_nulls(extra))


def unknown(*, complete: bool) -> Transcript:
    """The transcript of an answer that nothing is known about."""
    return _transcript("unknown", complete=complete)


def lists_models(values: list[Any]) -> bool:
    """Whether a list is one of models, which is never a stream. An empty one may be anything."""
    names = (fields(value).get("__type__") for value in values)
    are_models = all(isinstance(one, str) and one.endswith(".Model") for one in names)
    return bool(values) and are_models


def _lists_models(short: str, data: Mapping[str, Any]) -> bool:
    return short in ("ListResponse", "ProcessResponse") or isinstance(data.get("models"), list)


def _models(values: list[Any]) -> Transcript:
    unwrapped = [fields(value).get("__data__", value) for value in values]
    ids = [fields(one).get("id") or fields(one).get("model") for one in unwrapped]
    return _transcript("models", complete=True, extra={"models": [one for one in ids if one]})


def _has_embeddings(short: str, data: Mapping[str, Any]) -> bool:
    rows = items(data.get("data"))
    return "Embed" in short or "embeddings" in data or any("embedding" in fields(r) for r in rows)


def _embeddings(data: Mapping[str, Any]) -> Transcript:
    """Vectors are counted, not copied: a transcript is for reading."""
    vectors = [fields(one).get("embedding") for one in items(data.get("data"))]
    vectors = vectors or items(data.get("embeddings"))
    values = [fields(one).get("values", one) for one in vectors]
    lengths = sorted({len(one) for one in values if isinstance(one, (list, str))})
    extra = {"vectors": len(values), "dimensions": lengths}
    return _transcript("embeddings", complete=True, data=data, extra=extra)


def _tool_result(data: Mapping[str, Any]) -> Transcript:
    content = data.get("content")
    parts = [fields(one).get("text") for one in items(content)]
    said = content if isinstance(content, str) else "\n".join(filter(None, map(text, parts)))
    extra = {key: value for key, value in data.items() if key != "content"}
    choice = Choice(0, "tool", said, extra=extra)
    return _transcript("tool-result", complete=True, choices=(choice,))


def _ranks(data: Mapping[str, Any]) -> Transcript:
    return _transcript("rerank", complete=True, data=data, extra={"results": data["results"]})


def _error(data: Mapping[str, Any]) -> Transcript:
    return _transcript("error", complete=False, extra={"error": data["error"]})


def _transcript(
    name: str,
    *,
    complete: bool,
    data: Mapping[str, Any] | None = None,
    choices: tuple[Choice, ...] = (),
    extra: Mapping[str, Any] | None = None,
) -> Transcript:
    known = data or {}
    return Transcript(
        format=name,
        complete=complete,
        id=text(known.get("id")),
        model=text(known.get("model")),
        choices=choices,
        usage=usage(known.get("usage")),
        extra=extra or {},
    )


_READERS: tuple[
    tuple[
        Callable[[str, Mapping[str, Any]], bool],
        Callable[[Mapping[str, Any]], Transcript],
    ],
    ...,
] = (
    (_lists_models, lambda data: _models(items(data.get("models")))),
    (_has_embeddings, _embeddings),
    (lambda short, _: short == "ToolInvocationResult", _tool_result),
    (lambda _, data: isinstance(data.get("results"), list), _ranks),
    (lambda _, data: "error" in data, _error),
)
"""How each kind of answer is told, by its class or its keys, and read; the first that fits."""
