"""Listening, HTTP/1.1 with its bounds, TLS, and how the gateway ends."""
