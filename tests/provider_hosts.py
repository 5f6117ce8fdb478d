"""Providers of the chat format by host, for the application without a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from asgi_gateway import Pieces, says

from gateway import json_text

OK = says("Hello", "stop") + b"data: [DONE]\n\n"


class Hosts:
    """Providers by host: what each answers, and what it was asked."""

    def __init__(self, **answers: Callable[[], httpx.Response]) -> None:
        """By host, or by host and key as `a_k1`."""
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str] = []
        """That were shown, in order; empty for none."""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.partition(".")[0]
        self.asked.append((host, json_text.decode(request.content)))
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.keys.append(key)
        answer = self.answers.get(f"{host}_{key}") or self.answers.get(host, fine)
        return answer()

    @property
    def hosts(self) -> list[str]:
        """Who was asked, in order."""
        return [host for host, _ in self.asked]


def fine() -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(OK))


def failing(status: int, **headers: str) -> Callable[[], httpx.Response]:
    body = b'{"error": {"message": "not now"}}'
    return lambda: httpx.Response(status, headers=headers, stream=Pieces(body))


def breaking() -> httpx.Response:
    raise httpx.ConnectError("refused")
