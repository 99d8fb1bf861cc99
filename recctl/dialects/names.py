"""File names of recordings. Source: docs/format.md, "File names"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import new
from typing import Any

_NAME = re.compile(r"(?:(?P<models>models-))?(?P<hash>[0-9a-f]{64}|[0-9a-f]{12})"
                   r"(?(models)-(?P<digest>[0-9a-f]{8}))\.json")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A recording's file name: 64 or 12 digits of the request hash, the digest of a model list."""

    digits: str
    digest: str | None = None

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(file_name: str) -> "Name | None":
        """The parts of a file name; null where it is none of a recording."""
        match = _NAME.fullmatch(file_name)
        return Name(match["hash"], match["digest"]) if match else None

    @property
    def short_hash(self) -> str:
        """The hash's first 12 digits."""
        return self.digits[:12]

    def is_meant_by(self, digits: str, digest: str = "") -> bool:
        """Whether it may be meant by some digits of the hash, or more than it has, and a digest."""
        same = self.digits.startswith(digits) or digits.startswith(self.digits)
        return same and (self.digest or "").startswith(digest)

    def __str__(self) -> str:
        """The file name."""
        stem = f"models-{self.digits}-{self.digest}" if self.digest else self.digits
        return f"{stem}.json"


def model_ids(body: Any, id_key: str) -> list[str] | None:
    """The sorted, distinct ids of a model list; null where the body is none."""
    body = _unwrapped(body)
    models = body.get("models") if isinstance(body, dict) else body
    if not isinstance(models, list):
        return None
    ids = [_unwrapped(model).get(id_key) for model in models if isinstance(_unwrapped(model), dict)]
    if len(ids) != len(models) or not all(isinstance(one, str) for one in ids):
        return None
    return sorted(set(ids))


def model_digest(ids: Iterable[str], algorithm: str) -> str:
    """8 hex digits that tell one set of model ids from another."""
    joined = "|".join(ids).encode(errors="surrogatepass")
    return new(algorithm, joined, usedforsecurity=False).hexdigest()[:8]


def _unwrapped(value: Any) -> Any:
    return value.get("__data__") if isinstance(value, dict) and "__data__" in value else value
