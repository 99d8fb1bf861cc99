"""The two byte forms: a recording's file, and a request's hash."""

import json
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.hashing import canonical, hash_of_texts, hash_text, request_hash
from tests.strategies import WILD_TEXTS, json_values, shuffled

VECTORS = [
    pytest.param(None, b"null", id="nothing"),
    pytest.param({}, b"{}", id="empty"),
    pytest.param({"b": 1, "a": [True, None]}, b'{"a": [true, null], "b": 1}', id="sorted keys"),
    pytest.param({"a": {"d": 1, "c": 2}}, b'{"a": {"c": 2, "d": 1}}', id="sorted at each level"),
    pytest.param([2, 1], b"[2, 1]", id="lists keep their order"),
    pytest.param({"B": 1, "a": 2, "é": 3}, rb'{"B": 1, "a": 2, "\u00e9": 3}', id="by code point"),
    pytest.param("Fëuer", rb'"F\u00ebuer"', id="not ASCII"),
    pytest.param("😀", rb'"\ud83d\ude00"', id="beyond 16 bits"),
    pytest.param("\ud83d", rb'"\ud83d"', id="half of a pair"),
    pytest.param('a\n"b"\\/\x7f', rb'"a\n\"b\"\\/\u007f"', id="what is escaped and what not"),
    pytest.param([1, 1.0, -0.0, 1e16, 1e-7], b"[1, 1.0, -0.0, 1e+16, 1e-07]", id="floats by repr"),
    pytest.param(0.1 + 0.2, b"0.30000000000000004", id="a float in full"),
    pytest.param(2**70, b"1180591620717411303424", id="a large integer"),
]


@pytest.mark.parametrize(("material", "hashed"), VECTORS)
def test_a_request_hash_is_sha256_of_exactly_these_bytes(material: Any, hashed: bytes) -> None:
    assert request_hash(material) == sha256(hashed).hexdigest()


def test_a_request_hash_known_from_elsewhere() -> None:
    """`printf '{"lamp": "on"}' | sha256sum`."""
    expected = "013e3bff8b348ff72532f9b6e87c243af5e6dda255a84396b3f785de2fbf6afd"

    assert request_hash({"lamp": "on"}) == expected


def test_an_integer_and_an_equal_float_hash_differently() -> None:
    assert request_hash({"top_p": 1}) != request_hash({"top_p": 1.0})


def test_true_and_one_hash_differently() -> None:
    assert request_hash(True) != request_hash(1)


def test_a_missing_member_and_a_null_one_hash_differently() -> None:
    assert request_hash({}) != request_hash({"stop": None})


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WILD_TEXTS, json_values(), max_size=5))
def test_the_texts_of_the_parts_give_the_hash_of_the_whole(material: dict[str, Any]) -> None:
    texts = {key: hash_text(part) for key, part in material.items()}

    assert hash_of_texts(texts) == request_hash(material)


@settings(max_examples=100, deadline=None)
@given(json_values(), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_count_at_any_level(material: Any, random: Random) -> None:
    assert request_hash(shuffled(material, random)) == request_hash(material)


@settings(max_examples=100, deadline=None)
@given(json_values())
def test_any_json_value_has_a_hash_of_64_hex_digits(material: Any) -> None:
    digits = request_hash(material)

    assert len(digits) == 64
    assert set(digits) <= set("0123456789abcdef")


@settings(max_examples=100, deadline=None)
@given(json_values())
def test_a_hash_is_what_the_standard_library_makes_of_it(material: Any) -> None:
    text = json.dumps(material, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)

    assert request_hash(material) == sha256(text.encode("ascii")).hexdigest()


def test_a_file_is_written_in_indented_lines_of_ascii() -> None:
    document = {"keeper": "Zoë", "log": [], "lamps": [{"lit": True}, {}], "fog": None}

    assert canonical(document) == (
        b'{\n  "keeper": "Zo\\u00eb",\n  "log": [],\n  "lamps": [\n    {\n      "lit": true\n'
        b'    },\n    {}\n  ],\n  "fog": null\n}\n'
    )


def test_a_file_keeps_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": 2}) == b'{\n  "b": 1,\n  "a": 2\n}\n'


def test_a_lone_half_of_a_surrogate_pair_can_be_written() -> None:
    assert canonical("\ud83d") == b'"\\ud83d"\n'


@settings(max_examples=100, deadline=None)
@given(json_values())
def test_a_file_is_ascii_and_ends_in_one_newline(document: Any) -> None:
    raw = canonical(document)

    assert raw.isascii()
    assert raw.endswith(b"\n")
    assert not raw.endswith(b"\n\n")
