"""Which hash a request has under which dated rules, and which file name that gives.

The rules are data: `dialects.toml`. `published()` reads them, `steps` applies them.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlparse

from recctl.dialects.names import Name, model_digest, model_ids
from recctl.dialects.steps import Effects, Step, normalized
from recctl.dialects.table import Dialect, Table, published
from recctl.errors import UnsoundError
from recctl.hashing import hash_of_texts, hash_text, request_hash
from recctl.recording import Recording

__all__ = [
    "Dialect",
    "Identity",
    "MaterialError",
    "Name",
    "Standing",
    "Table",
    "digest_fits",
    "hash_under",
    "hashes_under",
    "identify",
    "is_model_list",
    "lists_models",
    "material_under",
    "name_of",
    "name_under",
    "published",
]


class MaterialError(UnsoundError):
    """A request's hash cannot be computed: something that goes into it is missing or no such."""


def material_under(dialect: Dialect, recording: Recording) -> Mapping[str, Any]:
    """What a dialect hashes of a recording's request, by key, as far as the file keeps it.

    Raises MaterialError where the request lacks a part or has it in another type.
    """
    return _asked(recording).under(dialect)


def hash_under(dialect: Dialect, recording: Recording) -> str:
    """The 64 digits of a request's hash under a dialect.

    Raises MaterialError, also where the file does not keep all that goes into the hash.
    """
    return request_hash(_hashed(recording).under(dialect))


def hashes_under(dialects: Sequence[Dialect], recording: Recording) -> list[str]:
    """The same under several dialects, for less than one by one. Raises MaterialError."""
    steps = tuple(dict.fromkeys(step for dialect in dialects for step in dialect.steps))
    return _hashed(recording).hashes(dialects, steps)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request's material before a dialect has a say in it.

    It has one in what stands at the keys `normalized`, and where there is a `shared` path, in
    whether the test id is added.
    """

    material: Mapping[str, Any]
    normalized: tuple[str, ...]
    host: str
    shared: str | None
    test_id: Any

    def under(self, dialect: Dialect) -> Mapping[str, Any]:
        """The material under a dialect."""
        material = {**self.material}
        for key in self.normalized:
            material[key] = normalized(dialect.steps, material[key], self.host)
        if self._takes_test_id(dialect):
            material["test_id"] = self.test_id
        return material

    def hashes(self, dialects: Sequence[Dialect], steps: Sequence[Step]) -> list[str]:
        """The hashes under several dialects: for each, what `request_hash` gives of `under`.

        `steps` are those of all. Most dialects agree on most requests, and what they agree on is
        written and hashed once.
        """
        looked_at = {key: Effects(self.material[key], self.host) for key in self.normalized}
        effects = {key: one for key, one in looked_at.items() if one.are_there(steps)}
        texts = {key: hash_text(part) for key, part in self.material.items() if key not in effects}
        written: dict[tuple[str, tuple[Step, ...]], str] = {}
        made: dict[Hashable, str] = {}
        hashes = []
        for dialect in dialects:
            effective = {key: one.of(dialect.steps) for key, one in effects.items()}
            takes_test_id = self._takes_test_id(dialect)
            same = (takes_test_id, *effective.values())
            if same not in made:
                for key, some in effective.items():
                    if (key, some) not in written:
                        part = normalized(some, self.material[key], self.host)
                        written[key, some] = hash_text(part)
                    texts[key] = written[key, some]
                whole = {**texts, "test_id": hash_text(self.test_id)} if takes_test_id else texts
                made[same] = hash_of_texts(whole)
            hashes.append(made[same])
        return hashes

    def _takes_test_id(self, dialect: Dialect) -> bool:
        return self.shared is not None and dialect.takes_test_id(self.shared)


def _asked(recording: Recording) -> _Asked:
    """The parts of a recording's request. Raises MaterialError."""
    kind = recording.kind
    if kind is None:
        raise MaterialError("the request is of no known kind")
    rules = published().materials[kind]
    request = recording.request
    host, path = _host_and_path(request)
    material: dict[str, Any] = {}
    for key, (form, source) in rules.fields.items():
        if form == "constant":
            material[key] = source
            continue
        if source not in request:
            raise MaterialError(f"the request has no {source}")
        value = request[source]
        if form == "upper":
            value = _checked_text(source, value).upper()
        elif form == "path":
            _checked_text(source, value)
            value = path
        material[key] = value
    by_dialect = tuple(key for key, (form, _) in rules.fields.items() if form == "normalized")
    shared = path if rules.test_id_by_dialect else None
    return _Asked(material, by_dialect, host, shared, recording.document.get("test_id"))


