"""The schema of who may use the gateway: auth, admin, hosts, origins, tls and socket. No IO."""

from __future__ import annotations

from typing import Any

from gateway.config.schemas.rule_schema import NO_CONTROL
from gateway.config.schemas.schema_parts import Schema, choice, key, object_of, text
from gateway.config.sections.access import LONGEST_KEY, PERIODS
from gateway.routing.conditions import COUNT_SCHEMA
from gateway.routing.conditions.base import NUMBER_SCHEMA, listed

HASH = {
    "type": "string",
    "pattern": r"^\s*sha256:[0-9a-fA-F]{64}\s*$",
    "x-expected": "a hash such as sha256:9f86d0… (`gateway key hash` makes it)",
}
SECRET = {
    "type": "string",
    "pattern": r"\S",
    "maxLength": LONGEST_KEY,
    "x-expected": f"a key such as ${{GATEWAY_KEY}}, of at most {LONGEST_KEY} characters",
}
EXAMPLE_HASH = "sha256:" + "9f86d081884c7d65" * 4
LAPTOP = [{"name": "laptop", "key": "${GATEWAY_KEY}"}]


def server() -> Schema:
    """The keys of `server:` that say who may use it."""
    return {
        "auth": key(_auth(), "Whom the gateway serves.", {"keys": LAPTOP}),
        "admin": key(
            object_of(_secret("The admin key"), 'a mapping such as {key: "${GATEWAY_ADMIN_KEY}"}'),
            "The key of whoever runs the gateway, for `/admin`, `/metrics`, `/v1/stats` and the details of "
            "`/health`; client keys do not open these. Without one they are open to this machine alone, "
            "and closed where clients need keys.",
            {"key": "${GATEWAY_ADMIN_KEY}"},
        ),
        "allow_unauthenticated": key(
            {"type": "boolean"},
            "Serve without keys even where other machines can reach the port.",
            True,
        ),
        "hosts": key(
            listed(
                text("a name such as gateway.example.com"), "a name such as gateway.lan, or a list"
            ),
            "Names under which clients reach the gateway, beside `host` and those of this machine, as "
            "they stand in the Host header; `*` stands for any part. A request for another name is "
            "refused: it may come from a web page whose name was pointed here.",
            ["gateway.example.com", "*.lan"],
        ),
        "origins": key(
            listed(
                text("an origin such as https://app.example.com"), "an origin, or a list of them"
            ),
            "Web pages that may use the gateway from a browser, by their origin; `*` stands for any part. "
            "No other page may.",
            ["https://app.example.com"],
        ),
        "tls": key(
            object_of(
                {
                    "cert": key(
                        text("a file such as tls/server.pem"),
                        "The certificate and those that lead to its authority (PEM).",
                        "tls/server.pem",
                    ),
                    "key": key(
                        text("a file such as tls/server.key"),
                        "The file of its private key (PEM, without a password).",
                        "tls/server.key",
                    ),
                },
                "a mapping such as {cert: tls/server.pem, key: tls/server.key}",
                required=["cert", "key"],
            ),
            "Serve HTTPS. Paths are relative to the config; a certificate that is replaced there serves "
            "the next connection.",
            {"cert": "tls/server.pem", "key": "tls/server.key"},
        ),
        "socket": key(_socket(), "A unix socket to listen at.", "/run/gateway.sock"),
    }


def _secret(what: str) -> Schema:
    """A key, or its hash."""
    return {
        "key": key(SECRET, f"{what} itself: better from the environment.", "${GATEWAY_KEY}"),
        "hash": key(HASH, f"{what} as its SHA-256, in place of `key`.", EXAMPLE_HASH),
    }


def _auth() -> Schema:
    keys = {"type": "array", "items": _client(), "x-expected": "a list of keys"}
    return object_of(
        {
            "keys": key(
                keys, "The keys that clients may show; without any, all are served.", LAPTOP
            ),
            "keys_file": key(
                text("a file such as keys.txt"),
                "A file of keys, relative to the config: in each line a name and a key or its hash. What "
                "`keys` says of the same name holds for it.",
                "keys.txt",
            ),
        },
        "a mapping such as {keys: […]}",
    )


def _client() -> Schema:
    properties: dict[str, Any] = {
        "name": key(
            text("a name for the key", **NO_CONTROL), "Who has the key, for the log.", "laptop"
        ),
        **_secret("The key"),
        "expires": key(
            {
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$",
                "x-expected": "a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z",
            },
            "The last day on which the key is good, or the time until which it is.",
            "2027-01-31",
        ),
        "models": key(
            listed(text("a target such as openai:*"), "a target such as openai:*, or a list"),
            "The targets that requests with the key may go to; `*` stands for any part. Fallbacks, copies "
            "and correction models outside of these are left out.",
            ["openai:*", "ollama:qwen3"],
        ),
        "rules": key(
            listed(text("the name of a rule"), "the name of a rule, or a list"),
            "The rules that may decide on its requests; others are passed over. `*` stands for any part. "
            "What only one key may, a rule says itself: `when: {key: …}`.",
            ["background", "team-*"],
        ),
        "budget": key(
            listed(_budget(), "a budget such as {tokens: 5M, per: day}, or a list"),
            "What may be spent with the key in a period. A request that begins afterwards is refused; "
            "answers under way are not cut.",
            {"tokens": "5M", "per": "day"},
            [{"cost": 10, "per": "day"}, {"cost": 100, "per": "month"}],
        ),
    }
    return object_of(
        properties, "a key such as {name: laptop, key: ${GATEWAY_KEY}}", required=["name"]
    )


def _budget() -> Schema:
    properties = {
        "tokens": key(COUNT_SCHEMA, "Tokens of prompts and answers, cached ones too.", "5M"),
        "cost": key(NUMBER_SCHEMA, "Cost, by the prices under `models:`.", 10),
        "per": key(
            choice(PERIODS), "The period; days begin at midnight by the gateway's clock.", "day"
        ),
    }
    return object_of(
        properties,
        "a budget such as {tokens: 5M, per: day}",
        required=["per"],
        anyOf=[{"required": ["tokens"]}, {"required": ["cost"]}],
    )


def _socket() -> Schema:
    path = text("a path such as /run/gateway.sock")
    whole = object_of(
        {
            "path": key(path, "Where it is; relative to the config.", "/run/gateway.sock"),
            "mode": key(
                {"type": "string", "pattern": "^0?[0-7]{3}$", "x-expected": 'a mode such as "660"'},
                "Who may connect, in octal: its owner alone where nothing is said.",
                "660",
            ),
        },
        'a path such as /run/gateway.sock, or {path: …, mode: "660"}',
        required=["path"],
    )
    return {"anyOf": [path, whole], "x-expected": whole["x-expected"]}
