"""What becomes of the keys of LiteLLM's `config.yaml`. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.importers.system import Variable

PREFIXES: Mapping[str, str] = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "custom_openai": "openai",
    "openai_like": "openai",
    "litellm_proxy": "openai",
    "azure": "azure",
    "azure_ai": "azure",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "vertex_ai": "vertex",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "openrouter": "openrouter",
    "deepseek": "deepseek",
    "groq": "groq",
    "mistral": "mistral",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "xai": "xai",
    "nvidia_nim": "nvidia",
    "cerebras": "cerebras",
    "huggingface": "huggingface",
    "dashscope": "dashscope",
    "moonshot": "moonshot",
    "minimax": "minimax",
    "volcengine": "volcengine",
    "zai": "zai",
    "hosted_vllm": "vllm",
    "vllm": "vllm",
    "lm_studio": "lmstudio",
    "llamafile": "llamacpp",
}
"""What stands before the slash of `litellm_params.model` -> provider."""

BARE: tuple[tuple[str, str], ...] = (
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "vertex"),
    ("deepseek-", "deepseek"),
    ("mistral-", "mistral"),
    ("grok-", "xai"),
)
"""How a model without such a word begins -> provider."""

_PER_MODEL = "`params` of the rule"
_LIMITS = "nothing counts requests per server ahead; nearest: a rule with `rate`, and `fallback`"

PARAMS: Mapping[str, Variable] = {
    "model": Variable("the target"),
    "api_key": Variable("the provider's `api_key`", "secret"),
    "api_base": Variable("the provider's `base_url`"),
    "base_url": Variable("the provider's `base_url`"),
    "extra_headers": Variable("the provider's `headers`, each as a reference", "secret"),
    "headers": Variable("the provider's `headers`, each as a reference", "secret"),
    "weight": Variable("`weights` of the rule"),
    "order": Variable("the order of the rule's targets: `use`, then `fallback`"),
    "rpm": Variable("a share in `weights` of the rule; " + _LIMITS),
    "tpm": Variable("a share in `weights` of the rule; " + _LIMITS),
    "max_parallel_requests": Variable(_LIMITS, "dropped"),
    "timeout": Variable("the provider's `timeouts.first_byte`"),
    "stream_timeout": Variable("the provider's `timeouts.first_byte`"),
    "max_retries": Variable("`retries` of the rule"),
    "temperature": Variable(f"{_PER_MODEL}: `default.temperature`"),
    "top_p": Variable(f"{_PER_MODEL}: `default.top_p`"),
    "max_tokens": Variable(f"{_PER_MODEL}: `default.max_tokens`"),
    "drop_params": Variable("what a server does not know is never sent"),
    "additional_drop_params": Variable(
        "what a server does not know is left out by its quirks; nearest: `quirks`", "dropped"
    ),
    "input_cost_per_token": Variable("`price.input` under `models`"),
    "output_cost_per_token": Variable("`price.output` under `models`"),
    "extra_body": Variable("the provider's `quirks.extra`"),
    "api_version": Variable(
        "Azure's v1 endpoint takes none; nearest: AZURE_OPENAI_ENDPOINT with `azure`", "dropped"
    ),
    "organization": Variable(
        "nearest: `headers: {openai-organization: …}` of the provider", "dropped"
    ),
    "tags": Variable("nearest: a rule with `header` or `tag`", "dropped"),
}
"""Keys of `litellm_params`."""

INFO: Mapping[str, Variable] = {
    "id": Variable("nearest: the name of the rule", "dropped"),
    "mode": Variable("chat is what the gateway does"),
    "base_model": Variable("nearest: `price` under `models`, by target", "dropped"),
    "max_tokens": Variable("`max_output` under `models`"),
    "max_output_tokens": Variable("`max_output` under `models`"),
    "max_input_tokens": Variable("`context` under `models`, which is prompt and answer together"),
    "input_cost_per_token": Variable("`price.input` under `models`"),
    "output_cost_per_token": Variable("`price.output` under `models`"),
    "cache_read_input_token_cost": Variable("`price.cache_read` under `models`"),
    "cache_creation_input_token_cost": Variable("`price.cache_write` under `models`"),
    "supports_vision": Variable("`images` under `models`"),
    "supports_pdf_input": Variable("`documents` under `models`"),
    "supports_function_calling": Variable("`tools` under `models`"),
}
"""Keys of `model_info`."""

_FALLBACKS = Variable("`fallback` of the rules")
_RETRIES = Variable("`retries` of the rules")
_TIMEOUT = Variable("`timeouts.first_byte` of the providers")
_STATE = "nothing is shared between processes; nearest: one gateway"
_COOLDOWN = "the gateway leaves a target that failed alone by itself; nearest: `fallback`"
_CALLBACKS = "no program is called; nearest: the log, `gateway serve --log json`"
_CACHE = "answers are never stored; nearest: the providers' own prompt caches, which are kept warm"

SETTINGS: Mapping[str, Mapping[str, Variable]] = {
    "router_settings": {
        "routing_strategy": Variable("`weights` of the rules"),
        "model_group_alias": Variable("further names in the rules' `model`"),
        "num_retries": _RETRIES,
        "timeout": _TIMEOUT,
        "stream_timeout": _TIMEOUT,
        "fallbacks": _FALLBACKS,
        "context_window_fallbacks": Variable("`use: […]` with `needs: auto` in the rules"),
        "content_policy_fallbacks": Variable(
            "a refusal is an answer; nearest: `fallback`, which is for failures", "dropped"
        ),
        "default_fallbacks": Variable("`fallback` of the rules, and default"),
        "enable_pre_call_checks": Variable("prompts are measured where `context` is known"),
        "allowed_fails": Variable(_COOLDOWN, "dropped"),
        "cooldown_time": Variable(_COOLDOWN, "dropped"),
        "disable_cooldowns": Variable(_COOLDOWN, "dropped"),
        "allowed_fails_policy": Variable(_COOLDOWN, "dropped"),
        "retry_policy": Variable("failures are not told apart; nearest: `retries`", "dropped"),
        "enable_tag_filtering": Variable("nearest: rules with `header` or `tag`", "dropped"),
        "redis_host": Variable(_STATE, "dropped"),
        "redis_port": Variable(_STATE, "dropped"),
        "redis_password": Variable(_STATE, "dropped"),
        "redis_url": Variable(_STATE, "dropped"),
    },
    "litellm_settings": {
        "num_retries": _RETRIES,
        "request_timeout": _TIMEOUT,
        "fallbacks": _FALLBACKS,
        "context_window_fallbacks": Variable("`use: […]` with `needs: auto` in the rules"),
        "content_policy_fallbacks": Variable(
            "a refusal is an answer; nearest: `fallback`, which is for failures", "dropped"
        ),
        "default_fallbacks": Variable("`fallback` of the rules, and default"),
        "drop_params": Variable("what a server does not know is never sent"),
        "modify_params": Variable("requests are always fitted to what a server takes"),
        "set_verbose": Variable("nearest: `gateway explain`", "dropped"),
        "json_logs": Variable("nearest: `gateway serve --log json`", "dropped"),
        "success_callback": Variable(_CALLBACKS, "dropped"),
        "failure_callback": Variable(_CALLBACKS, "dropped"),
        "callbacks": Variable(_CALLBACKS, "dropped"),
        "service_callbacks": Variable(_CALLBACKS, "dropped"),
        "turn_off_message_logging": Variable("messages are never logged"),
        "redact_user_api_key_info": Variable("keys are blotted out of every log"),
        "cache": Variable(_CACHE, "dropped"),
        "cache_params": Variable(_CACHE, "dropped"),
        "force_ipv4": Variable("nearest: a `base_url` with an address", "dropped"),
    },
    "general_settings": {
        "master_key": Variable("server.auth.keys", "secret"),
        "completion_model": Variable("every request names a model; nearest: default", "dropped"),
        "database_url": Variable("there is no database; nearest: keys in the config", "dropped"),
        "custom_auth": Variable("it is a program; nearest: server.auth.keys", "dropped"),
        "max_parallel_requests": Variable(_LIMITS, "dropped"),
        "global_max_parallel_requests": Variable(_LIMITS, "dropped"),
        "alerting": Variable(_CALLBACKS, "dropped"),
        "background_health_checks": Variable(
            "nobody asks a provider without need; nearest: `fallback`", "dropped"
        ),
        "forward_client_headers_to_llm_api": Variable(
            "nearest: targets of the dialect anthropic are sent the client's own headers anyway",
            "dropped",
        ),
        "allowed_routes": Variable("nearest: the Messages API is all that is served", "dropped"),
    },
}
"""Section -> its keys. Of a key that is not here the report says that nothing was made of it."""
