"""Targets of the client's own format: what no transform changed goes on byte for byte."""

from __future__ import annotations

import json
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st
from language import JSON
from strategies import request_bodies

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import GatewayError
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

ABSENT = "\ue000\ue001"
CONFIG = """
providers: {native: {dialect: anthropic, base_url: "http://127.0.0.1:9"}}
apply: [nothing]
models: {"native:m": {transforms: [nothing-either]}}
transforms:
  nothing:
    - system: {remove: [ABSENT], replace: [{find: ABSENT, with: a}, {pattern: ABSENT, with: b}]}
    - tools: {drop: [ABSENT], describe: {ABSENT: c}, rename: {ABSENT: d}, deferred: load}
    - tools: {at_most: 50, longest_description: 10000, schemas: {ABSENT: {drop: [e]}}}
  nothing-either:
    - params: {drop: [ABSENT], cap: {max_tokens: 9999999}, effort: {minimal: low}}
    - sections: {tag: absent, drop: true}
    - systemMessageOverrides: {removePatterns: [ABSENT]}
    - toolDescriptions: {ABSENT: f}
  brief:
    - system: {append: Be brief.}
rules:
  - {name: brief, when: {model: "*brief*"}, use: "native:brief", transforms: [brief]}
default: native:m
""".replace("ABSENT", ABSENT)


@lru_cache
def snapshot() -> Snapshot:
    """The config."""
    loaded = load(CONFIG, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


class Letters:
    """Counts letters."""

    def count(self, text: str) -> int:
        return len(text)


def outgoing(raw: bytes) -> bytes:
    """What is sent."""
    exchange = Exchange(snapshot(), Inbound(raw), TokenCounter(Letters()), Vault(b"secret"))
    return exchange.upstream_request().body


@settings(max_examples=1000)
@given(request_bodies, st.booleans(), st.sampled_from([None, 1]))
def test_a_request_that_nothing_concerns_keeps_its_bytes(
    body: JSON, is_ascii: bool, indent: int | None
) -> None:
    """White space and escapes too, in the body as in every field of one whose model is replaced."""
    same = json.dumps({**body, "model": "m"}, ensure_ascii=is_ascii, indent=indent).encode()
    assert outgoing(same) == same
    other = json.dumps({**body, "model": "other"}, ensure_ascii=is_ascii, indent=indent).encode()
    before, after = json_text.decode_fields(other), json_text.decode_fields(outgoing(other))
    assert list(after) == list(before)
    assert bytes(after.pop("model")) == b'"m"'
    assert {k: bytes(v) for k, v in after.items()} == {
        k: bytes(v) for k, v in before.items() if k != "model"
    }


@given(request_bodies)
def test_only_what_a_rule_changed_is_written_anew(body: JSON) -> None:
    """The fields beside it keep their bytes."""
    raw = json.dumps({**body, "model": "brief"}, indent=1).encode()
    try:
        after = json_text.decode_fields(outgoing(raw))
    except GatewayError:
        return
    before = json_text.decode_fields(raw)
    assert {k: bytes(v) for k, v in after.items() if k != "system"} == {
        k: bytes(v) for k, v in before.items() if k != "system"
    }
    assert b"Be brief." in bytes(after["system"])
