"""The evidence that commands take, and what they refuse of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.terminal import note, read_stdin
from recctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recctl.corpus import Corpus, Entry
    from recctl.evidence import Evidence, Judgement
    from recctl.recording import Recording
    from recctl.rules.policy import Policy

EVIDENCE = """Evidence is which tests there are, by pytest --collect-only -q or its JSON report, and
what they opened, by recctl trace or pytest --recctl-trace. Give that of every shard and
configuration, all of the commit that lies here."""
"""What the help of a command with these options says of them."""

TestsOption = Annotated[
    list[str] | None,
    typer.Option("--tests", metavar="FILE", help="A list of tests; - is standard input."),
]
TraceOption = Annotated[
    list[str] | None, typer.Option("--trace", metavar="FILE", help="A trace of a test run.")
]
AcceptFailedRunsOption = Annotated[
    bool,
    typer.Option(
        "--accept-failed-runs",
        help="Take runs that failed or were interrupted, too: what failed in them is unknown.",
    ),
]
ExpectShardsOption = Annotated[
    int | None,
    typer.Option(
        "--expect-shards", metavar="N", min=1, help="Refuse evidence of fewer runs than that."
    ),
]

HOW_TO_GET_SOME = (
    "trace a run, recctl trace -o trace.jsonl -- pytest, and give it as --trace trace.jsonl;"
    " or list the tests, pytest --collect-only -q > tests.txt, and give --tests tests.txt"
)


def evidence_of(
    tests: list[str] | None,
    trace: list[str] | None,
    *,
    accept_failed_runs: bool,
    expect_shards: int | None,
) -> "Evidence | None":
    """What the options give; null where they give none.

    Raises UsageError for a file that is refused, for too few shards, and for runs that failed or
    were interrupted unless these are accepted.
    """
    if not tests and not trace:
        if expect_shards is not None or accept_failed_runs:
            raise UsageError(f"there is no evidence: {HOW_TO_GET_SOME}")
        return None
    from recctl.evidence import read  # noqa: PLC0415

    if (tests or []).count("-") > 1:
        raise UsageError("--tests - is given twice, but there is one standard input")
    stdin = read_stdin() if "-" in (tests or []) else b""
    evidence = read(tests or (), trace or (), stdin)
    if expect_shards is not None and evidence.shards < expect_shards:
        raise UsageError(
            f"the evidence is of {evidence.shards:,} of {expect_shards:,} shards: give them all"
        )
    if evidence.flaws and not accept_failed_runs:
        first, *others = evidence.flaws
        more = f" and {len(others):,} more" if others else ""
        raise UsageError(
            f"a run that does not count: {first}{more};"
            " to take what passed in it: --accept-failed-runs"
        )
    for doubt in evidence.doubts:
        note(f"nothing is unused by this trace: {doubt}")
    return evidence


def judging(
    corpus: "Corpus", evidence: "Evidence", policy: "Policy"
) -> "Callable[[Entry, Recording], Judgement]":
    """Gives what the evidence says of each recording of a corpus.

    Raises UsageError for a corpus in several trees.
    """
    from functools import partial  # noqa: PLC0415

    from recctl.plan import root_of  # noqa: PLC0415
    from recctl.prune import judgement_on, proof_for  # noqa: PLC0415

    root = root_of({entry.path.parent for entry in corpus.entries})
    return partial(judgement_on, proof_for(evidence, corpus.entries, root), root, policy)
