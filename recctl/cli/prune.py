"""`recctl prune`."""

import os
import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import PlanFormat, PlanOptions, root_of_corpus
from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.proof import EVIDENCE, HOW_TO_GET_SOME, EvidenceOptions, Given, proof_of
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from recctl.corpus import Corpus, Entry
    from recctl.prune import Options, Prune

DETAILS = f"""{EVIDENCE}
A test that passed proves unused what it owned and did not open; of one that did not run, or did
not pass, nothing is known. What was opened by anybody stays, whatever else is asked for.

What is removed is kept for recctl undo. A plan is refused that takes too many recordings at once,
or all of a folder; --force makes it nevertheless, and still changes nothing without --apply.
A recording younger than --grace stays; where the variable CI is set, as in most pipelines, files
are as young as their checkout, and none stays for that."""

_AGE = re.compile(r"(\d{1,5})([mhdw])")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def run(
    paths: Paths = None,
    *,
    unused: Annotated[
        bool, typer.Option("--unused", help="What evidence proves unused, the sources among it.")
    ] = False,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="What belongs to tests that the sources lack.")
    ] = False,
    unreachable: Annotated[
        bool, typer.Option("--unreachable", help="What no dialect gives its name.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="What only older dialects than the target look for.")
    ] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Copies that no test finds, as another is first.")
    ] = False,
    evidence: EvidenceOptions,
    grace: Annotated[
        str | None,
        typer.Option(
            metavar="AGE", help="Leave younger files: 0, 30m, 12h, 1d, 2w; default: 1d, in CI 0."
        ),
    ] = None,
    max_share: Annotated[
        float,
        typer.Option(
            metavar="PERCENT", min=0, max=100, help="Refuse to remove more of the recordings."
        ),
    ] = 25,
    force: Annotated[
        bool, typer.Option("--force", help="Remove even so many, and the last of a folder.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Tell the case of one recording, and plan nothing."),
    ] = None,
    changes: PlanOptions,
) -> int:
    """Plan, and with --apply change; where a path is missing, neither."""
    from recctl.prune import Ground, Options, notes, plan_prune

    if explain is not None and (changes.are_given or changes.form is not PlanFormat.TEXT):
        raise UsageError("--explain only tells, as text: it plans nothing")
    asked = {
        Ground.UNUSED: unused,
        Ground.ORPHAN: orphans,
        Ground.UNREACHABLE: unreachable,
        Ground.STALE: stale,
        Ground.DUPLICATE: duplicates,
    }
    grounds = frozenset(ground for ground, is_asked in asked.items() if is_asked)
    if not grounds and explain is None:
        raise UsageError(
            "say what to prune: --unused, --orphans, --unreachable, --stale, --duplicates,"
            " or several of them"
        )
    leave = _grace(grace)
    given = evidence.read()
    if unused and given is None and explain is None:
        raise UsageError(
            f"--unused needs evidence: {HOW_TO_GET_SOME};"
            " what tests left that are gone from the sources needs none: --orphans"
        )
    settings = current()
    corpus, code = find_corpus(paths, settings)
    if code:
        return code
    root = root_of_corpus(corpus)
    policy = policy_of(settings)
    looked_at = [*corpus.entries, *_named(explain)]
    options = Options(
        grounds or frozenset(Ground),
        policy,
        None if given is None else proof_of(given, looked_at, root, policy),
        leave,
        max_share,
        force,
    )
    if explain is not None:
        return _explain(explain, corpus, root, options)
    made = plan_prune(corpus.entries, root, options, time.time())
    code = changes.carry_out(made.plan, notes(made, whole=changes.are_whole))
    _tell(made, paths, given)
    return code


def _grace(age: str | None) -> float:
    """The age in seconds below which a file stays. Raises UsageError."""
    if age is None:
        return 0.0 if os.environ.get("CI", "").lower() not in ("", "0", "false") else 86400.0
    match = _AGE.fullmatch(age)
    if match is None and age != "0":
        raise UsageError(f"--grace {age!r} is no age: 0, 30m, 12h, 1d, 2w")
    return int(match[1]) * _SECONDS[match[2]] if match else 0.0


def _named(reference: str | None) -> "list[Entry]":
    """The file whose path a reference is."""
    from recctl.corpus import named

    entry = named(reference) if reference is not None else None
    return [entry] if entry is not None else []


def _explain(reference: str, corpus: "Corpus", root: "Path", options: "Options") -> int:
    """Print the case of one recording."""
    from recctl.corpus import load, named, resolve
    from recctl.plan import below
    from recctl.prune import candidates_of, explained, judge, search_for
    from recctl.safetext import one_line

    entry = named(reference) or resolve(reference, corpus)
    alike: list[Entry] = [
        one for one in corpus.entries if one.path.name == entry.path.name or one.path.is_symlink()
    ]
    candidates, left = candidates_of([entry, *alike], root, options)
    judged = judge(candidates, options, time.time())
    path = below(root, entry.path)
    for one in judged:
        if one.candidate.path == path:
            recording, policy, proof = load(entry), options.policy, options.proof
            search = search_for(recording, entry.path, policy)
            about = proof.about(path, recording, search) if proof else ()
            told = explained(one, policy.table, search.sought, about)
            write("".join(f"{line}\n" for line in told))
            return ExitCode.FINE
    why = next(one.why for one in left if one.path == str(entry.path))
    write(f"{one_line(entry.path)}\n  stays: {why}\n")
    return ExitCode.FINE


def _tell(made: "Prune", paths: list[str] | None, given: Given | None) -> None:
    """On stderr what stays, in numbers, and what to do about it."""
    from recctl.evidence import Reason, Verdict
    from recctl.prune import Ground, Stay
    from recctl.safetext import one_line
    from recctl.wording import plural

    young = sum(1 for one in made.judged if one.stay is Stay.YOUNG)
    unknown = [
        one.candidate.judgement
        for one in made.judged
        if one.candidate.judgement and one.verdict is Verdict.UNKNOWN and not one.goes
    ]
    stale = sum(1 for one in made.judged if one.goes and set(one.grounds) == {Ground.STALE})
    if stale and not made.plan.is_empty:
        note(f"{plural(stale, 'stale recording')} may still be of use: recctl rehash")
    if young:
        note(f"{plural(young, 'recording')} too young to go; to take them, too: --grace 0")
    if not unknown or given is None:
        return
    advice_on = (
        (
            Reason.NOT_PASSED,
            "its test did not pass: trace a run in which it does",
            "their tests did not pass: trace a run in which they do",
        ),
        (
            Reason.NEWER_THAN_EVIDENCE,
            "it, or what goes with it, is newer: trace again, into a new file",
            "they, or what goes with them, are newer: trace again, into a new file",
        ),
        (
            Reason.SAME_REQUEST,
            "another test was answered its request: trace its test by itself, into a new file",
            "other tests were answered their requests: trace each test by itself, into a new file",
        ),
    )
    for reason, one_advice, advice in advice_on:
        count = sum(1 for one in unknown if one.reason is reason)
        if count:
            told = one_advice if count == 1 else advice
            note(f"{plural(count, 'recording')} unknown, as {told}")
    named = [f"./{one}" if one.startswith("-") else one for one in paths or ()]
    listing = one_line(given.command("recctl", "ls", *named, "--unknown"))
    stay = "which stays; list it" if len(unknown) == 1 else "which stay; list them"
    note(f"{plural(len(unknown), 'recording')} unknown, {stay} with: {listing}")
