"""The schema of what a config is made of besides its own text: `include:` and `overlays:`. No IO."""

from __future__ import annotations

from gateway.config.schemas.schema_parts import Schema, key, object_of, text


def layering(sections: Schema) -> Schema:
    """The keys; `sections` are the others, which an overlay can have as well."""
    entry = text("the name of a preset, or a file such as ./team.yaml")
    overlay = object_of(
        {
            name: key(
                {"$ref": f"#/properties/{name}"}, section["description"], *section["examples"]
            )
            for name, section in sections.items()
        },
        "settings such as {missing_key: refuse}",
    )
    return {
        "include": key(
            {"type": "array", "items": entry, "x-expected": "a list of presets and files"},
            "Presets by name, and files from the folder of this one, with a `/` or their ending. What "
            "stands here stands over what they say, and later ones stand over earlier ones: mappings "
            "merge, a rule replaces the one of its name, other rules come before theirs, and any other "
            "list is replaced.",
            ["claude-code", "./team.yaml"],
        ),
        "overlays": key(
            {"type": "object", "additionalProperties": overlay, "x-expected": "a mapping"},
            "Settings for one environment each, laid over the config as over an included file. The "
            "variable GATEWAY_ENV, or `--env`, says which one applies.",
            {"prod": {"missing_key": "refuse"}},
        ),
    }
