"""Who may use the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ClientKey, ServerSettings
from gateway.config.sections.access import LONGEST_KEY, hash_of
from gateway.errors import GatewayError, Unauthenticated
from gateway.server.access.auth import authorize, shows_admin_key
from gateway.server.body import headers_of

LAPTOP = ClientKey("laptop", "key-of-the-laptop")
PHONE = ClientKey("phone", hash=hash_of("key-of-the-phone"))
FORMER = ClientKey("former", "key-of-the-former", expires=time() - 1)
LATER = ClientKey("later", "key-of-the-later", expires=time() + 3600)
UMLAUT = ClientKey("umlaut", "schlüssel-der-küche")
SETTINGS = ServerSettings(keys=(LAPTOP, PHONE, FORMER, LATER, UMLAUT))
KNOWN = {LAPTOP.key, "key-of-the-phone", FORMER.key, LATER.key, UMLAUT.key}

HEADER_TEXT = st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"))


# -- laws ------------------------------------------------------------------------------------------


@given(st.one_of(HEADER_TEXT, st.text(), st.sampled_from(sorted(KNOWN))), st.booleans(), st.data())
def test_no_text_is_accepted_that_is_no_key(shown: str, bearer: bool, data: st.DataObject) -> None:
    """Whatever is shown in either form, and however near to a key it is."""
    cut = data.draw(st.integers(0, len(shown)))
    shown = data.draw(st.sampled_from([shown, shown[:cut], shown + "x", shown.upper(), shown * 2]))
    headers = {"authorization": f"Bearer {shown}"} if bearer else {"x-api-key": shown}
    meant = shown.strip() if bearer else shown
    texts = {
        meant,
        *((meant.encode("latin-1").decode("utf-8", "replace"),) if latin(meant) else ()),
    }
    if texts & KNOWN:
        return
    with pytest.raises(Unauthenticated):
        authorize(SETTINGS, headers)


def latin(text: str) -> bool:
    """The text can stand in a header as it is."""
    return all(ord(char) < 256 for char in text)


@given(st.dictionaries(st.sampled_from(["x-api-key", "authorization", "cookie"]), st.text()))
def test_without_keys_everybody_is_served(headers: dict[str, str]) -> None:
    """The default on loopback: nothing that a client shows changes it."""
    assert authorize(ServerSettings(), headers) is None
    assert not shows_admin_key(ServerSettings(), headers)


@given(st.sets(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), min_size=2))
def test_each_key_is_known_by_its_own_name_alone(texts: set[str]) -> None:
    """Plain or hashed, in either form."""
    keys = tuple(
        ClientKey(f"n{n}", text) if n % 2 else ClientKey(f"n{n}", hash=hash_of(text))
        for n, text in enumerate(sorted(texts))
    )
    settings = ServerSettings(keys=keys)
    for key, text in zip(keys, sorted(texts), strict=True):
        assert authorize(settings, {"x-api-key": text}) is key
        assert authorize(settings, {"authorization": f"bearer  {text} "}) is key


# -- the table ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What a client shows, and who it is for the gateway; None for nobody."""

    headers: dict[str, str] = field(repr=False)
    who: ClientKey | None
    says: str = "asks for a key"


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def api_key(text: str) -> dict[str, str]:
    return {"x-api-key": text}


SENT_AS_UTF8 = UMLAUT.key.encode().decode("latin-1")

