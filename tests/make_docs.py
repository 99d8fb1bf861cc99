"""Writes the pages that follow from the code: `python -m tests.make_docs`."""

import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recctl.baseline import Known
from recctl.config import VARIABLES
from recctl.config.file import Configuration
from recctl.corpus import Entry, find
from recctl.diagnostics import Fix
from recctl.hashing import canonical
from recctl.jsontext import parse
from recctl.rules import TABLE, Rule, Subject
from recctl.rules.leftovers import Leftovers, unused_baseline, unused_ignore
from recctl.rules.secrets import secret
from recctl.rules.selection import Choice, Exemption, choose
from recctl.validate import examine, validate
from tests.build import TEST, folder_of, recording, write
from tests.make_examples import EXAMPLES, decided
from tests.odd_answers import ASKED, ODD

ROOT = EXAMPLES.parent
DOCS = ROOT / "docs"

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

_HEAD = """# The rules

recctl checks {count} rules. An error means that a replay fails, or reads something else than was
recorded; a warning, that a replay may not notice what is wrong; an info is what real providers are
known to do, and is hidden without `--info`. `recctl rule NAME` prints the same as this page, and
[configuration.md](configuration.md) tells how to choose.

This page is written by `python -m tests.make_docs`.
"""


def rules_page() -> str:
    """docs/rules.md: every rule with its documentation and a message it really gives."""
    found = _examples()
    parts = [_HEAD.format(count=len(TABLE))]
    for letter, title in _GROUPS.items():
        rules = [rule for rule in TABLE if rule.code.startswith(letter)]
        parts.append(f"## {title}\n")
        parts += [_section(rule, found[rule.name]) for rule in rules]
    return "\n".join(parts)


def keys_table() -> str:
    """The table of docs/configuration.md: every key, its variable, and what it is for."""
    rows = ["| key | variable | what |", "|---|---|---|"]
    for name, field in Configuration.model_fields.items():
        key = name.replace("_", "-")
        variable = f"`{VARIABLES[key]}`" if key in VARIABLES else ""
        rows.append(f"| `{key}` | {variable} | {field.description} |")
    return "\n".join(rows)


def configuration_page() -> str:
    """docs/configuration.md with the table as it must be."""
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    return re.sub(
        r"<!-- keys -->\n.*?<!-- end -->",
        lambda _: f"<!-- keys -->\n{keys_table()}\n<!-- end -->",
        page,
        flags=re.DOTALL,
    )


PAGES = {"rules.md": rules_page, "configuration.md": configuration_page}


def _section(rule: Rule[Any], example: str) -> str:
    doc = re.sub(r"(?<!\n)\n(?!\n)", " ", rule.doc)
    fatal = ", fatal" if rule.fatal else ""
    head = f"### {rule.code} {rule.name}\n\n*{rule.severity.value}{fatal}, {_FIXES[rule.fix]}*\n"
    return f"{head}\n{doc}\n\n```\n{example}\nnext: {rule.command_for('FILE')}\n```\n"


def _examples() -> dict[str, str]:
    """A message of each rule, by the rule's name."""
    with chdir(ROOT):
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


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
