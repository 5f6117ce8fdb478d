"""The endpoints around the messages: who is here, is it well, which models, how many tokens."""

from __future__ import annotations

import asyncio
from time import time
from typing import Any

from gateway import __version__, json_text
from gateway.config import Snapshot
from gateway.errors import GatewayError, NotFound
from gateway.pipeline import Inbound, count_tokens
from gateway.routing import BadTarget, Target
from gateway.server.auth import authorize
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.delivery import Delivery
from gateway.server.messages import LARGE
from gateway.server.paths import PREFIX, Receive, Scope, Send
from gateway.server.services import Services

CREATED = "2026-01-01T00:00:00Z"
"""Providers of other formats date their models in other ways, or not; clients want a date."""


def about() -> dict[str, Any]:
    """`GET /`."""
    return {
        "message": "This is a gateway for clients of the Anthropic Messages API.",
        "name": "rules-gateway",
        "version": __version__,
        "endpoints": ["/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/health"],
    }


def health(services: Services) -> dict[str, Any]:
    """`GET /health`: alive, and with which config."""
    config = services.config
    refusal = config.refusal
    return {
        "status": "ok",
        "version": __version__,
        "config": {
            "id": config.snapshot.id,
            "age_seconds": round(time() - config.loaded_at, 1),
            "last_refusal": None
            if refusal is None
            else {
                "seconds_ago": round(time() - refusal.at, 1),
                "findings": [
                    f"{f.file}:{f.line}:{f.column}: {f.message}" for f in refusal.findings
                ],
            },
        },
    }


def models(snapshot: Snapshot) -> dict[str, Any]:
    """`GET /v1/models`: the targets that the config names."""
    data = [model_info(snapshot, Target.parse(target)) for target in snapshot.targets]
    return {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def model(snapshot: Snapshot, id: str) -> dict[str, Any]:
    """`GET /v1/models/{id}`: any model of a provider that is known. Raises `NotFound`."""
    try:
        target = Target.parse(id)
    except BadTarget:
        target = None
    if target is None or target.provider not in snapshot.endpoints:
        raise NotFound(f"model: {id} (models are named provider:model, such as openai:gpt-5)")
    return model_info(snapshot, target)


def model_info(snapshot: Snapshot, target: Target) -> dict[str, Any]:
    """A model as clients list it."""
    facts = snapshot.models.get(str(target))
    return {
        "type": "model",
        "id": str(target),
        "display_name": f"{target.model} ({target.provider})",
        "created_at": CREATED,
        "lifecycle": "active",
        "max_input_tokens": facts.context if facts else None,
        "max_tokens": facts.max_output if facts else None,
    }


async def count(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """`POST /v1/messages/count_tokens`, errors included."""
    delivery = Delivery(send)
    headers = headers_of(scope)
    try:
        snapshot = await services.config.current()
        authorize(snapshot.server, headers)
        body = await read_body(receive, headers, snapshot.server.max_body)
        inbound = Inbound(body, headers, prefix=scope.get(PREFIX, ""))
        if len(body) > LARGE or not services.encoder_loaded:
            tokens = await asyncio.to_thread(count_tokens, snapshot, inbound, services.counter)
        else:
            tokens = count_tokens(snapshot, inbound, services.counter)
    except ClientGone:
        return
    except GatewayError as error:
        await delivery.error(error, {})
        return
    await delivery.whole(200, {}, json_text.encode({"input_tokens": tokens}))
