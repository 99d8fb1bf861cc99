"""One recording, made ready to be read: its header, its request, its answer."""

from dataclasses import dataclass
from typing import Any

from recctl.conversation import Conversation, conversation
from recctl.dialects import Identity, Name, identify
from recctl.recording import Recording
from recctl.transcript import Transcript
from recctl.wire import assemble


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is shown of a recording. Null means that the recording does not say.

    `size` is in bytes. Where `transcript` is null, the
    answer's format is not known and `body` is all there is.
    """

    path: str
    hash: str | None
    kind: str | None
    test_id: str | None
    endpoint: str | None
    url: str | None
    model: str | None
    provider: str | None
    identity: Identity
    size: int
    chunks: int | None
    status: int | None
    request: Conversation
    exception: str | None
    transcript: Transcript | None
    body: Any


def sheet(path: str, recording: Recording) -> Sheet:
    """The sheet of a recording that was read from a path."""
    name = Name.parse(recording.file_name)
    status = recording.response.get("status")
    url = recording.request.get("url")
    return Sheet(
        path=path,
        hash=name.digits if name else None,
        kind=recording.kind,
        test_id=recording.test_id,
        endpoint=recording.endpoint,
        url=url if isinstance(url, str) else None,
        model=recording.model,
        provider=recording.provider,
        identity=identify(recording),
        size=recording.size,
        chunks=recording.chunks,
        status=status if type(status) is int else None,
        request=conversation(recording),
        exception=_exception(recording),
        transcript=assemble(recording.body, is_streaming=recording.is_streaming),
        body=recording.body,
    )


def _exception(recording: Recording) -> str | None:
    """The recorded exception in one text: its type, if that was kept, and its message."""
    if recording.response.get("is_exception") is not True:
        return None
    data = recording.response.get("exception_data")
    kind = data.get("type") if isinstance(data, dict) else None
    message = recording.response.get("exception_message")
    words = (one for one in (kind, message) if isinstance(one, str) and one)
    return ": ".join(words) or "no message was recorded"
