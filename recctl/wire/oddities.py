"""The one table of what can be odd about an answer: code, severity, and what it means.

An error is a stream that cannot be right; a warning one that a client may misread; an info what
real providers are known to do. Source: docs/streams.md.
"""

from dataclasses import dataclass

from recctl.diagnostics import Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class OddityKind:
    """A row: the code of an oddity, how bad it is, and what it says of the answer."""

    code: str
    name: str
    severity: Severity
    title: str
    why: str


KINDS = (
    # The stream as a whole.
    OddityKind(
        "W401",
        "stream-exception",
        _ERROR,
        "The stream was ended by an exception.",
        "A replay raises the exception and ignores the chunks that came before it.",
    ),
    OddityKind(
        "W402",
        "stream-error",
        _ERROR,
        "The provider sent an error in place of a chunk.",
        "Client libraries raise it; the answer before it is a part only.",
    ),
    OddityKind(
        "W403",
        "empty-stream",
        _ERROR,
        "The stream has no chunks.",
        "Client libraries wait for at least one.",
    ),
    OddityKind(
        "W404",
        "mixed-stream",
        _ERROR,
        "The stream has chunks of several formats, or values that are no chunks.",
        "Those of the most frequent format are taken, the others passed over.",
    ),
    OddityKind(
        "W405",
        "terminal-missing",
        _ERROR,
        "The event that ends a stream is missing.",
        "The recording was cut off, so the answer is a part only.",
    ),
    OddityKind(
        "W406",
        "sse-bad-json",
        _ERROR,
        "The data of a server-sent event is not JSON.",
        "Client libraries raise an error at that event.",
    ),
    OddityKind(
        "W407",
        "sse-event-mismatch",
        _ERROR,
        "A server-sent event is named other than the type in its data.",
        "Client libraries differ in which of the two they believe.",
    ),
    OddityKind(
        "W408",
        "sse-unterminated",
        _ERROR,
        "The last server-sent event has no empty line after it.",
        "By the standard such an event is dropped.",
    ),
    OddityKind(
        "W409",
        "block-unstopped",
        _ERROR,
        "A content block was started and never stopped.",
        "The recording was cut off inside the block.",
    ),
    OddityKind(
        "W410",
        "block-index-gap",
        _ERROR,
        "The content blocks are not numbered from 0 without gaps.",
        "Client libraries address blocks by their number and fail.",
    ),
    OddityKind(
        "W411",
        "block-not-started",
        _WARNING,
        "Content came for a block that was not started.",
        "Client libraries drop it or fail.",
    ),
    OddityKind(
        "W412",
        "text-differs",
        _WARNING,
        "The finished text that was sent differs from its pieces.",
        "The finished text is taken.",
    ),
    OddityKind(
        "W413",
        "too-deep",
        _ERROR,
        "The answer is nested too deep to be read.",
        "No provider sends such an answer.",
    ),
    # How an answer ends.
    OddityKind(
        "W414",
        "finish-missing",
        _ERROR,
        "A choice has no finish reason.",
        "The answer was cut off, or the recorder stopped listening.",
    ),
    OddityKind(
        "W415",
        "finish-duplicate",
        _ERROR,
        "A choice has several finish reasons.",
        "Two answers were merged into one stream.",
    ),
    OddityKind(
        "W416",
        "finish-not-last",
        _ERROR,
        "The finish reason is not on the last chunk of a format that has it there.",
        "Something was added after the answer's end.",
    ),
    OddityKind(
        "W417",
        "finish-empty-string",
        _INFO,
        "The finish reason is an empty string where it should be null.",
        "Some servers do so on every chunk but the last.",
    ),
    OddityKind(
        "W418",
        "content-after-finish",
        _ERROR,
        "Content came after the finish reason.",
        "Clients stop listening there, so they see another answer.",
    ),
    OddityKind(
        "W419",
        "chunk-after-finish",
        _INFO,
        "A chunk without content came after the finish reason.",
        "Some proxies send usage that way.",
    ),
    OddityKind(
        "W420",
        "truncated-length",
        _INFO,
        "The answer ran into the token limit.",
        "It ends in the middle; a test that passes with it may be a lucky one.",
    ),
    OddityKind(
        "W421",
        "empty-completion",
        _INFO,
        "The answer has neither text nor tool calls.",
        "Models that spend all tokens on reasoning do so.",
    ),
    OddityKind(
        "W422",
        "prompt-blocked",
        _INFO,
        "The provider refused the prompt, so there is no answer.",
        "Clients that take the first candidate fail.",
    ),
    # Roles and choices.
    OddityKind(
        "W423",
        "role-repeated",
        _INFO,
        "The role stands on every chunk.",
        "Joining deltas without care gives `assistantassistant`.",
    ),
    OddityKind(
        "W424",
        "role-changed",
        _WARNING,
        "The role changes within one choice.",
        "The first one is taken.",
    ),
    OddityKind(
        "W425",
        "role-missing",
        _WARNING,
        "A choice has no role.",
        "Client libraries assume the assistant.",
    ),
    OddityKind(
        "W426",
        "choice-index-gap",
        _WARNING,
        "The choices are not numbered from 0 without gaps.",
        "Client libraries address choices by their number and fail.",
    ),
    OddityKind(
        "W427",
        "choice-order",
        _WARNING,
        "A choice starts before one of a lower number.",
        "Client libraries that take the number for a place in a list fail.",
    ),
    # Tool calls.
    OddityKind(
        "W428",
        "tool-index-gap",
        _ERROR,
        "The tool calls are not numbered from 0 without gaps.",
        "Client libraries address calls by their number and fail.",
    ),
    OddityKind(
        "W429",
        "tool-index-missing",
        _ERROR,
        "A fragment of a tool call has no number.",
        "It is given to the call of its id, or else to the last one; client libraries fail.",
    ),
    OddityKind(
        "W430",
        "tool-index-reused",
        _ERROR,
        "Two tool calls have the same number.",
        "Joined by number, their arguments would run into each other.",
    ),
    OddityKind(
        "W431",
        "tool-interleaved",
        _ERROR,
        "Fragments of several tool calls alternate.",
        "Allowed, but no provider is known to do it: chunks may have been reordered.",
    ),
    OddityKind(
        "W432",
        "tool-id-missing",
        _ERROR,
        "A tool call has no id.",
        "Its result cannot be sent back.",
    ),
    OddityKind(
        "W433",
        "tool-id-duplicate",
        _ERROR,
        "Two tool calls have the same id.",
        "Their results cannot be told apart.",
    ),
    OddityKind(
        "W434",
        "tool-id-repeated",
        _INFO,
        "The id of a tool call stands on several of its fragments.",
        "Joining deltas without care gives it twice.",
    ),
    OddityKind(
        "W435",
        "tool-name-missing",
        _ERROR,
        "A tool call has no name.",
        "There is nothing to call.",
    ),
    OddityKind(
        "W436",
        "tool-name-repeated",
        _INFO,
        "The name of a tool call stands on several of its fragments.",
        "Joining deltas without care gives it twice.",
    ),
    OddityKind(
        "W437",
        "tool-name-split",
        _INFO,
        "The name of a tool call came in pieces.",
        "The pieces are joined.",
    ),
    OddityKind(
        "W438",
        "tool-name-changed",
        _ERROR,
        "A tool call gets another name after its arguments began.",
        "The first name is kept.",
    ),
    OddityKind(
        "W439",
        "tool-args-empty",
        _ERROR,
        "A tool call has no arguments, not even an empty object.",
        "Parsing them fails.",
    ),
    OddityKind(
        "W440",
        "tool-args-invalid",
        _ERROR,
        "The arguments of a tool call do not parse.",
        "The answer was cut off, or the model wrote no JSON.",
    ),
    OddityKind(
        "W441",
        "tool-args-not-object",
        _ERROR,
        "The arguments of a tool call are no object.",
        "Tools take their arguments by name.",
    ),
    OddityKind(
        "W442",
        "tools-finish-mismatch",
        _WARNING,
        "A choice calls tools but its finish reason is another.",
        "Clients that look at the finish reason do not run the tools.",
    ),
    OddityKind(
        "W443",
        "finish-without-tools",
        _ERROR,
        "The finish reason announces tool calls and there are none.",
        "They were lost.",
    ),
    # Usage.
    OddityKind(
        "W444",
        "usage-missing",
        _ERROR,
        "The last chunk lacks the usage that this format has there.",
        "The recording was cut off.",
    ),
    OddityKind(
        "W445",
        "usage-multiple",
        _INFO,
        "Several chunks report usage.",
        "It is a running total: the last one counts, they are not added up.",
    ),
    OddityKind(
        "W446",
        "usage-decreasing",
        _WARNING,
        "A later report of usage is lower than an earlier one.",
        "A running total cannot fall.",
    ),
    OddityKind(
        "W447",
        "usage-not-last",
        _WARNING,
        "Usage is reported, but not by the last chunk.",
        "Clients that read it from the last chunk miss it.",
    ),
    OddityKind(
        "W448",
        "usage-sum",
        _WARNING,
        "The total of tokens is not the sum of input and output.",
        "The usage was edited, or counts something else.",
    ),
    OddityKind(
        "W449",
        "usage-parts",
        _WARNING,
        "More tokens are reported as reasoning or cached than there are at all.",
        "The usage was edited, or counts something else.",
    ),
    OddityKind(
        "W450",
        "usage-revised",
        _INFO,
        "The number of input tokens is revised at the end.",
        "The later number counts.",
    ),
    # Fields that should stay the same.
    OddityKind(
        "W451",
        "id-changed",
        _WARNING,
        "The id changes within the stream.",
        "On Azure's first chunk it is empty if no recorder normalized it. Otherwise chunks of"
        " several answers were merged, or ids were set by hand.",
    ),
    OddityKind(
        "W452",
        "model-changed",
        _WARNING,
        "The model changes within the stream.",
        "Chunks of several answers were merged.",
    ),
    OddityKind(
        "W453",
        "created-changed",
        _INFO,
        "The time of creation changes within the stream.",
        "Older recordings keep real times.",
    ),
    OddityKind(
        "W455",
        "set-late",
        _INFO,
        "Model, object or fingerprint are empty at first and set later.",
        "Azure sends a first chunk that only reports on the prompt.",
    ),
    OddityKind(
        "W456",
        "object-unexpected",
        _INFO,
        "A chunk calls itself something else than a chunk of its kind.",
        "Azure's first chunk has an empty string there.",
    ),
    # Reasoning and log probabilities.
    OddityKind(
        "W457",
        "reasoning-duplicated",
        _INFO,
        "The same reasoning stands in two fields.",
        "It is taken once.",
    ),
    OddityKind(
        "W458",
        "inline-reasoning-tags",
        _INFO,
        "The text has reasoning in it, in tags.",
        "`recctl show --split-reasoning` takes it out.",
    ),
    OddityKind(
        "W459",
        "logprobs-differ",
        _INFO,
        "The tokens of the log probabilities do not spell the text.",
        "Some servers report tokens that they do not send.",
    ),
)

_SEVERITIES = {kind.name: kind.severity for kind in KINDS}


def severity_of(code: str) -> Severity:
    """How bad an oddity of that code is."""
    return _SEVERITIES[code]
