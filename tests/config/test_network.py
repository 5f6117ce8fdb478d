"""`network:` of a provider: proxies, certificates, HTTP/2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from servers.authority import authority

from gateway.config import Files, Loaded, Network, load
from gateway.config.text.files import no_file

CONFIG = 'providers: {openai: {api_key: "${KEY}", network: {%s}}}\ndefault: openai:gpt-5\n'


def loaded(
    network: str,
    files: Mapping[str, str] | None = None,
    *,
    extras: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    known = files or {}
    around = Files(
        read=lambda name: known[name] if name in known else no_file(name), extras=frozenset(extras)
    )
    variables = {"KEY": "k", **(environment or {})}
    return load(CONFIG % network, file="c.yaml", environment=variables, files=around)


def told(result: Loaded) -> list[tuple[str, int, str]]:
    return [(finding.code, finding.column, finding.message) for finding in result.findings]


def network_of(result: Loaded) -> Network:
    assert result.snapshot is not None, result.findings
    return result.snapshot.endpoints["openai"].network


@pytest.mark.parametrize(
    ("written", "environment", "proxy"),
    [
        ('proxy: "http://proxy.lan:3128"', {}, "http://proxy.lan:3128"),
        ('proxy: "${HTTPS_PROXY:-}"', {}, None),
        ('proxy: "${HTTPS_PROXY:-}"', {"HTTPS_PROXY": "http://p:1 "}, "http://p:1"),
        ("proxy: null", {}, None),
        ("", {"HTTPS_PROXY": "http://p:1"}, None),
    ],
)
def test_a_proxy_is_what_the_config_names(
    written: str, environment: dict[str, str], proxy: str | None
) -> None:
    """Also by a variable, that may be empty; a variable that nobody names is not looked at."""
    assert network_of(loaded(written, environment=environment)) == Network(proxy=proxy)


@pytest.mark.parametrize("written", ["proxy.lan:3128", "ftp://p:1", "socks5://p:1", "http://"])
def test_a_proxy_has_an_address(written: str) -> None:
    """With its scheme."""
    [(code, _, message)] = told(loaded(f'proxy: "{written}"'))
    assert code == "bad-url"
    assert (
        f"network.proxy`: expected a URL such as http://proxy.lan:3128, got `{written}`" in message
    )


def test_a_password_for_a_proxy_is_a_secret() -> None:
    """The log blots it out, and it should not stand in the config."""
    url = "http://me:hunter22@p:1"
    result = loaded('proxy: "${P}"', environment={"P": url})
    assert result.findings == ()
    assert result.snapshot is not None
    assert "hunter22" in result.snapshot.secrets
    assert "hunter22" not in repr(result.snapshot)
    assert [code for code, *_ in told(loaded(f'proxy: "{url}"'))] == ["plain-secret"]


def test_certificates_are_read_with_the_config(tmp_path: Path) -> None:
    """What the file holds decides, so that a new one is a new snapshot; and the file is watched."""
    first, second = authority(tmp_path).pem, authority(tmp_path).pem
    results = [loaded("ca_file: ca.pem", {"ca.pem": pem}) for pem in (first, second)]
    assert [network_of(result) for result in results] == [Network(ca=first), Network(ca=second)]
    assert len({result.snapshot.id for result in results if result.snapshot}) == 2
    assert results[0].files == ("ca.pem",)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "it cannot be read: there are no files here"),
        ({"ca.pem": "hello"}, "it holds no certificate (PEM)"),
        ({"ca.pem": ""}, "it holds no certificate (PEM)"),
        (
            {"ca.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            "no certificate",
        ),
    ],
)
def test_a_file_without_certificates_is_found(files: dict[str, str], says: str) -> None:
    """At its place; and the file that is not there is watched, for when it comes."""
    result = loaded("ca_file: ca.pem", files)
    [(code, column, message)] = told(result)
    assert (code, column) == ("bad-file", CONFIG.index("%s") + len("ca_file: ") + 1)
    assert says in message
    assert result.files == ("ca.pem",)


@pytest.mark.parametrize("installed", [False, True])
def test_http2_asks_for_its_package(installed: bool) -> None:
    """The finding says how to get it."""
    result = loaded("http2: true", extras=("http2",) if installed else ())
    if installed:
        assert network_of(result) == Network(http2=True)
        return
    [finding] = result.findings
    assert finding.code == "missing-package"
    assert finding.help is not None
    assert "rules-gateway[http2]" in finding.help
