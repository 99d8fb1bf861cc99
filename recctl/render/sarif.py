"""A validation report as SARIF 2.1.0 (an OASIS standard), which code scanning reads.

Section numbers are those of the standard. What GitHub makes of it: its "SARIF support for code
scanning".
"""

from collections import Counter
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from recctl import __version__
from recctl.diagnostics import Finding, Report, RuleText, Severity
from recctl.render import document as document_json
from recctl.safetext import harmless, one_line

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {**_LEVELS, Severity.INFO: "recommendation"}
_ROOT = "%SRCROOT%"
_LONGEST_DESCRIPTION = 1024
"""Characters, to GitHub."""


def as_sarif(report: Report) -> str:
    """One run, with the rules that found something and the findings in the report's order.

    Paths are relative to the folder that recctl ran in; for GitHub, run it at the repository's top.
    """
    rules = {rule.code: place for place, rule in enumerate(report.rules)}
    twins: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "recctl",
                "version": __version__,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The folder in which recctl was run."}}
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules, twins) for finding in report.findings],
        "properties": {"recordings": report.recordings, "baselined": report.baselined},
    }
    return document_json.as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: RuleText) -> dict[str, Any]:
    doc = harmless(rule.doc)
    about = [" ".join(one.split()) for one in doc.split("\n\n")]
    described = next((one for one in about if one != rule.title), rule.title)
    explained = f"`recctl rule {rule.name}` prints this, too."
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": one_line(rule.title) or rule.name},
        "fullDescription": {"text": described[:_LONGEST_DESCRIPTION] or rule.name},
        "help": {"text": doc or rule.name, "markdown": f"{doc}\n\n{explained}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "fix": rule.fix.value,
            "problem.severity": _PROBLEMS[rule.severity],
            "tags": ["recordings"],
        },
    }


def _result(finding: Finding, rules: dict[str, int], twins: Counter[str]) -> dict[str, Any]:
    message = _message(finding.message or finding.name)
    if finding.command:
        message += f"\nnext: {_message(finding.command)}"
    result: dict[str, Any] = {"ruleId": finding.code}
    if finding.code in rules:
        result["ruleIndex"] = rules[finding.code]
    return {
        **result,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [_location(finding)],
        "partialFingerprints": _fingerprints(finding, twins),
        "properties": _properties(finding),
    }


def _properties(finding: Finding) -> dict[str, str]:
    """What SARIF has no place for. An excerpt is shortened, so it is no snippet (3.30.13)."""
    properties = {"fix": finding.fix.value}
    if finding.excerpt:
        properties["excerpt"] = one_line(finding.excerpt)
    if finding.command:
        properties["command"] = one_line(finding.command)
    return properties


def _location(finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(finding.path)}
    if finding.line is not None:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.pointer:
        last = finding.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        logical = {"fullyQualifiedName": one_line(finding.pointer), "name": one_line(last)}
        location["logicalLocations"] = [logical]
    return location


def _artifact(path: str) -> dict[str, str]:
    """Where a file is, as a URI (3.4.3): percent-encoded bytes between slashes."""
    pure = PurePath(path)
    uri = quote(_encoded(pure.as_posix()), safe="/:" if pure.drive else "/")
    if not pure.is_absolute():
        return {"uri": uri, "uriBaseId": _ROOT}
    host = uri.startswith("//") and pure.drive != ""
    start = "file:" if host else "file:///" if pure.drive else "file://"
    return {"uri": start + uri}


def _encoded(path: str) -> bytes:
    """The bytes of a path, which Python reads from a disk with surrogates for what is no UTF-8."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def _fingerprints(finding: Finding, twins: Counter[str]) -> dict[str, str]:
    """What stays the same when lines shift: rule, file and pointer, numbered if there are several.

    GitHub knows a finding again by another hash, of the line's text, which its upload computes and
    compares with a given one. It cannot where there is no line.
    """
    path = PurePath(finding.path).as_posix()
    one = "\0".join((finding.code, path, finding.pointer)).encode("utf-8", "surrogatepass")
    digest = sha256(one).hexdigest()[:32]
    twins[digest] += 1
    value = f"{digest}:{twins[digest]}"
    fingerprints = {"recctlFinding/v1": value}
    if finding.line is None:
        fingerprints["primaryLocationLineHash"] = value
    return fingerprints


def _message(text: str) -> str:
    """A message's plain text, in which braces are doubled (3.11.5) and nothing links (3.11.6)."""
    plain = one_line(text).replace("{", "{{").replace("}", "}}")
    return plain.replace("](", "] (")
