"""docs/providers.md: what people read of the providers, made from the declarations. No IO."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence

from gateway.providers import PROVIDERS, Provider
from gateway.providers.features import HEADINGS, code, features_of

INTRODUCTION = """\
<!-- Made by `gateway docs providers` from the declarations; do not edit. -->

# Providers

These names can stand before the colon of a target, such as `deepseek:deepseek-chat`. A provider is a
declaration: where its servers are, where its key comes from, which dialect they speak, and in which quirks
they differ from others of that dialect. What the tables say is derived from that; what a target cannot be
told is dropped or told to the model in words, and `x-gateway-dropped` names it.

Every quirk can be set in the config, for a known name as for a server of your own; the
[config's schema](../schemas/config.schema.json) describes each. What one does not name stays as declared:

```yaml
providers:
  openai: {quirks: {efforts: [low, medium, high, xhigh], can_disable_reasoning: true}}
  ollama: {quirks: {num_ctx: 65536, keep_alive: 30m}}
  lab: {dialect: openai-chat, base_url: "http://127.0.0.1:8000/v1", quirks: {think_tags: split}}
default: openai:gpt-5
```

Quirks hold for all models of a provider, but for those that list globs of models. Where models differ in
more, name the server a second time, with its dialect, address and key.

A known name with another `dialect` has that dialect's quirks. So Ollama is spoken to in the client's own
format:

```yaml
providers:
  ollama:
    dialect: anthropic
    quirks:
      signatures: sealed
      query: false
      betas: false
      client_headers: false
      billing_block: false
      cache_control: false
      mid_system: reminder
      adaptive_thinking: enabled
      tool_choice: false
      server_tools: []
      sources: [base64]
default: ollama:qwen3-coder
```

## How much, and how long

A provider is asked as much as clients ask, unless it has `limits`. What there is no room for waits: sessions
take turns, each in its own order, and streams are kept awake with pings. `concurrency: 1` is for a local
server that answers one request at a time; a rate holds in every stretch of its length.

```yaml
providers:
  llamacpp: {limits: {concurrency: 1, wait: 10m}}
  openai: {limits: {concurrency: 8, requests: 60/min, tokens: 1M/min, queue: 100, wait: 60s}}
  deepseek: {timeouts: {connect: 5s, first_byte: 10m, idle: 20m, total: 1h}}
default: openai:gpt-5
```

- When more than `queue` requests wait (100), the last of the session that has most is refused; one that waits
  for longer than `wait` (60 s), or that would have to for certain, is refused as well. The next of the rule's
  `fallback` is asked then; where there is none the client gets a 429 that names the setting, with the seconds
  until there is likely to be room as `retry-after`. A stream that pings have opened already, after 30 s, gets
  an error event of the type `overloaded_error`, after which clients ask for a stream again. It is no failure
  of the provider.
- `tokens` counts a prompt by its estimated size when it is sent, then prompt and answer by the usage that the
  answer reports, tokens from caches included.
- Copies for a `shadow`, and questions for the size of a prompt, are sent only where there is room at once;
  the latter need a place, and count for no rate. A model that is asked about a tool call goes within the
  place of the answer that made it.
- Limits are those of one gateway process and of one name: a second name for the same server is limited for
  itself, as is wanted for a model with limits of its own.
- `/health` and `/metrics` tell how many requests run and wait; a change of the config holds at once, for
  those who wait too. Those under way at a provider that had no limits before are not counted.

Time limits are for silence unless `total` is set. Models that show nothing of their reasoning say nothing for
many minutes, so `first_byte` and `idle` are 15 minutes by default; streams get a ping every 10 s, the first
after 30 s. Whoever waits for a whole answer gets no sign of life, and the official clients give up after 10
minutes. An answer that exceeds a limit before it has said anything is a 504, or the next fallback's; a stream
is cut after that, so that nobody takes it for whole.
"""

LEGEND = """\
*One call at a time*: the client can rule out parallel calls; they are passed on wherever a model makes
them. *Some call · this tool*: the client can demand a call, and a call of one tool. *Told of*: the model
reads in words what it cannot be shown. Where the gateway keeps a stop sequence, it ends the answer
itself.
"""


def render() -> str:
    """The text of docs/providers.md."""
    parts = [INTRODUCTION, "## Addresses and keys\n", _table(_ADDRESSES, _addresses())]
    for section, columns in HEADINGS.items():
        rows = (_row(provider, columns) for provider in PROVIDERS.values())
        parts += [f"## {section}\n", _table(("provider", *columns.values()), rows)]
    return "\n".join([*parts, LEGEND, "## What is special\n", _special()])


_ADDRESSES = ("provider", "dialect", "address", "key from")


def _addresses() -> Iterable[Sequence[str]]:
    for name, provider in PROVIDERS.items():
        key = code(provider.key_env) if provider.key_env else "no key needed"
        yield code(name), provider.dialect.name, code(provider.base_url), key


def _row(provider: Provider, columns: Iterable[str]) -> Sequence[str]:
    features = features_of(provider)
    return code(provider.name), *(features[feature] for feature in columns)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _special() -> str:
    """What the declarations say of themselves."""
    modules = {name: f"gateway.providers.{name.replace('-', '_')}" for name in PROVIDERS}
    docs = {name: importlib.import_module(module).__doc__ for name, module in modules.items()}
    return (
        "".join(f"### {name}\n\n{(doc or '').strip()}\n\n" for name, doc in docs.items()).rstrip()
        + "\n"
    )
