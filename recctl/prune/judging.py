"""What becomes of each recording: why it may go, and why it stays nevertheless. Pure.

What is known of one file is a `Candidate`. One that was opened, by any evidence, stays whatever
speaks against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recctl.dialects import Identity, Standing
from recctl.evidence import Judgement, Verdict
from recctl.plan import State
from recctl.prune.proof import Proof
from recctl.prune.shadows import shadowed
from recctl.rules.policy import Policy
from recctl.wording import plural

DAY = 86400.0
"""Seconds."""

MAX_SHARE = 25.0
"""Percent of the recordings looked at that may go without `force`."""


class Ground(StrEnum):
    """Why a recording may go. Of several that are asked for, one is enough.

    `UNUSED` is proven by evidence, to which the sources belong. An `ORPHAN` is so by the sources
    alone. A `DUPLICATE` is shadowed: whoever asks by its name finds another copy first.
    """

    UNUSED = "unused"
    ORPHAN = "orphan"
    UNREACHABLE = "unreachable"
    STALE = "stale"
    DUPLICATE = "duplicate"


class Stay(StrEnum):
    """Why a recording stays that there are grounds against.

    `DOUBTED` are those that only the target speaks against, by which what was opened does not go.
    `HEARD_OF` are those whose test is not in the sources, but in the evidence, `MISNAMED` those by
    whose name another test may ask.
    """

    OPENED = "opened"
    DOUBTED = "doubted"
    HEARD_OF = "heard of"
    MISNAMED = "misnamed"
    LINKED = "linked"
    YOUNG = "young"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for, and what is known.

    `grace` is the age in seconds below which a file stays, `max_share` the percentage of the
    recordings looked at above which a plan is refused. `force` makes such a plan, and one that
    takes every recording of a folder.
    """

    grounds: frozenset[Ground]
    policy: Policy
    proof: Proof | None = None
    grace: float = DAY
    max_share: float = MAX_SHARE
    force: bool = False

    def asks(self, *grounds: Ground) -> bool:
        """Whether one of the grounds is asked for."""
        return not self.grounds.isdisjoint(grounds)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one recording, which lies at `path` from the root.

    `shown` is its path as the user knows it; `modified` is in seconds since 1970. `judgement` is
    null without evidence, `identity` where no ground needs it. `gone` says why nobody can ask for
    it by the sources, which lack its test; null for what others may ask for. `asker` is the one
    test that can ask by the file's name. `misnamed` says why that may be another than it says.
    `link` leads to the file.
    """

    path: str
    shown: str
    state: State
    modified: float
    test_id: str | None = None
    judgement: Judgement | None = None
    gone: str | None = None
    identity: Identity | None = None
    asker: str | None = None
    misnamed: str | None = None
    link: str | None = None

    @property
    def folder(self) -> str:
        """The folder from the root; empty for the root itself."""
        return self.path.rpartition("/")[0]

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate, the grounds that hold with their reasons, and why it stays nevertheless.

    `kept` says the latter in a few words, and `detail` what is peculiar to this one.
    """

    candidate: Candidate
    grounds: Mapping[Ground, str]
    stay: Stay | None = None
    kept: str = ""
    detail: str = ""

    @property
    def goes(self) -> bool:
        """Whether the recording is to be removed."""
        return bool(self.grounds) and self.stay is None

    @property
    def verdict(self) -> Verdict | None:
        """What the evidence says; null without any."""
        return self.candidate.judgement.verdict if self.candidate.judgement else None

    @property
    def reason(self) -> str:
        """The grounds in one line."""
        return "; ".join(f"{ground}: {why}" for ground, why in self.grounds.items())


def judge(candidates: Sequence[Candidate], options: Options, now: float) -> tuple[Judged, ...]:
    """What becomes of each candidate, in their order. `now` is in seconds since 1970.

    Only `DUPLICATE` looks at other files: the copy that is found must be one that stays.
    """
    alone = [_judged(one, _grounds(one, options), options, now) for one in candidates]
    if not options.asks(Ground.DUPLICATE):
        return tuple(alone)
    going = {one.candidate.path for one in alone if one.goes}
    shadows = shadowed(candidates, options.policy.table)
    made = []
    for one in alone:
        winner = shadows.get(one.candidate.path)
        grounds = dict(one.grounds)
        if winner is not None and winner not in going:
            grounds[Ground.DUPLICATE] = f"its test finds {winner} first"
        made.append(_judged(one.candidate, grounds, options, now))
    return tuple(made)


