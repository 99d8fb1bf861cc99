"""The one table of rules. A rule is a row here and a generator in one of the modules beside it.

Codes are never used twice: J is for the file's text, S for its structure, I for its identity, W
for its answer. The oddities of answers have a table of their own, which is part of this one.
"""

from recctl.diagnostics import Severity
from recctl.errors import UsageError, did_you_mean
from recctl.rules import identity, soundness, streams, structure
from recctl.rules.subject import Check, CorpusCheck, Facts, Rule, Subject
from recctl.wire.oddities import KINDS

__all__ = ["CORPUS_RULES", "FILE_RULES", "TABLE", "Facts", "Rule", "Subject", "find"]

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

FILE_RULES: tuple[Rule[Check], ...] = (
    Rule("J101", "unreadable", _ERROR, soundness.unreadable),
    Rule("J102", "not-utf8", _ERROR, soundness.not_utf8),
    Rule("J103", "byte-order-mark", _ERROR, soundness.byte_order_mark),
    Rule("J104", "merge-markers", _ERROR, soundness.merge_markers),
    Rule("J105", "invalid-json", _ERROR, soundness.invalid_json),
    Rule("J106", "duplicate-keys", _ERROR, soundness.duplicate_keys),
    Rule("J107", "not-a-number", _ERROR, soundness.not_a_number),
    Rule("S201", "schema", _ERROR, structure.schema_violation),
    Rule("I301", "bad-name", _ERROR, identity.bad_name),
    Rule("I302", "unreachable", _ERROR, identity.unreachable),
    Rule("I303", "stale", _ERROR, identity.stale),
    Rule("I304", "retired-kind", _WARNING, identity.retired_kind),
    Rule("I305", "response-id-mismatch", _WARNING, identity.response_id_mismatch),
    Rule("I306", "model-digest-mismatch", _WARNING, identity.model_digest_mismatch),
    Rule("I307", "misplaced", _ERROR, identity.misplaced),
    *(Rule(kind.code, kind.name, kind.severity, streams.check_of(kind)) for kind in KINDS),
    Rule("W491", "streaming-flag", _ERROR, streams.streaming_flag),
    Rule("W492", "endpoint-mismatch", _WARNING, streams.endpoint_mismatch),
    Rule("W493", "tool-name-undeclared", _WARNING, streams.tool_name_undeclared),
    Rule("W494", "choices-missing", _WARNING, streams.choices_missing),
    Rule("W495", "usage-not-sent", _WARNING, streams.usage_not_sent),
    Rule("W496", "usage-unrequested", _INFO, streams.usage_unrequested),
)

CORPUS_RULES: tuple[Rule[CorpusCheck], ...] = (
    Rule("I308", "duplicate", _WARNING, identity.duplicate),
    Rule("W497", "echo-differs", _WARNING, streams.echo_differs),
)

TABLE: tuple[Rule[Check] | Rule[CorpusCheck], ...] = (*FILE_RULES, *CORPUS_RULES)


def find(code_or_name: str) -> Rule[Check] | Rule[CorpusCheck]:
    """The rule of a code or name, in any case. Raises UsageError, with the nearest names."""
    for rule in TABLE:
        if code_or_name.lower() in (rule.code.lower(), rule.name):
            return rule
    hint = did_you_mean(code_or_name, [word for rule in TABLE for word in (rule.name, rule.code)])
    raise UsageError(f"no rule {code_or_name!r}{hint or ';'} recctl rule lists all")
