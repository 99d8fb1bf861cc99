"""What a recording once was: a list of versions for people, JSON for programs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from recctl.past import Past, dated, day, time_of
from recctl.render import document as document_json
from recctl.render.terminal import columns
from recctl.safetext import one_line


@dataclass(frozen=True, slots=True)
class Listed:
    """A path's past, the sizes of its contents by object id, and the id of what it holds now."""

    past: Past
    sizes: Mapping[str, int]
    now: str | None


def as_text(listed: Iterable[Listed]) -> Iterator[str]:
    """Each path, what removed it, and its versions: commit, day, size in bytes, subject."""
    for one in listed:
        past = one.past
        yield one_line(past.path)
        if past.removed is not None:
            yield f"  removed by {dated(past.removed)}"
        rows = [
            (
                "  " + version.commit.id[:12],
                day(version.commit),
                f"{size:,}" if (size := one.sizes.get(version.blob.id)) is not None else "?",
                one_line(version.commit.subject)
                + (" (in the work tree)" if version.blob.id == one.now else ""),
            )
            for version in past.versions
        ]
        yield from columns(rows, right=frozenset({2}))


def as_json(listed: Iterable[Listed]) -> str:
    """All of it as one document (schemas/versions.schema.json)."""
    document = {
        "version": 1,
        "recordings": [
            {
                "path": one.past.path,
                "removed_by": None if one.past.removed is None else one.past.removed.id,
                "versions": [
                    {
                        "commit": version.commit.id,
                        "time": time_of(version.commit),
                        "subject": version.commit.subject,
                        "size": one.sizes.get(version.blob.id),
                        "in_work_tree": version.blob.id == one.now,
                    }
                    for version in one.past.versions
                ],
            }
            for one in listed
        ],
    }
    return document_json.as_json(document)
