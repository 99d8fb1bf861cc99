"""Reading the contents of objects."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from recctl.gitstore.running import CHUNK, GitError, end, reason_of, started

MAX_BYTES = 512 * 1024 * 1024
"""A larger object is not read, as a larger file is not."""

_AT_ONCE = 16
"""So many objects are asked for at once, and held in memory."""


class Objects:
    """The contents of objects, through one process that lives as long as the `with` block."""

    def __init__(self, top: Path) -> None:
        self._top = top

    def __enter__(self) -> Self:
        self._told = TemporaryFile()
        try:
            self._process = started(
                self._top, ("cat-file", "--batch"), stdin=subprocess.PIPE, stderr=self._told
            )
        except BaseException:
            self._told.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._process)
        self._told.close()

    def read(self, object_id: str) -> bytes | None:
        """An object's content; null where the repository lacks it or it is over MAX_BYTES.

        A damaged one is lacking, too, or makes git fail. Raises GitError where git fails, as on an
        object that a partial clone would have to fetch.
        """
        return self._answers([object_id])[0]

    def read_all(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """The contents of objects one after the other, as `read` gives them, each with its id.

        Faster than `read`: a few are asked for at once. Meanwhile, others may be read.
        """
        left = iter(ids)
        while some := list(islice(left, _AT_ONCE)):
            yield from zip(some, self._answers(some), strict=True)

    def _answers(self, ids: Sequence[str]) -> list[bytes | None]:
        """The contents of a few objects. All answers are read, so that the next ones fit too."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None and answers is not None  # noqa: S101, PT018 - both are pipes
        try:
            # So few that they fit into the pipe: git need not have read them for this to end.
            asks.write("".join(f"{one}\n" for one in ids).encode("ascii"))
            asks.flush()
        except OSError:
            raise self._failure(ids[0]) from None
        return [self._answer(one, answers) for one in ids]

    def _answer(self, object_id: str, answers: IO[bytes]) -> bytes | None:
        header = answers.readline()
        if not header:
            raise self._failure(object_id)
        if header.split()[-1:] == [b"missing"]:
            return None
        size = int(header.split()[-1])
        if size > MAX_BYTES:
            left = size + 1
            while left > 0:
                left -= len(answers.read(min(left, CHUNK))) or left
            return None
        content = answers.read(size + 1)
        if len(content) != size + 1:
            raise self._failure(object_id)
        return content[:-1]

    def _failure(self, object_id: str) -> GitError:
        self._process.wait()
        self._told.seek(0)
        reason = reason_of(self._told.read())
        if "promisor" in reason or "fetch" in reason:
            reason = "not here, this clone is partial; get all: git fetch --refetch --no-filter"
        return GitError(f"git: object {object_id[:12]}: {reason}")
