"""A rules-based routing gateway for clients of the Anthropic Messages API.

One request takes five hops, and each has one home:

    server     reads body, path target and headers                     IO
    pipeline   facts -> route -> transforms -> dialect -> upstream     pure
    upstream   sends; nothing is committed before the first event      IO
    pipeline   dialect stream -> tool correction -> emitter -> bytes   pure
    server     writes; a client that leaves cancels the upstream       IO

`messages` is the vocabulary (and the emitter, the only maker of event streams), `dialects` are wire
formats, `providers` are declarations that name a dialect, `routing` chooses, `transforms` edit,
`correction` repairs tool calls, `config` turns text into findings or a compiled `Snapshot`, `reload`
swaps snapshots. An `Exchange` keeps the snapshot it began with, so a reload never changes a request
in flight. The core does no IO; import contracts in pyproject.toml hold it to that.
To add: a provider = one declaration; a dialect = one package; a condition = one table entry;
a transform = one file and one line in the list.
"""

__version__ = "0.1.0"
