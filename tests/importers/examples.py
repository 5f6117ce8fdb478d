"""A config of every system, in the form that its documents show, and what to ask of the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from routing_asking import asking

from gateway.config import Loaded, Snapshot, load
from gateway.importers import File, Imported, convert
from gateway.routing import Facts, Route, route

KEY = "sk-planted-0123456789abcdef"
"""A key; wherever it stands, it must not get out."""
URL = "http://localhost:9/"


@dataclass(frozen=True)
class Example:
    """The files of a system."""

    system: str
    files: tuple[File, ...]

    def imported(self) -> Imported:
        """By what the files say, without being told whose they are."""
        return convert(self.files)


def env(system: str, *more: File, **variables: str) -> Example:
    """An environment file of these variables, and other files."""
    lines = (f'{name}="{text}"' for name, text in variables.items())
    return Example(system, (File(".env", "\n".join(lines) + "\n"), *more))


def loaded(imported: Imported, environment: Mapping[str, str] | None = None) -> Loaded:
    """The config as it is read when every variable that it needs is set."""
    needed = dict.fromkeys((one.name for one in imported.needed), URL)
    return load(imported.text, file="config.yaml", environment={**needed, **(environment or {})})


def sound(imported: Imported) -> Snapshot:
    """The snapshot of a config in which nothing at all is wrong."""
    result = loaded(imported)
    assert result.findings == (), imported.text
    assert result.snapshot is not None
    return result.snapshot


@cache
def snapshot_of(example: Example) -> Snapshot:
    """The same of an example's config."""
    return sound(example.imported())


def asked(
    snapshot: Snapshot, model: str, *, tokens: int = 10, path: str = "", **facts: object
) -> Route:
    """The route of a request of which this is known."""
    return route(snapshot.rules, snapshot.default, facts_of(model, tokens, path, **facts))


def facts_of(model: str, tokens: int = 10, path: str = "", **facts: object) -> Facts:
    """Facts that are stated, not counted."""
    made = asking(path, model=model, messages=[])
    made.state({"tokens": tokens, **facts})
    return made


def target(snapshot: Snapshot, model: str, **facts: object) -> str:
    """Where a request goes."""
    return str(asked(snapshot, model, **facts).target)  # type: ignore[arg-type]


def outcome(imported: Imported, name: str) -> str:
    """What became of a setting."""
    return next(note.outcome for note in imported.notes if note.name == name)


ULTRATHINK = env(
    "ultrathink",
    ANTHROPIC_DEFAULT_OPUS_MODEL="openrouter:anthropic/claude-opus-4",
    ANTHROPIC_DEFAULT_SONNET_MODEL="openai:gpt-4o",
    ANTHROPIC_DEFAULT_HAIKU_MODEL="ollama:llama3.2:3b",
    OPENROUTER_API_KEY=KEY,
    OPENAI_API_KEY=KEY,
    OLLAMA_HOST="http://gpu:11434",
)

NIELSPETER = env(
    "nielspeter",
    OPENAI_BASE_URL="https://openrouter.ai/api/v1",
    OPENAI_API_KEY=KEY,
    ANTHROPIC_DEFAULT_OPUS_MODEL="openai/gpt-5",
    ANTHROPIC_DEFAULT_SONNET_MODEL="x-ai/grok-code-fast-1",
    ANTHROPIC_DEFAULT_HAIKU_MODEL="google/gemini-2.5-flash",
    OPENROUTER_APP_NAME="my-proxy",
    OPENROUTER_APP_URL="https://example.com/me",
    ANTHROPIC_API_KEY=KEY,
    HOST="0.0.0.0",  # noqa: S104
    PORT="8083",
    PASSTHROUGH_MODE="false",
)

MODELS = File(
    "models.yaml",
    """
- model_id: fast
  model_name: fast-v3
  api_base: https://api.deepseek.com
  api_key_name: DEEPSEEK_API_KEY
  can_stream: true
  max_tokens: 8192
  input_cost_per_token: 0.00000027
  output_cost_per_token: 0.00000055
- model_id: wide
  api_base: https://models.example.com/v1
  api_key_name: WIDE_KEY
  can_stream: false
  max_tokens: 4096
""",
)

TIZEE = env(
    "tizee",
    MODELS,
    OPENAI_API_KEY=KEY,
    GEMINI_API_KEY=KEY,
    ANTHROPIC_API_KEY=KEY,
    DEEPSEEK_API_KEY=KEY,
    ROUTER_BACKGROUND="custom/fast",
    ROUTER_THINK="openai/o3",
    ROUTER_LONG_CONTEXT="custom/wide",
    ROUTER_DEFAULT="gemini/gemini-2.5-pro",
    LONG_CONTEXT_THRESHOLD="90000",
    LOG_LEVEL="DEBUG",
    LOG_FILE_PATH="/var/log/proxy",
)

OKEYSIR = env(
    "okeysir",
    PREFERRED_PROVIDER="ollama",
    OLLAMA_API_BASE="http://gpu:11434",
    OLLAMA_NUM_CTX="60000",
    BIG_MODEL="gpt-oss:20b",
    SMALL_MODEL="qwen/qwen3-coder",
    OPENROUTER_API_KEY=KEY,
    OPENROUTER_BASE_URL="https://openrouter.example/v1",
    NVIDIA_API_KEY=KEY,
    NVIDIA_BASE_URL="https://nvidia.example/v1",
    NVIDIA_REASONING_BUDGET="16384",
    NVIDIA_ENABLE_THINKING="true",
    OPENAI_API_KEY=KEY,
    OPENAI_BASE_URL="https://openai.example/v1",
    GEMINI_API_KEY=KEY,
    MAX_OUTPUT_TOKENS="5000",
)

