"""Provider answers to transcripts. A format is told by what the answer is, never by the request.

Nothing is imported that an answer names: a type is a word here.
"""

from typing import Any

from recctl.transcript import Transcript
from recctl.wire import openai_chat, openai_completion

__all__ = ["assemble"]


def assemble(body: Any, *, is_streaming: bool) -> Transcript | None:
    """The transcript of a response body; null where its format is not known.

    A list that is no stream (of models, say) is not known either.
    """
    if not isinstance(body, list):
        type_name, data = _unwrapped(body)
        if openai_chat.is_whole(type_name, data):
            return openai_chat.from_whole(data)
        if openai_completion.is_whole(type_name, data):
            return openai_completion.from_whole(data)
        return None
    if not is_streaming or not any(openai_chat.is_chunk(*_unwrapped(one)) for one in body):
        return None
    return openai_chat.assemble(_unwrapped(one)[1] for one in body)


def _unwrapped(value: Any) -> tuple[str, dict[str, Any]]:
    """The name of a typed value's class and its data; "" and an object's own for any other."""
    if not isinstance(value, dict):
        return "", {}
    data = value.get("__data__")
    if isinstance(value.get("__type__"), str) and isinstance(data, dict):
        return value["__type__"], data
    return "", value
