"""Keys that a schema does not know, and the ones that were meant."""

from __future__ import annotations

import json
from typing import Any

from gateway.correction import Correction, ToolCatalog, correct


def closed(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(required),
        "additionalProperties": False,
    }


def call(schema: dict[str, Any], arguments: dict[str, Any], tool: str = "Tool") -> Correction:
    catalog = ToolCatalog([{"name": tool, "input_schema": schema}])
    return correct(tool, json.dumps(arguments), catalog)


def renamed(schema: dict[str, Any], arguments: dict[str, Any], tool: str = "Tool") -> Any:
    """The repaired arguments."""
    correction = call(schema, arguments, tool)
    assert correction.status == "repaired", correction.errors
    assert {repair.rule for repair in correction.repairs} == {"alias"}
    return json.loads(correction.arguments)


def refused(schema: dict[str, Any], arguments: dict[str, Any], tool: str = "Tool") -> bool:
    """Whether the call stays as it came."""
    correction = call(schema, arguments, tool)
    return correction.status == "invalid" and correction.arguments == json.dumps(arguments)


def test_another_spelling_of_a_key_is_the_key() -> None:
    """Case and separators differ between models; the key keeps its place among the others."""
    schema = closed("file_path", "content", required=("file_path",))
    for key in ("filePath", "FILE_PATH", "file-path", "filepath"):
        result = renamed(schema, {key: "/a", "content": "x"})
        assert list(result.items()) == [("file_path", "/a"), ("content", "x")]


def test_a_known_alias_is_the_key_it_stands_for() -> None:
    """The tables name what models call the parameters of well-known tools."""
    for tool, key, target in (
        ("Read", "path", "file_path"),
        ("Read", "filename", "file_path"),
        ("Edit", "old_str", "old_string"),
        ("Edit", "search", "old_string"),
        ("Bash", "cmd", "command"),
        ("Grep", "query", "pattern"),
        ("Grep", "regex", "pattern"),
        ("Glob", "directory", "path"),
        ("NotebookEdit", "path", "notebook_path"),
        ("Write", "file_text", "content"),
    ):
        assert renamed(closed(target), {key: "x"}, tool) == {target: "x"}


def test_a_repair_tells_both_names() -> None:
    """The log says which key became which."""
    (repair,) = call(closed("file_path"), {"path": "/a"}).repairs
    assert (repair.rule, repair.path, repair.detail) == ("alias", "/file_path", "path -> file_path")


def test_an_alias_needs_its_target_in_the_schema() -> None:
    """A key that stands for nothing in this tool is an error, not a guess."""
    assert refused(closed("command"), {"path": "/a"})
    assert refused(closed("file_path"), {"dry_run": "x"})


def test_an_alias_of_two_properties_is_ambiguous() -> None:
    """Where the schema has both, neither is taken."""
    assert refused(closed("file_path", "notebook_path"), {"path": "/a"})
    assert refused(closed("file_path", "filePath"), {"FilePath": "/a"})


def test_a_repeat_of_the_same_value_goes() -> None:
    """The key and its alias agree, and the schema forbids the alias."""
    schema = closed("file_path")
    assert renamed(schema, {"file_path": "/a", "path": "/a"}) == {"file_path": "/a"}
    assert renamed(schema, {"filename": "/a", "path": "/a"}) == {"file_path": "/a"}


def test_a_contradiction_stays() -> None:
    """Two different values for one parameter are the model's error to mend."""
    assert refused(closed("file_path"), {"file_path": "/a", "path": "/b"})
    assert refused(closed("file_path"), {"filename": "/a", "path": "/b"})
    assert refused(closed("count"), {"count": 1, "Count": True})


def test_an_open_schema_gives_up_only_what_it_misses() -> None:
    """Where other keys are tolerated, only a missing required one is looked for."""
    schema = closed("file_path", "limit", required=("file_path",))
    del schema["additionalProperties"]
    assert renamed(schema, {"path": "/a", "Limit": "5"}) == {"file_path": "/a", "Limit": "5"}
    assert renamed(schema, {"path": "/a", "file": "/a"}) == {"file_path": "/a", "file": "/a"}
    assert call(schema, {"file_path": "/a", "path": "/b"}).status == "valid"


def test_keys_that_another_part_of_the_schema_may_know_stay() -> None:
    """Entries of a map, patterns and alternatives give a key a meaning of its own."""
    schema = closed("file_path", required=("file_path",))
    del schema["additionalProperties"]
    for more in (
        {"additionalProperties": {"type": "string"}},
        {"patternProperties": {"^p": {"type": "string"}}},
        {"anyOf": [{"properties": {"path": {"type": "string"}}}]},
        {"$ref": "#/$defs/more", "$defs": {"more": {"properties": {"path": {}}}}},
    ):
        assert refused({**schema, **more}, {"path": "/a"})
    assert refused({"allOf": [schema, {"properties": {"path": {}}}]}, {"path": "/a"})


def test_nested_objects_are_renamed_too() -> None:
    """Also in arrays, and in a part of the schema that is only referred to."""
    item = closed("old_string", "new_string", required=("old_string",))
    schema = closed("edits")
    schema["properties"]["edits"] = {"type": "array", "items": {"$ref": "#/$defs/edit"}}
    schema["$defs"] = {"edit": item}
    arguments = {"edits": [{"oldText": "a"}, {"old_str": "b", "newString": "c"}]}
    assert renamed(schema, arguments) == {
        "edits": [{"old_string": "a"}, {"old_string": "b", "new_string": "c"}]
    }
    assert [repair.path for repair in call(schema, arguments).repairs] == [
        "/edits/0/old_string",
        "/edits/1/old_string",
        "/edits/1/new_string",
    ]
