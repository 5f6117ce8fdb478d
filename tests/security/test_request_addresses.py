"""Where requests go is what the config says: no name of a model, and no query, leads elsewhere."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import GatewayError
from gateway.pipeline import Exchange, Inbound, UpstreamRequest
from gateway.providers import PROVIDERS
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter
from gateway.upstream.outgoing import addressed, head

KEYS = {
    name: f"key-of-{name}-4711"
    for name in sorted({p.key_env for p in PROVIDERS.values() if p.key_env is not None})
}
ENVIRONMENT = {
    **KEYS,
    "AZURE_OPENAI_ENDPOINT": "https://azure.example",
    "VERTEX_PROJECT": "project",
    "VERTEX_LOCATION": "location",
}
DIALECTS = ("anthropic", "openai-chat", "openai-responses", "gemini", "ollama")
LABS = "\n".join(
    f'  lab-{name}: {{dialect: {name}, base_url: "https://lab.example:8443/a/b", api_key: key-of-lab}}'
    for name in DIALECTS
)
CONFIG = f"default: openai:m\nproviders:\n{LABS}\n"

GAMES = (
    *("..", "../..", "../../admin", "..%2f..", "%2e%2e/", "./x", "//evil.example/x", "\\\\evil"),
    *(
        "@evil.example",
        ":80@evil.example/",
        "x?key=stolen",
        "x&alt=json",
        "x#y",
        "x;y",
        "x\r\nh: v",
    ),
    *(
        "http://evil.example/",
        "x HTTP/1.1\r\nhost: evil",
        "a b",
        "a\0b",
        "\N{FULLWIDTH FULL STOP}" * 2,
    ),
    *(
        "\N{FULLWIDTH SOLIDUS}evil",
        "\u2028",
        "\ud800",
        "models/../x",
        "tunedModels/..",
        "models/a?b",
    ),
    *("x:generateContent?key=stolen#", "%", "%00", "%zz", "x" * 3_000, "é", "\N{GRINNING FACE}"),
)
models = st.sampled_from(GAMES) | st.text(min_size=1, max_size=30)
models |= st.lists(st.sampled_from(["..", "/", "%2f", "?", "#", "@", ":", "\\", "a", "\r\n"])).map(
    "".join
)


class Letters:
    """Counts letters."""

    def count(self, text: str) -> int:
        return len(text)


def snapshot() -> Snapshot:
    """Every provider that is known by name, and one of each format, all with keys."""
    found = load(CONFIG, file="config.yaml", environment=ENVIRONMENT).snapshot
    assert found is not None
    return found


SNAPSHOT = snapshot()


def asked(
    prefix: str, *, query: str = "", headers: dict[str, str] | None = None, stream: bool = False
) -> UpstreamRequest:
    """What is sent for a request with this prefix. Raises `GatewayError`."""
    request = {
        "model": "claude-x",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": stream,
    }
    inbound = Inbound(json_text.encode(request), headers or {}, query, prefix)
    return Exchange(SNAPSHOT, inbound, TokenCounter(Letters()), Vault(b"secret")).upstream_request()


EVERY = sorted({*PROVIDERS, *(f"lab-{dialect}" for dialect in DIALECTS)})


@pytest.mark.parametrize("provider", EVERY)
@given(models, st.booleans())
def test_a_model_cannot_lead_elsewhere(provider: str, model: str, stream: bool) -> None:
    """The place, the path of the config and the method stay; a model fills its segment and no more."""
    check_that_it_stays(provider, model, stream)


@pytest.mark.parametrize("provider", EVERY)
def test_no_known_game_leads_elsewhere(provider: str) -> None:
    """Those that were played on others."""
    for model in GAMES:
        check_that_it_stays(provider, model, stream=True)


def check_that_it_stays(provider: str, model: str, stream: bool) -> None:
    """Beside a request for a plain model."""
    plain = asked(f"/{provider}:plain-model", stream=stream)
    try:
        request = asked(f"/{provider}:{model}", stream=stream)
    except GatewayError as error:
        assert 400 <= error.status < 500
        return
    found, expected = (urlsplit(str(httpx.URL(one.url))) for one in (request, plain))
    assert (found.scheme, found.netloc) == (expected.scheme, expected.netloc)
    assert found.query == expected.query
    assert found.fragment == ""
    ours, theirs = found.path.split("/"), expected.path.split("/")
    differing = [place for place, part in enumerate(theirs) if "plain-model" in part]
    assert len(differing) <= 1
    if not differing:
        assert ours == theirs
        return
    [place] = differing
    collection = {theirs[place - 1], "tunedModels"}
    assert len(ours) == len(theirs)
    assert ours[place - 1] in collection
    assert ours[: place - 1] == theirs[: place - 1]
    assert ours[place + 1 :] == theirs[place + 1 :]
    assert ours[place].endswith(theirs[place].removeprefix("plain-model"))
    assert ours[place] not in (".", "..")
    if request.url.startswith("http"):
        line = head(addressed(request.url), request.headers, 0).split(b"\r\n")[0]
        assert line.count(b" ") == 2


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_key_is_shown_in_a_header_and_never_in_an_address(provider: str) -> None:
    """Addresses are written to every log on the way; Gemini would take its key there."""
    request = asked(f"/{provider}:some-model")
    key = SNAPSHOT.endpoints[provider].secret
    assert "4711" not in request.url
    assert urlsplit(request.url).username is None
    if key is not None:
        assert [name for name, value in request.headers.items() if key in value] != []


OVERRIDES = (
    *("key=stolen", "api_key=stolen", "api-version=1999", "alt=json", "%6bey=stolen", "KEY=stolen"),
    *(
        "access_token=stolen",
        "token=stolen",
        "sig=stolen",
        "$alt=json",
        "code=stolen",
        "k%65y=stolen",
    ),
)


@pytest.mark.parametrize("query", OVERRIDES)
@pytest.mark.parametrize(
    "provider", ["anthropic", "lab-anthropic", "gemini", "openai", "lab-gemini"]
)
def test_a_clients_query_cannot_override(provider: str, query: str) -> None:
    """A credential that a client shows in its URL is for the gateway alone."""
    plain = asked(f"/{provider}:m", query="beta=true")
    assert asked(f"/{provider}:m", query=f"beta=true&{query}").url == plain.url
    assert asked(f"/{provider}:m", query=f"{query}&beta=true").url == plain.url


@given(st.text(max_size=40))
def test_a_query_is_a_query(query: str) -> None:
    """Whatever a client writes there: it ends neither the line nor the address."""
    request = asked("/lab-anthropic:m", query=query)
    found = urlsplit(str(httpx.URL(request.url)))
    assert found.netloc == "lab.example:8443"
    assert found.path == "/a/b/v1/messages"
    assert found.fragment == ""
    start = head(addressed(request.url), request.headers, 0).split(b"\r\n")[0]
    assert start.count(b" ") == 2
    assert start.endswith(b" HTTP/1.1")


@given(st.dictionaries(st.sampled_from(["beta", "x", "trace"]), st.text(max_size=8), max_size=3))
def test_what_else_a_query_holds_arrives(parameters: dict[str, str]) -> None:
    """Claude Code's `beta=true`, for instance, for servers of its own format."""
    written = str(httpx.QueryParams(parameters))
    sent = urlsplit(str(httpx.URL(asked("/anthropic:m", query=written).url))).query
    assert dict(parse_qsl(sent, keep_blank_values=True)) == parameters
    assert urlsplit(asked("/openai:m", query=written).url).query == ""
