"""What rules look at, and what a rule is."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import cleandoc
from pathlib import Path
from textwrap import fill
from typing import Generic, TypeVar

from recctl.conversation import Call, Conversation, conversation
from recctl.diagnostics import Fix, Severity, Violation
from recctl.dialects import Identity, Name, Standing, identify
from recctl.jsontext import Parsed
from recctl.recording import Recording
from recctl.rules.policy import Policy
from recctl.safetext import argument
from recctl.wire import Answer, read


@dataclass(frozen=True)
class Subject:
    """One file, as far as it could be read, and what the team has decided.

    `folder` is the absolute folder it lies in, part by part; `size` is in bytes. `obstacle` says
    why its bytes cannot be had; `parsed` is null then. `recording` is null where the text holds no
    request and response.
    """

    path: Path
    folder: tuple[str, ...] = ()
    obstacle: str | None = None
    size: int = 0
    parsed: Parsed | None = None
    recording: Recording | None = None
    policy: Policy = field(default_factory=Policy)

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
        return identify(self.recording, self.policy.table) if self.recording else None

    @cached_property
    def request(self) -> Conversation | None:
        """The request as a conversation; null where there is no recording."""
        return conversation(self.recording) if self.recording else None

    @cached_property
    def answer(self) -> Answer | None:
        """The response, read; null where there is no recording."""
        return read(self.recording.response) if self.recording else None


@dataclass(frozen=True, slots=True)
class Member:
    """A file as a member of its corpus: what rules need that look at more than one file.

    `is_named` says that it has a recording's name. `wanted` is the hash by which the recording is
    looked for today; null where none can be computed. `standing` says whether it is found; null
    where the file holds no recording.
    `calls` are the tool calls that its answer makes, `echoes` those that its request repeats;
    both have ids.
    """

    path: str
    sha256: str | None
    is_named: bool
    test_id: str | None
    wanted: str | None
    standing: Standing | None
    calls: tuple[Call, ...]
    echoes: tuple[Call, ...]

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return os.path.basename(self.path)  # noqa: PTH119 - a Path would be made for each

    @property
    def lists_models(self) -> bool:
        """Whether it is named as a list of models, several of which may share a hash."""
        name = Name.parse(self.file_name)
        return name is not None and name.digest is not None


Check = Callable[[Subject], Iterator[Violation]]
"""What a rule on one file does: gives what is wrong with it, by its path and content alone."""

BeyondCheck = Callable[[str, Sequence[Path]], Iterator[Violation]]
"""What a rule on a recording's test does: gives what is wrong with it, by the test's id and by what
stands below the roots that its path may count from."""

CorpusCheck = Callable[[Sequence[Member]], Iterator[tuple[str, Violation]]]
"""What a rule on all named files of a run does: gives paths, and what is wrong with each."""

CheckT_co = TypeVar("CheckT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Rule(Generic[CheckT_co]):
    """A row of the rule table. The check's docstring is the rule's documentation.

    `command` mends what the rule finds, or looks into it; `{path}` in it stands for the file.
    Where there is none, the rule's documentation says what to do.
    Findings of a `fatal` rule leave nothing else to say of a file, so they are always reported.
    """

    code: str
    name: str
    severity: Severity
    check: CheckT_co
    command: str = ""
    fix: Fix = Fix.NONE
    fatal: bool = False

    def command_for(self, path: str) -> str:
        """The next command for a file in which the rule found something."""
        return self.command.replace("{path}", argument(path)) or f"recctl rule {self.name}"

    @property
    def title(self) -> str:
        """What the rule finds, in one sentence."""
        return cleandoc(self.check.__doc__ or "").partition("\n")[0]

    @property
    def doc(self) -> str:
        """What it finds, why that matters, and what to do, in lines of at most 79 characters."""
        paragraphs = cleandoc(self.check.__doc__ or "").split("\n\n")
        return "\n\n".join(fill(one, 79, break_on_hyphens=False) for one in paragraphs)
