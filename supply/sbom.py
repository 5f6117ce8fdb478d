"""A bill of materials of what `make run` installs, made of the lock alone.

CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/. The same lock gives the same bytes, so there is no
date in it and no serial number: those belong to whoever publishes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supply.locks import PROJECT, Locked


def document(
    locked: Sequence[Locked], licences: Mapping[str, str], *, version: str, licence: str
) -> dict[str, Any]:
    """The document. `version` and `licence` are the gateway's own."""
    root = f"pkg:pypi/{PROJECT}@{version}"
    refs = {entry.name: _purl(entry) for entry in locked}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": PROJECT,
                "version": version,
                "purl": root,
                "licenses": [{"expression": licence}],
            },
        },
        "components": [_component(entry, licences[entry.name]) for entry in locked],
        "dependencies": [
            {"ref": root, "dependsOn": [_purl(one) for one in locked if PROJECT in one.via]},
            *(
                {
                    "ref": refs[entry.name],
                    "dependsOn": [_purl(one) for one in locked if entry.name in one.via],
                }
                for entry in locked
            ),
        ],
    }


def _component(entry: Locked, licence: str) -> dict[str, Any]:
    files = [{"alg": "SHA-256", "content": hash.removeprefix("sha256:")} for hash in entry.hashes]
    made = {
        "type": "library",
        "bom-ref": _purl(entry),
        "name": entry.name,
        "version": str(entry.version),
        "purl": _purl(entry),
        "licenses": [{"expression": licence}],
        "externalReferences": [{"type": "distribution", "url": _purl(entry), "hashes": files}],
    }
    if entry.marker is not None:
        made["properties"] = [{"name": "python:marker", "value": str(entry.marker)}]
    return made


def _purl(entry: Locked) -> str:
    """https://github.com/package-url/purl-spec; the names are canonical already."""
    return f"pkg:pypi/{entry.name}@{entry.version}"
