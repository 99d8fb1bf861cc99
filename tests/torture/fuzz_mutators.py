"""Bytes made from other bytes: what a reader gets that was written by nobody.

A mutator knows the form of what it changes, so that most of what it makes is read past the first
brace. `pool` are other inputs of the same reader, of which parts may be taken.
"""

import json
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Mutator = Callable[[bytes, Random, Sequence[bytes]], bytes]

BETWEEN = b"\n\x1e\n"
"""Parts the files of a reader that takes several."""

LARGEST = 48_000
"""Bytes of an input, about: blow-ups show at that size, and most of them run at once."""

_MOST_CHANGES = 4

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**25, 1.0, -0.0, 0.1234567, 1e16, 1e-7, 1e300),
    *(
        math.inf,
        -math.inf,
        math.nan,
        "",
        " ",
        "\n",
        "\x00",
        "\x1b[31m",
        "\u2028",
        "\u202e",
        "\ufeff",
    ),
    *(
        "\ud83d",
        "\ude00",
        "\udc80",
        "😀",
        "é",
        "e\u0301",
        "İ",
        "ß",
        "a" * 300,
        "ab1" * 100,
        "[DONE]",
    ),
    *("[" * 250 + "]" * 250, "data: " + "[" * 600 + "]" * 600, '{"a":' * 990 + "1" + "}" * 990),
    *("data: {}", "event: ping", ": hi", "data:", "data: [DONE]", '{"a": 1}', '{"a": "he', "[1]"),
    *("score: 0.5", "1.23456", "attributes: {", "document_id: 0", "<think>", "</think>", "true"),
    *("0d3b9a6e-1c1f-4b5e-9a55-0c6a4e1a2b3c", "rec-0123456789ab", "sk-" + "aB3" * 16, "stop"),
    *("http://[", "https://h/v1/models", "vertexai:///generate_content", "/v1/chat/completions"),
    *("assistant", "tool", "tool_calls", "text", "function", "7" * 40, "1e999", "NaN", "0", "-1"),
    *("openai.types.model.Model", "a/b/test_x.py::test_y[z]", "../x", "/", "~0~1", "*", "\\"),
    *([], {}, [[]], [{}], [None], {"": None}, {"__type__": "a.B", "__data__": {}}, {"error": {}}),
    *({"a": {"b": 1}}, [1, "a", None], {"type": "x"}, {"index": 0}, {"index": "0"}),
)
"""Values that stand for what a recorder, a provider or a merge may leave."""

_DEEP = (5, 60, 150, 199, 201, 600)

_TOKENS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\n", b"\r\n", b"\r", b"\t", b"\x00", b"#"),
    *(b"\xff", b"\xed\xa0\xbd", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\\ud83d", b"\\u0000"),
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"1E5", b"0.1", b"9" * 5_000, b"null"),
    *(
        b"<<<<<<< ours\n",
        b"=======\n",
        b">>>>>>> theirs\n",
        b"::",
        b".py::",
        b"'",
        b"(",
        b")",
        b"=",
    ),
    *("é".encode(), "\u2028".encode(), "😀".encode(), b"\x1b[0m", b" ", b"    ", b"_", b"*", b"|"),
)


