"""A rules-based routing gateway for clients of the Anthropic Messages API.

One request takes five hops, and each has one home:

    server     reads body, path target and headers                     IO
    pipeline   facts -> route -> transforms -> dialect -> upstream     pure
    upstream   sends; nothing is committed before the first event      IO
    pipeline   dialect stream -> tool correction -> emitter -> bytes   pure
    server     writes; a client that leaves cancels the upstream       IO

`messages` is the vocabulary (its emitter makes every event stream, its memory knows conversations again),
`dialects` are wire formats over shared `turns` and `offers`, `providers` declare, `reasoning` seals their
state, `routing` chooses and explains, `transforms` edit, `correction` repairs tool calls, `tokens` counts,
`estimates` learns what targets count, `cache_guard` compares prompts, `admission` keeps a provider's room,
`availability` knows who fails, `config` turns text into findings or a `Snapshot`, `cases` are tests of
rules, `conformance` tries a model, `importers` read other systems' configs, `recording` keeps facts,
`reload` swaps snapshots (an `Exchange` keeps its own), `mock` is a provider that misbehaves on request.
Below all: `json_text`, `redaction`, `sse`, `errors`, `units`, `patterns`, `resources`, `imports`, `once`.
The core does no IO; import contracts in pyproject.toml hold it to that. To add: a provider = one
declaration; a dialect = one package; a condition = one table entry; a transform = one file, one line.
"""

__version__ = "0.1.0"
