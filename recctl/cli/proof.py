"""The evidence that commands take, and what they refuse of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.terminal import note, read_stdin
from recctl.errors import UsageError
from recctl.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from recctl.corpus import Corpus, Entry
    from recctl.evidence import Evidence, Judgement
    from recctl.prune import Proof
    from recctl.recording import Recording
    from recctl.rules.policy import Policy

EVIDENCE = """Evidence is which tests there are, by pytest --collect-only -q or its JSON report, and
what they opened, by recctl trace or pytest --recctl-trace=FILE. Give that of every shard and
configuration, all of the commit that lies here."""
"""What the help of a command with these options says of them."""

HOW_TO_GET_SOME = (
    "trace a run, recctl trace -o trace.jsonl -- pytest, and give it as --trace trace.jsonl;"
    " or list the tests, pytest --collect-only -q > tests.txt, and give --tests tests.txt"
)


@dataclass(frozen=True, slots=True)
class Given:
    """The evidence that a command was given, and what its user says of it.

    `words` are the options, to be given again; `files` are those that the evidence is from.
    """

    evidence: "Evidence"
    words: tuple[str, ...]
    is_whole: bool
    accept_older_runs: bool
    files: tuple[str, ...] = ()

    def command(self, *words: str) -> str:
        """A command with the options, as it is typed; what was read from a pipe is piped again."""
        import shlex

        line = shlex.join([*words, *self.words])
        is_piped = ("--tests", "-") in zip(self.words, self.words[1:], strict=False)
        return f"pytest --collect-only -q | {line}" if is_piped else line

    @property
    def options(self) -> str:
        """The options, as they are typed."""
        import shlex

        return shlex.join(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """The evidence that a command is given. Raises UsageError for what makes sense with some only.

    `tests` and `trace` are files.
    """

    tests: Annotated[
        list[str] | None,
        typer.Option("--tests", metavar="FILE", help="A list of tests; - is standard input."),
    ] = None
    trace: Annotated[
        list[str] | None, typer.Option("--trace", metavar="FILE", help="A trace of a test run.")
    ] = None
    accept_failed_runs: Annotated[
        bool,
        typer.Option(
            "--accept-failed-runs",
            help="Take runs that failed or were interrupted, too: what failed in them is unknown.",
        ),
    ] = False
    accept_older_runs: Annotated[
        bool,
        typer.Option(
            "--accept-older-runs",
            help="Take runs of other commits, too, although their tests may not be those here.",
        ),
    ] = False
    expect_shards: Annotated[
        int | None,
        typer.Option(
            "--expect-shards",
            metavar="N",
            min=1,
            help="Refuse evidence of fewer runs; that many are of every configuration.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if not self.are_given and self._conditions:
            raise UsageError(f"{self._conditions[0]} needs evidence: {HOW_TO_GET_SOME}")

    @property
    def are_given(self) -> bool:
        """Whether there is any evidence."""
        return bool(self.tests or self.trace)

    @property
    def _conditions(self) -> tuple[str, ...]:
        """The options that say what evidence is taken, as they are typed."""
        shards = () if self.expect_shards is None else ("--expect-shards", str(self.expect_shards))
        failed = ("--accept-failed-runs",) if self.accept_failed_runs else ()
        older = ("--accept-older-runs",) if self.accept_older_runs else ()
        return (*failed, *older, *shards)

    def read(self) -> Given | None:
        """What the options give; null where they give none.

        Raises UsageError for a file that is refused, for too few shards, and for runs that failed
        or were interrupted unless these are accepted.
        """
        if not self.are_given:
            return None
        from recctl.evidence import read

        tests, trace = self.tests or (), self.trace or ()
        if tests.count("-") > 1:
            raise UsageError(
                "--tests - is given twice, but there is one standard input:"
                " write the other list to a file, pytest --collect-only -q > tests.txt,"
                " and give --tests tests.txt"
            )
        evidence = read(tests, trace, read_stdin() if "-" in tests else b"")
        if self.expect_shards is not None and evidence.shards < self.expect_shards:
            file = "--trace FILE" if evidence.runs else "--tests FILE"
            raise UsageError(
                f"--expect-shards: the evidence is of {evidence.shards:,} of"
                f" {self.expect_shards:,} shards: give that of all, {file} for each"
            )
        if evidence.flaws and not self.accept_failed_runs:
            raise UsageError(
                f"--trace: a run that does not count: {some(evidence.flaws)};"
                " trace one that passes, or take what passed in it: --accept-failed-runs"
            )
        for doubt in evidence.doubts:
            note(f"nothing is unused by this trace: {doubt}")
        sources = [word for one in tests for word in ("--tests", one)]
        sources += [word for one in trace for word in ("--trace", one)]
        return Given(
            evidence,
            (*sources, *self._conditions),
            self.expect_shards is not None,
            self.accept_older_runs,
            tuple(one for one in (*tests, *trace) if one != "-"),
        )


def proof_of(given: Given, entries: "Iterable[Entry]", root: "Path", policy: "Policy") -> "Proof":
    """The evidence, brought to bear on files below a root.

    Raises UsageError for runs of other tests than those here, unless they are accepted.
    """
    from pathlib import Path

    from recctl.prune import proof_for

    return proof_for(
        given.evidence,
        entries,
        root,
        policy,
        vouched=given.is_whole,
        accept_older_runs=given.accept_older_runs,
        given=[Path(one) for one in given.files],
    )


def judging(
    corpus: "Corpus", given: Given, policy: "Policy"
) -> "Callable[[Entry, Recording], Judgement]":
    """Gives what the evidence says of each recording of a corpus.

    Raises UsageError for a corpus in several trees, and as `proof_of`.
    """
    from functools import partial

    from recctl.cli.changing import root_of_corpus  # only with evidence
    from recctl.prune import judgement_on

    root = root_of_corpus(corpus)
    return partial(judgement_on, proof_of(given, corpus.entries, root, policy), root)
