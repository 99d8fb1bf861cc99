"""What a check says: findings, and the report that collects them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a violated rule is.

    An error means that a replay fails or reads something else than was recorded; a warning,
    that the recording has been tampered with in a way that a replay may not notice. An info is
    what real providers are known to do, and hidden unless asked for.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Fix(StrEnum):
    """Whether recctl can mend what a rule finds.

    A safe fix changes nothing that a replay looks for or tells a test; an unsafe one does, and is
    a command of its own.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Violation:
    """What one rule saw in one file: where (a JSON pointer), and what in one terse line.

    `line` is given where the file's text is too broken for pointers; otherwise the pointer gives
    it. What is `secret` is never quoted, nor the line it stands on. What is not `mendable` cannot
    be mended although the rule's findings mostly can.
    """

    pointer: str
    message: str
    line: int | None = None
    secret: bool = False
    mendable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """A violated rule, ready to be shown. `line` counts from 1; null where a file has no text.

    `excerpt` is the text of that line, shortened, without what surrounds it; null where the line
    says nothing (it only opens an object) or must not be shown. `command` is what to run next.
    """

    code: str
    name: str
    severity: Severity
    path: str
    pointer: str
    line: int | None
    message: str
    excerpt: str | None = None
    command: str | None = None
    fix: Fix = Fix.NONE


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a report says of a rule: its title is a sentence, its doc a few paragraphs."""

    code: str
    name: str
    severity: Severity
    fix: Fix
    title: str
    doc: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A file or folder among the recordings that is none, and was left alone."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a validation, findings in order of path, line and code.

    `rules` are those that found something, in order of code. `baselined` counts the findings left
    out because a baseline has them.
    """

    recordings: int
    findings: tuple[Finding, ...]
    strays: tuple[Stray, ...] = ()
    rules: tuple[RuleText, ...] = ()
    baselined: int = 0

    @property
    def is_bad(self) -> bool:
        """Whether there is an error or a warning; infos alone are fine."""
        return any(finding.severity is not Severity.INFO for finding in self.findings)

    @property
    def by_severity(self) -> Mapping[str, int]:
        """Number of findings by severity, the worst first; 0 where there are none."""
        counts = Counter(finding.severity for finding in self.findings)
        return {severity.value: counts[severity] for severity in Severity}

    @property
    def fixable(self) -> int:
        """Number of findings that can be mended safely."""
        return sum(finding.fix is Fix.SAFE for finding in self.findings)

    @property
    def by_rule(self) -> Mapping[str, int]:
        """Number of findings by rule name, in the order of the numbers in the rules' codes."""
        counts: dict[str, int] = {}
        for finding in sorted(self.findings, key=lambda finding: finding.code[1:]):
            counts[finding.name] = counts.get(finding.name, 0) + 1
        return counts
