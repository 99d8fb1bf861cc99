"""What rules look at, and what a rule is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc
from pathlib import Path
from textwrap import fill
from typing import Generic, TypeVar

from recctl.conversation import Call, Conversation, conversation
from recctl.diagnostics import Severity, Violation
from recctl.dialects import Identity, Name, Standing, identify
from recctl.jsontext import Parsed
from recctl.recording import Recording
from recctl.wire import Answer, read


@dataclass(frozen=True)
class Subject:
    """One file, as far as it could be read.

    `folder` is the absolute folder it lies in, part by part. `obstacle` says why its bytes cannot
    be had; `parsed` is null then. `recording` is null where the text holds no request and
    response.
    """

    path: Path
    folder: tuple[str, ...] = ()
    obstacle: str | None = None
    parsed: Parsed | None = None
    recording: Recording | None = None

    @property
    def name(self) -> Name | None:
        """The parts of the file's name; null where it is not a recording's."""
        return Name.parse(self.path.name)

    @cached_property
    def standing(self) -> Standing | None:
        """Whether a recorder can find the recording; null where there is none."""
        return self.identity.standing if self.identity else None

    @cached_property
    def identity(self) -> Identity | None:
        """What the file's name and the request's hashes have to do with each other."""
        return identify(self.recording) if self.recording else None

    @cached_property
    def request(self) -> Conversation | None:
        """The request as a conversation; null where there is no recording."""
        return conversation(self.recording) if self.recording else None

    @cached_property
    def answer(self) -> Answer | None:
        """The response, read; null where there is no recording."""
        return read(self.recording.response) if self.recording else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules on the corpus as a whole need of one file.

    `calls` are the tool calls that its answer makes, `echoes` those that its request repeats;
    both have ids.
    """

    path: str
    file_name: str
    sha256: str
    test_id: str | None
    calls: tuple[Call, ...]
    echoes: tuple[Call, ...]


Check = Callable[[Subject], Iterator[Violation]]
"""What a rule on one file does: gives what is wrong with it."""

CorpusCheck = Callable[[tuple[Facts, ...]], Iterator[tuple[str, Violation]]]
"""What a rule on all files of a run does: gives paths, and what is wrong with each."""

CheckT_co = TypeVar("CheckT_co", Check, CorpusCheck, covariant=True)


@dataclass(frozen=True, slots=True)
class Rule(Generic[CheckT_co]):
    """A row of the rule table. The check's docstring is the rule's documentation."""

    code: str
    name: str
    severity: Severity
    check: CheckT_co

    @property
    def title(self) -> str:
        """What the rule finds, in one sentence."""
        return cleandoc(self.check.__doc__ or "").partition("\n")[0]

    @property
    def doc(self) -> str:
        """What it finds, why that matters, and what to do, in lines of at most 79 characters."""
        paragraphs = cleandoc(self.check.__doc__ or "").split("\n\n")
        return "\n\n".join(fill(one, 79, break_on_hyphens=False) for one in paragraphs)