def _hashed(recording: Recording) -> _Asked:
    """The same, of a recording that keeps all that goes into the hash. Raises MaterialError."""
    kind = recording.kind
    lost = published().materials[kind].lost if kind is not None else ()
    if lost:
        raise MaterialError(f"a recording of kind {kind} does not keep {' and '.join(lost)}")
    return _asked(recording)


def name_under(dialect: Dialect, recording: Recording) -> Name:
    """The file name that a dialect gives to a recording. Raises MaterialError."""
    return name_of(hash_under(dialect, recording), dialect, recording)


def name_of(known_hash: str, dialect: Dialect, recording: Recording) -> Name:
    """The same, of a recording of which a dialect's hash is known."""
    digits = known_hash[: dialect.hash_digits]
    ids = _listed_models(recording)
    return Name(digits, None if ids is None else model_digest(ids, dialect.digests[-1]))


class Standing(StrEnum):
    """Whether a recorder can find a recording by its name."""

    REACHABLE = "reachable"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    RETIRED = "retired"
    UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Identity:
    """How a recording stands, and the dialects that give its name, oldest first.

    `wanted` is the hash that the target gives, by which it is looked for today, and `hashes` are
    those that all dialects of the table give, in its order; null and none where they cannot be
    computed.
    """

    standing: Standing
    fitting: tuple[Dialect, ...] = ()
    wanted: str | None = None
    hashes: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """The fitting dialects in a few words: none, one, or the first and the last."""
        if not self.fitting:
            return "none"
        first, last = self.fitting[0].name, self.fitting[-1].name
        return first if first == last else f"{first} … {last}"


def identify(recording: Recording, table: Table) -> Identity:
    """Compare a recording's name with the hashes its request has.

    Short names are compared by the digits they have; a target of 64 finds full ones only.
    A request whose hash cannot be computed is unreachable.
    """
    if recording.kind is not None and published().materials[recording.kind].retired:
        return Identity(Standing.RETIRED)
    name = Name.parse(recording.file_name)
    try:
        *hashes, wanted = _hashed(recording).hashes((*table.dialects, table.target), table.steps)
    except MaterialError:
        return Identity(Standing.UNREACHABLE if name else Standing.UNNAMED)
    if name is None:
        return Identity(Standing.UNNAMED, wanted=wanted, hashes=tuple(hashes))
    by_dialect = zip(table.dialects, hashes, strict=True)
    fitting = tuple(dialect for dialect, found in by_dialect if found.startswith(name.digits))
    if not fitting:
        return Identity(Standing.UNREACHABLE, wanted=wanted, hashes=tuple(hashes))
    found = table.target in fitting and len(name.digits) == table.target.hash_digits
    standing = Standing.REACHABLE if found else Standing.STALE
    return Identity(standing, fitting, wanted, tuple(hashes))


def is_model_list(recording: Recording) -> bool:
    """Whether the recording's file name carries the digest of a model list."""
    endpoint = recording.request.get("endpoint")
    return isinstance(endpoint, str) and endpoint in published().model_lists


def lists_models(recording: Recording) -> bool:
    """Whether the recording's answer is a list of models, which gives its name a digest."""
    return _listed_models(recording) is not None


def digest_fits(recording: Recording, digest: str) -> bool:
    """Whether a file name's digest is that of the recorded models, by any dialect's algorithm."""
    ids = _listed_models(recording)
    algorithms = {name for dialect in published().dialects for name in dialect.digests}
    return ids is not None and any(model_digest(ids, name) == digest for name in algorithms)


def _listed_models(recording: Recording) -> list[str] | None:
    if not is_model_list(recording):
        return None
    return model_ids(recording.body, published().model_lists[recording.request["endpoint"]])


def _host_and_path(request: Mapping[str, Any]) -> tuple[str, str]:
    url = request.get("url")
    if url is None:
        return "", ""
    try:
        # urlparse, as the recorder does: it cuts ";parameters" off the path.
        parts = urlparse(_checked_text("url", url))
    except ValueError as error:
        raise MaterialError(f"the request's url cannot be split: {error}") from None
    return parts.netloc, parts.path


def _checked_text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise MaterialError(f"the request's {key} is no string")
    return value
