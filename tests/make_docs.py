"""Writes the pages and pictures that follow from the code: `python -m tests.make_docs`."""

import os
from collections.abc import Callable

from tests.cli import ROOT
from tests.reference import (
    commands,
    configuration,
    dialects,
    exits,
    receipts,
    rules,
    schemas,
    traces,
)
from tests.reference.pictures import PICTURES

DOCS = ROOT / "docs"

PAGES: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands.page,
    "reference/configuration.md": configuration.page,
    "reference/dialects.md": dialects.page,
    "reference/exit-codes.md": exits.page,
    "reference/receipts.md": receipts.page,
    "reference/rules.md": rules.page,
    "reference/schemas.md": schemas.page,
    "reference/traces.md": traces.page,
}
if os.name == "posix":  # where a program can have a terminal of its own
    PAGES |= {f"pictures/{picture.name}.svg": picture.svg for picture in PICTURES}
"""Files below `docs/`, and what gives the text of each."""


if __name__ == "__main__":
    for name, made in PAGES.items():
        file = DOCS / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(made(), encoding="utf-8")
