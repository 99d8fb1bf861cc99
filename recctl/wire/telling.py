"""Which wire formats there are, and how a value is told to be of one. Loads none of them."""

from functools import lru_cache

from recctl.shapes import fields, items, text
from recctl.wire.format import Format, Object

_NO_CHAT = ("text_completion", "completion.chunk")
_NOT_IN_CHUNK = ("message", "text")
"""Told apart by these, a chunk may have no choices, or choices without a delta."""

_COMPLETIONS = ("Completion", "TextCompletionResponse")
_RESPONSES_MODULE = "openai.types.responses."
_ANTHROPIC_EVENTS = (
    *("message_start", "message_delta", "message_stop"),
    *("content_block_start", "content_block_delta", "content_block_stop"),
)
_GEMINI_MARKS = {
    *("candidates", "usage_metadata", "usageMetadata", "prompt_feedback", "promptFeedback"),
}
_INTERACTION_EVENTS = ("interaction.", "content.", "step.")
_INTERACTION_LISTS = ("outputs", "steps")
_INTERACTIONS_MODULE = "google.genai."
_OLLAMA_CLASSES = ("GenerateResponse", "ChatResponse")


def _is_chat_chunk(class_name: str, data: Object) -> bool:
    if class_name:
        return class_name.rpartition(".")[2] in ("ChatCompletionChunk", "ModelResponseStream")
    choices = [fields(choice) for choice in items(data.get("choices"))]
    if data.get("object") in _NO_CHAT:
        return False
    if any(isinstance(choice.get("delta"), dict) for choice in choices):
        return True
    if data.get("object"):
        return bool(data["object"] == "chat.completion.chunk")
    return "choices" in data and all(one.keys().isdisjoint(_NOT_IN_CHUNK) for one in choices)


def _is_chat(class_name: str, data: Object) -> bool:
    if class_name:
        return class_name.rpartition(".")[2] in ("ChatCompletion", "ModelResponse")
    return any("message" in fields(choice) for choice in items(data.get("choices")))


def _is_completion(class_name: str, data: Object) -> bool:
    if class_name:
        return class_name.rpartition(".")[2] in _COMPLETIONS
    return data.get("object") in _NO_CHAT or any(
        isinstance(fields(choice).get("text"), str) for choice in items(data.get("choices"))
    )


def _is_responses_event(class_name: str, data: Object) -> bool:
    if class_name.startswith(_RESPONSES_MODULE):
        return class_name.endswith("Event")
    kind = data.get("type")
    if not isinstance(kind, str):
        return False
    if kind.startswith("response."):
        return True
    # Anthropic's errors hold an error object, these are one.
    own_error = kind == "error" and "error" not in data
    return own_error or (kind == "keepalive" and data.get("sequence_number") is not None)


def _is_response(class_name: str, data: Object) -> bool:
    return data.get("object") == "response" or class_name == f"{_RESPONSES_MODULE}response.Response"


def _is_anthropic_event(class_name: str, data: Object) -> bool:
    if class_name and not class_name.startswith("anthropic."):
        return False
    return data.get("type") in _ANTHROPIC_EVENTS or _is_anthropic_error(data)


def _is_anthropic_error(data: Object) -> bool:
    """Whether an event is Anthropic's error; that of OpenAI's responses is numbered."""
    numbered = data.get("sequence_number") is not None
    return data.get("type") == "error" and isinstance(data.get("error"), dict) and not numbered


def _is_message(class_name: str, data: Object) -> bool:
    if class_name and not class_name.startswith("anthropic."):
        return False
    return data.get("type") == "message" and isinstance(data.get("content"), list)


def _is_gemini(class_name: str, data: Object) -> bool:
    if class_name:
        return class_name.rpartition(".")[2] == "GenerateContentResponse"
    return not _GEMINI_MARKS.isdisjoint(data)


def interaction_event(data: Object) -> str:
    """The type of an event of Gemini's interactions, under either of its names."""
    return text(data.get("event_type")) or text(data.get("type")) or ""


def _is_interaction_event(class_name: str, data: Object) -> bool:
    if class_name and not class_name.startswith(_INTERACTIONS_MODULE):
        return False
    kind = interaction_event(data)
    return kind.startswith(_INTERACTION_EVENTS) or (kind == "error" and "event_type" in data)


def _is_interaction(class_name: str, data: Object) -> bool:
    if class_name and not class_name.startswith(_INTERACTIONS_MODULE):
        return False
    if data.get("object") == "interaction":
        return True
    return isinstance(data.get("status"), str) and any(
        isinstance(data.get(name), list) for name in _INTERACTION_LISTS
    )


def _is_ollama(class_name: str, data: Object) -> bool:
    if class_name:
        return class_name.rpartition(".")[2] in _OLLAMA_CLASSES
    return isinstance(data.get("done"), bool) and (
        isinstance(data.get("message"), dict) or isinstance(data.get("response"), str)
    )


FORMATS = tuple(
    Format(name, f"recctl.wire.{module}", is_chunk, is_whole)
    for name, module, is_chunk, is_whole in (
        ("openai-chat", "openai_chat", _is_chat_chunk, _is_chat),
        ("openai-completion", "openai_completion", _is_completion, _is_completion),
        ("openai-responses", "openai_responses", _is_responses_event, _is_response),
        ("anthropic", "anthropic", _is_anthropic_event, _is_message),
        ("gemini", "gemini", _is_gemini, _is_gemini),
        ("gemini-interactions", "interactions", _is_interaction_event, _is_interaction),
        ("ollama", "ollama", _is_ollama, _is_ollama),
    )
)
"""Every streamed format; the first that knows a value takes it."""

_TOLD_BY_CLASS = FORMATS[:2]
"""Those that look at nothing but the class where there is one, before any that look further."""


@lru_cache(maxsize=256)
def of_class(class_name: str) -> Format | None:
    """The format of every chunk of a class; null where it takes more than the class to tell."""
    if not class_name:
        return None
    return next((form for form in _TOLD_BY_CLASS if form.is_chunk(class_name, {})), None)
