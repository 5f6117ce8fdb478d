"""Every failure that can reach a client, with its HTTP status and Anthropic error type. No IO.

    GatewayError
      InvalidRequest      400  invalid_request_error   the client's fault
      Unauthenticated     401  authentication_error
      Forbidden           403  permission_error
      NotFound            404  not_found_error
      MethodNotAllowed    405  invalid_request_error
      RequestTooLarge     413  request_too_large
      OverBound           any  invalid_request_error   more, deeper or slower than the gateway takes
      Overloaded          529  overloaded_error        the gateway has too much to do, or is being stopped
      PolicyBlocked       400  policy_blocked          a rule refuses
      BudgetSpent         429  rate_limit_error        of a client key
      MissingKey          401  authentication_error    the operator's fault
      NoRoom              429  rate_limit_error        a provider's limits, by the gateway's own count
      UpstreamFailure     any  mapped by the dialect   the provider's fault
        UpstreamBroken    502  api_error
          UpstreamEndless 502  api_error               its answer is larger than the gateway holds
        UpstreamTimeout   504  timeout_error

The message is written for the person at the client. It never holds a credential.
Types and statuses: https://docs.anthropic.com/en/api/errors
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway import json_text
from gateway.redaction import redactor

NO_RETRY: Mapping[str, str] = MappingProxyType({"x-should-retry": "false"})
"""Sent with failures that the same request will meet again; the official clients obey it."""

SOON: Mapping[str, str] = MappingProxyType({"retry-after": "2"})
"""Sent with failures that pass; the official clients wait for so many seconds."""


class GatewayError(Exception):
    """A failure with everything needed to answer it."""

    status = 500
    type = "api_error"
    headers: Mapping[str, str] = MappingProxyType({})
    bound: str | None = None
    """The bound that was reached, if it was one: counted in `gateway_refused_total`."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        type: str | None = None,
        headers: Mapping[str, str] | None = None,
        bound: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.bound = bound or self.bound
        self.status = status or self.status
        self.type = type or self.type
        self.headers = headers if headers is not None else self.headers

    def body(self, request_id: str | None = None) -> bytes:
        """The Anthropic error envelope, without secrets: providers repeat keys that they refuse."""
        envelope: dict[str, object] = {
            "type": "error",
            "error": {"type": self.type, "message": self.message},
        }
        if request_id is not None:
            envelope["request_id"] = request_id
        return redactor.redact_bytes(json_text.encode(envelope))

    def event_body(self) -> bytes:
        """The same, in a stream that was opened before it failed."""
        return self.body()


class InvalidRequest(GatewayError):
    """The request cannot be understood, or asks for what the target cannot do."""

    status = 400
    type = "invalid_request_error"


class Unauthenticated(GatewayError):
    """The client did not show a key that this gateway knows."""

    status = 401
    type = "authentication_error"
    headers = NO_RETRY


class Forbidden(GatewayError):
    """The client is known, or need not be, and may not do this."""

    status = 403
    type = "permission_error"
    headers = NO_RETRY


class NotFound(GatewayError):
    """No such path, model or provider."""

    status = 404
    type = "not_found_error"


class MethodNotAllowed(GatewayError):
    """The path exists, for another method."""

    status = 405
    type = "invalid_request_error"


class RequestTooLarge(GatewayError):
    """The body is over the configured limit."""

    status = 413
    type = "request_too_large"
    bound = "body"


class OverBound(InvalidRequest):
    """The request has more of something than the gateway takes; nothing of it was sent on."""


class Overloaded(GatewayError):
    """Not now: the same request can be answered a moment later."""

    status = 529
    type = "overloaded_error"
    headers = SOON


class PolicyBlocked(GatewayError):
    """A rule refuses the request; Claude Code shows the message and asks nobody else."""

    status = 400
    type = "policy_blocked"
    headers = NO_RETRY


class BudgetSpent(GatewayError):
    """The client's key may spend nothing more until its period ends; `retry-after` says when."""

    status = 429
    type = "rate_limit_error"


class MissingKey(GatewayError):
    """The chosen provider needs a key that the operator has not set."""

    status = 401
    type = "authentication_error"
    headers = NO_RETRY


class NoRoom(GatewayError):
    """The limits that the config sets a provider leave no room; it was not asked, so it has not failed."""

    status = 429
    type = "rate_limit_error"

    def event_body(self) -> bytes:
        """Claude Code asks for a stream again after this type, a moment later. After `rate_limit_error` it
        asks for a whole answer, which can be sent no pings."""
        return GatewayError(self.message, type="overloaded_error").body()


class UpstreamFailure(GatewayError):
    """The provider answered with an error, in its own words."""

    status = 502
    envelope: bytes | None = None
    """The provider's own body, where it has the Anthropic form already and is passed on as it is."""

    def body(self, request_id: str | None = None) -> bytes:
        """The provider's envelope if there is one, otherwise one of ours."""
        if self.envelope is None:
            return super().body(request_id)
        return redactor.redact_bytes(self.envelope)


class UpstreamBroken(UpstreamFailure):
    """The provider could not be reached, or its answer stopped or made no sense."""


class UpstreamEndless(UpstreamBroken):
    """The provider's answer, or a part of it that has to be whole, is larger than the gateway holds."""


class UpstreamTimeout(UpstreamFailure):
    """The provider stayed silent for longer than the configured time."""

    status = 504
    type = "timeout_error"
