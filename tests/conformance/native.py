"""A server of the client's own format inside the test process, whose answers can be spoilt. No IO.

It is the obedient one behind a gateway, so it obeys as well; `spoil` changes the events of a stream.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
from conformance.lab import TARGET, Quarters, config, snapshot
from conformance.obedient import Fault, Obedient, response

from gateway.conformance import Runner
from gateway.messages import encode_event
from gateway.tokens import TokenCounter
from gateway.upstream import Upstream

Events = list[dict[str, Any]]

Spoil = Callable[[Events], Events]

TEXT = '{"providers": {"own": {"dialect": "anthropic", "base_url": "http://own", "auth": "none"}}, '
OWN = f'{TEXT}"models": {{"own:any": {{"context": 8000}}}}, "default": "own:any"}}'
"""A config whose provider `own` speaks the client's format."""


class Native(httpx.AsyncBaseTransport):
    """`POST /v1/messages`, for the model `any`."""

    def __init__(
        self, spoil: Spoil = lambda events: events, *, before: Fault | None = None
    ) -> None:
        self.spoil = spoil
        self.behind = Runner(
            snapshot(config()),
            TARGET,
            upstream=Upstream({"http": Obedient(before=before)}),
            counter=TokenCounter(Quarters()),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        model = body.pop("model")
        answer = await self.behind.ask(
            {**body, "model": f"lab:{'obedient' if model == 'any' else 'x'}"}
        )
        if answer.status != 200:
            error = {"type": answer.error_type, "message": answer.error}
            envelope = json.dumps({"type": "error", "error": error}).encode()
            return response(answer.status, [envelope], "application/json")
        if not body.get("stream"):
            return response(200, [json.dumps(answer.message).encode()], "application/json")
        events = self.spoil([dict(event) for event in answer.events])
        pieces = [encode_event(event["type"], event) for event in events]
        return response(200, pieces, "text/event-stream")
