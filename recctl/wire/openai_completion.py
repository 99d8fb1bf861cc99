"""OpenAI text completions, the older interface that continues a prompt."""

from collections.abc import Mapping
from typing import Any

from recctl.transcript import Choice, Transcript
from recctl.wire.normal import finish, items, text, usage, without_nulls


def is_whole(type_name: str, data: Mapping[str, Any]) -> bool:
    """Whether a value is a text completion that was not streamed."""
    if type_name:
        return type_name.rpartition(".")[2] == "Completion"
    return any(isinstance(one, dict) and "text" in one for one in items(data.get("choices")))


def from_whole(data: Mapping[str, Any]) -> Transcript:
    """The transcript of a text completion. Never raises."""
    data = without_nulls(data)
    choices = tuple(
        _choice(one, place)
        for place, one in enumerate(items(data.get("choices")))
        if isinstance(one, dict)
    )
    created = data.get("created")
    return Transcript(
        format="openai-completion",
        complete=bool(choices) and all(one.finish_raw for one in choices),
        chunks=0,
        id=text(data.get("id")),
        created=created if type(created) in (int, float) else None,
        model=text(data.get("model")),
        system_fingerprint=text(data.get("system_fingerprint")),
        choices=choices,
        usage=usage(data.get("usage")),
    )


def _choice(data: Mapping[str, Any], place: int) -> Choice:
    index, said = data.get("index"), data.get("text")
    raw = text(data.get("finish_reason"))
    return Choice(
        index=index if type(index) is int else place,
        role="assistant",
        text=said if isinstance(said, str) else None,
        finish=finish(raw, has_tool_calls=False),
        finish_raw=raw,
        logprobs=data.get("logprobs"),
    )
