"""Evidence out of traces: JSON lines that the processes of runs appended to a file.

A trace may be cut off, or have lines that ran into each other where a disk was full. Such a one
still tells what was opened; that something was not opened, it does not prove.
"""

import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recctl import files
from recctl.dialects import Name, published
from recctl.errors import UsageError
from recctl.evidence.spelling import spelled, spelled_path, without_group
from recctl.evidence.verdicts import Ending, Evidence, Opening, Outcome, Run, merged
from recctl.safetext import one_line

if TYPE_CHECKING:
    from pydantic import ValidationError

    from recctl.evidence.border import Line, Untraced

MOST_LINE_BYTES = 64_000
"""Four times what is written at most."""

_VERSION = 1
_START = b'{"kind":'
_MOST_TOLD = 3

_EXITS = {
    1: "tests failed",
    2: "it was interrupted, or tests could not be collected",
    3: "pytest itself failed",
    4: "pytest was called in a wrong way",
    5: "it had no tests",
}
"""What pytest's exit statuses mean. Source: pytest's documentation, "Exit codes"."""


def read_trace(file: str) -> Evidence:
    """The evidence of all runs in a trace, which is read line by line.

    Raises UsageError for what cannot be read, is empty, or is no trace. Lines that were cut off
    make the runs doubtful.
    """
    from pydantic import ValidationError  # needed by few commands

    from recctl.evidence.border import LINE  # it loads pydantic

    runs: dict[str, _Story] = {}
    damaged = False
    first_error = ""
    try:
        for number, raw in enumerate(_lines(Path(file)), start=1):
            try:
                line = LINE.validate_json(raw)
            except ValidationError as error:
                refused = _refused(file, number, error)
                if not raw.startswith(_START) or not _is_cut(error):
                    raise UsageError(refused) from None
                damaged, first_error = True, first_error or refused
                try:
                    # The whole line that ran into the one that was cut off.
                    line = LINE.validate_json(raw[raw.rfind(_START) :])
                except ValidationError:
                    continue
            damaged = damaged or not raw.endswith(b"\n")
            runs.setdefault(line.run, _Story(line.run)).take(line)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{one_line(file)}: {files.reason(error)}") from None
    if not runs:
        raise UsageError(first_error or f"{one_line(file)}: empty: nothing was traced")
    return merged(story.evidence(damaged=damaged) for story in runs.values())


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a regular file. Raises OSError and what `files.reason` knows; UsageError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("no regular file")
        while line := file.readline(MOST_LINE_BYTES):
            if len(line) == MOST_LINE_BYTES:
                raise ValueError(f"no trace: a line is longer than {MOST_LINE_BYTES:,} bytes")
            yield line


def _is_cut(error: "ValidationError") -> bool:
    """Whether a line is no JSON, rather than JSON that makes no sense."""
    return error.errors()[0]["type"] == "json_invalid"


def _refused(file: str, number: int, error: "ValidationError") -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    text = _WRONG.get(first["type"], "its {} is not of the form that it has").format(place)
    return f"{one_line(file)}:{number}: no line of a trace: {one_line(text)[:160]}"


_WRONG = {
    "dict_type": "no object",
    "extra_forbidden": "it has a {}, which no line of its kind has",
    "json_invalid": "no JSON",
    "missing": "it has no {}",
    "model_attributes_type": "no object",
    "union_tag_invalid": "of no known kind",
    "union_tag_not_found": "it has no kind",
}
"""What is wrong with a line, by pydantic's types of errors."""


