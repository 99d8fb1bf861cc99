"""The one table of rules. A rule is a row here and a generator in one of the modules beside it.

Codes are never used twice: J is for the file's text, S for its structure, I for its identity.
"""

from recctl.diagnostics import Severity
from recctl.errors import UsageError, did_you_mean
from recctl.rules import identity, soundness
from recctl.rules.subject import Check, Copy, CorpusCheck, Rule, Subject

__all__ = ["CORPUS_RULES", "FILE_RULES", "TABLE", "Copy", "Rule", "Subject", "find"]

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

FILE_RULES: tuple[Rule[Check], ...] = (
    Rule("J101", "unreadable", _ERROR, soundness.unreadable),
    Rule("J102", "not-utf8", _ERROR, soundness.not_utf8),
    Rule("J103", "byte-order-mark", _ERROR, soundness.byte_order_mark),
    Rule("J104", "merge-markers", _ERROR, soundness.merge_markers),
    Rule("J105", "invalid-json", _ERROR, soundness.invalid_json),
    Rule("J106", "duplicate-keys", _ERROR, soundness.duplicate_keys),
    Rule("J107", "not-a-number", _ERROR, soundness.not_a_number),
    Rule("S201", "schema", _ERROR, identity.schema_violation),
    Rule("I301", "bad-name", _ERROR, identity.bad_name),
    Rule("I302", "unreachable", _ERROR, identity.unreachable),
    Rule("I303", "stale", _ERROR, identity.stale),
    Rule("I304", "retired-kind", _WARNING, identity.retired_kind),
    Rule("I305", "response-id-mismatch", _WARNING, identity.response_id_mismatch),
    Rule("I306", "model-digest-mismatch", _WARNING, identity.model_digest_mismatch),
    Rule("I307", "misplaced", _ERROR, identity.misplaced),
)

CORPUS_RULES: tuple[Rule[CorpusCheck], ...] = (
    Rule("I308", "duplicate", _WARNING, identity.duplicate),
)

TABLE: tuple[Rule[Check] | Rule[CorpusCheck], ...] = (*FILE_RULES, *CORPUS_RULES)


def find(code_or_name: str) -> Rule[Check] | Rule[CorpusCheck]:
    """The rule of a code or name, in any case. Raises UsageError, with the nearest names."""
    for rule in TABLE:
        if code_or_name.lower() in (rule.code.lower(), rule.name):
            return rule
    hint = did_you_mean(code_or_name, [word for rule in TABLE for word in (rule.name, rule.code)])
    raise UsageError(f"no rule {code_or_name!r}{hint or ';'} recctl rule lists all")