def json_mutated(raw: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    """JSON that differs in a few values; now and then text that hardly is JSON any more."""
    try:
        value = json.loads(raw)
        for _ in range(random.randint(1, _MOST_CHANGES)):
            value = _changed(value, random, pool)
        made = _written(value, random)
        if len(made) > LARGEST:
            made = _written(_changed(json.loads(raw), random, ()), random)
    except (ValueError, RecursionError):
        return text_mutated(raw, random, pool)
    return text_mutated(made, random, pool) if random.random() < 0.12 else made


def text_mutated(raw: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    """Text with pieces cut out, doubled, swapped, put in, or taken from another one."""
    made = bytearray(raw)
    for _ in range(random.randint(1, _MOST_CHANGES)):
        start, end = _slice(made, random)
        match random.randrange(10):
            case 0:
                del made[start:end]
            case 1:
                made[start:start] = random.choice(_TOKENS)
            case 2:
                made[start:end] = random.choice(_TOKENS)
            case 3 if pool:
                other = random.choice(pool)
                from_, to = _slice(other, random)
                made[start:start] = other[from_:to]
            case 4:
                made[start:end] = _swollen(bytes(made[start:end]), random)
            case 5 if made:
                made[random.randrange(len(made))] = random.randrange(256)
            case 6:
                made = _lines_changed(made, random, pool)
            case 7:
                made[end:end] = made[start:end]
            case 8 if pool:
                made = bytearray(random.choice(pool)[: random.randint(0, 4_000)]) + made[start:]
            case _:
                del made[random.randint(0, len(made)) :]
        del made[LARGEST:]
    return bytes(made)


def parts_mutated(mutate: Mutator) -> Mutator:
    """A mutator of several files in one input, which changes one or gives two the same."""

    def mutated(raw: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
        parts = raw.split(BETWEEN)
        place = random.randrange(len(parts))
        others = [part for one in pool for part in one.split(BETWEEN)]
        if len(parts) > 1 and random.random() < 0.2:
            parts[place] = random.choice(parts)
        else:
            parts[place] = mutate(parts[place], random, others)
        return BETWEEN.join(parts)

    return mutated


def lines_mutated(mutate: Mutator) -> Mutator:
    """A mutator of lines, each of which has a form of its own: one changes, or all as text."""

    def mutated(raw: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
        lines = raw.split(b"\n")
        place = random.randrange(len(lines))
        if random.random() < 0.3:
            return text_mutated(raw, random, pool)
        others = [line for one in pool for line in one.split(b"\n")]
        lines[place] = mutate(lines[place], random, others).replace(b"\n", b"")
        return b"\n".join(lines)

    return mutated


def _slice(made: Sequence[int], random: Random) -> tuple[int, int]:
    start = random.randint(0, len(made))
    return start, min(len(made), start + int(random.expovariate(1 / 24)))


def _swollen(piece: bytes, random: Random) -> bytes:
    """A piece many times, for what takes far longer on twice as much."""
    times = 1 << random.randint(1, 14)
    return piece * max(1, min(times, LARGEST // max(1, len(piece))))


def _lines_changed(made: bytearray, random: Random, pool: Sequence[bytes]) -> bytearray:
    lines = made.split(b"\n")
    place = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[random.randrange(len(lines))])
        case 2:
            other = random.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        case _:
            others = random.choice(pool).split(b"\n") if pool else lines
            lines[place:place] = [bytearray(one) for one in others[:40]]
    return bytearray(b"\n".join(lines))


def _written(value: Any, random: Random) -> bytes:
    """The value as JSON: mostly as a recorder writes it, sometimes as others do."""
    style = random.random()
    if style < 0.7:
        return (json.dumps(value, indent=2) + "\n").encode("ascii")
    if style < 0.85:
        return json.dumps(value, separators=(",", ":")).encode("ascii")
    text = json.dumps(value, ensure_ascii=False, indent=random.choice([None, 1, "\t"]))
    return text.encode("utf-8", "surrogatepass" if style < 0.88 else "replace")


def _changed(value: Any, random: Random, pool: Sequence[bytes]) -> Any:
    """A copy of a value that differs at one place. What does not differ may be shared."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        made = {**value, key: _changed(value[key], random, pool)}
        match random.randrange(12):
            case 0:
                del made[key]
            case 1:
                made[random.choice([*_some_keys(pool, random), "", "~1/", "é", "__type__"])] = made[
                    key
                ]
            case 2:
                made = dict(reversed(made.items()))
        return made
    if isinstance(value, list) and value and random.random() < 0.85:
        place = random.randrange(len(value))
        items = [*value]
        match random.randrange(9):
            case 0:
                del items[place]
            case 1:
                items.insert(random.randint(0, len(items)), items[place])
            case 2:
                other = random.randrange(len(items))
                items[place], items[other] = items[other], items[place]
            case 3:
                size = len(json.dumps(items[place]))
                items[place:place] = [items[place]] * min(
                    2 ** random.randint(1, 12), LARGEST // size
                )
            case _:
                items[place] = _changed(items[place], random, pool)
        return items
    return _other(value, random, pool)


def _other(value: Any, random: Random, pool: Sequence[bytes]) -> Any:  # noqa: PLR0911 - chance
    match random.randrange(9):
        case 0:
            for _ in range(random.choice(_DEEP)):
                value = [value] if random.random() < 0.8 else {"a": value}
            return value
        case 1 if isinstance(value, str):
            return value[: random.randint(0, len(value))]
        case 2 if isinstance(value, str):
            raw = text_mutated(value.encode("utf-8", "surrogatepass"), random, ())
            return raw.decode("utf-8", "replace")
        case 3 if isinstance(value, (int, float)) and math.isfinite(value):
            return random.choice([value + 1, -value, float(value), str(value), value * 10**9])
        case 4 | 5 if pool:
            return _part_of(random.choice(pool), random)
        case 6:
            return [value]
    return random.choice(ODD_VALUES)


def _part_of(raw: bytes, random: Random) -> Any:
    """A value out of another input."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return random.choice(ODD_VALUES)
    while isinstance(value, (dict, list)) and value and random.random() < 0.75:
        value = random.choice([*(value.values() if isinstance(value, dict) else value)])
    return value


def _some_keys(pool: Sequence[bytes], random: Random) -> list[str]:
    value = _part_of(random.choice(pool), random) if pool else {}
    return list(value)[:8] if isinstance(value, dict) else []
