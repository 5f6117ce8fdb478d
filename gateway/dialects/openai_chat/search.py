"""What a server's web search found, as the blocks of the client's own web search. No IO."""

from __future__ import annotations

from typing import Any

from gateway.messages import Sink, random_id


class Citations:
    """Collects the pages that an answer cites; each is one search result."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._titles)

    def add(self, annotations: Any) -> None:
        """The `annotations` of a delta; only citations of addresses count."""
        for annotation in annotations if isinstance(annotations, list) else ():
            cited = annotation.get("url_citation") if isinstance(annotation, dict) else None
            if isinstance(cited, dict) and isinstance(url := cited.get("url"), str) and url:
                title = cited.get("title")
                self._titles.setdefault(url, title if isinstance(title, str) else url)

    def say(self, sink: Sink) -> None:
        """The search as a call and its result. What was asked is not known, so the call has no input."""
        id = random_id("srvtoolu")
        sink.block({"type": "server_tool_use", "id": id, "name": "web_search", "input": {}})
        found = [
            {
                "type": "web_search_result",
                "url": url,
                "title": title,
                "encrypted_content": "",
                "page_age": None,
            }
            for url, title in self._titles.items()
        ]
        sink.block({"type": "web_search_tool_result", "tool_use_id": id, "content": found})
