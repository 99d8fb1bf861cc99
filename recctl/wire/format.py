"""What a wire format is, and the one table of them.

A format is a row here and a module beside it, which is loaded when an answer may be of it.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from recctl.transcript import Transcript

Object = Mapping[str, Any]

Note = Callable[[str, int | None, str], None]
"""Takes down an oddity: its code, the chunk it was seen at (from 0), and a detail."""


class Fold(Protocol):
    """Takes the chunks of one stream, one at a time. No method ever raises."""

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`, nulls and all."""

    def finish(self) -> tuple["Transcript", Any]:
        """The transcript, and the object that the provider would have sent without streaming.

        Called once, after the last chunk. The transcript's `format`, `chunks` and `warnings` are
        left to the caller, who knows the format, the chunks and the notes.
        """


class FormatModule(Protocol):
    """What the module of a format has. No function ever raises.

    A value is asked about only where the format's row says that it may be of it. `class_name` is
    "" for a value that came without a class.
    """

    def is_chunk(self, class_name: str, data: Object) -> bool:
        """Whether a value is a chunk of the format."""

    def is_whole(self, class_name: str, data: Object) -> bool:
        """Whether a value is an answer of the format that was not streamed."""

    def fold(self, note: Note) -> Fold:
        """A fold of a stream of the format."""

    def from_whole(self, data: Object, note: Note) -> "Transcript":
        """The transcript of an answer that was not streamed, without what a fold leaves out."""


class Format(NamedTuple):
    """A row: a wire format, the module that knows it, and what every value of it can be told by.

    The name of its class holds one of `classes`; or it has one of the keys in `marks`, with a text
    that begins in one of these ways, or where there are none, with anything.
    """

    name: str
    module: str
    classes: tuple[str, ...]
    marks: Mapping[str, tuple[str, ...]]

    def is_chunk(self, class_name: str, data: Object) -> bool:
        """Whether a value is a chunk of this format."""
        return self._may_be(class_name, data) and self.loaded().is_chunk(class_name, data)

    def is_whole(self, class_name: str, data: Object) -> bool:
        """Whether a value is an answer of this format that was not streamed."""
        return self._may_be(class_name, data) and self.loaded().is_whole(class_name, data)

    def loaded(self) -> FormatModule:
        """The module."""
        return _loaded(self.module)

    def claims(self, class_name: str) -> bool:
        """Whether the name of a class is like those of the format's."""
        return any(one in class_name for one in self.classes)

    def _may_be(self, class_name: str, data: Object) -> bool:
        if class_name and self.claims(class_name):
            return True
        for key, beginnings in self.marks.items():
            if key in data:
                value = data[key]
                if not beginnings or (isinstance(value, str) and value.startswith(beginnings)):
                    return True
        return False


@cache
def _loaded(module: str) -> FormatModule:
    made: Any = import_module(f"recctl.wire.{module}")
    return made  # type: ignore[no-any-return]


FORMATS = (
    Format(
        "openai-chat",
        "openai_chat",
        ("ChatCompletion", "ModelResponse"),
        {"choices": (), "object": ("chat.completion",)},
    ),
    Format(
        "openai-completion",
        "openai_completion",
        ("Completion", "TextCompletionResponse"),
        {"choices": (), "object": ("text_completion", "completion.chunk")},
    ),
    Format(
        "openai-responses",
        "openai_responses",
        ("openai.types.responses.",),
        {"type": ("response.", "error", "keepalive"), "object": ("response",)},
    ),
    Format("anthropic", "anthropic", (), {"type": ("message", "content_block_", "error")}),
    Format(
        "gemini",
        "gemini",
        ("GenerateContentResponse",),
        dict.fromkeys(
            ("candidates", "usage_metadata", "usageMetadata", "prompt_feedback", "promptFeedback"),
            (),
        ),
    ),
    Format(
        "gemini-interactions",
        "interactions",
        (),
        {
            "event_type": (),
            "type": ("interaction.", "content.", "step."),
            "object": ("interaction",),
            "outputs": (),
            "steps": (),
        },
    ),
    Format("ollama", "ollama", ("GenerateResponse", "ChatResponse"), {"done": ()}),
)
"""Every streamed format; the first that knows a value takes it."""


@lru_cache(maxsize=256)
def of_class(class_name: str) -> Format | None:
    """The format of every chunk of a class; null where it takes more than the class to tell."""
    claimed = (form for form in FORMATS if class_name and form.claims(class_name))
    return next((form for form in claimed if form.is_chunk(class_name, {})), None)


def folded(fold: Fold, *chunks: Object) -> "Transcript":
    """The transcript of a whole answer that is the same as a stream of these chunks."""
    for chunk in chunks:
        fold.add(chunk, 0)
    return fold.finish()[0]
