"""Which rules are checked, how bad each is, and where which of them is not reported.

A selector is a rule's code or name, or the beginning of codes: `I302`, `unreachable`, `I3`, `I`;
`ALL` is all. Of two selectors that disagree on a rule the longer counts, and of equally long ones
the one that ignores.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recctl.diagnostics import Severity
from recctl.errors import UsageError, did_you_mean
from recctl.globs import matcher
from recctl.rules.subject import Rule

EVERYTHING = "ALL"

_WHOLE = 100
"""How closely a code or a name fits its rule; a beginning fits by its length."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for, as it was written.

    `select` is null where nothing was said: then every rule counts whose severity is not info, or
    with `infos` every rule. `ignore` and `per_file_ignores` stand in the file `source` and are
    meant to last; `drop` is ignored in this run. `unavailable` has the rules that cannot be checked
    here, by name. With `watch`, rules in `ignore` are checked all the same, to see whether they
    still need to be ignored.
    """

    select: Sequence[str] | None = None
    drop: Sequence[str] = ()
    ignore: Sequence[str] = ()
    per_file_ignores: Mapping[str, Sequence[str]] = field(default_factory=dict)
    severity: Mapping[str, str] = field(default_factory=dict)
    unavailable: Collection[str] = ()
    source: str = ""
    infos: bool = False
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Exemption:
    """A standing decision not to report rules, on files that match a glob or, with none, on all.

    `selector` stands in the configuration at `pointer`; `rules` are the names of those it means.
    """

    pointer: str
    selector: str
    rules: frozenset[str]
    glob: str | None = None

    def covers(self, rule: str, path: str) -> bool:
        """Whether a rule, by name, is not reported on a file; the path counts as globs do."""
        if rule not in self.rules or self.glob is None:
            return rule in self.rules
        return matcher(self.glob)(path if "/" in self.glob else path.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules of a run: name -> severity of those that are checked, and the exemptions.

    `source` is the file that the exemptions stand in. `missing` are the rules that were selected
    and cannot be checked here.
    """

    severities: Mapping[str, Severity]
    exemptions: tuple[Exemption, ...] = ()
    source: str = ""
    missing: tuple[str, ...] = ()


def choose(table: Iterable[Rule[Any]], choice: Choice) -> Selection:
    """The selection that a choice makes from a table of rules. Fatal rules are always checked.

    Raises UsageError for a selector that means no rule, for one that ignores a fatal rule, and
    for a selection of nothing.
    """
    rules = tuple(table)
    severities = _severities(rules, choice.severity)
    if choice.select is not None and not choice.select:
        raise UsageError("no rule is selected; leave it out to check the usual ones")
    selected = _closeness(rules, choice.select or ())
    if choice.select is None:
        hidden = () if choice.infos else (Severity.INFO,)
        selected = {name: 0 for name, severity in severities.items() if severity not in hidden}
    dropped = _closeness(rules, choice.drop, ignoring=True)
    ignored = _closeness(rules, choice.ignore, ignoring=True)
    checked = [name for name, close in selected.items() if dropped.get(name, -1) < close]
    watched = {name for name in checked if ignored.get(name, -1) >= selected[name]}
    always = {rule.name for rule in rules if rule.fatal}
    unseen = set(choice.unavailable) if choice.watch else watched | set(choice.unavailable)
    running = always.union(checked) - (unseen - always)
    exemptions = [
        Exemption(
            f"/ignore/{place}", selector, _meant(rules, selector) & watched & running - always
        )
        for place, selector in enumerate(choice.ignore)
        if choice.watch
    ]
    for glob, selectors in choice.per_file_ignores.items():
        _closeness(rules, selectors, ignoring=True)
        exemptions += [
            Exemption(
                f"/per-file-ignores/{glob.replace('~', '~0').replace('/', '~1')}/{place}",
                selector,
                _meant(rules, selector) & running - always,
                glob,
            )
            for place, selector in enumerate(selectors)
        ]
    return Selection(
        {rule.name: severities[rule.name] for rule in rules if rule.name in running},
        tuple(exemption for exemption in exemptions if exemption.rules),
        choice.source,
        tuple(one for one in choice.unavailable if choice.select is not None and one in selected),
    )


def find(table: Iterable[Rule[Any]], code_or_name: str) -> Rule[Any]:
    """The rule of a code or name, in any case. Raises UsageError, with the nearest names."""
    rules = tuple(table)
    for rule in rules:
        if code_or_name.lower() in (rule.code.lower(), rule.name):
            return rule
    raise _unknown(rules, code_or_name)


def _severities(rules: Sequence[Rule[Any]], wanted: Mapping[str, str]) -> dict[str, Severity]:
    for selector in wanted:
        _closeness(rules, [selector], ignoring=True)
    made = {}
    for rule in rules:
        close = {selector: _close(rule, selector) for selector in wanted}
        best = max(close, key=lambda selector: close[selector], default="")
        chosen = bool(best) and close[best] >= 0 and not rule.fatal
        made[rule.name] = Severity(wanted[best]) if chosen else rule.severity
    return made


def _closeness(
    rules: Sequence[Rule[Any]], selectors: Iterable[str], *, ignoring: bool = False
) -> dict[str, int]:
    """Name -> how closely the best of the selectors fits, for the rules that any of them means."""
    made: dict[str, int] = {}
    for selector in selectors:
        meant = [(rule, _close(rule, selector)) for rule in rules if _close(rule, selector) >= 0]
        if not meant:
            raise _unknown(rules, selector)
        for rule, close in meant:
            if ignoring and rule.fatal and close == _WHOLE:
                raise UsageError(
                    f"{rule.name} cannot be ignored or made less of: nothing else can be said of"
                    f" such a file; see: recctl rule {rule.name}"
                )
            made[rule.name] = max(close, made.get(rule.name, 0))
    return made


def _close(rule: Rule[Any], selector: str) -> int:
    """How closely a selector fits a rule; below 0, it does not."""
    code = selector.upper()
    if code == rule.code or selector.lower() == rule.name:
        return _WHOLE
    if code == EVERYTHING:
        return 0
    return len(code) if code and rule.code.startswith(code) else -1


def _meant(rules: Sequence[Rule[Any]], selector: str) -> frozenset[str]:
    return frozenset(rule.name for rule in rules if _close(rule, selector) >= 0)


def _unknown(rules: Sequence[Rule[Any]], word: str) -> UsageError:
    hint = did_you_mean(word, [known for rule in rules for known in (rule.name, rule.code)])
    return UsageError(f"no rule {word!r}{hint or ';'} recctl rule lists all")
