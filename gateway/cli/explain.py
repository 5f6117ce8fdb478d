"""`gateway explain`: what would happen to a request, and why. Nothing is sent."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.cli.commands import Commands, add_env, shows_color
from gateway.cli.configs import Unusable, load_config
from gateway.config.text.positions import printable
from gateway.errors import GatewayError
from gateway.pipeline import Exchange
from gateway.pipeline.explain import explain
from gateway.pipeline.recorded import BadRecording, inbound_of
from gateway.reasoning import Vault
from gateway.tokens import Tiktoken, TokenCounter

FINDINGS, USAGE = 1, 2
NARROWEST = 40

COLORS: Mapping[str, str] = {
    "good": "32",
    "bad": "31",
    "name": "1",
    "dim": "2",
    "new": "32",
    "old": "31",
}
"""What is said -> SGR code."""


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "explain", help="say where a request would go, and why; sends nothing"
    )
    command.add_argument(
        "request", help="file with a request body, or with {path, headers, body}; - for stdin"
    )
    command.add_argument("--config", type=Path, help="config file (default: config.yaml)")
    add_env(command)
    command.add_argument("--json", action="store_true", help="for machines")
    command.add_argument("--diff", action="store_true", help="show what the transforms change")
    command.set_defaults(
        run=lambda told: run(
            told.request, told.config, as_json=told.json, diff=told.diff, env=told.env
        )
    )


def run(
    file: str, config: Path | None, *, as_json: bool, diff: bool, env: str | None = None
) -> int:
    """Gives the exit code: 1 when the request would be refused, 2 when there is nothing to explain."""
    try:
        snapshot = load_config(config, env)
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        inbound = inbound_of(raw)
        exchange = Exchange(snapshot, inbound, TokenCounter(Tiktoken()), Vault(b"explains only"))
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return FINDINGS if error.has_findings else USAGE
    except (OSError, BadRecording) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"gateway: {file} cannot be explained: {words}\n")
        return USAGE
    except GatewayError as error:
        sys.stderr.write(f"gateway: {file} is no request: {error.message}\n")
        return FINDINGS
    told = explain(exchange)
    if as_json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        color = shows_color(sys.stdout)
        width = max(NARROWEST, shutil.get_terminal_size((100, 24)).columns)
        lines = Telling(color=color, width=width, diff=diff).lines(told)
        print("\n".join(lines))
    return FINDINGS if "error" in told else 0


class Telling:
    """An explanation as lines for people."""

    def __init__(self, *, color: bool, width: int, diff: bool) -> None:
        self._color = color
        self._width = width
        self._diff = diff

    def lines(self, told: Mapping[str, Any]) -> Iterator[str]:
        """The decision first, then what it rests on."""
        yield from self._decision(told)
        yield ""
        yield self._paint("name", "facts")
        for name, value in told["facts"].items():
            if value not in (None, False, [], ""):
                yield self._cut(f"  {name:<16} {_text(value)}")
        yield ""
        yield self._paint("name", "rules")
        taken = False
        for rule in told["rules"]:
            yield from self._rule(rule, is_after=taken)
            taken = taken or rule["rule"] == told["rule"]
        yield from self._hops(told)

    def _decision(self, told: Mapping[str, Any]) -> Iterator[str]:
        if (error := told.get("error")) is not None:
            yield self._paint(
                "bad",
                printable(f"refused: {error['status']} {error['type']}: {error['message']}"),
            )
        if told["target"] is not None:
            target = self._paint("name", printable(told["target"]))
            yield f"{self._paint('good', '→')} {target}  by {told['reason']}"
        for key, words in (
            ("fallback", "then"),
            ("applied", "edits of"),
            ("transforms", "transforms"),
        ):
            if value := (told.get("route") or {}).get(key):
                yield f"  {words}: {', '.join(value)}"
        for one in (told.get("route") or {}).get("unfit", ()):
            yield f"  passed over {one['target']}: {one['reason']}"

    def _rule(self, rule: Mapping[str, Any], *, is_after: bool) -> Iterator[str]:
        mark = self._paint("good", "✓") if rule["matches"] else self._paint("bad", "✗")
        note = self._paint("dim", "  (not reached)") if is_after else ""
        yield f"  {mark} {self._paint('name', rule['rule'])}{note}"
        for test in rule["tests"]:
            yield from self._test(test, "      ")

    def _test(self, test: Mapping[str, Any], indent: str) -> Iterator[str]:
        mark = self._paint("good", "✓") if test["holds"] else self._paint("bad", "✗")
        saw = ", ".join(
            _text(value) if len(test["saw"]) == 1 else f"{name} {_text(value)}"
            for name, value in test["saw"].items()
        )
        asked = "" if test.get("parts") else f" {_text(test['wanted'])}"
        line = f"{indent}{mark} {test['condition']}{asked}"
        yield self._cut(f"{line}   {self._paint('dim', f'saw {saw}')}" if saw else line)
        for part in test.get("parts", ()):
            yield from self._test(part, indent + "    ")

    def _hops(self, told: Mapping[str, Any]) -> Iterator[str]:
        steps = told.get("transforms") or []
        if steps:
            yield ""
            yield self._paint("name", "transforms")
        for step in steps:
            changed = ", ".join(step["changed"]) or "nothing"
            sizes = (f"{_saved(step[unit])} {unit}" for unit in ("bytes", "tokens") if unit in step)
            yield f"  {step['transform']}: changes {changed}; {', '.join(sizes)}"
            for line in step["diff"] if self._diff else ():
                style = {"+": "new", "-": "old"}.get(line[:1], "dim")
                yield self._cut("    " + self._paint(style, printable(line)))
        if (outgoing := told.get("outgoing")) is not None:
            yield ""
            yield self._paint("name", "request")
            yield f"  {outgoing['dialect']}, {outgoing['bytes']:,} bytes to {outgoing['url']}"
            if outgoing["dropped"]:
                yield self._cut(f"  dropped: {', '.join(outgoing['dropped'])}")
            yield from self._fit(told)

    def _fit(self, told: Mapping[str, Any]) -> Iterator[str]:
        fit, cost = told["fit"], told["cost"]
        room = f" of {fit['context']:,}" if fit["context"] is not None else ""
        answer = f", and up to {fit['answer']:,} of answer" if fit["answer"] is not None else ""
        line = f"  {fit['tokens']:,} tokens{room}{answer}"
        yield line if fit["fits"] is not False else self._paint("bad", f"{line}: too many")
        if cost is not None:
            yield f"  costs {cost['prompt']:g} without a cache, and at most {cost['longest_answer']:g}"

    def _paint(self, style: str, text: str) -> str:
        return f"\x1b[{COLORS[style]}m{text}\x1b[0m" if self._color else text

    def _cut(self, line: str) -> str:
        """What does not fit into the width is cut, except where colour makes lengths a guess."""
        if self._color or len(line) <= self._width:
            return line
        return line[: self._width - 1] + "…"


def _saved(sizes: list[int]) -> str:
    """`1,200 → 900`."""
    before, after = sizes
    return f"{before:,} → {after:,}"


def _text(value: Any) -> str:
    """A value in one line, in which nothing gives orders to the terminal."""
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