@dataclass(slots=True)
class _Story:
    """What the lines of one run have told so far."""

    id: str
    command: str = ""
    has_beginning: bool = False
    exit: int | None = None
    opened: dict[str, set[str]] = field(default_factory=dict)
    has_recording: bool = False
    bases: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """By session: the folder that ids count from, and whether it is traced."""
    controlling: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)
    exits: set[int] = field(default_factory=set)
    ended: dict[str, set[tuple[Outcome, str]]] = field(default_factory=dict)
    """By test: the outcome and the session."""
    has_failed_to_collect: bool = False
    uncollected: set[str] = field(default_factory=set)
    untraced: dict[str, str] = field(default_factory=dict)
    """By program: the first that is told of it."""
    lost: bool = False
    hidden_process: bool = False
    started: float = 0.0
    commit: str = ""
    dirty: bool = False
    connected: set[str] = field(default_factory=set)
    listening: set[str] = field(default_factory=set)

    def take(self, line: "Line") -> None:  # noqa: PLR0912 - a case for each kind of line
        """Add what a line tells. Raises ValueError for a newer version of the form."""
        match line.kind:
            case "open":
                self._take_open(line.path, line.test)
            case "test":
                ends = self.ended.setdefault(without_group(spelled(line.id)), set())
                ends.add((Outcome(line.outcome), line.session))
            case "run":
                if line.version != _VERSION:
                    raise ValueError(f"written by another recctl, in version {line.version}")
                self.command, self.has_beginning = shlex.join(line.command), True
                self.started = datetime.fromisoformat(line.started).timestamp()
            case "tree":
                self.commit, self.dirty = line.commit or "", bool(line.dirty)
            case "process":
                self.hidden_process = self.hidden_process or not line.traced
            case "session":
                self.bases[line.session] = (spelled_path(line.base), line.traced)
                self.unfinished.add(line.session)
                if line.worker is None:
                    self.controlling.add(line.session)
            case "finished":
                if line.session in self.controlling:
                    self.exits.add(line.exit)
                self.unfinished.discard(line.session)
            case "collection":
                if line.outcome == "failed":
                    self.has_failed_to_collect = True
                self.uncollected.add(spelled(line.id).partition("::")[0])
            case "untraced":
                self.untraced.setdefault(line.program, untraced(line))
            case "connect":
                self.connected.add(line.address)
            case "listen":
                self.listening.add(line.address)
            case "lost":
                self.lost = True
            case "end":
                self.exit = line.exit

    def _take_open(self, path: str, test: str | None) -> None:
        place = spelled_path(path)
        known = self.opened.get(place)
        if known is None:
            known = self.opened[place] = set()
            *folders, name = place.split("/")
            named = Name.parse(name) is not None
            self.has_recording = self.has_recording or named or published().beside_test in folders
        known.add(without_group(test) if test else "")

    def evidence(self, *, damaged: bool) -> Evidence:
        """What follows, from a file whose lines are whole or not."""
        incomplete = [
            text
            for wrong, text in (
                (damaged, "its trace is damaged"),
                (not self.has_beginning, "its trace has no beginning"),
                (self.lost, "lines of its trace are lost"),
            )
            if wrong
        ]
        flaws = [*incomplete, *self._flaws()]
        doubts = [*incomplete, *self._doubts()]
        command = self.command or f"run {self.id}"
        run = Run(
            self.id,
            command,
            flaw="; ".join(flaws),
            doubt="; ".join(doubts),
            started=self.started,
            commit=self.commit,
            dirty=self.dirty,
        )
        return Evidence(
            runs=frozenset({run}),
            uncollected=frozenset(self.uncollected),
            endings={
                test: frozenset(self._ending(*end) for end in ends)
                for test, ends in self.ended.items()
            },
            openings={
                path: frozenset(Opening(test, self.id) for test in tests)
                for path, tests in self.opened.items()
            },
        )

    def _ending(self, outcome: Outcome, session: str) -> Ending:
        base, traced = self.bases.get(session, ("", False))
        return Ending(outcome, self.id, base, traced)

    def _flaws(self) -> Iterator[str]:
        if self.exit is None or self.unfinished & self.controlling:
            yield "it was interrupted"
        if self.unfinished - self.controlling:
            yield "a worker of pytest-xdist was killed"
        if self.has_failed_to_collect:
            yield "tests could not be collected"
        for status in sorted(self.exits - {0}):
            yield _EXITS.get(status, f"pytest exited with {status}")
        if self.exit and not self.exits - {0}:
            yield f"it exited with {self.exit}"

    def _doubts(self) -> Iterator[str]:
        if self.unfinished:
            yield "a process of pytest was killed, and what it held back is lost"
        if self.hidden_process:
            yield "one of its processes kept recctl from tracing it"
        # Whatever test it was for: what is started or connected to may read those of others.
        yield from _told(list(self.untraced.values()), "programs are not traced")
        foreign = self._connections()
        yield from _told([connected(one) for one in foreign], "connections to what is not traced")
        passed = any(end is Outcome.PASSED for ends in self.ended.values() for end, _ in ends)
        if passed and not self.has_recording:
            yield "no recording was opened in it, as if what reads them were not traced"

    def _connections(self) -> list[str]:
        """Where it connected to, so that something not traced may have answered from these files.

        What has an address of the whole internet does not see them.
        """
        listening = {_own(one) for one in self.listening}
        open_ports = {one.rpartition(":")[2] for one in self.listening if one.startswith("*:")}
        foreign = []
        for one in sorted(self.connected):
            host, _, port = _own(one).rpartition(":")
            heard = _own(one) in listening or (host == "localhost" and port in open_ports)
            if not heard and not _is_public(one):
                foreign.append(one)
        return foreign


def _own(address: str) -> str:
    """An address with one name for all those by which a machine calls itself."""
    host, _, port = address.rpartition(":")
    is_own = host == "[::1]" or host.startswith("127.")
    return f"localhost:{port}" if is_own else address


def _is_public(address: str) -> bool:
    """Whether a host is one of the whole internet; of a name, that is not known."""
    from ipaddress import ip_address  # few traces have addresses

    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_global
    except ValueError:
        return False


def _told(texts: Sequence[str], more: str) -> Iterator[str]:
    """The first of some texts, and how many more there are."""
    yield from texts[:_MOST_TOLD]
    if len(texts) > _MOST_TOLD:
        yield f"{len(texts) - _MOST_TOLD:,} more {more}"


def connected(address: str) -> str:
    """What a connection to something that is not traced makes of a run, and what to do."""
    word = _word(address)
    if ":" not in address:
        return (
            f"it imported {word}, of which it is not known to what it connects;"
            f" if that reads no recordings: --trust {word}"
        )
    return (
        f"it connected to {one_line(address)}, where nothing traced listens;"
        f" if that reads no recordings: --trust {word}"
    )


def untraced(line: "Untraced") -> str:
    """What a program that is not traced makes of a run, and what to do."""
    word, command = _word(line.program), one_line(line.command)
    if line.why == "early":
        return f"{word} was imported before the trace began; run pytest below recctl trace instead"
    if line.why == "interpreter":
        return f"it made a {word}, which is not traced; if that reads no recordings: --trust {word}"
    what, cure = {
        "isolated": (" as its options forbid it", "start it without -I, -E and -S; "),
        "environment": (
            " for want of variables",
            "hand PYTHONPATH and RECCTL_TRACE… on to it; ",
        ),
        "rights": (" as it is another user's", "let it write the trace; "),
    }.get(line.why, ("", ""))
    return (
        f"it started a program that is not traced{what}: {command};"
        f" {cure}if it reads no recordings: --trust {word}"
    )


def _word(text: str) -> str:
    return one_line(shlex.quote(text))
