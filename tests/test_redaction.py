"""The one place that takes secrets out of what is shown."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.redaction import BLOT, HINTS, NO_SECRETS, Redactor, forms_of

secrets = st.text(min_size=6, max_size=40).filter(
    lambda text: BLOT not in text and text.lower() not in NO_SECRETS
)
keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=60).filter(
    lambda text: BLOT not in text and text.lower() not in NO_SECRETS
)
SHAPED = (
    "sk-ant-api03-abcdef0123456789",
    "Authorization: Bearer abcdefgh12345678",
    "https://me:hunter2@host/",
    "?key=abcdef&alt=sse",
    "Cookie: session=abc; more=def",
    "sk-...cdef",
    "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
)
FRAGMENTS = (*SHAPED, *HINTS, BLOT, " ", "\n", "\\n", '"', ":", "=", "a1b2c3d4e5f6", "****", "x@y")
shaped = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=12).map("".join)


def knowing(*told: str) -> Redactor:
    """One that was told these."""
    redactor = Redactor()
    redactor.know(told)
    return redactor


def pieces(text: str) -> list[str]:
    """What a redacted text still shows."""
    return text.split(BLOT)


# -- what it was told --------------------------------------------------------------------------------


@given(st.lists(secrets, min_size=1, max_size=4), st.data())
def test_no_form_of_a_secret_is_left(told: list[str], data: st.DataObject) -> None:
    """Whatever the text, and however the secret is written in it."""
    forms = [form for secret in told for form in forms_of(secret)]
    parts = data.draw(st.lists(st.sampled_from(forms) | st.text(max_size=20), max_size=8))
    shown = pieces(knowing(*told).redact("".join(parts)))
    assert not [form for form in forms if any(form in piece for piece in shown)]


@given(keys, st.binary(max_size=5), st.binary(max_size=5))
@example('pa"ss\\wo/rd+?', b"", b"")
def test_every_way_of_writing_a_secret_is_known(key: str, before: bytes, after: bytes) -> None:
    """As other programs do it: JSON in JSON, URLs, Python, and base64 with whatever stands around it."""
    in_json = json.dumps(key)[1:-1]
    ways = [key, in_json, json.dumps(in_json)[1:-1], repr(key)[1:-1], f"{[key]!r}"]
    ways += [quote(key), quote(key, safe=""), quote_plus(key), quote(key, safe="").lower()]
    redactor = knowing(key, key.lower())
    assert all(BLOT in redactor.redact(f"({way})") for way in ways)
    inside = before + key.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert BLOT in redactor.redact(encode(inside).decode()) or len(key) < 9


@given(st.text(st.sampled_from("abcdef0123456789"), min_size=20, max_size=40))
def test_a_masked_secret_is_hidden_whole(key: str) -> None:
    """Some providers repeat the ends of the key that they refuse."""
    redactor = knowing(f"sk-{key}")
    for masked in (f"sk-...{key[-4:]}", f"****{key[-4:]}", f"sk-{key[:3]}***", f"••••{key[-4:]}"):
        said = f"Incorrect API key provided: {masked}. You can find yours at https://x.example."
        assert redactor.redact(said) == said.replace(masked, BLOT)


def test_what_was_secret_once_stays_so() -> None:
    """After a reload the old key may still be in flight."""
    redactor = knowing("the-old-key")
    redactor.know(["the-new-key"])
    assert redactor.redact("the-old-key the-new-key") == f"{BLOT} {BLOT}"


def test_the_memory_of_secrets_has_an_end() -> None:
    """The last ones are kept: a key that changes by the hour must not fill the memory."""
    redactor = knowing(*(f"key-number-{n:04}" for n in range(2_000)))
    assert redactor.redact("key-number-1999") == BLOT
    assert len(redactor._known) == 500


@pytest.mark.parametrize("word", ["ollama", "lm-studio", "dummy", "NONE", "short"])
def test_what_protects_nothing_is_no_secret(word: str) -> None:
    """A local server's key is any word; blotted out, it would take names of providers with it."""
    assert (
        knowing(word).redact(f"{word}:qwen3 cannot be reached") == f"{word}:qwen3 cannot be reached"
    )


# -- what it was not told ----------------------------------------------------------------------------

KEYS = {
    "OpenAI": "sk-proj-abcDEF123_456-789",
    "Anthropic": "sk-ant-api03-abcdefghijklmnop",
    "OpenRouter": "sk-or-v1-0123456789abcdef",
    "of proxies": "sk-1234",
    "Google": "AIzaSyA-1234567890abcdefghijklmnopqrst",
    "Google OAuth": "ya29.a0AfH6SMBx-abc_def",
    "NVIDIA": "nvapi-1234567890ab",
    "Groq": "gsk_abcdefghij0123456789",
    "xAI": "xai-abcdefghij0123456789",
    "Hugging Face": "hf_abcdefghijklmnopqrstuvwx",
    "GitHub": "ghp_abcdefghijklmnop0123",
    "GitHub, fine-grained": "github_pat_11ABCDEFG0abcdef_ghijkl",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "of this gateway": "gw-0123456789abcdef0123456789abcdef0123456789abcdef",
    "Slack": "xoxb-123456789012-abcdef",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
}
AROUND = (
    "{}",
    "refused: {}.",
    "({})",
    '"{}"',
    "a\n{}\n",
    "a\\n{}\\n",
    "key={}",
    "'{}',",
    "\\u001b{}",
)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_key_is_known_by_its_shape(key: str, around: str) -> None:
    """Those of clients, for instance, of which the gateway was never told."""
    shown = Redactor().redact(around.format(key))
    assert BLOT in shown
    assert key[4:] not in shown


