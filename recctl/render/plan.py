"""A plan, for review: text for people, Markdown for a pull request, JSON; and the list of receipts.

JSON is what `recctl apply` reads (schemas/plan.schema.json).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.text import Text

from recctl.plan import Action, Conflict, Plan, Receipt, Rename
from recctl.plan.document import as_document
from recctl.plan.receipts import Line
from recctl.render import document as document_json
from recctl.render.markdown import code, code_cell, escaped
from recctl.render.terminal import columns
from recctl.safetext import one_line
from recctl.wording import plural

_STYLES = {"rename": "cyan", "edit": "cyan", "write": "green", "remove": "red"}
_NOUNS = {
    "renames": "rename",
    "edits": "edit",
    "writes": "write",
    "removals": "removal",
    "conflicts": "conflict",
}
_MOST_ALIKE = 40
"""So many actions of one group that differ in their hashes only are shown, the others counted."""

_MOST_ROWS = 200
"""A comment on a pull request has room for not much more."""


def as_text(plan: Plan) -> Iterator[Text]:
    """The actions by group, those without one by folder; then conflicts, then notes."""
    for title, actions in _groups(plan.actions):
        yield Text(title, style="bold", no_wrap=True)
        several = len({_folder(one.path) for one in actions}) > 1
        for alike in _alike(actions):
            yield from _lines(alike, in_folder=several)
    if plan.conflicts:
        yield Text("conflicts, left as they are", style="bold yellow")
    for conflict in plan.conflicts:
        yield from _conflict_lines(conflict)
    for note in plan.notes:
        yield Text(one_line(note))


def as_markdown(plan: Plan) -> str:
    """A table with a row for each action, conflicts as a list."""
    blocks = [f"### recctl {escaped(one_line(plan.command))}: {counts(plan.summary)}"]
    if plan.actions:
        head = "| group | change | old | new | reason |\n|---|---|---|---|---|"
        rows = [
            _row(title, action) for title, actions in _groups(plan.actions) for action in actions
        ]
        blocks.append("\n".join([head, *rows[:_MOST_ROWS]]))
        if len(rows) > _MOST_ROWS:
            blocks.append(f"… and {plural(len(rows) - _MOST_ROWS, 'more change')}.")
    if plan.conflicts:
        items = [
            f"- {code(one_line(one.path))}: {escaped(one_line(one.reason))}; claimed by "
            + ", ".join(code(one_line(claim)) for claim in one.claims)
            for one in plan.conflicts[:_MOST_ROWS]
        ]
        if len(plan.conflicts) > _MOST_ROWS:
            items.append(f"- … and {len(plan.conflicts) - _MOST_ROWS:,} more")
        blocks += ["Conflicts, left as they are:", "\n".join(items)]
    blocks += [escaped(one_line(note)) for note in plan.notes]
    return "\n\n".join(blocks) + "\n"


def as_json(plan: Plan) -> str:
    """The whole plan, content included. Raises RefusedError where kept content is gone."""
    return document_json.as_json(as_document(plan))


def counts(summary: Mapping[str, int]) -> str:
    """What a plan does, in numbers: 12 renames, 1 conflict."""
    told = [plural(count, _NOUNS[kind]) for kind, count in summary.items() if count]
    return ", ".join(told) or "nothing to do"


def told(plan: Plan) -> str:
    """What a plan would do, in one line."""
    return f"{one_line(plan.command)}: {counts(plan.summary)}"


def done(receipt: Receipt, where: str = "") -> str:
    """What was done, and how to take it back, in one line; `where` is what undo must be told."""
    return f"{told(receipt.plan)}; done, to be undone with: recctl undo {receipt.id}{where}"


def history_as_text(lines: Sequence[Line]) -> list[str]:
    """A table of receipts."""
    table = [("id", "command", "kept", "changes"), *map(_history_row, lines)]
    return columns(table, right=frozenset({2}))


def history_as_json(lines: Sequence[Line]) -> str:
    """All receipts as one document (schemas/history.schema.json)."""
    document = {"version": 1, "receipts": [_history_object(line) for line in lines]}
    return document_json.as_json(document)


def _groups(actions: Iterable[Action]) -> Iterator[tuple[str, list[Action]]]:
    """Titles and what belongs below them, in the order in which they first come."""
    grouped: dict[tuple[bool, str], list[Action]] = {}
    for action in actions:
        group = action.review.group
        title = _folder(action.path) if group is None else group
        grouped.setdefault((group is None, title), []).append(action)
    for (_, title), members in grouped.items():
        yield one_line(title), members


def _alike(actions: Sequence[Action]) -> Iterator[list[Action]]:
    """Actions in a row of one kind, with one reason, between the same folders."""
    for _, alike in groupby(
        actions, key=lambda one: (type(one), one.review.reason, _folder(one.path), _moves_to(one))
    ):
        yield list(alike)


def _lines(alike: list[Action], *, in_folder: bool) -> Iterator[Text]:
    first = alike[0]
    op = type(first).__name__.lower()
    verb = (f"  {op}", _STYLES[op])
    place = f"in {one_line(_folder(first.path))}" if in_folder else ""
    reason = "; ".join(filter(None, (_reason(first), place)))
    if len(alike) == 1:
        yield Text.assemble(verb, f" {_label(first)}" + (f"  {reason}" if reason else ""))
        return
    yield Text.assemble(verb, f" {plural(len(alike), 'file')}" + (f": {reason}" if reason else ""))
    for one in alike[:_MOST_ALIKE]:
        yield Text(f"    {_label(one)}", no_wrap=True)
    if len(alike) > _MOST_ALIKE:
        more = len(alike) - _MOST_ALIKE
        yield Text(f"    … and {more:,} more; all of them: --format json", style="dim")


def _label(action: Action) -> str:
    """What tells an action from those like it: its hashes, or the names of its file."""
    review = action.review
    if review.old or review.new:
        old, new = one_line(review.old), one_line(review.new)
        return " → ".join(filter(None, (old, new))) if old != new else old
    if isinstance(action, Rename) and _name(action.path) != _name(action.to):
        return f"{_name(action.path)} → {_name(action.to)}"
    return _name(action.path)


def _reason(
    action: Action, said: Callable[[str], str] = str, shown: Callable[[str], str] = str
) -> str:
    """Why it is done, and whereto a file is moved that does not stay in its folder."""
    where = _moves_to(action)
    moved = "" if where is None else f"to {shown(one_line(where))}"
    return "; ".join(filter(None, (said(one_line(action.review.reason)), moved)))


def _conflict_lines(conflict: Conflict) -> Iterator[Text]:
    yield Text(f"  {one_line(conflict.path)}", no_wrap=True)
    if conflict.group is not None:
        yield Text(f"    {one_line(conflict.group)}", no_wrap=True)
    yield Text(f"    {one_line(conflict.reason)}; claimed by", style="yellow")
    for claim in conflict.claims[:_MOST_ALIKE]:
        yield Text(f"    {one_line(claim)}", no_wrap=True)
    if len(conflict.claims) > _MOST_ALIKE:
        yield Text(f"    … and {len(conflict.claims) - _MOST_ALIKE:,} more", style="dim")


def _row(title: str, action: Action) -> str:
    review = action.review
    old = one_line(review.old or (_name(action.path) if not review.new else ""))
    new = one_line(review.new)
    if isinstance(action, Rename) and not review.new:
        new = _name(action.to)
    cells = [
        code_cell(title),
        type(action).__name__.lower(),
        code_cell(old) if old else "",
        code_cell(new) if new else "",
        _reason(action, escaped, code_cell),
    ]
    return "| " + " | ".join(cells) + " |"


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _name(path: str) -> str:
    return one_line(path.rpartition("/")[2])


def _moves_to(action: Action) -> str | None:
    """The folder into which a file is moved; null where it stays in its own."""
    if isinstance(action, Rename) and _folder(action.path) != _folder(action.to):
        return _folder(action.to)
    return None


def _history_row(line: Line) -> tuple[str, ...]:
    if line.summary is None:
        return (line.id, "-", "-", line.flaw or "damaged")
    remark = "" if line.undoes is None else f"; undoes {_end(line.undoes)}"
    remark += "" if line.undone_by is None else f"; undone by {_end(line.undone_by)}"
    kept = "expired" if line.kept is None else f"{line.kept:,}"
    return (line.id, one_line(line.command), kept, counts(line.summary) + remark)


def _end(identity: str) -> str:
    """The end of an id, by which commands know it, too."""
    return one_line(identity).rpartition("-")[2]


def _history_object(line: Line) -> dict[str, object]:
    return {
        "id": line.id,
        "time": None if line.time is None else line.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": None if line.flaw else one_line(line.command),
        "summary": None if line.summary is None else dict(line.summary),
        "undoes": line.undoes,
        "undone_by": line.undone_by,
        "kept": line.kept,
        "flaw": line.flaw,
    }
