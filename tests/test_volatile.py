"""What the recorder writes otherwise than the provider sent it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.jsontext import pointer_of
from recctl.recording import Recording
from recctl.volatile import EPOCH, Change, changes, misfit_ids
from tests.build import (
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    embeddings,
    exception,
    gemini_stream,
    generate_stream,
    messages_stream,
    model_list,
)
from tests.build import recording as recorded
from tests.strategies import json_values, mutated, places

HASH = "0badc0ffee00"
OTHER = "5eaf00d5eaf0"
EARLIER = "2025-09-30T17:04:11.020331Z"


def of(body: Any) -> Recording:
    """A recording with that body in its answer, and nothing else to speak of."""
    return Recording(f"{HASH}.json", {"request": {}, "response": {"body": body}}, 0)


def typed(**data: Any) -> Document:
    return {"__type__": "lighthouse.Answer", "__data__": data}


def changed(body: Any, short_hash: str | None = HASH) -> list[tuple[str, Any]]:
    """Where below the body something would be written otherwise, and what."""
    return [
        (one.pointer.removeprefix("/response/body"), one.new)
        for one in changes(of(body), short_hash)
    ]


# Times and durations


@pytest.mark.parametrize("sent", [1759368459, -1, 1759368459.0, 0.0, False, "yesterday", None, {}])
def test_created_is_zero(sent: Any) -> None:
    assert list(changes(of(typed(created=sent)), HASH)) == [
        Change("/response/body/__data__/created", sent, 0)
    ]


@pytest.mark.parametrize("sent", [EARLIER, "1970-01-01T00:00:00Z", 1759368459.5, 0, None, []])
def test_created_at_is_the_epoch(sent: Any) -> None:
    """Even where there was none: the recorder asks only whether the key is there."""
    assert changed(typed(created_at=sent)) == [("/__data__/created_at", EPOCH)]


@pytest.mark.parametrize(
    "key", ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"]
)
@pytest.mark.parametrize("sent", [1, 0.0, "long"])
def test_a_duration_is_zero(key: str, sent: Any) -> None:
    assert changed(typed(**{key: sent})) == [(f"/__data__/{key}", 0)]


def test_a_duration_that_is_null_stays() -> None:
    """Ollama counts only in the last chunk of a stream."""
    assert changed(typed(total_duration=None, eval_duration=None)) == []


def test_what_is_normalized_stays() -> None:
    assert changed(typed(created=0, created_at=EPOCH, load_duration=0, id=f"rec-{HASH}")) == []


@pytest.mark.parametrize("key", ["modified_at", "create_time", "eval_count", "usage", "duration"])
def test_other_fields_stay(key: str) -> None:
    assert changed(typed(**{key: 17})) == []


def test_a_model_keeps_its_id_and_the_time_it_was_made() -> None:
    assert changed([typed(object="model", id="lantern-7b", created=1750000000)]) == []


def test_a_model_does_not_keep_its_created_at() -> None:
    """An oddity of the recorder: it makes no exception for this key."""
    assert changed([typed(object="model", id="lantern-7b", created_at=1750000000)]) == [
        ("/0/__data__/created_at", EPOCH)
    ]


def test_every_chunk_of_a_stream_is_looked_at_in_order() -> None:
    chunks = [typed(created=7, id="a"), typed(created=0), typed(id="b", created=8)]

    assert changed(chunks) == [
        ("/0/__data__/created", 0),
        ("/0/__data__/id", f"rec-{HASH}"),
        ("/2/__data__/id", f"rec-{HASH}"),
        ("/2/__data__/created", 0),
    ]


def test_only_the_first_level_of_an_answer_is_looked_at() -> None:
    nested = {"created": 7, "id": "modelperm-1"}

    assert changed(typed(permission=[nested], inner=typed(created=7))) == []


@pytest.mark.parametrize(
    "body",
    [
        {"created": 7, "id": "raw"},
        {"__data__": {"created": 7}},
        {"__type__": 1, "__data__": {"created": 7}},
        {"__type__": "lighthouse.Answer", "__data__": [{"created": 7}]},
        [[typed(created=7)]],
        ["data: {}"],
        "created",
        None,
    ],
)
def test_values_without_a_type_stay(body: Any) -> None:
    assert changed(body) == []


# Ids


@pytest.mark.parametrize("sent", ["chatcmpl-9x", "", None, 7])
def test_an_id_is_that_of_the_hash(sent: Any) -> None:
    assert changed(typed(id=sent)) == [("/__data__/id", f"rec-{HASH}")]


def test_without_a_hash_ids_stay() -> None:
    assert changed(typed(id="chatcmpl-9x", created=7), None) == [("/__data__/created", 0)]


def test_ids_that_a_recorder_wrote_are_no_raw_ones() -> None:
    assert changed([typed(id=""), typed(id=f"rec-{OTHER}")]) == []


def test_ids_of_another_hash_are_misfits() -> None:
    chunks = [typed(id=f"rec-{OTHER}"), typed(id=f"rec-{HASH}"), typed(id="")]

    assert [(one.pointer, one.old, one.new) for one in misfit_ids(of(chunks), HASH)] == [
        ("/response/body/0/__data__/id", f"rec-{OTHER}", f"rec-{HASH}"),
        ("/response/body/2/__data__/id", "", f"rec-{HASH}"),
    ]


@pytest.mark.parametrize("sent", ["chatcmpl-9x", f"rec-{HASH}"])
def test_raw_and_right_ids_are_no_misfits(sent: str) -> None:
    assert list(misfit_ids(of(typed(id=sent)), HASH)) == []


def test_a_model_called_like_an_id_is_none() -> None:
    models = [typed(object="model", id=f"rec-{OTHER}"), typed(id="chatcmpl-9x")]

    assert list(misfit_ids(of(models), HASH)) == []
    assert changed(models) == [("/1/__data__/id", f"rec-{HASH}")]


def test_among_misfits_a_model_keeps_its_id() -> None:
    values = [typed(object="model", id="lantern-7b"), typed(id=f"rec-{OTHER}")]

    assert [one.pointer for one in misfit_ids(of(values), HASH)] == ["/response/body/1/__data__/id"]


# What holds for all


@pytest.mark.parametrize(
    "response",
    [
        chat_answer("Fog."),
        chat_stream(["Fog", "."]),
        embeddings([[0.5]]),
        exception("no such model"),
        gemini_stream(["Fog."]),
        generate_stream(["Fog."]),
        messages_stream(["Fog."]),
        model_list(["lantern-7b"]),
    ],
    ids=["chat", "stream", "vectors", "exception", "gemini", "ollama", "events", "models"],
)
def test_nothing_is_left_to_do_for_what_a_recorder_wrote(response: Document) -> None:
    name, document = recorded(chat_request("Any fog?"), response)
    made = Recording(name, document, 0)

    assert [*changes(made, name[:12]), *misfit_ids(made, name[:12])] == []


FIELDS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["id", "object", "created", "created_at", "total_duration", "eval_duration"]),
    st.sampled_from(
        [0, 0.0, False, None, 7, EPOCH, EARLIER, "model", "chunk", f"rec-{HASH}", "rec-", "x", []]
    ),
)
BODIES = st.lists(
    FIELDS.map(lambda data: typed(**data))
    | st.fixed_dictionaries({"__type__": st.none() | st.just("a.B")}, optional={"__data__": FIELDS})
    | st.just("data: []")
)


def plainly_changed(body: Any, short_hash: str | None) -> Iterator[Change]:
    """Each member of each typed value, asked one by one what the recorder would write."""
    whole = not isinstance(body, list)
    found = [
        (f"/response/body{'' if whole else f'/{place}'}/__data__", one["__data__"])
        for place, one in enumerate([body] if whole else body)
        if isinstance(one, dict) and isinstance(one.get("__type__"), str)
        if isinstance(one.get("__data__"), dict)
    ]
    ids = [data.get("id") for _, data in found if data.get("object") != "model"]
    is_recorders = any(isinstance(one, str) and one.startswith("rec-") for one in ids)
    for pointer, data in found:
        is_model = data.get("object") == "model"
        for key, old in data.items():
            new: Any = old
            if key == "id" and short_hash and not is_model and not is_recorders:
                new = f"rec-{short_hash}"
            elif key == "created_at":
                new = EPOCH
            elif (key == "created" and not is_model) or (
                key in ("total_duration", "eval_duration") and old is not None
            ):
                new = 0
            if (type(new), new) != (type(old), old):
                yield Change(f"{pointer}/{key}", old, new)


@settings(max_examples=300, deadline=None)
@given(BODIES | BODIES.filter(bool).map(lambda body: body[0]), st.sampled_from([HASH, None]))
def test_a_change_is_found_wherever_the_recorder_would_write_something_else(
    body: Any, short_hash: str | None
) -> None:
    assert list(changes(of(body), short_hash)) == list(plainly_changed(body, short_hash))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_changes_lie_in_the_answer_and_hold_what_stands_there(data: st.DataObject) -> None:
    _, document = recorded(chat_request("Any fog?"), chat_stream(["Fog"]))
    document = data.draw(mutated(document, json_values() | st.just(typed(id="x", created=1))))
    made = Recording(f"{HASH}.json", document if isinstance(document, dict) else {}, 0)

    found = [*changes(made, HASH), *misfit_ids(made, HASH)]

    held = {pointer_of(place): place for place in places(made.document)}
    for one in found:
        value: Any = made.document
        for part in held[one.pointer]:
            value = value[part]
        assert value is one.old
        assert one.pointer.startswith("/response/body")
    assert len({one.pointer for one in found}) == len(found)