NAMED = {
    "x-api-key: hunter2hunter": "hunter2hunter",
    "Authorization: Bearer hunter2hunter": "hunter2hunter",
    "authorization: Basic bWU6aHVudGVyMg==": "bWU6aHVudGVyMg",
    "{'x-api-key': 'hunter2hunter'}": "hunter2hunter",
    '{"api_key":"hunter2hunter"}': "hunter2hunter",
    '{\\"api_key\\": \\"hunter2hunter\\"}': "hunter2hunter",
    "[(b'x-goog-api-key', b'hunter2hunter')]": "hunter2hunter",
    "OPENAI_API_KEY=correct-horse-battery-staple": "correct-horse",
    "Cookie: session=abc; theme=dark": "session=abc",
    "Set-Cookie: id=a3fWa; Expires=Wed": "a3fWa",
    "https://h/v1beta/models/m:x?key=hunter": "hunter",
    "https://h/x?alt=sse&access_token=hunter": "hunter",
    "http://me:hunter2@proxy.lan:3128": "hunter2",
    "https://hunter2@host/v1": "hunter2",
    "https:\\/\\/me:hunter2@host\\/v1": "hunter2",
    "password: hunter2": "hunter2",
    "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----": "hunter2",
    '{"pem":"-----BEGIN EC PRIVATE KEY-----\\nhunter2"}': "hunter2",
}


@pytest.mark.parametrize(("text", "secret"), NAMED.items())
def test_a_value_is_known_by_its_name(text: str, secret: str) -> None:
    """The value of a header, a parameter or a part of a URL that is named like a secret."""
    shown = Redactor().redact(text)
    assert BLOT in shown
    assert secret not in shown


SPEAKABLE = (
    "The provider answered with HTTP 500 and no explanation.",
    "The gateway has no access to openai: set OPENAI_API_KEY in its environment or in the .env file.",
    "authorization: is missing (HTTP 401)",
    "Bearer authentication is needed; wait... or ask an admin",
    "claude-sonnet-4-5-20250929 toolu_01ABCdefGHIjkl req_011CSHoEeqs5C35K2UUqR7Fy",
    "xai:grok-4-fast is not xai-grok-4, and hf_hub_download is a function",
    "risk-averse-2024 disk-usage-95",
    "write to me@example.com about **this** matter",
    'put it into the environment, and refer to it as "${OPENAI_API_KEY}"',
    "set api_key: ${OPENAI_API_KEY}",
    "input_tokens: 12345, cached_tokens=999, max_tokens: 4096",
)


@pytest.mark.parametrize("text", SPEAKABLE)
def test_other_words_stay(text: str) -> None:
    """What only speaks of keys holds none."""
    assert Redactor().redact(text) == text


@given(st.text())
def test_a_text_without_a_hint_is_the_same_object(text: str) -> None:
    """And every shape holds a hint, so that most texts cost one look."""
    assume(not any(hint in text.casefold() for hint in HINTS) and BLOT not in text)
    assert Redactor().redact(text) is text


# -- both --------------------------------------------------------------------------------------------


@given(shaped, st.lists(secrets | st.sampled_from(FRAGMENTS), max_size=3))
def test_a_redacted_text_is_redacted(text: str, told: list[str]) -> None:
    """A second look finds nothing that the first left."""
    redactor = knowing(*(secret for secret in told if BLOT not in secret))
    once = redactor.redact(text)
    assert redactor.redact(once) == once


@given(shaped, st.lists(keys, max_size=3))
def test_bytes_and_values_are_as_texts(text: str, told: list[str]) -> None:
    """Whether a text comes as bytes or stands in a value."""
    redactor = knowing(*told)
    shown = redactor.redact(text)
    raw = text.encode("utf-8", "surrogatepass")
    assert redactor.redact_bytes(b"\xff\n" + raw + b"\n\xff") == (
        b"\xff\n" + shown.encode("utf-8", "surrogatepass") + b"\n\xff"
    )
    value = {"a": [text, 1, None], text: {"b": (text,)}}
    assert redactor.redact_value(value) == {"a": [shown, 1, None], shown: {"b": [shown]}}


@given(st.lists(st.sampled_from(SHAPED) | st.text(max_size=10), max_size=5), keys)
def test_json_stays_json(texts: list[str], key: str) -> None:
    """A line of a log is redacted as it is written."""
    line = json.dumps({"texts": texts, "n": 1, "key": key})
    shown = json.loads(knowing("unlikely-to-be-drawn-4711").redact(line))
    assert shown.keys() == {"texts", "n", "key"}
    assert shown["n"] == 1
