"""The gateway that runs already: where it listens, and what it answers to a command."""

from __future__ import annotations

import argparse
from typing import Any

import httpx


class Unreachable(Exception):
    """No gateway has answered; the text says why."""


def add_running(command: argparse.ArgumentParser) -> None:
    """The options that say which gateway is meant."""
    command.add_argument(
        "--url", default="http://127.0.0.1:4000", help="the gateway (default: %(default)s)"
    )
    command.add_argument("--key", help="the admin key, if the gateway asks for one")


class Running:
    """A gateway at a URL, asked with the admin key where it wants one."""

    def __init__(self, url: str, key: str | None, *, patience: float) -> None:
        """`patience`: seconds that the gateway gets for each answer."""
        self._url = url.rstrip("/")
        self._patience = patience
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    def ask(self, method: str, path: str, body: Any = None, *, field: str, does: str) -> Any:
        """The object that it answers. Raises `Unreachable`, also for an answer without `field`: of what
        answers so, it is said that it is no gateway that `does`."""
        place = self._url + path
        try:
            # A proxy of the environment is for the world outside, not for one's own gateway.
            with httpx.Client(trust_env=False, timeout=self._patience) as client:
                reply = client.request(method, place, headers=self._headers, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{place} cannot be reached: {error}") from None
        try:
            told = reply.json()
        except ValueError:
            told = None
        if reply.status_code == httpx.codes.OK and isinstance(told, dict) and field in told:
            return told
        refusal = told.get("error") if isinstance(told, dict) else None
        words = (
            refusal.get("message") if isinstance(refusal, dict) else f"it is no gateway that {does}"
        )
        raise Unreachable(f"{place} answers {reply.status_code}: {words}")