def _grounds(candidate: Candidate, options: Options) -> dict[Ground, str]:
    """Of the grounds that are asked for, those that hold whatever other files there are."""
    found = {}
    judgement, identity = candidate.judgement, candidate.identity
    if options.asks(Ground.UNUSED) and judgement and judgement.verdict is Verdict.UNUSED:
        found[Ground.UNUSED] = judgement.text
    if options.asks(Ground.ORPHAN) and candidate.gone is not None:
        found[Ground.ORPHAN] = candidate.gone
    if identity is None:
        return found
    if options.asks(Ground.UNREACHABLE) and identity.standing is Standing.UNREACHABLE:
        found[Ground.UNREACHABLE] = "no dialect gives its name"
    if options.asks(Ground.STALE) and identity.standing is Standing.STALE:
        is_short = options.policy.table.target in identity.fitting
        found[Ground.STALE] = "a short name" if is_short else f"fits {identity.span} only"
    return found


def _judged(  # noqa: PLR0911 - each reason in its turn
    candidate: Candidate, grounds: Mapping[Ground, str], options: Options, now: float
) -> Judged:
    """A candidate with what speaks for it, if there is anything against it."""
    if not grounds:
        return Judged(candidate, grounds)
    judgement, proof, first = candidate.judgement, options.proof, next(iter(grounds))
    if judgement and judgement.verdict is Verdict.USED:
        detail = judgement.text.removeprefix("opened ")
        return Judged(candidate, grounds, Stay.OPENED, f"{first}, but opened", detail)
    if proof and grounds.keys() & _BY_TARGET and Ground.UNUSED not in grounds:
        left = _undoubted(candidate, grounds, proof)
        if not left:
            doubted = f"{first}, but the target is not what recordings were opened by"
            return Judged(candidate, grounds, Stay.DOUBTED, doubted)
        grounds = left
    if set(grounds) == {Ground.ORPHAN} and proof and proof.heard_of(candidate.test_id):
        return Judged(candidate, grounds, Stay.HEARD_OF, "orphan, but the evidence has its test")
    if candidate.misnamed is not None and Ground.UNUSED not in grounds:
        misnamed = f"{first}, but {candidate.misnamed}"
        return Judged(candidate, grounds, Stay.MISNAMED, misnamed)
    if candidate.link is not None:
        return Judged(candidate, grounds, Stay.LINKED, f"{first}, but a link leads to it")
    if candidate.modified > now - options.grace:
        young = f"{first}, but younger than {told_age(options.grace)}"
        return Judged(candidate, grounds, Stay.YOUNG, young)
    return Judged(candidate, grounds)


_BY_TARGET = frozenset({Ground.STALE, Ground.UNREACHABLE})


def _undoubted(
    candidate: Candidate, grounds: Mapping[Ground, str], proof: Proof
) -> Mapping[Ground, str]:
    """The grounds that hold whatever dialect the recorder goes by.

    Where what was opened is stale or unreachable, it goes by another than the target, and finds
    what the target does not. The sources do not tell who asks by a name that no dialect gives.
    """
    is_unused = candidate.judgement is not None and candidate.judgement.verdict is Verdict.UNUSED
    if is_unused or not proof.opened.misfits:
        return grounds
    left = {ground: why for ground, why in grounds.items() if ground not in _BY_TARGET}
    is_unreachable = candidate.identity and candidate.identity.standing is Standing.UNREACHABLE
    return {} if is_unreachable and set(left) == {Ground.ORPHAN} else left


def told_age(seconds: float) -> str:
    """An age in the largest unit of which it is a whole number."""
    for unit, length in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return plural(count, unit)
    return f"{seconds:g} seconds"
