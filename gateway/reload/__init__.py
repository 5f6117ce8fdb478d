"""Keeps the snapshot that serves equal to the config on disk, as long as that one is sound.

    watched   what is on disk: a change is one of content, seen by a look and made sure of by reading
    trial     a saved config on its way: findings, static analysis, its own tests
    limit     how many of the requests seen lately would go elsewhere, and whether that is too many
    store     one after the other, then the swap; what was refused or held is remembered and told

A request asks for the current snapshot. When a watched file has changed, it is read once it has been
still for a moment (editors write in several steps), tried, and swapped in whole before that request is
routed. A broken config is refused with its findings, and the old one serves on.
"""

from gateway.reload.store import ConfigError, ConfigStore, Held, Outcome, Refusal, Report

__all__ = ["ConfigError", "ConfigStore", "Held", "Outcome", "Refusal", "Report"]
