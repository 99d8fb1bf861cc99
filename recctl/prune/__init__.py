"""Pruning: recordings that are proven to be of no use are removed, and nothing else.

`proof_for` brings evidence to bear on recordings, `plan_prune` makes of it a plan: the removals,
and what stays and why. Only reading is done here; a plan is carried out by the plan engine.
"""

from recctl.prune.candidates import candidates_of, judgement_on
from recctl.prune.judging import (
    DAY,
    MAX_SHARE,
    Candidate,
    Ground,
    Judged,
    Options,
    Stay,
    judge,
    told_age,
)
from recctl.prune.planning import Prune, checkout_line, plan_prune, planned
from recctl.prune.proof import Proof, proof_for
from recctl.prune.searching import search_for
from recctl.prune.shadows import shadowed
from recctl.prune.telling import census, explained, notes

__all__ = [
    "DAY",
    "MAX_SHARE",
    "Candidate",
    "Ground",
    "Judged",
    "Options",
    "Proof",
    "Prune",
    "Stay",
    "candidates_of",
    "census",
    "checkout_line",
    "explained",
    "judge",
    "judgement_on",
    "notes",
    "plan_prune",
    "planned",
    "proof_for",
    "search_for",
    "shadowed",
    "told_age",
]
