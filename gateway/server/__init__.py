"""The HTTP side: endpoints, client keys, and the one place that renders errors.

`connections` listens and speaks HTTP/1.1, `access` knows who may ask, `conversation` is the path of a
message, `pages` are all other paths, `accounts` keep what is known of requests. `app` puts them together,
`services` is what they share.
"""

from gateway.server.app import Services, build_app

__all__ = ["Services", "build_app"]
