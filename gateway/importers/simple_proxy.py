"""Simple Proxy: a big and a small model, edits of system prompt and tools, corrected tool calls. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway import patterns
from gateway.importers.draft import Draft, Part, Ref, target
from gateway.importers.files import Document, Found
from gateway.importers.servers import NOWHERE, Server, declare
from gateway.importers.system import Settings, System, Variable

SYSTEM_KEY, TOOLS_KEY = "systemMessageOverrides", "toolDescriptions"

VARIABLES: Mapping[str, Variable] = {
    "BIG_MODEL": Variable("default"),
    "BIG_MODEL_ENDPOINT": Variable("`base_url` of the big model's provider"),
    "BIG_MODEL_API_KEY": Variable("`api_key` of the big model's provider", "secret"),
    "SMALL_MODEL": Variable("rules: small"),
    "SMALL_MODEL_ENDPOINT": Variable("`base_url` of the small model's provider"),
    "SMALL_MODEL_API_KEY": Variable("`api_key` of the small model's provider", "secret"),
    "CORRECTION_MODEL": Variable("tool_correction.model, at the big model's server"),
    "SKIP_TOOLS": Variable("transforms.tools-override: tools.drop"),
    "PRINT_SYSTEM_MESSAGE": Variable("print_system", default="false"),
    "PORT": Variable("server.port", default="3456"),
}

KEYS: Mapping[str, Variable] = {
    f"{SYSTEM_KEY}.removePatterns": Variable("transforms.system-overrides: system.remove"),
    f"{SYSTEM_KEY}.replacements": Variable("transforms.system-overrides: system.replace"),
    f"{SYSTEM_KEY}.prepend": Variable("transforms.system-overrides: system.prepend"),
    f"{SYSTEM_KEY}.append": Variable("transforms.system-overrides: system.append"),
    TOOLS_KEY: Variable("transforms.tools-override: tools.describe"),
}
"""What the two YAML files hold."""

_MARK = re.compile(r"\{[{%#]")
"""What begins a template."""


def write(found: Found, draft: Draft) -> None:
    """The small model for haiku, the big one for the rest, both after the same edits."""
    settings = Settings(VARIABLES, found, draft)
    draft.server.value["port"] = settings.port()
    big, small = (_targets(size, settings, draft) for size in ("BIG", "SMALL"))
    edits = _edits(settings, found, draft)
    comment = "SMALL_MODEL serves claude-3-5-haiku-20241022 and its kin."
    draft.rule("small", {"model": "*haiku*"}, comment, **_use(small), **edits)
    draft.default.comment = "BIG_MODEL serves claude-sonnet-4-20250514, and everything else."
    draft.default.value = {**_use(big), **edits}
    draft.correction = _correction(settings, big[0])
    if settings.has("PRINT_SYSTEM_MESSAGE"):
        draft.print_system = settings.is_on("PRINT_SYSTEM_MESSAGE")


def _correction(settings: Settings, big: str) -> Part:
    model = settings.model("CORRECTION_MODEL")
    if not model:
        return Part({"mode": "repair"}, "A call that cannot be repaired goes on as it came.")
    comment = (
        "CORRECTION_MODEL is asked only about calls that their schemas cannot repair, at the big model's "
        "server; what it cannot repair either goes on as it came."
    )
    return Part({"mode": "model", "model": target(big.partition(":")[0], model)}, comment)


def _use(targets: list[str]) -> dict[str, Any]:
    first, *others = targets
    return {"use": first, **({"fallback": others} if others else {})}


def _targets(size: str, settings: Settings, draft: Draft) -> list[str]:
    """One target for each endpoint: later versions take several, parted by commas."""
    endpoints = [url.strip() for url in settings.text(f"{size}_MODEL_ENDPOINT").split(",")]
    key = draft.reference(f"{size}_MODEL_API_KEY", f"the key of the {size.lower()} model's server")
    model = settings.model(f"{size}_MODEL")
    if not model:
        model = Ref(f"${{{size}_MODEL:-{size.lower()}-model}}")
        draft.note(
            f"{size}_MODEL",
            "dropped",
            f"it is not set; nearest: a placeholder until {size}_MODEL is",
        )
    targets: list[str] = []
    for url in endpoints:
        comment = f"From {size}_MODEL_ENDPOINT."
        if not url:
            url = Ref(f"${{{size}_MODEL_ENDPOINT:-{NOWHERE}}}")
            comment = f"{size}_MODEL_ENDPOINT is not set: give it, without /chat/completions."
        name = declare(draft, Server(size.lower(), url, key, None, {}, comment))
        targets.append(target(name, model))
    return targets


def _edits(settings: Settings, found: Found, draft: Draft) -> dict[str, Any]:
    system: dict[str, Any] = {}
    describe: dict[str, str] = {}
    for document in found.structured:
        overrides = document.value.get(SYSTEM_KEY)
        if isinstance(overrides, dict):
            system |= _system(overrides, draft)
        descriptions = document.value.get(TOOLS_KEY)
        if isinstance(descriptions, dict):
            describe |= {name: as_text(str(text)) for name, text in descriptions.items() if text}
            draft.note(TOOLS_KEY, "carried", KEYS[TOOLS_KEY].says)
        for key in set(document.value) - {SYSTEM_KEY, TOOLS_KEY}:
            draft.note(f"{document.name}: {key}", "unknown", "not a key of that file")
    drop = [name.strip() for name in settings.text("SKIP_TOOLS").split(",") if name.strip()]
    tools = {**({"drop": drop} if drop else {}), **({"describe": describe} if describe else {})}
    for name, comment, kind, options in (
        ("system-overrides", "From system_overrides.yaml; in this order.", "system", system),
        ("tools-override", "From SKIP_TOOLS and tools_override.yaml.", "tools", tools),
    ):
        if options:
            draft.transforms[name] = Part({"steps": [{kind: options}]}, comment)
    return {"transforms": list(draft.transforms)} if draft.transforms else {}


def _system(overrides: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    edits: dict[str, Any] = {}
    if remove := _patterns(overrides.get("removePatterns"), draft):
        edits["remove"] = remove
    replacements = overrides.get("replacements")
    pairs = [
        {"find": str(one["find"]), "with": str(one.get("replace") or "")}
        for one in (replacements if isinstance(replacements, list) else ())
        if isinstance(one, dict) and one.get("find")
    ]
    if pairs:
        edits["replace"] = pairs
    edits |= {k: as_text(str(overrides[k])) for k in ("prepend", "append") if overrides.get(k)}
    for key in overrides:
        name = f"{SYSTEM_KEY}.{key}"
        if name not in draft.notes:
            known = KEYS.get(name)
            draft.note(
                name, "carried" if known else "unknown", known.says if known else "not known"
            )
    return edits


def _patterns(sources: Any, draft: Draft) -> list[str]:
    """Those that the gateway's engines take as well."""
    taken: list[str] = []
    for number, source in enumerate(sources if isinstance(sources, list) else ()):
        try:
            patterns.compile_regex(str(source))
        except patterns.BadPattern as error:
            says = f"the pattern is not understood ({error}); nearest: another spelling"
            draft.note(f"{SYSTEM_KEY}.removePatterns[{number}]", "dropped", says)
            continue
        taken += [str(source)] if source else []
    return taken


def as_text(text: str) -> str:
    """The text such that the gateway takes none of it for a template."""
    return _MARK.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)


def _claims(document: Document) -> bool:
    return isinstance(document.value, dict) and bool({SYSTEM_KEY, TOOLS_KEY} & set(document.value))


_MARKS = frozenset(VARIABLES) - {"BIG_MODEL", "SMALL_MODEL", "PORT"}

SYSTEM = System(
    name="simple-proxy",
    title="Simple Proxy",
    variables=VARIABLES,
    write=write,
    marks=lambda variables: bool(_MARKS & set(variables)),
    claims=_claims,
)
