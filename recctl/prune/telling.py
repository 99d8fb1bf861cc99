"""What is said of a plan and of one recording, in lines. Pure."""

from collections import Counter
from collections.abc import Iterable

from recctl.dialects import Table
from recctl.evidence import Verdict
from recctl.naming import notes_on
from recctl.prune.judging import Judged
from recctl.prune.planning import Prune
from recctl.safetext import one_line
from recctl.sources import Sought
from recctl.wording import plural, some

_FEW = 3


def notes(prune: Prune, *, whole: bool) -> list[str]:
    """What stays and why, and what removals leave behind: a few of each, or, `whole`, all."""
    lines = [census(prune), *notes_on(prune.stays, (), whole=whole)]
    if prune.misfit:
        lines.append(
            f"{prune.misfit}, so that your recorder goes by another dialect, and what is stale or"
            " unreachable stays unless it is unused; set target to that dialect: recctl dialects"
        )
    for count, about, found in (
        ("tests", "left with no recording at all", prune.bare_tests),
        ("folders", "left with no recording in them", prune.bare_folders),
        ("files", "not in git as they are, so that only the receipt keeps them", prune.only_here),
    ):
        if found:
            shown = some(found, None if whole else _FEW)
            lines.append(f"{count} {about} ({len(found):,}): {shown}")
    if prune.checkout is not None:
        lines.append(
            f"what git has comes back, at the top of the work tree, with: {prune.checkout}"
        )
    return lines


def census(prune: Prune) -> str:
    """How many recordings were looked at, and what the evidence says of them, in one line."""
    counts = Counter(one.verdict for one in prune.judged)
    told = ", ".join(f"{counts[one]:,} {one}" for one in Verdict if counts[one])
    total = len(prune.judged)
    looked_at = f"{plural(total, 'recording')} looked at"
    return f"{looked_at}; by the evidence {told}" if told else looked_at


def explained(one: Judged, table: Table, sought: Sought, about: Iterable[str]) -> list[str]:
    """One recording's case, line by line. `about` is what the evidence holds on it."""
    candidate = one.candidate
    lines = [candidate.shown, f"  test: {candidate.test_id or 'none, it is shared'}"]
    if candidate.identity is not None:
        span = candidate.identity.span
        lines.append(
            f"  name: {candidate.identity.standing} under {table.target.name}; fits {span}"
        )
    lines.append(f"  sources: {sought.presence}" + (f", {sought.reason}" if sought.reason else ""))
    if candidate.judgement is None:
        lines.append("  evidence: none given; give --tests FILE, --trace FILE or several of them")
    else:
        lines += (f"  evidence: {line}" for line in about)
        lines.append(f"  verdict: {candidate.judgement.verdict}: {candidate.judgement.text}")
    if one.goes:
        lines.append(f"  goes: {one.reason}")
    else:
        detail = f" {one.detail}" if one.detail else ""
        lines.append(
            f"  stays: {one.kept or 'no ground holds of those that are asked for'}{detail}"
        )
    return [one_line(line) for line in lines]
