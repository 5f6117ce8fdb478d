"""What holds of every import: nothing wrong in the config, nothing lost in silence, no key in sight."""

from __future__ import annotations

import pytest
from importers.examples import EXAMPLES, KEY, Example, loaded, outcome, sound

from gateway.config import load
from gateway.importers import SYSTEMS, File, Imported, convert, tizee_models
from gateway.importers import claude_code_router as ccr
from gateway.importers import litellm_keys as litellm
from gateway.importers.ccr_transformers import TRANSFORMERS

BY_SYSTEM = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.system)


@BY_SYSTEM
def test_an_example_is_recognised_and_gives_a_sound_config(example: Example) -> None:
    """Not even a warning is left once the variables that it names are set."""
    imported = example.imported()
    assert imported.system == example.system
    sound(imported)


@BY_SYSTEM
def test_a_config_without_its_keys_lacks_nothing_but_them(example: Example) -> None:
    """An unset key of a provider is a warning; the keys of clients are an error, so nothing stands open."""
    found = load(example.imported().text, file="config.yaml", environment={}).findings
    assert {finding.code for finding in found} <= {"unset-variable"}


@BY_SYSTEM
def test_no_key_gets_out(example: Example) -> None:
    """Neither into the config nor into the report, wherever it stood."""
    assert KEY in "".join(file.text for file in example.files)
    assert KEY not in repr(example.imported())


@BY_SYSTEM
def test_the_config_says_where_its_parts_came_from(example: Example) -> None:
    """The head names the files, and comments the settings."""
    text = example.imported().text
    assert all(file.name in text for file in example.files)
    assert text.count("  # ") >= 2


@BY_SYSTEM
def test_the_tables_themselves_say_what_is_nearest(example: Example) -> None:
    """Of every setting that is never carried."""
    for variable in SYSTEMS[example.system].variables.values():
        assert variable.kind != "dropped" or "nearest: " in variable.says


def test_the_tables_of_keys_say_what_is_nearest() -> None:
    """The same of keys in files, and of transformers."""
    tables = [
        ccr.KEYS,
        ccr.ROUTES,
        ccr.SERVER_KEYS,
        litellm.PARAMS,
        litellm.INFO,
        tizee_models.KEYS,
    ]
    for table in (*tables, *litellm.SETTINGS.values()):
        for variable in table.values():
            assert variable.kind != "dropped" or "nearest: " in variable.says, variable
    for fate in TRANSFORMERS.values():
        assert fate.outcome != "dropped" or "nearest: " in fate.says


