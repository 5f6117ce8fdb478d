"""What differs from environment to environment: `overlays:`, one of which GATEWAY_ENV chooses. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.config.findings import Finding
from gateway.config.text.document import Document, closest, quoted
from gateway.config.text.includes import without_empty
from gateway.config.text.layers import Layer, laid_over
from gateway.config.text.positions import START, Positions

VARIABLE = "GATEWAY_ENV"
"""Says which overlay applies."""

NOT_IN_OVERLAYS = ("include", "overlays")
EXPECTED = "a mapping of names and settings such as {prod: {missing_key: refuse}}"


def names(layer: Layer) -> list[str]:
    """The overlays of a config."""
    overlays = layer.value.get("overlays") if isinstance(layer.value, dict) else None
    return list(overlays) if isinstance(overlays, dict) else []


def chosen(
    layer: Layer, positions: Positions, environment: Mapping[str, str]
) -> tuple[str | None, list[Finding]]:
    """The overlay that the environment asks for, and what is wrong with its name or with any overlay.

    What the variable holds is not shown.
    """
    if not isinstance(layer.value, dict):
        return None, []
    found = _misshapen(layer.value.get("overlays", {}), positions)
    known, name = names(layer), environment.get(VARIABLE) or None
    if name is None or name in known:
        return name, found
    close = closest(name, known)
    help = f"did you mean `{close}`?" if close else ""
    if known:
        message = f"`overlays`: {VARIABLE} names none of {', '.join(map(quoted, known))}"
        help = help or "add an empty one, as in `dev: {}`, where nothing differs"
        found.append(
            positions.error("unknown-overlay", positions.key(("overlays",)), message, help)
        )
    elif "overlays" not in layer.value:
        message = f"{VARIABLE} is set, and the config has no `overlays:`"
        found.append(positions.warning("unknown-overlay", START, message))
    return None, found


def applied(layer: Layer, name: str | None) -> Layer:
    """The config in an environment; None for the config as it stands."""
    if not isinstance(layer.value, dict) or "overlays" not in layer.value:
        return layer
    bare = layer.without("overlays")
    if (
        name is None
        or name not in names(layer)
        or not isinstance(layer.value["overlays"][name], dict)
    ):
        return bare
    part = layer.part("overlays", name)
    over = Layer(without_empty(part.value), part.places).without(*NOT_IN_OVERLAYS)
    return laid_over(over, bare)


def _misshapen(overlays: Any, positions: Positions) -> list[Finding]:
    document = Document({"overlays": overlays}, positions)
    if not isinstance(overlays, dict):
        message = f"`overlays`: expected {EXPECTED}, got {document.got(('overlays',))}"
        span = positions.value(("overlays",))
        return [positions.error("bad-value", span, message)]
    found: list[Finding] = []
    for name, overlay in overlays.items():
        path = ("overlays", name)
        if overlay is not None and not isinstance(overlay, dict):
            message = f"{document.where(path)}expected settings such as {{missing_key: refuse}}, "
            message += f"got {document.got(path)}"
            found.append(positions.error("bad-value", positions.value(path), message))
        for key in NOT_IN_OVERLAYS if isinstance(overlay, dict) else ():
            if key in overlay:
                message = f"{document.where(path)}`{key}` cannot stand in an overlay"
                span = positions.key((*path, key))
                found.append(positions.error("misplaced-key", span, message))
    return found
