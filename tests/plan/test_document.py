"""Plans and receipts as JSON: there and back, as their schemas say, and never trusted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl import schema
from recctl.plan import RefusedError, receipts
from recctl.plan.border import Plan as PlanShape
from recctl.plan.border import Receipt as ReceiptShape
from recctl.plan.document import as_document, guarded, plan_in
from tests.plan.plans import TREES, UNHURRIED, plans
from tests.plan.trees import apply, grown, plan_for, steps
from tests.strategies import TEXTS, json_values, mutated

ROOT = Path("/lighthouse")


def examples(name: str) -> list[Any]:
    return list(schema.load(name)["examples"])


def accepted(shape: type[PlanShape] | type[ReceiptShape], document: Any) -> bool:
    try:
        guarded(shape, document)
    except RefusedError:
        return False
    return True


def refusal(document: Any) -> str:
    with pytest.raises(RefusedError) as refused:
        plan_in(json.dumps(document).encode(), ROOT)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def lamp(**changes: Any) -> dict[str, Any]:
    """A plan that writes one file, with something else in its action."""
    action = as_document(engine.of("mend", ROOT, [engine.write("lamp.json", b"on")]))
    action["actions"][0] |= changes
    return action


# There and back


@settings(UNHURRIED, max_examples=50)
@given(st.data())
def test_a_plan_is_the_same_after_it_was_written_and_read(data: st.DataObject) -> None:
    made = data.draw(plans(data.draw(TREES), ROOT))
    text = json.dumps(as_document(made)).encode()
    again = plan_in(text, ROOT)
    assert (again.before, again.after) == (made.before, made.after)
    assert json.dumps(as_document(again)).encode() == text


@settings(UNHURRIED, max_examples=30)
@given(st.data())
def test_a_written_plan_fits_its_schema(data: st.DataObject) -> None:
    made = data.draw(plans(data.draw(TREES), ROOT))
    assert schema.explain("plan", json.loads(json.dumps(as_document(made)))) is None


def test_a_path_that_is_no_text_survives() -> None:
    path = b"tests/l\xe4mp.json".decode("utf-8", "surrogateescape")
    made = engine.of("mend", ROOT, [engine.remove(path, b"")], [engine.Conflict(path, (path,), "")])
    document = as_document(made)
    assert document["actions"][0]["path"] == {"base64": "dGVzdHMvbORtcC5qc29u"}
    assert plan_in(json.dumps(document).encode(), ROOT) == made


def test_labels_that_cannot_be_written_are_made_harmless() -> None:
    review = engine.Review("why\x1b[2J", "test\ud800", "a\nb", "\u202e")
    made = engine.of("mend", ROOT, [engine.remove("a", b"", review)])
    action = as_document(made)["actions"][0]
    assert [action[name] for name in ("reason", "group", "old", "new")] == [
        "why\\x1b[2J",
        "test\\ud800",
        "a\\nb",
        "\\u202e",
    ]


def test_a_receipt_fits_its_schema_and_does_not_repeat_what_was_written(tmp_path: Path) -> None:
    with steps():
        receipt = apply(plan_for(grown(tmp_path)))
    folder = tmp_path / ".recctl/receipts" / receipt.id
    raw = (folder / "receipt.json").read_bytes()
    assert schema.explain("receipt", json.loads(raw)) is None
    assert b"content" not in raw
    again = receipts.receipt_in(raw, tmp_path, ".recctl/receipts/" + receipt.id)
    assert receipts.as_bytes(again) == raw


@settings(UNHURRIED, max_examples=25)
@given(data=st.data())
def test_every_receipt_is_the_same_after_it_was_read(data: st.DataObject, tmp_path: Path) -> None:
    files = data.draw(TREES)
    root = grown(Path(mkdtemp(dir=tmp_path)), files)
    with steps():
        receipt = apply(data.draw(plans(files, root)))
    raw = (root / ".recctl/receipts" / receipt.id / "receipt.json").read_bytes()
    assert schema.explain("receipt", json.loads(raw)) is None
    assert receipts.as_bytes(receipts.receipt_in(raw, root, "")) == raw


# Models and schemas


PLAIN = json_values(TEXTS, keys=TEXTS, finite=True).filter(
    lambda value: "." not in json.dumps(value) and "e" not in json.dumps(value)
)
"""Values without floats: to JSON Schema 1.0 is an integer, to the models it is none."""

NEAR: st.SearchStrategy[Any] = st.sampled_from(
    ["rename", "edit", "write", "remove", "written", "0" * 64, "20260412-081503-3fa9c1", "/w==",
     "a===", -1, 0, 511, 512, 2**63, 10**21, 10**21 + 10**6, None, [], {}, {"base64": "AA=="}]
)  # fmt: skip


@pytest.mark.parametrize(("name", "shape"), [("plan", PlanShape), ("receipt", ReceiptShape)])
@settings(UNHURRIED, max_examples=60)
@given(data=st.data())
def test_the_models_accept_what_the_schemas_accept(
    name: str, shape: type[PlanShape] | type[ReceiptShape], data: st.DataObject
) -> None:
    document = data.draw(mutated(data.draw(st.sampled_from(examples(name))), NEAR | PLAIN))
    assert accepted(shape, document) is (schema.explain(name, document) is None)


@pytest.mark.parametrize(("name", "shape"), [("plan", PlanShape), ("receipt", ReceiptShape)])
@settings(UNHURRIED)
@given(data=st.data())
def test_the_models_require_and_allow_the_members_that_the_schemas_do(
    name: str, shape: type[PlanShape] | type[ReceiptShape], data: st.DataObject
) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from(examples(name)))))
    objects = [one for one in everything(document) if isinstance(one, dict) and one]
    changed = objects[data.draw(st.integers(0, len(objects) - 1))]
    if data.draw(st.booleans()):
        del changed[data.draw(st.sampled_from(sorted(changed)))]
    else:
        changed[data.draw(st.sampled_from(["content", "mode", "to", "edits", "other"]))] = None
    assert accepted(shape, document) is (schema.explain(name, document) is None)


def everything(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(inner for one in below for inner in everything(one))]


def test_receipts_and_plans_say_the_same_of_actions() -> None:
    in_plan, in_receipt = (schema.load(name)["$defs"] for name in ("plan", "receipt"))
    shared = set(in_plan) - {"write"}
    assert {name: in_plan[name] for name in shared} == {name: in_receipt[name] for name in shared}


# What is not trusted


@pytest.mark.parametrize(
    "path",
    ["../lamp.json", "/etc/passwd", "", ".git/config", ".recctl/lock", "a/./b", {"base64": "Lg=="}],
)
def test_a_path_in_a_file_is_not_trusted(path: Any) -> None:
    assert refusal(lamp(path=path)).endswith(
        ("no plain path below the root", "nothing in .git or .recctl is changed by a plan")
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"op": "chmod"}, "/actions/0: Input tag 'chmod' found"),
        ({"mode": 0o4755}, "/actions/0/write/mode: Input should be less than or equal to 511"),
        ({"extra": 1}, "/actions/0/write/extra: Extra inputs are not permitted"),
        ({"content": {"base64": "no!"}}, "/actions/0/write/content/Base64/base64: "),
        ({"content": None}, "/actions/0/write/content/"),
        ({"path": "a\ud800"}, "a\\ud800: half a character is nothing that a file holds"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_in_one_line(change: Any, reason: str) -> None:
    assert reason in refusal(lamp(**change))


FAR = 10**21


@pytest.mark.parametrize(
    ("name", "fine", "wrong"),
    [
        ("mode", [0, 0o777], [-1, 0o1000, "0"]),
        ("modified", [0, FAR, -FAR], [FAR + 1, -FAR - 1, 0.5]),
        ("before", [None], [{"size": -1, "sha256": "0" * 64}, {"size": 0, "sha256": "0" * 63}]),
    ],
)
def test_a_number_in_a_plan_has_its_bounds(name: str, fine: list[Any], wrong: list[Any]) -> None:
    for value in fine:
        plan_in(json.dumps(lamp(**{name: value})).encode(), ROOT)
    for value in wrong:
        assert refusal(lamp(**{name: value})).startswith(f"/actions/0/write/{name}")


@pytest.mark.parametrize("digest", ["0" * 65, "G" + "0" * 63, "A" + "0" * 63])
def test_a_digest_in_a_plan_is_one(digest: str) -> None:
    told = refusal(lamp(before={"size": 0, "sha256": digest}))
    assert told.startswith("/actions/0/write/before/sha256: String should match pattern")


@pytest.mark.parametrize("identity", ["", "20260412-081503-3fa9cg", "20260412-081503-3fa9c1x"])
def test_what_a_plan_takes_back_is_the_id_of_a_receipt(identity: str) -> None:
    assert refusal({**lamp(), "undoes": identity}).startswith("/undoes: String should match")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "line 1: the file is empty"),
        (b"{", "line 1: the file ends in the middle"),
        (b"\xff", "line 1: byte 0xff at offset 0 is not UTF-8"),
        (b'{"version": 1, "version": 1}', 'line 1: key "version" stands twice'),
        (b"[NaN]", "line 1: NaN is no JSON number"),
        (b"[" * 100_000, "line 1: nested deeper than 200 levels"),
        (b"[]", "/: no JSON object"),
        (b'{"version": 2}', "/version: Input should be 1"),
    ],
)
def test_what_is_no_plan_at_all_is_said_in_one_line(raw: bytes, reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        plan_in(raw, ROOT)
    assert reason in str(refused.value)


# Receipts


def test_ids_sort_in_the_order_of_the_changes_whatever_the_clock_says(tmp_path: Path) -> None:
    from recctl.plan.disk import Disk

    root = grown(tmp_path)
    plan = plan_for(root)
    disk = Disk(root)
    noon = datetime(2026, 4, 12, 12, tzinfo=UTC)
    first = receipts.new_id(disk, noon, plan)
    (root / ".recctl/receipts" / first).mkdir(parents=True)
    earlier = receipts.new_id(disk, noon.replace(hour=11), plan)
    assert first.startswith("20260412-120000-")
    assert earlier.startswith("20260412-120001-")


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-20], lambda raw: raw.replace(b"cc33", b"cc34", 1), lambda _: b"null"],
)
def test_a_damaged_receipt_is_said_to_be_so(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    with steps():
        receipt = apply(plan_for(grown(tmp_path)))
    for name in receipts.FILES:
        file = tmp_path / ".recctl/receipts" / receipt.id / name
        file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(RefusedError, match=r"receipt\.json is damaged: ") as refused:
        engine.undoing(tmp_path, receipt.id)
    assert "\n" not in str(refused.value)
