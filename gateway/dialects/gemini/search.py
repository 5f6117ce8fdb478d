"""What a search of the provider gave, as the blocks of the client's own search tool. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.messages import Sink, random_id


class Grounding:
    """Keeps the last account of a search that the answer gives; says it once, at the end."""

    def __init__(self) -> None:
        self._queries: list[str] = []
        self._results: list[dict[str, Any]] = []

    @property
    def searches(self) -> int:
        """How often the provider searched."""
        return len(self._queries)

    def feed(self, metadata: Any) -> None:
        """One `groundingMetadata`; an empty one takes nothing back."""
        if not isinstance(metadata, dict):
            return
        queries, chunks = metadata.get("webSearchQueries"), metadata.get("groundingChunks")
        if isinstance(queries, list) and queries:
            self._queries = [query for query in queries if isinstance(query, str)]
        if isinstance(chunks, list) and chunks:
            pages = (chunk.get("web") for chunk in chunks if isinstance(chunk, dict))
            self._results = [_result(page) for page in pages if isinstance(page, dict)]

    def say(self, sink: Sink) -> None:
        """The search and its results; nothing where the provider did not search."""
        if not self._queries:
            return
        id = random_id("srvtoolu")
        query = {"query": "; ".join(self._queries)}
        sink.block({"type": "server_tool_use", "id": id, "name": "web_search", "input": query})
        sink.block({"type": "web_search_tool_result", "tool_use_id": id, "content": self._results})


def _result(page: Mapping[str, Any]) -> dict[str, Any]:
    url = str(page.get("uri") or "")
    return {
        "type": "web_search_result",
        "title": str(page.get("title") or page.get("domain") or url),
        "url": url,
        "encrypted_content": "",
        "page_age": None,
    }
