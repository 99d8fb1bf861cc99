"""OpenAI text completions: streams, whole ones, and what servers add to them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Transcript
from recctl.wire import Answer, read
from recctl.wire.normal import without_nulls

CLASS = "openai.types.completion.Completion"


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A typed chunk with one choice, nulls and all."""
    choice = {"finish_reason": finish, "index": 0, "logprobs": None, "text": text}
    return typed({"choices": [choice | more.pop("choice", {})], **more})


def typed(members: dict[str, Any]) -> dict[str, Any]:
    """A typed chunk with the members that all have."""
    common = {"id": "rec-0123456789ab", "created": 0, "model": "keeper-1", "usage": None}
    data = {**common, "object": "text_completion", "system_fingerprint": None, **members}
    return {"__type__": CLASS, "__data__": data}


def stream(*chunks: Any) -> Answer:
    return read({"body": list(chunks), "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def bare(transcript: Transcript) -> Transcript:
    """A transcript without what only a stream has."""
    return transcript._replace(chunks=0, warnings=())


def test_texts_are_joined() -> None:
    answer = stream(chunk("Fog "), chunk("at dawn."), chunk("", "stop"))
    transcript = answer.transcript
    assert (transcript.format, transcript.complete) == ("openai-completion", True)
    assert [choice.text for choice in transcript.choices] == ["Fog at dawn."]
    assert transcript.choices[0].finish == "stop"
    assert answer.transcript.warnings == ()


def test_rebuilt_object_is_a_whole_completion() -> None:
    spent = {"completion_tokens": 2, "prompt_tokens": 1, "total_tokens": 3, "details": None}
    answer = stream(chunk("Lamp "), chunk("lit", "stop", usage=spent, queue={"ms": 1}))
    assert list(answer.object.items()) == [
        ("id", "rec-0123456789ab"),
        ("choices", [{"finish_reason": "stop", "index": 0, "logprobs": None, "text": "Lamp lit"}]),
        ("created", 0),
        ("model", "keeper-1"),
        ("object", "text_completion"),
        ("system_fingerprint", None),
        ("usage", spent),
        ("queue", {"ms": 1}),
    ]


def test_finish_empty_string() -> None:
    answer = stream(
        chunk("a", ""), chunk("b", "length", usage={"prompt_tokens": 1, "completion_tokens": 2})
    )
    choice = answer.transcript.choices[0]
    assert (choice.text, choice.finish, choice.finish_raw) == ("ab", "length", "length")
    assert codes(answer) == ["finish-empty-string", "truncated-length"]


def test_no_finish() -> None:
    answer = stream(chunk("The lamp"))
    assert answer.transcript.choices[0].text == "The lamp"
    assert not answer.transcript.complete
    assert codes(answer) == ["finish-missing"]


def test_double_finish() -> None:
    answer = stream(chunk("A", "stop"), chunk("B", "stop"))
    assert answer.transcript.choices[0].text == "AB"
    assert set(codes(answer)) == {"finish-duplicate", "content-after-finish"}


def test_post_finish_empty_choice() -> None:
    answer = stream(chunk("A", "stop"), chunk(""))
    assert answer.transcript.complete
    assert codes(answer) == ["chunk-after-finish"]


def test_logprobs_concat() -> None:
    def piece(token: str, offset: int) -> dict[str, Any]:
        tops = {token: -0.1, "Mist": -2.0}
        logprobs = {"tokens": [token], "token_logprobs": [None], "top_logprobs": [tops]}
        return chunk(token, choice={"logprobs": {**logprobs, "text_offset": [offset]}})

    answer = stream(piece("Fog", 0), piece(" lifts", 3), chunk("", "stop"))
    known = answer.transcript.choices[0].logprobs
    assert known["tokens"] == ["Fog", " lifts"]
    assert known["token_logprobs"] == [None, None]
    assert known["text_offset"] == [0, 3]
    assert len(known["top_logprobs"]) == 2
    assert list(answer.object["choices"][0]["logprobs"]) == [
        *("text_offset", "token_logprobs", "tokens", "top_logprobs")
    ]
    assert codes(answer) == []


def test_tokens_that_do_not_spell_the_text() -> None:
    answer = stream(chunk("Fog", "stop", choice={"logprobs": {"tokens": ["Mist"]}}))
    assert codes(answer) == ["logprobs-differ"]


def test_logprobs_without_lists_stay_nulls() -> None:
    answer = stream(chunk("Fog", "stop", choice={"logprobs": {"tokens": None}}))
    assert answer.object["choices"][0]["logprobs"] == {
        "text_offset": None,
        "token_logprobs": None,
        "tokens": None,
        "top_logprobs": None,
    }


def test_two_choices_interleaved() -> None:
    answer = stream(
        chunk("B", choice={"index": 1}),
        chunk("A"),
        chunk("b", "stop", choice={"index": 1}),
        chunk("a", "length"),
    )
    assert [(one.index, one.text, one.finish) for one in answer.transcript.choices] == [
        (0, "Aa", "length"),
        (1, "Bb", "stop"),
    ]
    assert "choice-order" in codes(answer)


def test_choice_index_gap() -> None:
    assert "choice-index-gap" in codes(stream(chunk("A", "stop", choice={"index": 2})))


def test_delta_beside_the_text_is_ignored() -> None:
    more = {"delta": {"content": "Fog", "token_id": 7}}
    answer = stream(
        chunk("Fog", choice=more, object="completion.chunk"),
        chunk("", "stop", object="completion.chunk"),
    )
    assert answer.transcript.choices[0].text == "Fog"
    assert answer.object["object"] == "text_completion"
    assert "delta" not in answer.object["choices"][0]
    assert codes(answer) == ["object-unexpected"]


def test_untyped_dict_chunk() -> None:
    answer = stream(
        {"choices": [{"text": "Fog"}]}, {"choices": [{"text": "", "finish_reason": "stop"}]}
    )
    assert answer.transcript.format == "openai-completion"
    assert answer.transcript.choices[0].text == "Fog"


def test_usage_only_last() -> None:
    spent = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    answer = stream(chunk("A"), chunk("", "stop"), typed({"choices": [], "usage": spent}))
    usage = answer.transcript.usage
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (3, 1, 4)
    assert len(answer.transcript.choices) == 1
    assert codes(answer) == []


def test_cumulative_usage() -> None:
    answer = stream(
        chunk("A", usage={"prompt_tokens": 5, "completion_tokens": 1}),
        chunk("B", "stop", usage={"prompt_tokens": 5, "completion_tokens": 2}),
    )
    usage = answer.transcript.usage
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (5, 2, 7)
    assert codes(answer) == ["usage-multiple"]


def test_usage_then_null() -> None:
    answer = stream(chunk("A", usage={"prompt_tokens": 5}), chunk("", "stop"))
    assert answer.object["usage"] == {"prompt_tokens": 5}


def test_extras_of_a_choice_are_merged() -> None:
    answer = stream(
        chunk("A", choice={"filters": {"hate": "safe"}, "token_ids": [1], "obfuscation": "x"}),
        chunk("B", "stop", choice={"filters": {"code": "no"}, "token_ids": [2]}),
    )
    extra = {"filters": {"hate": "safe", "code": "no"}, "token_ids": [1, 2]}
    assert answer.transcript.choices[0].extra == extra
    assert {**answer.object["choices"][0], **extra} == answer.object["choices"][0]


def test_error_chunk() -> None:
    answer = stream(chunk("A", "stop"), {"error": {"message": "the lamp went out"}})
    assert answer.transcript.choices[0].text == "A"
    assert not answer.transcript.complete
    assert codes(answer) == ["stream-error"]


def test_identity_that_changes() -> None:
    answer = stream(chunk("A"), chunk("", "stop", id="rec-x", model="keeper-2", created=5))
    assert codes(answer) == ["id-changed", "model-changed", "created-changed"]
    assert answer.transcript.model == "keeper-1"


def test_empty_completion() -> None:
    assert codes(stream(chunk("", "stop"))) == ["empty-completion"]


def test_surrogates() -> None:
    answer = stream(chunk("\ud83d"), chunk("\ude00", "stop"))
    assert answer.transcript.choices[0].text == "😀"


def test_whole_completion() -> None:
    body = chunk("Fog at dawn.", "stop", service_tier="default")
    transcript = whole(body)
    assert (transcript.complete, transcript.choices[0].text) == (True, "Fog at dawn.")
    assert transcript.service_tier == "default"
    assert "service_tier" not in transcript.extra


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("id", "choices", "created", "model", "object", "usage", "error", "index"),
                    *("text", "finish_reason", "logprobs", "tokens", "delta", "token_ids"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
PIECES = st.lists(st.text(max_size=6), min_size=1, max_size=8)


@given(st.lists(JSON | JSON.map(lambda data: {"__type__": CLASS, "__data__": data}), max_size=5))
def test_never_raises(body: list[Any]) -> None:
    stream(*body)


@given(JSON)
def test_whole_never_raises(data: Any) -> None:
    whole({"__type__": CLASS, "__data__": data})
    whole(data)


def chunks_of(pieces: list[str]) -> list[dict[str, Any]]:
    return [*(chunk(piece) for piece in pieces), chunk("", "stop")]


@given(PIECES, st.lists(st.text(min_size=1, max_size=3).map("x-".__add__), max_size=3))
def test_nulls_change_nothing(pieces: list[str], names: list[str]) -> None:
    nulls = dict.fromkeys(names)
    chunks = chunks_of(pieces)
    padded = [
        typed({**one["__data__"], **nulls, "choices": [{**one["__data__"]["choices"][0], **nulls}]})
        for one in chunks
    ]
    assert stream(*padded).transcript == stream(*chunks).transcript
    assert stream(*padded).object == stream(*chunks).object
    bare_chunks = [without_nulls(one) for one in chunks]
    assert stream(*bare_chunks).transcript == stream(*chunks).transcript


@given(PIECES)
def test_rechunking_changes_nothing(pieces: list[str]) -> None:
    once = stream(*chunks_of(["".join(pieces)])).transcript
    assert stream(*chunks_of(pieces)).transcript._replace(chunks=2) == once


@given(PIECES, PIECES)
def test_object_gives_the_same_transcript(first: list[str], second: list[str]) -> None:
    chunks = [
        *chunks_of(first),
        *(chunk(piece, choice={"index": 1}) for piece in second),
        chunk("", "length", choice={"index": 1}, usage={"prompt_tokens": 1}),
    ]
    answer = stream(*chunks)
    again = whole({"__type__": CLASS, "__data__": answer.object})
    assert bare(again) == bare(answer.transcript)
