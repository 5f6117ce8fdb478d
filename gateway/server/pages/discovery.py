"""The endpoints around the messages: who is here, is it well, which models."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway import __version__
from gateway.availability import Looking
from gateway.config import ClientKey, Snapshot
from gateway.errors import InvalidRequest, NotFound
from gateway.pipeline import DISCOVERED, Exchange, target_of_model
from gateway.pipeline.explain import explain
from gateway.pipeline.granted import forbidden
from gateway.pipeline.recorded import BadRecording, inbound_of
from gateway.routing import Target
from gateway.server.pages.admin import config_health
from gateway.server.pages.standings import as_json, told
from gateway.server.services import Services

CREATED = "2026-01-01T00:00:00Z"
"""Providers of other formats date their models in other ways, or not; clients want a date."""


def about() -> dict[str, Any]:
    """`GET /`."""
    return {
        "message": "This is a gateway for clients of the Anthropic Messages API.",
        "name": "rules-gateway",
        "version": __version__,
        "endpoints": [
            "/v1/messages",
            "/v1/messages/count_tokens",
            "/v1/models",
            "/v1/stats",
            "/metrics",
            "/health",
            "/openapi.json",
        ],
    }


def health(services: Services) -> dict[str, Any]:
    """`GET /health`: alive, with which config, which targets are passed over, and how full providers with
    limits are."""
    config = services.config
    recorder = services.recorder.health(config.snapshot)
    failing = [as_json(one) for one in told(services.availability, config.snapshot)]
    limited = services.rooms.state()
    return {
        "status": "ok",
        "version": __version__,
        "config": config_health(config),
        **({"recorder": recorder} if recorder is not None else {}),
        **({"failing": failing} if failing else {}),
        **({"limited": limited} if limited else {}),
    }


def models(snapshot: Snapshot, key: ClientKey | None = None) -> dict[str, Any]:
    """`GET /v1/models`: the targets and aliases that the config names, and the client's key opens.

    Each stands there twice: by its name, and as `claude-via-NAME` for clients that keep only models
    with `claude` in their name. Nothing does where a request may name no target: asked for as a model,
    each of them would be refused, and any other name is as good as the next.
    """
    named = {target: Target.parse(target) for target in snapshot.targets}
    named = {**snapshot.aliases, **named} if snapshot.named_targets == "allow" else {}
    named = {id: one for id, one in named.items() if key is None or key.may_use(one)}
    data = [model_info(snapshot, target, id) for id, target in named.items()]
    data += [model_info(snapshot, target, DISCOVERED + id) for id, target in named.items()]
    return {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def model(snapshot: Snapshot, id: str, key: ClientKey | None = None) -> dict[str, Any]:
    """`GET /v1/models/{id}`: any model of a provider that is known. Raises `GatewayError`."""
    target = target_of_model(snapshot, id)
    if target is None:
        raise NotFound(f"model: {id} (models are named provider:model, such as openai:gpt-5)")
    if key is not None and not key.may_use(target):
        raise forbidden(key, target)
    return model_info(snapshot, target, id)


def model_info(snapshot: Snapshot, target: Target, id: str) -> dict[str, Any]:
    """A model as clients list it."""
    facts = snapshot.models.get(str(target))
    return {
        "type": "model",
        "id": id,
        "display_name": f"{target.model} ({target.provider})",
        "created_at": CREATED,
        "lifecycle": "active",
        "max_input_tokens": facts.context if facts else None,
        "max_tokens": facts.max_output if facts else None,
    }


async def explained(services: Services, snapshot: Snapshot, request: bytes) -> dict[str, Any]:
    """`POST /admin/explain`: what would happen to the request in the body. Raises `GatewayError`."""
    try:
        inbound = inbound_of(request)
    except BadRecording as error:
        raise InvalidRequest(f"The body holds no request: {error}") from None
    vault = services.vaults.vault(snapshot.reasoning)
    exchange = Exchange(
        snapshot,
        inbound,
        services.counter,
        vault,
        readings=services.recent,
        estimates=services.estimates,
        availability=Looking(services.availability),
    )
    return await asyncio.to_thread(explain, exchange)
