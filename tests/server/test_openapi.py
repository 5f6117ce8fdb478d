"""The OpenAPI document: it names what is there, and answers are as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import ASK, Gateway, answering, says
from jsonschema import Draft202012Validator
from litestar import Litestar

from gateway import json_text, resources
from gateway.server.app import ENDPOINTS
from gateway.server.pages.openapi import document
from gateway.server.pages.routes import build_pages

CONFIG = """
server: {auth: {keys: [{name: me, key: shown}]}, admin: {key: of-the-admin}}
providers: {chat: {dialect: openai-chat, base_url: "http://chat.test/v1", api_key: secret-key}}
default: chat:standard
"""
DOCUMENT = document()
OPERATIONS = sorted(
    (method, path) for path, operations in DOCUMENT["paths"].items() for method in operations
)
BODIES: dict[str, Any] = {
    "/v1/messages": ASK,
    "/v1/messages/count_tokens": ASK,
    "/admin/explain": ASK,
    "/admin/reload": {},
}
BOTH = {
    "x-api-key": "shown",
    "authorization": "Bearer of-the-admin",
    "content-type": "application/json",
}
"""The key of a client, and that of whoever runs the gateway."""
BAD: dict[str, Any] = {path: [] for path in BODIES}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return Gateway(path, provider=answering(says("Hi", "stop") + b"data: [DONE]\n\n"))


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a value is as a schema of the document says."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(value)


def json_of(response: dict[str, Any]) -> dict[str, Any]:
    """The schema of a JSON answer."""
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def test_the_checked_in_document_is_the_one_of_the_code() -> None:
    """`make docs` was run after the last change."""
    text = (resources.data_folder("schemas") / "openapi.json").read_bytes()
    assert json_text.decode(text) == DOCUMENT


def test_the_document_names_every_path_there_is(gateway: Gateway) -> None:
    """With its methods, and no other."""
    there = {(method, path) for path, endpoint in ENDPOINTS.items() for method in endpoint.methods}
    pages = build_pages(gateway.make_services())
    assert isinstance(pages, Litestar)
    there |= {
        (method, route.path_format)
        for route in pages.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    assert {(method.upper(), path) for method, path in OPERATIONS} == there


def test_every_schema_is_one() -> None:
    """And what a schema refers to is there."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert name in json_text.encode_text(DOCUMENT)
    words = json_text.encode_text(DOCUMENT).split('"#/components/schemas/')[1:]
    assert {word.partition('"')[0] for word in words} == DOCUMENT["components"]["schemas"].keys()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_answer_is_as_the_document_says(gateway: Gateway, method: str, path: str) -> None:
    """Its status, its type and its shape, for a body that the document allows."""
    operation = DOCUMENT["paths"][path][method]
    body = BODIES.get(path)
    assert body is None or fits(body, json_of(operation["requestBody"]))
    heard = gateway.ask(
        method.upper(),
        path.replace("{model_id}", "chat:any/model"),
        body if body is not None else b"",
        headers=BOTH,
    )
    response = operation["responses"]["200"]
    assert heard.status == 200
    if "content" in response:
        assert heard.headers["content-type"].partition(";")[0] in response["content"]
        if "application/json" in response["content"]:
            assert fits(heard.json, json_of(response))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_refusal_is_as_the_document_says(gateway: Gateway, method: str, path: str) -> None:
    """A stranger is answered where the document asks for no key, and told so elsewhere."""
    operation = DOCUMENT["paths"][path][method]
    heard = gateway.ask(method.upper(), path.replace("{model_id}", "x"), BODIES.get(path, b""))
    is_open = operation.get("security") == []
    assert (heard.status == 200) is is_open
    if not is_open:
        assert heard.status == 401
        assert fits(heard.json, json_of(operation["responses"]["default"]))


@pytest.mark.parametrize("path", BAD)
def test_a_wrong_body_is_told_of_in_the_form_of_errors(gateway: Gateway, path: str) -> None:
    """The document says which bodies are right, so this one it does not allow."""
    operation = DOCUMENT["paths"][path]["post"]
    assert not fits(BAD[path], json_of(operation["requestBody"]))
    heard = gateway.ask("POST", path, BAD[path], headers=BOTH)
    assert heard.status == 400
    assert fits(heard.json, json_of(operation["responses"]["default"]))


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_wrong_method_is_told_the_right_ones(gateway: Gateway, path: str) -> None:
    """Those of the document (https://www.rfc-editor.org/rfc/rfc9110#status.405)."""
    heard = gateway.ask("PATCH", path.replace("{model_id}", "x"), b"")
    assert heard.status == 405
    allowed = {*heard.headers["allow"].split(", ")} - {"OPTIONS"}
    assert allowed == {method.upper() for method in DOCUMENT["paths"][path]}
    assert fits(heard.json, DOCUMENT["components"]["schemas"]["Error"])
