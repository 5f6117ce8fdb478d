"""The scenarios as people read them. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from gateway.mock.scenario import Scenario
from gateway.mock.scenarios import SCENARIOS
from gateway.mock.wires import WIRES, Wire

HEAD = """\
<!-- Made by `gateway docs mock` from the scenarios; do not edit. -->
# The mock, and what goes wrong

`gateway mock` is a provider that misbehaves on request. It speaks every wire format that a gateway asks
in, listens on loopback, needs no key and no network, and prints a config that points a gateway at it.

```sh
gateway mock                                             # all goes well, but for models named below
gateway mock --scenario 529,cut-mid-stream --share 20%   # one request in five, by lot
gateway mock --scenario 429-retry-after --after 10 --every 3
gateway mock --scenario silence-mid-stream --silence 5m
```

A model with the name of a scenario meets it, whatever is planned for the others: `chaos-anthropic:500`
always fails, `chaos-anthropic:ok` never does. What follows an `@` is not looked at: `500@a` and `500@b` are
two models that fail alike. A tool is called when the last turn names it or one has to be called, with the
least that its schema asks for.

## A config that asks it

```yaml
"""

TABLES = """
```

Ask for the model `chaos/529`, and the fallback answers; ask for `chaos/cut-mid-stream`, and the stream breaks
off, because something had been said.

## Scenarios

What a client of the gateway gets is tested for each of them, in every format, streamed and whole, with a
fallback and without. Where an error is named, a fallback answers in its place, but for a 400 that blames the
request: no other target would take it. **cut**: the connection breaks off, and the official clients ask
again; nothing looks like the end of an answer. **error event**: the stream ends in the provider's error.

Formats differ in this: servers of the Anthropic format keep their own status with 408, 409 and 422. In
Gemini's, only the end of the body says that nothing follows: a stream that never ends or is too short is cut,
and what comes after the end belongs to the answer. Ollama's says it in the last line, also of one answer.
"""


def render() -> str:
    """The document, in Markdown."""
    parts = [HEAD + snippet("http://127.0.0.1:4010", WIRES).rstrip("\n") + TABLES]
    for phase, scenarios in groupby(SCENARIOS.values(), lambda scenario: scenario.phase):
        parts.append(f"\n### What happens {phase}\n\n")
        parts.append("| scenario | | a whole answer | a stream |\n|---|---|---|---|\n")
        parts += [f"{_row(scenario)}\n" for scenario in scenarios]
    return "".join(parts)


def _row(scenario: Scenario) -> str:
    return f"| `{scenario.name}` | {scenario.sentence} | {scenario.whole} | {scenario.stream} |"


def listed() -> str:
    """A line for each scenario."""
    width = max(map(len, SCENARIOS))
    return "\n".join(f"{one.name:{width}}  {one.sentence}" for one in SCENARIOS.values())


def snippet(url: str, wires: Mapping[str, Wire]) -> str:
    """A config whose providers are the mock in each of its formats."""
    providers = [
        f'  chaos-{name}: {{dialect: {name}, base_url: "{url}{wire.base}"}}\n'
        for name, wire in wires.items()
    ]
    first = f"chaos-{next(iter(wires))}"
    rule = (
        f'{{name: chaos, when: {{model: "chaos/*"}}, use: "{first}:/*", fallback: ["{first}:ok"]}}'
    )
    return f"version: 1\nproviders:\n{''.join(providers)}rules:\n  - {rule}\ndefault: {first}:any\n"
