"""The server's own web searches as the blocks in which Anthropic's servers tell of theirs. No IO.

A search is a `server_tool_use` block and a `web_search_tool_result` block. The server says what it found
in part with the search (`action.sources`) and in part with the text that cites it, so the results wait
until no more text can cite them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway import json_text
from gateway.messages import Sink, random_id

FAILED: Mapping[str, str] = {"type": "web_search_tool_result_error", "error_code": "unavailable"}


@dataclass(frozen=True, slots=True)
class _Search:
    id: str
    sources: tuple[str, ...]
    has_failed: bool


class WebSearches:
    """Tells the sink of each search where it happens, and of all results when asked to `settle`."""

    def __init__(self, sink: Sink, mint: Callable[[str], str] = random_id) -> None:
        self._sink = sink
        self._mint = mint
        self._waiting: list[_Search] = []
        self._titles: dict[str, str] = {}
        self._settled: set[str] = set()
        self.count = 0
        """How often the server searched; opening one of the pages it found is no search."""

    def search(self, item: Mapping[str, Any]) -> None:
        """A complete `web_search_call` item."""
        action = item.get("action")
        action = action if isinstance(action, dict) else {}
        if action.get("type", "search") != "search":
            return
        self.count += 1
        found = action.get("sources")
        urls = (_url(source) for source in (found if isinstance(found, list) else ()))
        search = _Search(
            id=self._mint("srvtoolu"),
            sources=tuple(dict.fromkeys(filter(None, urls))),
            has_failed=item.get("status") == "failed",
        )
        self._waiting.append(search)
        query = {"query": _query(item, action)}
        self._sink.block(
            {"type": "server_tool_use", "id": search.id, "name": "web_search", "input": query}
        )

    def cite(self, annotations: Any) -> None:
        """The annotations of some text."""
        for annotation in annotations if isinstance(annotations, list) else ():
            if (url := _url(annotation)) and url not in self._settled:
                title = annotation.get("title")
                if not self._titles.get(url):
                    self._titles[url] = title if isinstance(title, str) else ""

    def settle(self) -> None:
        """Says the results of the searches so far.

        What is cited and stands in no search's sources counts as found by the last one.
        """
        waiting, self._waiting = self._waiting, []
        listed = {url for search in waiting for url in search.sources}
        cited = tuple(url for url in self._titles if url not in listed)
        for search in waiting:
            urls = search.sources + (cited if search is waiting[-1] else ())
            self._sink.block(
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": search.id,
                    "content": FAILED if search.has_failed else [self._result(url) for url in urls],
                }
            )
        if waiting:
            self._settled.update(self._titles)
            self._titles.clear()

    def _result(self, url: str) -> dict[str, Any]:
        # The protocol wants `encrypted_content`; nobody but its maker could read it.
        title = self._titles.get(url) or url
        return {"type": "web_search_result", "url": url, "title": title, "encrypted_content": ""}


def _url(holder: Any) -> str:
    url = holder.get("url") if isinstance(holder, dict) else None
    return url if isinstance(url, str) else ""


def _query(item: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    """What was searched for; one server puts it into `arguments`, as if it were a function's."""
    queries = action.get("queries")
    several = [q for q in (queries if isinstance(queries, list) else ()) if isinstance(q, str)]
    query = action.get("query") or "; ".join(several)
    if not query and isinstance(item.get("arguments"), str):
        try:
            arguments = json_text.decode(item["arguments"])
        except json_text.NotJSON:
            return ""
        query = arguments.get("query") if isinstance(arguments, dict) else ""
    return query if isinstance(query, str) else ""
