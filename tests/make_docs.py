"""Writes the pages that follow from the code: `python -m tests.make_docs`."""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recctl.config import VARIABLES
from recctl.config.file import Configuration
from recctl.corpus import Entry, find
from recctl.diagnostics import Finding, Fix
from recctl.rules import TABLE, Rule
from recctl.rules.selection import Choice, choose
from recctl.validate import examine, validate
from tests.build import TEST, folder_of, recording, write
from tests.make_examples import EXAMPLES, decided
from tests.odd_answers import ASKED, ODD

BROKEN = EXAMPLES / "broken"
DOCS = Path(__file__).parents[1] / "docs"

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
        parts += [_section(rule, found.get(rule.name)) for rule in rules]
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


def _section(rule: Rule[Any], example: Finding | None) -> str:
    doc = re.sub(r"(?<!\n)\n(?!\n)", " ", rule.doc)
    fatal = ", fatal" if rule.fatal else ""
    head = f"### {rule.code} {rule.name}\n\n*{rule.severity.value}{fatal}, {_FIXES[rule.fix]}*\n"
    shown = f"\n```\n{example.message}\n```\n" if example else ""
    return f"{head}\n{doc}\n{shown}"


def _examples() -> dict[str, Finding]:
    """A finding of each rule that has an example, by the rule's name."""
    report = validate(find([str(BROKEN)]), _EVERY_RULE, decided())
    found = {finding.name: finding for finding in _without_paths(report.findings)}
    with TemporaryDirectory() as folder:
        for name, (_, response) in ODD.items():
            path = write(Path(folder), folder_of(TEST), recording(ASKED, response))
            for finding in examine(Entry(path), _EVERY_RULE).findings:
                if finding.name == name:
                    found.setdefault(name, finding)
    return found


def _without_paths(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """The findings whose message does not depend on where the examples lie."""
    return (finding for finding in findings if str(BROKEN) not in finding.message)


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
