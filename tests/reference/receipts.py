"""docs/reference/receipts.md: what lies in `.recctl`, with a receipt that was really written."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from recctl import schema
from recctl.plan import receipts
from tests.cli import run
from tests.make_examples import EXAMPLES
from tests.reference.markdown import block, table
from tests.reference.schemas import members
from tests.repository import work

_HEAD = """# Receipts

Every change that is carried out leaves a receipt: the plan, and what was removed or replaced. From
it [`recctl undo`](commands.md#undo) brings back the tree byte for byte.
[`recctl history`](commands.md#history) lists all receipts.

Receipts lie in `.recctl`, at the top of the git work tree; outside of git in the nearest folder
above that has one already, else in the working directory. git does not see that folder.

## What lies in the folder
"""

_ORDER = """A change is made ready in `preparing`. One rename makes that the journal; only then is a
file touched. When all is done, one more rename makes the journal a receipt. So a run that is killed
leaves either nothing, or a journal that has all that is needed to go on
(`recctl apply --resume`) or back (`recctl undo --apply`). `cache.db` lies in the same folder: it
holds what was learned of files, and may be deleted at any time.

## receipt.json

One line of JSON. The path of a file counts from the folder that holds `.recctl`; one that is not
UTF-8 is an object with the member `base64`. `recctl schema receipt` prints the whole schema.
"""

_PLAN = """### plan

The plan as it was carried out: that of the schema `plan`, without the content of files that were
written. Of each action it has the state of the file before and after, size and sha256.
"""

_EXAMPLE = """## An example

A stale recording gets its new name:
"""

_COMMAND = "recctl rehash tests --apply"

_TAIL = """Ids, times and the checksum are another each time; those on this page are made up. In its
file a receipt is one line.

## What undo needs

- The receipt, in one of its two copies. A checksum guards it: a damaged one is refused, and the
  other is taken.
- For what was removed or replaced by other content: its content in `store`. An edit and a rename
  with edits are taken back by the receipt alone, since it has the old bytes of each place.
- Every file that the change left must be as the change left it, and every place that it emptied
  must be free. Where one is not, undo names it and changes nothing.

[`recctl history --expire AGE --apply`](commands.md#history) deletes the stored content of older
receipts. Then only renames and edits among them can be taken back. To undo is a change like any
other: it leaves a receipt, and can itself be undone.
"""

_INSTEAD = {"id": "20260409-120000-e33cb1", "time": "2026-04-09T12:00:00Z"}
_MODIFIED = 1775736000000000000
_CHECKSUM = "83986ef8efb23a856bdeacf0d4d3405651f8e8318eba70192e890762575ac508"


def page() -> str:
    """The whole page."""
    document = schema.load("receipt")
    names, receipt = _example()
    return "\n".join(
        [
            _HEAD,
            block(_layout()),
            _ORDER,
            table(("member", "type", "meaning"), members(document, document)),
            _PLAN,
            table(("member", "type", "meaning"), members(document["$defs"]["plan"], document)),
            _EXAMPLE,
            block(_COMMAND, "sh"),
            block("\n".join(names)),
            block(json.dumps(receipt, indent=2, ensure_ascii=False), "json"),
            _TAIL,
        ]
    )


def _layout() -> str:
    """The table of the folder, as the module that writes it has it."""
    found = re.search(r"(?:^    .*\n)+", receipts.__doc__ or "", re.MULTILINE)
    if found is None:
        raise ValueError("recctl.plan.receipts does not tell what lies in the folder")
    return dedent(found[0])


def _example() -> tuple[list[str], Mapping[str, Any]]:
    """The files that a change leaves in the folder, and its receipt."""
    with TemporaryDirectory() as folder:
        top = Path(folder).resolve()
        tree = work(top)
        copytree(EXAMPLES / "broken/tests/stale", top / "tests/stale")
        tree.commit()
        done = run(*_COMMAND.split()[1:], cwd=top)
        if done.code:
            raise ValueError(f"{_COMMAND}: {done.stderr}")
        own = top / ".recctl"
        receipt = json.loads(next(own.glob("receipts/*/receipt.json")).read_text(encoding="utf-8"))
        found = sorted(
            path.relative_to(top).as_posix() for path in own.rglob("*") if path.is_file()
        )
        names = [name.replace(receipt["id"], _INSTEAD["id"]) for name in found]
    receipt |= {**_INSTEAD, "sha256": _CHECKSUM}
    for one in receipt["files"]:
        one |= {"mode": 0o644, "modified": _MODIFIED}
    for one in receipt["folders"]:
        one |= {"mode": 0o755}
    return names, receipt
