"""One recording: a file's document, and the parts of it that the recorder wrote.

Every accessor gives `None` or something empty where the document is not what it should be, so
that a damaged recording can still be listed and shown. What is damaged, the rules say.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from recctl.shapes import fields, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult


class Kind(StrEnum):
    """What was recorded. Source: docs/format.md, "One file, one interaction"."""

    INFERENCE = "inference"
    HTTP = "http"
    TOOL = "tool"
    FILE = "file"


_TELLTALE = {
    "payload": Kind.HTTP,
    "tool_name": Kind.TOOL,
    "file_id": Kind.FILE,
    "body": Kind.INFERENCE,
    "endpoint": Kind.INFERENCE,
}
"""The request key that only one kind has; the first that is present decides."""

_PROVIDER_HOSTS = (
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure"),
    ("cognitiveservices.azure.com", "azure"),
    ("services.ai.azure.com", "azure"),
    ("bedrock-runtime.", "bedrock"),
    ("bedrock-mantle.", "bedrock"),
    ("ml.cloud.ibm.com", "watsonx"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("aiplatform.googleapis.com", "vertexai"),
    ("api.anthropic.com", "anthropic"),
    ("api.cerebras.ai", "cerebras"),
    ("api.fireworks.ai", "fireworks"),
    ("api.groq.com", "groq"),
    ("api.mistral.ai", "mistral"),
    ("api.sambanova.ai", "sambanova"),
    ("api.together.xyz", "together"),
    ("cloud.databricks.com", "databricks"),
    ("integrate.api.nvidia.com", "nvidia"),
    ("ai.api.nvidia.com", "nvidia"),
    (":11434", "ollama"),
)
"""Part of a url's host and port, and whose it is. Source: the providers' public API references."""


def split(url: str | None) -> "SplitResult | None":
    """A url in its parts; null where there is none or it cannot be split."""
    from urllib.parse import urlsplit  # a recording can be read without

    try:
        return urlsplit(url) if url else None
    except ValueError:
        return None


class Recording:
    """A document read from a file named `file_name`; unknown keys are kept as they are.

    `size` is the file's length in bytes.
    """

    def __init__(self, file_name: str, document: Mapping[str, Any], size: int) -> None:
        self.file_name: Final = file_name
        self.document: Final = document
        self.size: Final = size

    @staticmethod
    def is_interaction(document: object) -> bool:
        """Whether a document claims to be a recording: an object with a request and a response."""
        return isinstance(document, dict) and "request" in document and "response" in document

    @cached_property
    def request(self) -> Mapping[str, Any]:
        """The request object; empty where there is none."""
        return fields(self.document.get("request"))

    @cached_property
    def response(self) -> Mapping[str, Any]:
        """The response object; empty where there is none."""
        return fields(self.document.get("response"))

    @property
    def body(self) -> Any:
        """The response body: an object, a list of chunks, or null."""
        return self.response.get("body")

    @cached_property
    def typed(self) -> "Sequence[tuple[str, dict[str, Any]]]":
        """The data of each typed value that the body is or lists, and its pointer."""
        body = self.body
        several = isinstance(body, list)
        found: list[tuple[str, dict[str, Any]]] = []
        for place, value in enumerate(body if several else (body,)):
            if isinstance(value, dict):
                data = value.get("__data__")
                if isinstance(data, dict) and isinstance(value.get("__type__"), str):
                    within = f"/{place}" if several else ""
                    found.append((f"/response/body{within}/__data__", data))
        return found

    @cached_property
    def kind(self) -> Kind | None:
        """The kind, told by the request's keys; null where none of them is there."""
        return next((kind for key, kind in _TELLTALE.items() if key in self.request), None)

    @property
    def test_id(self) -> str | None:
        """The test that owns the recording, a pytest node id; null for shared ones."""
        return text(self.document.get("test_id")) or text(self.request.get("test_id"))

    def asked_by(self, test_id: str | None) -> "Recording":
        """The same recording as if another test, or none, had made the request."""
        document = {**self.document, "test_id": test_id}
        if "test_id" in self.request:
            document["request"] = {**self.request, "test_id": test_id}
        return self.with_document(document)

    def with_document(self, document: Mapping[str, Any]) -> "Recording":
        """The same recording as if its file held another document."""
        return Recording(self.file_name, document, self.size)

    @property
    def sent(self) -> Mapping[str, Any]:
        """What was sent: the request's body, payload or tool arguments."""
        for key in ("body", "payload", "kwargs"):
            if isinstance(self.request.get(key), dict):
                return fields(self.request[key])
        return {}

    @cached_property
    def url(self) -> "SplitResult | None":
        """The request's url in its parts; null where there is none or it cannot be split."""
        return split(text(self.request.get("url")))

    @property
    def endpoint(self) -> str | None:
        """What was called: the recorded endpoint, else the url's path or the tool's name."""
        return (
            text(self.request.get("endpoint"))
            or (self.url.path if self.url else None)
            or text(self.request.get("tool_name"))
            or text(self.request.get("api"))
        )

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        return text(self.request.get("model")) or text(self.sent.get("model"))

    @cached_property
    def provider(self) -> str | None:
        """Who answered: named by the recording, else told by the url's host, else that host."""
        metadata = fields(self.request.get("provider_metadata"))
        named = (
            text(self.request.get("provider"))
            or text(metadata.get("provider"))
            or ("vllm" if "vllm_server_version" in metadata else None)
        )
        if named or self.url is None:
            return named
        if self.url.path.startswith("__databricks__"):
            return "databricks"
        host = self.url.netloc.lower()
        known = (provider for part, provider in _PROVIDER_HOSTS if part in host)
        return next(known, None) or host or self.url.scheme or None

    @property
    def is_streaming(self) -> bool:
        """Whether the recorder says that the answer came in chunks."""
        return self.response.get("is_streaming") is True

    @property
    def chunks(self) -> int | None:
        """Number of recorded chunks (lines, for server-sent events); null for no stream."""
        return len(self.body) if self.is_streaming and isinstance(self.body, list) else None
