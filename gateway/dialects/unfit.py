"""What answers with success and is no answer of a model: in words that say what to mend. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import UpstreamBroken

ADDRESS = "Is the provider's base_url right?"
PLAIN = frozenset({"", "identity"})


def no_answer(status: int, headers: Mapping[str, str]) -> UpstreamBroken:
    """A status that is neither an error nor a success with a body, such as a redirect."""
    message = f"The provider answered with HTTP {status}, which holds no answer."
    if place := headers.get("location"):
        message += f" It leads to {place[:300]}; redirects are not followed."
    return UpstreamBroken(f"{message} {ADDRESS}")


def hint(headers: Mapping[str, str]) -> str:
    """Why a body that makes no sense may make none, by the headers it came with; "" if they are sound."""
    encoding = headers.get("content-encoding", "").lower()
    if encoding not in PLAIN:
        return (
            f"It came compressed ({encoding[:40]}), although plain bytes were asked for: switch that off "
            "at the server, or at the proxy before it."
        )
    if "html" in headers.get("content-type", ""):
        return f"It came as a web page. {ADDRESS}"
    return ""