REFERENCES = {
    "ultrathink": [
        *("ANTHROPIC_DEFAULT_OPUS_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL"),
        *("ANTHROPIC_DEFAULT_HAIKU_MODEL", "OPENROUTER_API_KEY", "OPENAI_API_KEY", "OLLAMA_HOST"),
    ],
    "nielspeter": [
        *("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_DEFAULT_OPUS_MODEL"),
        *("ANTHROPIC_DEFAULT_SONNET_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "OPENROUTER_APP_NAME"),
        *("OPENROUTER_APP_URL", "ANTHROPIC_API_KEY", "HOST", "PORT", "PASSTHROUGH_MODE"),
    ],
    "tizee": [
        *("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY", "ROUTER_BACKGROUND"),
        *("ROUTER_THINK", "ROUTER_LONG_CONTEXT", "ROUTER_DEFAULT", "LONG_CONTEXT_THRESHOLD"),
        *("LOG_LEVEL", "LOG_FILE_PATH"),
    ],
    "okeysir": [
        *("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", "NVIDIA_API_KEY", "NVIDIA_BASE_URL"),
        *("NVIDIA_REASONING_BUDGET", "NVIDIA_ENABLE_THINKING", "OLLAMA_API_BASE", "OLLAMA_NUM_CTX"),
        *("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "PREFERRED_PROVIDER", "BIG_MODEL"),
        *("SMALL_MODEL", "MAX_OUTPUT_TOKENS"),
    ],
    "simple-proxy": [
        *("BIG_MODEL", "BIG_MODEL_ENDPOINT", "BIG_MODEL_API_KEY", "SMALL_MODEL"),
        *("SMALL_MODEL_ENDPOINT", "SMALL_MODEL_API_KEY", "CORRECTION_MODEL", "SKIP_TOOLS"),
        "PRINT_SYSTEM_MESSAGE",
    ],
}
"""The variables that each system's documents list."""

OTHERS = {
    "OLLAMA_HOST": "http://other:11434",
    "OPENAI_BASE_URL": "https://other.example/v1",
    "OPENROUTER_BASE_URL": "https://other.example/v1",
    "NVIDIA_BASE_URL": "https://other.example/v1",
    "OLLAMA_API_BASE": "http://other:11434",
    "BIG_MODEL_ENDPOINT": "https://other.example/v1/chat/completions",
    "SMALL_MODEL_ENDPOINT": "https://other.example/v1/chat/completions",
    "HOST": "127.0.0.1",
    "PORT": "8099",
    "PASSTHROUGH_MODE": "true",
    "LONG_CONTEXT_THRESHOLD": "77000",
    "NVIDIA_REASONING_BUDGET": "77",
    "NVIDIA_ENABLE_THINKING": "false",
    "OLLAMA_NUM_CTX": "77",
    "MAX_OUTPUT_TOKENS": "77",
    "PREFERRED_PROVIDER": "google",
    "PRINT_SYSTEM_MESSAGE": "false",
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "openai:other",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "openai:other",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "openai:other",
}
"""Variable -> a text that is not the example's; for the others a model will do."""


@pytest.mark.parametrize(
    ("system", "name"), [(system, name) for system, names in REFERENCES.items() for name in names]
)
def test_every_variable_of_a_reference_table_is_carried_or_named(system: str, name: str) -> None:
    """What is said to be carried changes the config when it changes; what is not says what is nearest."""
    example = next(one for one in EXAMPLES if one.system == system)
    imported = example.imported()
    note = next(note for note in imported.notes if note.name == name)
    if note.outcome == "carried":
        changed = _with(example, name, OTHERS.get(name, "gpt-other"))
        assert changed.text != imported.text
        assert loaded(changed).snapshot is not None, changed.text
    elif note.outcome == "secret":
        assert f"${{{name}}}" in imported.text
        assert name in {needed.name for needed in imported.needed}
    else:
        assert "nearest: " in note.says


def _with(example: Example, name: str, text: str) -> Imported:
    first, *others = example.files
    lines = [
        f'{name}="{text}"' if line.startswith(f"{name}=") else line
        for line in first.text.splitlines()
    ]
    assert lines != first.text.splitlines()
    return convert([File(first.name, "\n".join(lines)), *others], system=example.system)


@pytest.mark.parametrize("system", REFERENCES)
def test_no_table_lacks_what_the_documents_list(system: str) -> None:
    """An example sets them all."""
    assert set(REFERENCES[system]) <= set(SYSTEMS[system].variables)


@BY_SYSTEM
def test_everything_that_is_not_carried_says_why(example: Example) -> None:
    """And what comes nearest; what a table does not know is said not to be known."""
    for note in example.imported().notes:
        assert note.says
        if note.outcome == "dropped":
            assert "nearest: " in note.says, note


@BY_SYSTEM
def test_a_variable_that_nobody_knows_is_named_and_not_shown(example: Example) -> None:
    """Whatever it holds."""
    stray = File("extra.env", f"MY_OWN_THING={KEY}\n")
    imported = convert([*example.files, stray], system=example.system)
    assert KEY not in repr(imported)
    if not SYSTEMS[example.system].takes_any_variable:
        assert outcome(imported, "MY_OWN_THING") == "unknown"


@BY_SYSTEM
def test_the_report_says_which_file_sets_a_variable(example: Example) -> None:
    """So that a person knows what is left to do."""
    imported = example.imported()
    env = example.files[0].text if example.files[0].name == ".env" else ""
    for needed in imported.needed:
        assert (needed.held_by == ".env") == (f"{needed.name}=" in env)
