"""Who uses a recording: what test lists and traces prove, merged over any number of runs.

`read` gives the `Evidence` of files, `Evidence.judge` says of one recording whether it is used,
proven unused, or unknown. Paths are counted from the root of the tree, which is that of plans.
"""

from recctl.evidence.cases import Case, case_of
from recctl.evidence.reading import read
from recctl.evidence.verdicts import (
    Ending,
    Evidence,
    Judgement,
    Opening,
    Outcome,
    Reason,
    Run,
    TestList,
    Verdict,
)

__all__ = [
    "Case",
    "Ending",
    "Evidence",
    "Judgement",
    "Opening",
    "Outcome",
    "Reason",
    "Run",
    "TestList",
    "Verdict",
    "case_of",
    "read",
]
