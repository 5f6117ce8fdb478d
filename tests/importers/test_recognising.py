"""Whose files these are, by what they say."""

from __future__ import annotations

import pytest
from importers.examples import EXAMPLES, KEY, MODELS, NIELSPETER, SYSTEM, TIZEE, TOOLS, Example, env

from gateway.importers import SYSTEMS, CannotImport, File, convert, recognised
from gateway.importers.files import kind_of, read


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.system)
def test_names_of_files_do_not_matter(example: Example) -> None:
    """A config is recognised under any name."""
    renamed = [File(f"file-{n}", file.text) for n, file in enumerate(example.files)]
    assert convert(renamed).system == example.system


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.system)
def test_the_order_of_files_does_not_matter(example: Example) -> None:
    """An override file may come first."""
    assert convert(example.files[::-1]).system == example.system


DOCUMENTED = {
    "ANTHROPIC_DEFAULT_SONNET_MODEL=openai:gpt-4o\nOPENAI_API_KEY=k": "ultrathink",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL=ollama:llama3.2\nOLLAMA_HOST=http://localhost:11434": "ultrathink",
    "OPENAI_BASE_URL=http://localhost:11434/v1\n"
    "ANTHROPIC_DEFAULT_SONNET_MODEL=deepseek-r1:70b": "nielspeter",
    "ANTHROPIC_DEFAULT_SONNET_MODEL=gpt-5\nOPENAI_API_KEY=k": "nielspeter",
    'ROUTER_THINK="custom/deepseek-r1-250528"       # Thinking tasks': "tizee",
    "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x/v1\nBIG_MODEL=a\nSMALL_MODEL=b": "okeysir",
    "GEMINI_API_KEY=k\nBIG_MODEL=a\nSMALL_MODEL=b": "okeysir",
    "NVIDIA_API_KEY=k": "okeysir",
    "BIG_MODEL=a\nBIG_MODEL_ENDPOINT=https://x/v1/chat/completions": "simple-proxy",
    "toolDescriptions: {Bash: Runs it.}": "simple-proxy",
    "- model_id: a\n  api_base: https://x/v1\n  api_key_name: X_KEY": "tizee",
    "{Router: {default: 'a,b'}, Providers: [{name: 'a', api_base_url: 'http://x', models: ['b']}]}": (
        "claude-code-router"
    ),
    "model_list:\n- {model_name: a, litellm_params: {model: gpt-4o}}": "litellm",
}
"""Short configs as documents show them -> whose they are."""


@pytest.mark.parametrize("text", DOCUMENTED)
def test_parts_of_a_config_are_recognised(text: str) -> None:
    """One file may be all that there is, and few of the settings."""
    assert convert([File("file", text)]).system == DOCUMENTED[text]


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("OPENAI_API_KEY=k", {"ultrathink", "nielspeter", "tizee", "okeysir"}),
        ("BIG_MODEL=a\nSMALL_MODEL=b", {"okeysir", "simple-proxy"}),
        ("OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x/v1", {"nielspeter", "okeysir"}),
    ],
)
def test_what_several_systems_have_is_not_guessed(text: str, possible: set[str]) -> None:
    """Their names are said, and `--from` decides."""
    files = [File(".env", text)]
    assert {system.name for system in recognised(read(files))} == possible
    with pytest.raises(CannotImport, match="--from") as caught:
        convert(files)
    assert all(name in str(caught.value) for name in possible)
    for name in possible:
        assert convert(files, system=name).system == name


def test_settings_of_two_systems_at_once_are_not_guessed() -> None:
    """Unless only one of them has marks of its own."""
    both = [File(".env", "ROUTER_THINK=custom/a\nPREFERRED_PROVIDER=openai")]
    with pytest.raises(CannotImport, match="tizee, okeysir"):
        convert(both)


@pytest.mark.parametrize("text", ["", "A=1\nB=2", "just words", "[1, 2]", "{a: 1}", "# nothing\n"])
def test_what_no_system_has_is_refused(text: str) -> None:
    """In words that name the systems there are."""
    with pytest.raises(CannotImport) as caught:
        convert([File("file", text)])
    assert all(name in str(caught.value) for name in SYSTEMS)


def test_a_file_of_another_system_is_refused() -> None:
    """`--from` does not make one of it."""
    with pytest.raises(CannotImport, match=r"system_overrides\.yaml"):
        convert([SYSTEM], system="tizee")


@pytest.mark.parametrize(
    "text",
    [
        '{"Providers": [\n  oops!\n]}',
        "toolDescriptions:\n  a: 1\n  a: 2\n",
        "toolDescriptions: [\n",
        "{" * 5000,
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(text: str) -> None:
    """And without its text, which may hold a key."""
    with pytest.raises(CannotImport, match=r"^file(:\d+)?: ") as caught:
        convert([File("file", text + f"# {KEY}")])
    assert KEY not in str(caught.value)


def test_long_text_that_is_no_json_is_not_tried_for_long() -> None:
    """The reader of JSON5 is slow."""
    with pytest.raises(CannotImport, match="too long"):
        convert([File("file", "{a: 1," + " " * 300_000 + "}")])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# a\n\nexport A=1", "env"),
        ("// a\n/* b */ {", "json"),
        ("\n  {", "json"),
        ("a: b=c", "yaml"),
        ("- a", "yaml"),
    ],
)
def test_the_kind_of_a_file_shows_in_its_first_words(text: str, kind: str) -> None:
    """After comments of any sort."""
    assert kind_of(text) == kind


def test_two_environment_files_are_one() -> None:
    """The first that sets a variable counts, and the report names its file."""
    first = File("proxy.env", "PORT=9001\nOPENROUTER_APP_NAME=me\n")
    second = File(".env", "PORT=9002\nOPENAI_API_KEY=k\n")
    imported = convert([first, second])
    assert "port: 9001" in imported.text
    assert [needed.held_by for needed in imported.needed] == [".env"]


def test_models_come_from_several_files() -> None:
    """And the environment beside them."""
    more = File("more.yaml", "- {model_id: third, api_base: 'https://api.deepseek.com'}")
    imported = convert([*TIZEE.files, more])
    assert "custom/third" in imported.text
    assert MODELS.name in imported.text
    assert TOOLS.name not in imported.text
    assert NIELSPETER.system != imported.system
    assert env("tizee", ROUTER_THINK="gpt-x").imported().system == "tizee"
