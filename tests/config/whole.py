"""A config that uses everything, as plain data."""

from __future__ import annotations

from typing import Any

WHOLE: dict[str, Any] = {
    "version": 1,
    "server": {
        "host": "0.0.0.0",  # noqa: S104
        "port": 4000,
        "auth": {"keys": [{"name": "laptop", "key": "${GATEWAY_KEY}"}]},
        "max_body": "32MiB",
        "memory": "64MiB",
        "drain": "30s",
        "max_streams": 300,
        "max_connections": 900,
    },
    "providers": {
        "openai": {"api_key": "${OPENAI_API_KEY}", "quirks": {"stop_limit": 2}},
        "lab": {
            "dialect": "openai-chat",
            "base_url": "http://127.0.0.1:8000/v1",
            "headers": {"x-title": "gateway"},
            "timeouts": {"connect": "5s", "first_byte": 120, "idle": "5m", "total": "1h"},
            "limits": {"concurrency": 8, "requests": "60/min", "tokens": "1M/min", "wait": "30s"},
        },
    },
    "models": {"openai:gpt-5": {"context": "400k", "max_output": 128000}},
    "rules": [
        {"name": "long", "when": {"tokens": {"between": ["60k", 200000]}}, "use": "lab:long"},
        {"name": "hard", "when": {"thinking": {"effort": ["high", "max"]}}, "use": "lab:hard"},
        {"name": "small", "when": {"model": ["*haiku*", "/^gpt-(4|5)/"]}, "use": "openai:gpt-5"},
        {
            "name": "fast",
            "when": {"path_prefix": "/fast"},
            "use": "lab:fast",
            "transforms": ["t"],
            "correction": {"mode": "off"},
        },
    ],
    "default": {"use": "openai:gpt-5", "transforms": ["t"]},
    "apply": ["t"],
    "print_system": True,
    "transforms": {
        "t": [
            {"system": {"replace": [{"pattern": "(a)", "with": "\\1"}], "append": "Be brief."}},
            {"tools": {"drop": ["mcp__*"], "describe": {"Bash": "Runs a command."}}},
            {"sections": {"tag": "system-reminder", "matching": "todo", "drop": True}},
            {"media": {"drop": ["images"]}},
            {"tidy": ["empty", "pairs"]},
        ]
    },
    "tool_correction": {
        "mode": "report",
        "tools": {"mcp__*": "off", "Edit": "model"},
        "quirks": ["clamp"],
        "unparsed": "raw",
        "text_calls": ["text"],
        "aliases": {"Write": {"path": "file_path"}},
        "tool_aliases": {"shell": ["Bash"]},
        "noise": {"*": ["why"]},
        "words": {"finished": "completed"},
        "model": "openai:gpt-5",
        "model_timeout": "5s",
    },
    "missing_key": "mock",
    "server_tools": {"use": "openai:gpt-5"},
    "reasoning": {"key": "${REASONING_KEY}"},
}
ENVIRONMENT = {
    "GATEWAY_KEY": "gateway-secret-4711-0815",
    "OPENAI_API_KEY": "openai-secret",
    "REASONING_KEY": "reasoning-secret",
}