TOOLS = File(
    "tools_override.yaml",
    'toolDescriptions:\n  Bash: "Runs {{ a }} command."\n  Read: Reads a file.\n',
)
SYSTEM = File(
    "system_overrides.yaml",
    """
systemMessageOverrides:
  removePatterns: ["IMPORTANT: be careful.*"]
  replacements: [{find: Claude Code, replace: the assistant}]
  prepend: "First ${HOME} {% words."
  append: Last words.
""",
)

SIMPLE_PROXY = env(
    "simple-proxy",
    TOOLS,
    SYSTEM,
    BIG_MODEL="large-model",
    BIG_MODEL_ENDPOINT="https://big.example/v1/chat/completions",
    BIG_MODEL_API_KEY=KEY,
    SMALL_MODEL="little-model",
    SMALL_MODEL_ENDPOINT="https://small.example/v1/chat/completions",
    SMALL_MODEL_API_KEY=KEY,
    CORRECTION_MODEL="fixing-model",
    SKIP_TOOLS="NotebookRead,NotebookEdit",
    PRINT_SYSTEM_MESSAGE="true",
)

ROUTER = Example(
    "claude-code-router",
    (
        File(
            "config.json",
            """
// JSON5, as some write it
{
  APIKEY: 'KEY', "HOST": "0.0.0.0", "PORT": 3457, "API_TIMEOUT_MS": 90000,
  "PROXY_URL": "http://user:KEY@127.0.0.1:7890", "LOG": true, "LOG_LEVEL": "info",
  "NON_INTERACTIVE_MODE": false, "CUSTOM_ROUTER_PATH": "$HOME/router.js",
  "OPENAI_API_KEY": "KEY",
  "Providers": [
    {
      "name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions",
      "api_key": "KEY", "models": ["google/gemini-2.5-pro", "moonshotai/kimi-k2"],
      "transformer": {
        "use": [["openrouter", {"referer": "https://example.com", "title": "me"}], "enhancetool"],
        "moonshotai/kimi-k2": {"use": ["tooluse", ["maxtoken", {"max_tokens": 4096}]]},
      },
    },
    {
      "name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions",
      "api_key": "ollama", "models": ["qwen2.5-coder:latest"],
    },
    {
      "name": "gemini", "api_base_url": "https://generativelanguage.googleapis.com/v1beta/models/",
      "api_key": "$MY_GEMINI_KEY", "models": ["gemini-2.5-flash"],
      "transformer": {"use": ["gemini"]},
    },
    {
      "name": "my scope", "api_base_url": "https://scope.example/v1/chat/completions",
      "api_key": "KEY", "models": ["Qwen/Qwen3"],
      "transformer": {"use": [["maxtoken", {"max_tokens": 65536}], "cleancache", "my-own"]},
    },
  ],
  "Router": {
    "default": "openrouter,moonshotai/kimi-k2",
    "background": "ollama,qwen2.5-coder:latest",
    "think": "my scope,Qwen/Qwen3",
    "longContext": "openrouter,google/gemini-2.5-pro",
    "longContextThreshold": 50000,
    "webSearch": "gemini,gemini-2.5-flash",
    "image": "gemini,gemini-2.5-flash",
  },
  "fallback": {"default": ["gemini,gemini-2.5-flash"]},
}
""".replace("KEY@", f"{KEY}@")
            .replace("'KEY'", f"'{KEY}'")
            .replace('"KEY"', f'"{KEY}"'),
        ),
    ),
)

LITELLM = Example(
    "litellm",
    (
        File(
            "config.yaml",
            """
model_list:
  - model_name: claude-sonnet-4
    litellm_params:
      model: anthropic/claude-sonnet-4-20250514
      api_key: os.environ/ANTHROPIC_API_KEY
    model_info: {max_input_tokens: 200000, max_output_tokens: 64000, supports_vision: true,
                 input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}
  - model_name: shared
    litellm_params: {model: azure/gpt-4o-eu, api_base: "https://eu.openai.azure.com/",
                     api_key: "os.environ/AZURE_EU", rpm: 30, api_version: "2024-02-01"}
  - model_name: shared
    litellm_params: {model: azure/gpt-4o-ca, api_base: "https://ca.openai.azure.com/",
                     api_key: KEY, rpm: 10}
  - model_name: local
    litellm_params: {model: openai/opt-125m, api_base: "http://127.0.0.1:8000/v1",
                     extra_headers: {x-team: KEY}, temperature: 0}
  - model_name: "groq/*"
    litellm_params: {model: "groq/*", api_key: KEY}
  - model_name: "gem-*"
    litellm_params: {model: "gemini/*"}
  - model_name: vectors
    litellm_params: {model: openai/text-embedding-3-small}
    model_info: {mode: embedding}
  - model_name: cloud
    litellm_params: {model: bedrock/anthropic.claude-3}
litellm_settings:
  drop_params: true
  num_retries: 7
  request_timeout: 90
  success_callback: [langfuse]
  fallbacks: [{claude-sonnet-4: [shared]}]
  context_window_fallbacks: [{local: [claude-sonnet-4]}]
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {claude-opus-4: claude-sonnet-4}
  redis_password: KEY
general_settings:
  master_key: KEY
  database_url: "postgresql://user:KEY@db/litellm"
environment_variables:
  LANGFUSE_SECRET: KEY
""".replace("KEY", KEY).replace(f"ANTHROPIC_API_{KEY}", "ANTHROPIC_API_KEY"),
        ),
    ),
)

EXAMPLES = (ULTRATHINK, NIELSPETER, TIZEE, OKEYSIR, SIMPLE_PROXY, ROUTER, LITELLM)
