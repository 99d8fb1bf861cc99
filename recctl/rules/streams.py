"""Rules on answers: what reading them found odd, and what does not go with the request.

The oddities that can be told from an answer alone are rows of `recctl/wire/oddities.py`; each is
a rule by itself. The generators here compare an answer with its request, or with other files.
"""

from collections.abc import Iterator, Sequence
from json import loads

from recctl.conversation import Call
from recctl.diagnostics import Violation
from recctl.rules.subject import Check, Member, Subject
from recctl.transcript import ToolCall, Transcript
from recctl.wire.oddities import OddityKind

_ADVICE = {
    "error": "look at it with `recctl show FILE --chunks`; then restore it, or record again.",
    "warning": "look at it with `recctl show FILE --chunks`, and record again if it is not meant.",
    "info": "nothing, if your client can read it.",
}

_NONE: Iterator[Violation] = iter(())


def check_of(kind: OddityKind) -> Check:
    """The check, with its documentation, that finds one kind of oddity."""
    code = kind.name
    title = kind.title[0].lower() + kind.title[1:].rstrip(".")

    def check(subject: Subject) -> Iterator[Violation]:
        # No generator: most answers have no oddity of the many kinds.
        answer = subject.answer
        return _told(subject, code, title) if answer and answer.transcript.warnings else _NONE

    check.__doc__ = f"{kind.title}\n\n{kind.why}\n\nWhat to do: {_ADVICE[kind.severity.value]}"
    return check


def _told(subject: Subject, code: str, title: str) -> Iterator[Violation]:
    has_chunks = subject.recording is not None and isinstance(subject.recording.body, list)
    for oddity in subject.answer.transcript.warnings if subject.answer else ():
        if oddity.code == code:
            place = f"/{oddity.at}" if has_chunks and oddity.at is not None else ""
            yield Violation(f"/response/body{place}", f"{title}: {oddity.detail}")


def streaming_flag(subject: Subject) -> Iterator[Violation]:
    """The recording says that the answer is a stream where it is none, or the other way round.

    A replay gives chunks one by one to a client that waits for one object, or the other way. A
    list of models is a list, but no stream.

    What to do: restore the file, or record again.
    """
    if subject.recording is None or "is_streaming" not in subject.recording.response:
        return
    if not isinstance(subject.recording.response["is_streaming"], bool):
        return  # the schema's affair
    body = subject.recording.body
    raised = subject.recording.response.get("is_exception") is True
    models = subject.answer is not None and subject.answer.transcript.format == "models"
    is_stream = isinstance(body, list) and not models
    if subject.recording.is_streaming is not is_stream and not raised:
        told = "true" if subject.recording.is_streaming else "false"
        found = "a list of chunks" if is_stream else "a list of models" if models else "no list"
        yield Violation("/response/is_streaming", f"{told}, but the body is {found}")


def endpoint_mismatch(subject: Subject) -> Iterator[Violation]:
    """The answer is of another endpoint than the one that was called.

    Chat chunks at `/v1/completions`, say. The client was called with the arguments of the one and
    the recording keeps the address of the other.

    What to do: look at the test; the wrong client method may have been patched.
    """
    transcript = _transcript(subject)
    called = subject.recording.endpoint if subject.recording else None
    if transcript is None or called is None:
        return
    chat = called.endswith("/chat/completions")
    text = called.endswith("/completions") and not chat
    if (chat and transcript.format == "openai-completion") or (
        text and transcript.format == "openai-chat"
    ):
        yield Violation("/request/endpoint", f"{called} was answered in {transcript.format}")


def tool_name_undeclared(subject: Subject) -> Iterator[Violation]:
    """The answer calls a tool that the request did not offer.

    Models make names up, and some servers leak their own markup into them. A client cannot run
    such a tool.

    What to do: record again, unless the test is about that.
    """
    if subject.request is None:
        return
    offered = {tool.name for tool in subject.request.tools}
    for call in _calls(_transcript(subject)) if offered else ():
        if call.name and call.name not in offered:
            yield Violation("/response/body", f"{call.name!r} is called, which was not offered")


def choices_missing(subject: Subject) -> Iterator[Violation]:
    """The answer has another number of choices than the request asked for.

    The request's `n` asks for several; a server that does not know it gives one.

    What to do: record again, unless the test is about that.
    """
    transcript = _transcript(subject)
    asked = subject.recording.sent.get("n") if subject.recording else None
    if transcript is None or not transcript.choices or not isinstance(asked, int):
        return
    if len(transcript.choices) != asked:
        yield Violation(
            "/request/body/n", f"{asked} were asked for, {len(transcript.choices)} came"
        )


def usage_not_sent(subject: Subject) -> Iterator[Violation]:
    """The request asked for usage and the stream has none.

    `stream_options.include_usage` asks for a last chunk with the token counts.

    What to do: record again; the stream may have been cut off before it.
    """
    transcript = _streamed_chat(subject)
    if transcript is not None and _asked_for_usage(subject) and transcript.usage is None:
        yield Violation("/response/body", "usage was asked for and did not come")


def usage_unrequested(subject: Subject) -> Iterator[Violation]:
    """The stream has usage that the request did not ask for.

    Several providers send it always.

    What to do: nothing, if your client can read it.
    """
    transcript = _streamed_chat(subject)
    if transcript is not None and not _asked_for_usage(subject) and transcript.usage is not None:
        yield Violation("/response/body", "usage came and was not asked for")


def echo_differs(files: Sequence[Member]) -> Iterator[tuple[str, Violation]]:
    """A later request repeats a tool call of this test otherwise than it was recorded.

    A client sends the model's tool calls back with their results. One of the same id with another
    name or other arguments means that one of the two recordings was edited.

    What to do: compare the two with `recctl show`; restore the one that was edited.
    """
    made: dict[tuple[str | None, str | None], list[tuple[str, Call]]] = {}
    for one in files:
        for call in one.calls:
            made.setdefault((one.test_id, call.id), []).append((one.path, call))
    for one in files:
        for echo in one.echoes:
            known = made.get((one.test_id, echo.id), [])
            if known and not any(_is_same(call, echo) for _, call in known):
                said = f"the call {echo.id} differs from the one answered in {known[0][0]}"
                yield one.path, Violation("/request", said)


def _is_same(call: Call, echo: Call) -> bool:
    """Equal to the letter; or as JSON, for providers that send arguments as objects."""
    if call.name != echo.name:
        return False
    try:
        return call.arguments == echo.arguments or loads(call.arguments) == loads(echo.arguments)
    except (ValueError, RecursionError):
        return False


def _transcript(subject: Subject) -> Transcript | None:
    return subject.answer.transcript if subject.answer else None


def _streamed_chat(subject: Subject) -> Transcript | None:
    transcript = _transcript(subject)
    is_one = transcript is not None and transcript.format == "openai-chat" and transcript.chunks
    return transcript if is_one else None


def _asked_for_usage(subject: Subject) -> bool:
    options = subject.recording.sent.get("stream_options") if subject.recording else None
    return isinstance(options, dict) and options.get("include_usage") is True


def _calls(transcript: Transcript | None) -> Iterator[ToolCall]:
    for choice in transcript.choices if transcript else ():
        yield from choice.tool_calls
