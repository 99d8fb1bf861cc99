"""The one table of rules. A rule is a row here and a generator in one of the modules beside it.

Codes are never used twice: J is for the file's text, S for its structure, I for its identity, W
for its answer, H for what a kept corpus should be free of, U for decisions that are not needed any
more. The oddities of answers have a table of their own, which is part of this one.
"""

from typing import Any

from recctl.diagnostics import Fix, Severity
from recctl.rules import (
    form,
    hygiene,
    identity,
    leftovers,
    origin,
    secrets,
    soundness,
    streams,
    structure,
)
from recctl.rules.leftovers import LeftoverCheck
from recctl.rules.subject import BeyondCheck, Check, CorpusCheck, Member, Rule, Subject
from recctl.wire.oddities import KINDS

__all__ = [
    "BEYOND_RULES",
    "CORPUS_RULES",
    "FILE_RULES",
    "LEFTOVER_RULES",
    "TABLE",
    "Member",
    "Rule",
    "Subject",
]

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_LOG = "git log -p -- {path}"
_BACK = "recctl restore {path} --rev HEAD --allow-dirty"
_EDIT = "recctl diff --git HEAD {path}"
_CANONICAL = "recctl normalize --only canonical {path}"
_VOLATILE = "recctl normalize --only volatile {path}"
_IDS = "recctl normalize --only ids {path}"
_SHOW = "recctl show {path}"
_CHUNKS = "recctl show {path} --chunks"
_BASELINE = "recctl validate --write-baseline={path}"

FILE_RULES: tuple[Rule[Check], ...] = (
    Rule("J101", "unreadable", _ERROR, soundness.unreadable, "ls -l {path}", fatal=True),
    Rule("J102", "not-utf8", _ERROR, soundness.not_utf8, _BACK, fatal=True),
    Rule("J103", "byte-order-mark", _ERROR, soundness.byte_order_mark, _BACK, fatal=True),
    Rule("J104", "merge-markers", _ERROR, soundness.merge_markers, fatal=True),
    Rule("J105", "invalid-json", _ERROR, soundness.invalid_json, _BACK, fatal=True),
    Rule("J106", "duplicate-keys", _ERROR, soundness.duplicate_keys, _BACK),
    Rule("J107", "not-a-number", _ERROR, soundness.not_a_number, _BACK),
    Rule("S201", "schema", _ERROR, structure.schema_violation, _LOG),
    Rule("I301", "bad-name", _ERROR, identity.bad_name),
    Rule("I302", "unreachable", _ERROR, identity.unreachable, _EDIT),
    Rule("I303", "stale", _ERROR, identity.stale, "recctl rehash {path}", Fix.UNSAFE),
    Rule("I304", "retired-kind", _WARNING, identity.retired_kind),
    Rule("I305", "response-id-mismatch", _WARNING, identity.response_id_mismatch, _IDS, Fix.SAFE),
    Rule("I306", "model-digest-mismatch", _WARNING, identity.model_digest_mismatch, _LOG),
    Rule("I307", "misplaced", _ERROR, identity.misplaced),
    *(Rule(kind.code, kind.name, kind.severity, streams.check_of(kind), _CHUNKS) for kind in KINDS),
    Rule("W491", "streaming-flag", _ERROR, streams.streaming_flag, _SHOW),
    Rule("W492", "endpoint-mismatch", _WARNING, streams.endpoint_mismatch, _SHOW),
    Rule("W493", "tool-name-undeclared", _WARNING, streams.tool_name_undeclared, _SHOW),
    Rule("W494", "choices-missing", _WARNING, streams.choices_missing, _SHOW),
    Rule("W495", "usage-not-sent", _WARNING, streams.usage_not_sent, _SHOW),
    Rule("W496", "usage-unrequested", _INFO, streams.usage_unrequested, _SHOW),
    Rule("H501", "not-canonical", _WARNING, form.not_canonical, _CANONICAL, Fix.SAFE),
    Rule("H502", "volatile-field", _WARNING, form.volatile_field, _VOLATILE, Fix.SAFE),
    Rule("H510", "recorded-failure", _WARNING, hygiene.recorded_failure, _SHOW),
    Rule("H511", "recorded-exception", _INFO, hygiene.recorded_exception, _SHOW),
    Rule("H512", "empty-answer", _WARNING, hygiene.empty_answer, _SHOW),
    Rule("H530", "foreign-host", _WARNING, hygiene.foreign_host, _LOG),
    Rule("H531", "unknown-type", _WARNING, hygiene.unknown_type, _SHOW),
    Rule("H540", "oversized", _WARNING, hygiene.oversized, _LOG),
    Rule("H561", "secret", _ERROR, secrets.secret),
)

BEYOND_RULES: tuple[Rule[BeyondCheck], ...] = (Rule("H505", "orphan", _WARNING, origin.orphan),)

CORPUS_RULES: tuple[Rule[CorpusCheck], ...] = (
    Rule("I308", "duplicate", _WARNING, identity.duplicate),
    Rule("W497", "echo-differs", _WARNING, streams.echo_differs, _SHOW),
    Rule("H520", "redundant", _WARNING, hygiene.redundant, "recctl hash {path}"),
)

LEFTOVER_RULES: tuple[Rule[LeftoverCheck], ...] = (
    Rule("U901", "unused-ignore", _WARNING, leftovers.unused_ignore, "recctl config"),
    Rule("U902", "unused-baseline", _WARNING, leftovers.unused_baseline, _BASELINE),
)

_LETTERS = "JSIWHU"

TABLE: tuple[Rule[Any], ...] = tuple(
    sorted(
        (*FILE_RULES, *BEYOND_RULES, *CORPUS_RULES, *LEFTOVER_RULES),
        key=lambda rule: (_LETTERS.index(rule.code[0]), rule.code),
    )
)
