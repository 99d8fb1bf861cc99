"""docs/reference/rules.md: every rule with its documentation and a message it really gives."""

import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recctl.baseline import Known
from recctl.corpus import Entry, find
from recctl.diagnostics import Fix
from recctl.hashing import canonical
from recctl.jsontext import parse
from recctl.rules import TABLE, Rule, Subject
from recctl.rules.leftovers import Leftovers, unused_baseline, unused_ignore
from recctl.rules.secrets import secret
from recctl.rules.selection import Choice, Exemption, choose
from recctl.validate import validate
from tests.build import TEST, folder_of, recording, write
from tests.examine import examine
from tests.make_examples import EXAMPLES, decided
from tests.odd_answers import ASKED, ODD
from tests.reference.markdown import block, prose, table

_EVERY_RULE = choose(TABLE, Choice(infos=True))

_GROUPS = {
    "J": "The text of the file",
    "S": "Its structure",
    "I": "Its identity: name, hash, folder",
    "W": "Its answer",
    "H": "What a kept corpus should be free of",
    "U": "Decisions that are not needed any more",
}

_FIXES = {
    Fix.SAFE: "mended by `recctl validate --fix --apply`",
    Fix.UNSAFE: "mended by a command of its own",
    Fix.NONE: "mended by hand",
}

_HEAD = """# Rules

[`recctl validate`](commands.md#validate) checks {count} rules, and `recctl rule NAME` prints the
same as this page. A rule is named by its code or its name. Which ones are checked, and how severe
they are, is a matter of the [configuration](configuration.md#which-rules-are-checked).

| severity | what it says |
|---|---|
| error | a replay fails, or reads something else than was recorded |
| warning | a replay may not notice what is wrong |
| info | real providers are known to do this; hidden without `--info`, never an exit code |

A fatal rule is always checked and cannot be ignored: of a file that cannot be read as JSON nothing
else can be said. The message below a rule is one that it really gave, with the command that comes
next.
"""


def page() -> str:
    """The whole page."""
    found = _examples()
    parts = [_HEAD.format(count=len(TABLE))]
    for letter, title in _GROUPS.items():
        rules = [rule for rule in TABLE if rule.code.startswith(letter)]
        parts.append(f"## {title}\n")
        parts.append(table(("rule", "severity", "what it finds"), map(_row, rules)))
        parts += [_section(rule, found.get(rule.name)) for rule in rules]
    return "\n".join(parts)


def link(rule: Rule[Any], text: str = "", page: str = "") -> str:
    """A link to a rule's section, from the page itself if no other is named."""
    return f"[{text or f'{rule.code} {rule.name}'}]({page}#{rule.code.lower()}-{rule.name})"


def _row(rule: Rule[Any]) -> tuple[str, str, str]:
    severity = f"{rule.severity.value}{', fatal' if rule.fatal else ''}"
    first = rule.doc.partition("\n\n")[0]
    return link(rule), severity, prose(first)


def _section(rule: Rule[Any], example: str | None) -> str:
    doc = re.sub(r"(?<!\n)\n(?!\n)", " ", rule.doc)
    fatal = ", fatal" if rule.fatal else ""
    next_ = f"next: {rule.command_for('FILE')}"
    message = next_ if example is None else f"{example}\n{next_}"
    head = f"### {rule.code} {rule.name}\n\n*{rule.severity.value}{fatal}, {_FIXES[rule.fix]}*\n"
    return f"{head}\n{doc}\n\n{block(message)}"


def _examples() -> dict[str, str]:
    """A message of each rule, by the rule's name."""
    with chdir(EXAMPLES.parent):
        report = validate(find(["examples/broken"]), _EVERY_RULE, decided())
    found = {finding.name: finding.message for finding in report.findings}
    found |= _of_decisions()
    with TemporaryDirectory() as folder:
        for name, (_, response) in ODD.items():
            path = write(Path(folder), folder_of(TEST), recording(ASKED, response))
            for finding in examine(Entry(path), _EVERY_RULE):
                if finding.name == name:
                    found.setdefault(name, finding.message)
    return found


def _of_decisions() -> dict[str, str]:
    """Messages of the rules that are not about a recording of the examples."""
    path = "tests/chat/recordings/9cc2441f61e2….json"
    leftovers = Leftovers(
        exemptions=(Exemption("/ignore/0", "stale", frozenset({"stale"})),),
        known=(Known(path, "stale", "/request"),),
    )
    token = "ghp_" + "".join(chr(97 + place * 7 % 26) for place in range(36))
    document = {"request": {"body": {"token": token}}, "response": {}}
    subject = Subject(Path("a.json"), parsed=parse(canonical(document)))
    return {
        "unused-ignore": next(unused_ignore(leftovers))[1].message,
        "unused-baseline": next(unused_baseline(leftovers))[1].message,
        "secret": next(secret(subject)).message,
    }
