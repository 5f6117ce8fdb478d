"""One gateway, one mock and the places where nobody answers: what the cells of the matrix are asked at."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.authority import authority

from gateway.mock.plan import Chance, Plan
from gateway.mock.scene import Knobs
from gateway.mock.server import Mock
from gateway.mock.wires import WIRES
from gateway.reload import ConfigStore
from gateway.server import Services
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream

AGES = 3600.0
"""Seconds of the mock's silence: a gateway that waits for it is seen to hang."""

RETRY_AFTER = 7

PATIENT = "{connect: 60s, first_byte: 60s, idle: 60s}"
"""Of a provider that answers: however busy the machine is, nothing here takes so long."""

HASTY = "{connect: 300ms, first_byte: 300ms, idle: 60s}"
RESTLESS = "{connect: 60s, first_byte: 60s, idle: 300ms}"
"""Of providers that fall silent before their first byte, and after it."""

KINDS = {"patient": PATIENT, "locked": PATIENT, "hasty": HASTY, "restless": RESTLESS}
"""Providers of each wire format, and their time limits. `locked` is asked for refusals of its key: what
they say holds for all its models."""

NETWORK = {
    "connection-refused": "Nothing listens at the port.",
    "dns-failure": "Nobody knows the name.",
    "tls-self-signed": "The certificate is signed by nobody who is trusted.",
    "tls-to-plain-port": "TLS is spoken to a port that speaks none.",
    "plain-to-tls-port": "No TLS is spoken to a port that speaks nothing else.",
    "tls-silence": "The port takes the connection, and says nothing to the handshake.",
    "never-accepted": "The port takes the connection, and nobody reads from it.",
}
"""Faults of the way to a provider, which no server can play."""


@dataclass
class Lab:
    """What the cells are asked at."""

    services: Services
    mock: Mock


@asynccontextmanager
async def lab(folder: Path) -> AsyncIterator[Lab]:
    """All of it, on loopback."""
    os.environ["RES_OPTIONS"] = "timeout:1 attempts:1"  # a machine without a network knows it soon
    async with AsyncExitStack() as stack:
        mock = Mock(WIRES, Plan([], Chance()), Knobs(AGES, 0, RETRY_AFTER))
        port = await mock.start("127.0.0.1", 0)
        stack.push_async_callback(mock.close)
        places = await _places(stack, folder, port)
        path = folder / "faults.yaml"
        path.write_text(config(f"http://127.0.0.1:{port}", places))
        encoder = Tiktoken()
        upstream = Upstream()
        stack.push_async_callback(upstream.close)
        store = ConfigStore(path, lambda _outcome, _findings: None)
        counter = TokenCounter(encoder)
        yield Lab(Services(store, upstream, encoder, counter, encoder_loaded=True), mock)


async def _places(stack: AsyncExitStack, folder: Path, mock: int) -> dict[str, str]:
    """Name of a fault of the network -> the address that has it."""
    tls = authority(folder).server
    closed, silent = _bound(), _bound()
    stack.callback(closed.close)
    silent.listen(1024)
    stack.callback(silent.close)
    secured = await _secured(stack, tls)
    return {
        "connection-refused": f"http://127.0.0.1:{_port(closed)}",
        "dns-failure": "http://nobody-knows-this.invalid",
        "tls-self-signed": f"https://127.0.0.1:{secured}",
        "tls-to-plain-port": f"https://127.0.0.1:{mock}",
        "plain-to-tls-port": f"http://127.0.0.1:{secured}",
        "tls-silence": f"https://127.0.0.1:{_port(silent)}",
        "never-accepted": f"http://127.0.0.1:{_port(silent)}",
    }


def _bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def _port(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


async def _secured(stack: AsyncExitStack, tls: ssl.SSLContext) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # handshakes are meant to fail
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=tls)
    stack.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


# -- the config ---------------------------------------------------------------------------------------


def config(url: str, places: dict[str, str]) -> str:
    """For each wire format a patient provider, the impatient ones, and one for each fault of the network.

    `NAME/MODEL` asks the provider NAME, `spared/NAME/MODEL` does with a fallback that is well.
    """
    providers = {
        f"spare-{dialect}": (dialect, url + wire.base, PATIENT) for dialect, wire in WIRES.items()
    }
    for dialect, wire in WIRES.items():
        for kind, limits in KINDS.items():
            providers[f"{kind}-{dialect}"] = dialect, url + wire.base, limits
        for fault, place in places.items():
            limits = HASTY if fault in ("tls-silence", "never-accepted") else PATIENT
            providers[f"{fault}-{dialect}"] = dialect, place + wire.base, limits
    lines = ["version: 1", "providers:"]
    for name, (dialect, base, limits) in providers.items():
        lines.append(
            f'  {name}: {{dialect: {dialect}, base_url: "{base}", api_key: sk-mock, timeouts: {limits}}}'
        )
    lines.append("rules:")
    for name, (dialect, _, _) in providers.items():
        lines.append(f'  - {{name: {name}, when: {{model: "{name}/*"}}, use: "{name}:/*"}}')
        spare = f'fallback: ["spare-{dialect}:ok"]'
        lines.append(
            f'  - {{name: {name}-spared, when: {{model: "{name}-spared/*"}}, use: "{name}:/*", {spare}}}'
        )
    return "\n".join([*lines, 'default: "spare-anthropic:ok"', ""])