TABLE = {
    "the key": Row(api_key(LAPTOP.key), LAPTOP),
    "the key as a bearer token": Row(bearer(LAPTOP.key), LAPTOP),
    "the scheme in small letters": Row({"authorization": f"bearer {LAPTOP.key}"}, LAPTOP),
    "both forms of it, as apiKeyHelper sends them": Row(
        {**api_key(LAPTOP.key), **bearer(LAPTOP.key)}, LAPTOP
    ),
    "another token beside it": Row({**api_key(LAPTOP.key), **bearer("sk-another")}, LAPTOP),
    "another key beside the token": Row({**api_key("sk-another"), **bearer(LAPTOP.key)}, LAPTOP),
    "two keys, both known": Row({**api_key(LAPTOP.key), **bearer("key-of-the-phone")}, PHONE),
    "an expired one and a good one": Row({**api_key(LAPTOP.key), **bearer(FORMER.key)}, LAPTOP),
    "a hashed key": Row(api_key("key-of-the-phone"), PHONE),
    "a key before its end": Row(api_key(LATER.key), LATER),
    "a key after its end": Row(api_key(FORMER.key), None, "'former' expired at"),
    "a key beyond ASCII, in UTF-8": Row(api_key(SENT_AS_UTF8), UMLAUT),
    "a key beyond ASCII, in Latin-1": Row(api_key(UMLAUT.key), UMLAUT),
    "nothing": Row({}, None),
    "an empty key": Row(api_key(""), None),
    "an empty token": Row({"authorization": "Bearer"}, None),
    "white space": Row(bearer("   "), None),
    "a piece of the key": Row(api_key(LAPTOP.key[:-1]), None),
    "more than the key": Row(api_key(LAPTOP.key + "x"), None),
    "the key in capitals": Row(api_key(LAPTOP.key.upper()), None),
    "the hash itself": Row(api_key(PHONE.hash), None),
    "the digits of the hash": Row(bearer(PHONE.hash.removeprefix("sha256:")), None),
    "the name of the key": Row(api_key("laptop"), None),
    "another scheme": Row({"authorization": f"Basic {LAPTOP.key}"}, None),
    "the key without a scheme": Row({"authorization": LAPTOP.key}, None),
    "a megabyte": Row(api_key("x" * 1_000_000), None),
    "the key and a megabyte": Row(bearer(LAPTOP.key + "x" * 1_000_000), None),
    "one character too many": Row(api_key("k" * (LONGEST_KEY + 1)), None),
    "characters that no header has": Row(api_key("key-of-the-laptop☃"), None),
    "a zero": Row(api_key(LAPTOP.key + "\0"), None),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_the_table_of_keys(row: Row) -> None:
    """Old SDKs send x-api-key, new ones a bearer token, some clients both."""
    if row.who is not None:
        assert authorize(SETTINGS, row.headers) is row.who
        return
    with pytest.raises(Unauthenticated) as caught:
        authorize(SETTINGS, row.headers)
    assert row.says in caught.value.message
    assert caught.value.headers["x-should-retry"] == "false"
    assert all(key not in caught.value.message for key in KNOWN)


@pytest.mark.parametrize("form", [(b"x-api-key", b""), (b"authorization", b"Bearer ")])
def test_of_a_header_that_comes_twice_the_last_counts(form: tuple[bytes, bytes]) -> None:
    """One of them, and not whichever happens to be good."""
    name, scheme = form
    good, bad = (name, scheme + LAPTOP.key.encode()), (name, scheme + b"sk-another")
    assert authorize(SETTINGS, headers_of({"headers": [bad, good]})) is LAPTOP
    with pytest.raises(Unauthenticated):
        authorize(SETTINGS, headers_of({"headers": [good, bad]}))


def test_an_admin_key_is_no_key_of_a_client() -> None:
    """Nor the other way round, whatever form it has."""
    for admin in (
        ClientKey("admin", "key-of-the-admin"),
        ClientKey("admin", hash=hash_of("k-admin")),
    ):
        shown = admin.key or "k-admin"
        settings = replace(SETTINGS, admin=admin)
        assert shows_admin_key(settings, api_key(shown))
        assert shows_admin_key(settings, {**bearer("sk-other"), **api_key(shown)})
        assert not shows_admin_key(settings, api_key(LAPTOP.key))
        with pytest.raises(GatewayError):
            authorize(settings, bearer(shown))
