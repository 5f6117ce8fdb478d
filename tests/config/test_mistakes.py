"""Each mistake is found at its place, in the words of the person who made it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from config.marked import findings, loaded, spot, unmark

import gateway.config
from gateway.config import load
from gateway.config.checks import abilities
from gateway.config.sections import access
from gateway.patterns import BadPattern
from gateway.routing import CONDITIONS, Condition
from gateway.routing.formula import Formula


@dataclass(frozen=True)
class Mistake:
    """A config, the code of its one finding, and a piece of what the finding says."""

    code: str
    config: str
    """What is meant is marked; `default` is added where the config has none."""
    says: str = ""
    help: str = ""
    warning: bool = False
    whole: bool = False
    """Nothing is to be added."""

    @property
    def text(self) -> str:
        """The config with what each needs."""
        is_whole = self.whole or self.code in NOT_READ or "default:" in self.config
        return self.config if is_whole else f"{self.config}\ndefault: openai:gpt-5"


NOT_READ = ("syntax", "empty", "too-large")
"""With these nothing else is said of a config."""

ONE, OTHER = "sha256:" + "1a" * 32, "sha256:" + "2b" * 32
"""Hashes of client keys."""

LONG = "${HOME}" * 4


def in_key(setting: str) -> str:
    """A client key with this setting."""
    return f"server: {{auth: {{keys: [{{name: a, hash: '{ONE}', {setting}}}]}}}}"


MISTAKES = {
    # -- form
    "an unclosed list": Mistake("syntax", "rules: ⟪[⟫{name: a}\n", "did not find expected"),
    "a tab": Mistake("syntax", "server:\n⟪\t⟫port: 1", help="tabs"),
    "a bare glob": Mistake("syntax", "rules: [{when: {model: ⟪*⟫haiku*}}]", help='"*haiku*"'),
    "a bare alias": Mistake("syntax", "default: ⟪*⟫haiku", "undefined alias", help='"*haiku*"'),
    "a bare reference": Mistake("syntax", "server: {host: $⟪{⟫HOST}}", help='"${NAME}"'),
    "a second colon": Mistake("syntax", "default: openai⟪:⟫ gpt-5", help="quoted"),
    "a bare at sign": Mistake("syntax", "default: ⟪@⟫me", help="quoted"),
    "a control character": Mistake("syntax", "default: a⟪\x07⟫", "U+0007"),
    "two documents": Mistake("syntax", "default: openai:x\n⟪-⟫--\na: b", "one document"),
    "a quote left open": Mistake("syntax", "default: ⟪'⟫openai:x\n", "begins here"),
    "an empty file": Mistake("empty", "⟪ ⟫# nothing", "default: provider:model"),
    "nothing but null": Mistake("empty", "⟪~⟫", "empty"),
    "deep nesting": Mistake("too-large", "default: " + "[" * 39 + "⟪[⟫" + "[" * 100_000, "deep"),
    "an endless alias": Mistake("too-large", "server: ⟪&x [*x]⟫", "inside"),
    "a key twice": Mistake("duplicate-key", "default: openai:x\n⟪default⟫: openai:y", "line 1"),
    "a boolean key": Mistake(
        "bad-key",
        "providers: {⟪on⟫: {dialect: anthropic, base_url: 'http://a'}}",
        "boolean",
        '"on"',
    ),
    "a key of parts": Mistake("bad-key", "server: {⟪[a, b]⟫: c}", "text"),
    "a merge of text": Mistake("bad-merge", "server: {<<: ⟪text⟫}", "mapping"),
    "a tag": Mistake("unknown-tag", "server: {host: ⟪!secret x⟫}", "`!secret`"),
    # -- the environment
    "half a reference": Mistake("bad-reference", "server: {host: 'a⟪${⟫B'}", "${NAME}", "$${"),
    "a reference to nothing": Mistake("bad-reference", "default: openai:⟪${}⟫", "${NAME}"),
    "an unset target": Mistake("unset-variable", "default: ⟪${TARGET}⟫", "TARGET is not set"),
    "an unset key": Mistake(
        "unset-variable", "providers: {openai: {api_key: '⟪${KEY}⟫'}}", "KEY", ".env", warning=True
    ),
    "an unset client key": Mistake(
        "unset-variable", "server: {auth: {keys: [{name: a, key: '⟪${KEY}⟫'}]}}", "KEY"
    ),
    "an alias for nobody": Mistake(
        "unused-alias",
        "named_targets: refuse\naliases: {⟪a⟫: 'openai:x'}",
        "alias `a`: no rule uses it",
        warning=True,
    ),
    "facts of every model": Mistake(
        "bad-target", "models: {⟪'openai:*'⟫: {context: 9}}", "name of a model", "`*` is the model"
    ),
    "a switch misspelt": Mistake(
        "bad-value", "named_targets: ⟪refused⟫", "expected allow or refuse", "`refuse`?"
    ),
    # -- the schema
    "an unknown section": Mistake("unknown-key", "⟪ruls⟫: []", "`ruls`", "did you mean `rules`?"),
    "an unknown key": Mistake(
        "unknown-key", "server: {⟪zz⟫: 1}", "`server`", "expected one of `host`"
    ),
    "an unknown condition": Mistake(
        "unknown-key",
        "rules: [{name: a, use: 'openai:x', when: {⟪modle⟫: b}}]",
        "rule `a`, `when`: unknown key `modle`",
        "did you mean `model`?",
    ),
    "conditions misspelt": Mistake(
        "unknown-key",
        "rules: [{name: a, use: 'openai:x', ⟪wen⟫: {model: b}}, {name: c, use: 'openai:x'}]",
        "rule `a`: unknown key `wen`",
    ),
    "transforms misspelt": Mistake(
        "unknown-key",
        "default: {use: 'openai:x', ⟪transform⟫: [t]}\ntransforms: {t: [{system: {append: a}}]}",
        "`default`",
        "`transforms`?",
    ),
    "an unknown quirk": Mistake(
        "unknown-key", "providers: {anthropic: {quirks: {⟪top_k⟫: true}}}", "provider `anthropic`"
    ),
    "no default": Mistake("missing-key", "⟪version: 1⟫", "`default` is missing", whole=True),
    "a rule without parts": Mistake(
        "missing-key", "rules: [⟪{when: {model: a}}⟫]", "rule 1: `name` is missing"
    ),
    "a provider nobody knows": Mistake(
        "missing-key",
        "providers: {⟪opnai⟫: {api_key: '${K:-}'}}",
        "provider `opnai`: `dialect` and `base_url` are missing",
        "did you mean `openai`?",
    ),
    "a count in words": Mistake(
        "bad-value",
        "rules: [{name: long, use: 'openai:x', when: {tokens: {above: ⟪lots⟫}}}]",
        "rule `long`, `when.tokens.above`: expected a number of tokens such as 60000 or 60k, got `lots`",
    ),
    "an effort misspelt": Mistake(
        "bad-value",
        "rules: [{name: a, use: 'openai:x', when: {thinking: {effort: [low, ⟪hihg⟫]}}}]",
        "`when.thinking.effort[1]`: expected an effort",
        "did you mean `high`?",
    ),
    "thinking as a word": Mistake(
        "bad-value",
        "rules: [{name: a, use: 'openai:x', when: {thinking: ⟪maybe⟫}}]",
        "expected true, false, a type such as adaptive, or {effort: high}, got `maybe`",
    ),
    "no conditions": Mistake(
        "bad-value", "rules: [{name: a, use: 'openai:x', when: ⟪{}⟫}]", "at least one condition"
    ),
    "a bare no": Mistake(
        "bad-value",
        "rules: [{name: ⟪no⟫, use: 'openai:x'}]",
        "expected a name, got the boolean `no`",
        'YAML reads a bare `no` as false: quote it, as in "no"',
    ),
    "a number for text": Mistake(
        "bad-value", "rules: [{name: ⟪12⟫, use: 'openai:x'}]", "the number `12`", 'as in "12"'
    ),
    "a time of day": Mistake(
        "bad-value",
        "server: {host: ⟪12:30⟫}",
        "the number `12:30`",
        "YAML reads a bare `12:30` as 750",
    ),
    "a port out of range": Mistake("bad-value", "server: {port: ⟪70000⟫}", "from 1 to 65535"),
    "a size nobody knows": Mistake("bad-value", "server: {max_body: ⟪9 potatoes⟫}", "32MiB"),
    "a size without end": Mistake("bad-value", "server: {max_body: ⟪9999999999GiB⟫}", "at most"),
    "a drain without end": Mistake("bad-value", "server: {drain: ⟪9999h⟫}", "at most 24h"),
    "no streams at all": Mistake("bad-value", "server: {max_streams: ⟪0⟫}", "such as 1000"),
    "connections in words": Mistake("bad-value", "server: {max_connections: ⟪many⟫}", "`many`"),
    "no time at all": Mistake("bad-value", "providers: {ollama: {timeouts: {idle: ⟪0s⟫}}}", "`0s`"),
    "no time at all in a rule": Mistake(
        "bad-value", "rules: [{name: a, use: 'openai:x', timeouts: {total: ⟪0s⟫}}]", "`0s`"
    ),
    "no time at all by default": Mistake(
        "bad-value", "default: {use: 'openai:x', timeouts: {idle: ⟪0s⟫}}", "`0s`"
    ),
    "a rate without a time": Mistake(
        "bad-value",
        "providers: {ollama: {limits: {requests: ⟪60⟫}}}",
        "60/min, 5000/h or 1M/min, got the number `60`",
    ),
    "a rate of nothing": Mistake(
        "bad-value", "providers: {ollama: {limits: {tokens: ⟪0/min⟫}}}", "at least 1"
    ),
    "a rate in weeks": Mistake(
        "bad-value", "providers: {ollama: {limits: {tokens: ⟪1M/week⟫}}}", "5000/h"
    ),
    "nothing at once": Mistake(
        "bad-value", "providers: {ollama: {limits: {concurrency: ⟪0⟫}}}", "from 1"
    ),
    "a queue for nothing": Mistake(
        "bad-value", "providers: {ollama: {limits: ⟪{queue: 5}⟫}}", "at least one limit"
    ),
    "a wait of no time": Mistake(
        "bad-value", "providers: {ollama: {limits: {concurrency: 1, wait: ⟪0s⟫}}}", "`0s`"
    ),
    "a provider that is text": Mistake("bad-value", "providers: {openai: ⟪x⟫}", "got `x`"),
    "a mode misspelt": Mistake(
        "bad-value", "tool_correction: {mode: ⟪repiar⟫}", "report, repair or model", "`repair`"
    ),
    "a mode of a rule misspelt": Mistake(
        "bad-value",
        "rules: [{name: a, use: 'openai:x', correction: ⟪repot⟫}]",
        "rule `a`, `correction`: expected off, report, repair, model, or a mapping",
        "`report`",
    ),
    "a mode of a tool misspelt": Mistake(
        "bad-value", "tool_correction: {tools: {Edit: ⟪reprot⟫}}", "`tool_correction.tools.Edit`"
    ),
    "a correction misspelt": Mistake(
        "unknown-key", "tool_correction: {⟪qirks⟫: [clamp]}", "`qirks`", "did you mean `quirks`?"
    ),
    "a quirk of correction misspelt": Mistake(
        "bad-value", "tool_correction: {quirks: [⟪clmap⟫]}", "clamp, read-range", "`clamp`"
    ),
    "a channel misspelt": Mistake(
        "bad-value", "tool_correction: {text_calls: [⟪txt⟫]}", "text or reasoning", "`text`"
    ),
    "a channel without a list": Mistake(
        "bad-value", "providers: {vllm: {text_calls: ⟪text⟫}}", "off, or a list of text and"
    ),
    "an alias for a number": Mistake(
        "bad-value",
        "models: {'openai:x': {correction: {aliases: {Write: {path: ⟪1⟫}}}}}",
        "model `openai:x`, `correction.aliases.Write.path`: expected a name such as file_path",
    ),
    "a correction model that is none": Mistake(
        "unknown-provider",
        "tool_correction: {mode: model, model: ⟪opnai:x⟫}",
        "`tool_correction.model`",
        "`openai`",
    ),
    "a model for a call without end": Mistake(
        "bad-value",
        "tool_correction: {mode: model, model: 'openai:x', model_timeout: ⟪0s⟫}",
        "a duration such as 500ms",
    ),
    "no model to ask": Mistake(
        "no-correction-model",
        "rules: [{name: a, use: 'openai:x', correction: {tools: {Edit: ⟪model⟫}}}]",
        "rule `a`, `correction.tools.Edit`: no model is named that could be asked",
        "`model: provider:model`",
    ),
    "a model that nobody asks": Mistake(
        "unused-correction-model",
        "tool_correction: {⟪model⟫: 'openai:x'}",
        "nobody asks it",
        "`mode: model`",
        warning=True,
    ),
    "both find and pattern": Mistake(
        "bad-value",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {replace: [⟪{find: a, pattern: b, with: c}⟫]}}]}",
        "{find: text, with: text}",
    ),
    "a section that is text": Mistake("bad-value", "rules: ⟪all⟫", "expected a list of rules"),
    "a config that is a list": Mistake("bad-value", "⟪- a⟫", "got a list", whole=True),
    "a provider with a colon": Mistake(
        "bad-name", "providers: {⟪'a:b'⟫: {dialect: anthropic, base_url: 'http://a'}}", "letters"
    ),
    # -- names
    "a target without a model": Mistake("bad-target", "default: ⟪openai⟫", "got `openai`"),
    "a target with a space": Mistake("bad-target", "default: ⟪'openai: x'⟫", "`openai: x`"),
    "a model of nobody": Mistake("bad-target", "models: {⟪gpt⟫: {context: 1}}", "models: "),
    "a provider misspelt": Mistake(
        "unknown-provider", "default: ⟪opena:x⟫", "unknown provider `opena`", "`openai`?"
    ),
    "a transform misspelt": Mistake(
        "unknown-transform",
        "default: {use: 'openai:x', transforms: [⟪brif⟫]}\ntransforms: {brief: [{system: {append: a}}]}",
        "`brif`",
        "did you mean `brief`?",
    ),
    "no transforms": Mistake(
        "unknown-transform",
        "default: {use: 'openai:x', transforms: [⟪a⟫]}",
        "`a`",
        "no `transforms:`",
    ),
    "a transform for nobody": Mistake(
        "unused-transform",
        "transforms: {⟪a⟫: [{system: {append: b}}]}",
        "nothing uses it",
        warning=True,
    ),
    "two rules of one name": Mistake(
        "duplicate-rule",
        "rules:\n"
        "- {name: a, use: 'openai:x', when: {model: a}}\n"
        "- {name: ⟪a⟫, use: 'openai:x', when: {model: b}}",
        "line 2",
    ),
    "two keys of one name": Mistake(
        "duplicate-client-key",
        f"server: {{auth: {{keys: [{{name: a, hash: '{ONE}'}}, {{name: ⟪a⟫, hash: '{OTHER}'}}]}}}}",
        "line 1",
    ),
    # -- who may use it
    "a key and its hash": Mistake(
        "two-secrets", f"server: {{admin: {{key: '{LONG}', ⟪hash⟫: '{ONE}'}}}}", "one of them"
    ),
    "a name without a key": Mistake(
        "no-secret", "server: {auth: {keys: [⟪{name: a}⟫]}}", "neither", help="gateway key new"
    ),
    "a hash that is none": Mistake(
        "bad-value", "server: {admin: {hash: ⟪'sha256:12'⟫}}", "gateway key hash"
    ),
    "the hash of nothing": Mistake(
        "weak-key", f"server: {{admin: {{hash: ⟪'{access.hash_of('')}'⟫}}}}", "empty"
    ),
    "a key that can be guessed": Mistake(
        "weak-key", "server: {admin: {key: ⟪'${HOME}'⟫}}", "guessed", warning=True
    ),
    "one key of two names": Mistake(
        "duplicate-client-key",
        f"server: {{auth: {{keys: [{{name: a, hash: '{ONE}'}}]}}, admin: {{hash: ⟪'{ONE}'⟫}}}}",
        "the key of line 1 is the same",
    ),
    "a day that is none": Mistake("bad-value", in_key("expires: ⟪2027-02-30⟫"), "no such date"),
    "an expired key": Mistake(
        "expired-key", in_key("expires: ⟪2020-01-31⟫"), "expired", warning=True
    ),
    "a key for models of nobody": Mistake(
        "unknown-target", in_key("models: ['ollama:*', ⟪'opnai:*'⟫]"), help="`openai`"
    ),
    "a rule of nobody": Mistake("unknown-rule", in_key("rules: ⟪brief⟫"), help="no rules"),
    "a budget for nothing": Mistake("bad-value", in_key("budget: ⟪{per: day}⟫"), "tokens: 5M"),
    "a cost without prices": Mistake(
        "no-prices", in_key("budget: {⟪cost⟫: 5, per: day}"), "price", warning=True
    ),
    "any host": Mistake("any-host", "server: {hosts: ⟪'*'⟫}", "web page", warning=True),
    "a host with a port": Mistake("bad-value", "server: {hosts: ['a.lan', ⟪'b.lan:80'⟫]}", "port"),
    "an origin with a path": Mistake("bad-value", "server: {origins: ⟪'http://a/b'⟫}", "path"),
    "a socket for everybody": Mistake(
        "open-server", "server: {socket: {path: a.sock, mode: ⟪'666'⟫}}", "every user"
    ),
    "a rule after one for all": Mistake(
        "unreachable-rule",
        "rules: [{name: all, use: 'openai:x'}, {name: ⟪some⟫, use: 'openai:x', when: {model: a}}]",
        "rule `some`: never reached: rule `all` stands before it and always matches",
        warning=True,
    ),
    "a rule after a wider one": Mistake(
        "unreachable-rule",
        "rules: [{name: a, use: 'openai:x', when: {model: b}},"
        " {name: ⟪c⟫, use: 'openai:x', when: {model: b, thinking: true}}]",
        "whenever this one would",
        warning=True,
    ),
    "a rule after several that take all of it": Mistake(
        "unreachable-rule",
        "rules: [{name: a, use: 'openai:x', when: {tokens: {above: 10}}},"
        " {name: b, use: 'openai:x', when: {tokens: {below: 20}}},"
        " {name: ⟪c⟫, use: 'openai:x', when: {stream: true}}]",
        "(rule `a`, rule `b`) take everything",
        warning=True,
    ),
    "a rule that contradicts itself": Mistake(
        "contradiction",
        "rules: [{name: ⟪a⟫, use: 'openai:x', when: {model: gpt-5, not: {model: 'gpt*'}}}]",
        "no request can meet all its conditions at once",
        warning=True,
    ),
    "a rule for what its target cannot hold": Mistake(
        "incapable-target",
        "models: {'openai:x': {context: 8k}}\n"
        "rules: [{name: a, use: ⟪'openai:x'⟫, when: {tokens: {above: 9k}}}]",
        "holds 8000 tokens",
        "needs: auto",
        warning=True,
    ),
    "a rule for what its target cannot see": Mistake(
        "incapable-target",
        "models: {'openai:x': {images: false}}\n"
        "rules: [{name: a, use: ⟪'openai:x'⟫, when: {has: image}}]",
        "takes no images",
        warning=True,
    ),
    "a rule that goes nowhere": Mistake(
        "no-target", "rules: [{name: ⟪a⟫, when: {model: b}}]", "nothing of where requests go", "use"
    ),
    "several targets": Mistake(
        "several-targets",
        "rules: [{name: a, use: ⟪['openai:x', 'openai:y']⟫}]",
        "nothing says which of them",
        "needs: auto",
    ),
    "two ways to choose": Mistake(
        "use-and-weights",
        "rules: [{name: a, use: 'openai:x', ⟪weights⟫: {'openai:y': 1}}]",
        "both name targets",
    ),
    "a refusal with a target": Mistake(
        "refuse-and-use",
        "rules: [{name: a, use: 'openai:x', ⟪refuse⟫: not here}]",
        "refuses and names",
    ),
    "a rule that goes on and does not": Mistake(
        "continue-and-use",
        "rules: [{name: a, use: 'openai:x', ⟪continue⟫: true}]",
        "chooses no target",
    ),
    "a refusal that goes on": Mistake(
        "continue-and-refuse",
        "rules: [{name: a, refuse: 'no', ⟪continue⟫: true}]",
        "cannot refuse",
    ),
    "a time zone that is none": Mistake(
        "bad-value",
        "rules: [{name: a, use: 'openai:x', when: {time: ⟪{zone: Mars/Olympus}⟫}}]",
        "there is no time zone",
    ),
    # -- texts with a grammar of their own
    "a bad model pattern": Mistake(
        "bad-pattern",
        "rules: [{name: a, use: 'openai:x', when: {model: /gpt-*⟪*⟫(/}}]",
        "when.model",
    ),
    "a bad pattern in quotes": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        'transforms: {t: [{system: {remove: [a, "\\u0041\\\\s(b⟪"⟫]}}]}',
        "missing )",
    ),
    "a repeat of a repeat": Mistake(
        "nested-repeat",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {remove: [⟪^(a+)+$⟫]}}]}",
        "all the time there is",
        "one repeat is enough",
        warning=True,
    ),
    "a pattern of a section": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{sections: {tag: a, drop: true, matching: '⟪)⟫'}}]}",
        "matching",
    ),
    "a pattern of other proxies": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{systemMessageOverrides: {removePatterns: ['⟪)⟫']}}]}",
        "removePatterns[0]",
    ),
    "a pattern of a fact": Mistake(
        "slow-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{tools: {facts: {cwd: ⟪(?<=dir )b⟫}}}]}",
        "only the slow engine",
        warning=True,
    ),
    "a fact that nobody declared": Mistake(
        "bad-template",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {append: ⟪'In {{ cmd }}'⟫, facts: {cwd: a}}}]}",
        "no fact is called `cmd`; did you mean `cwd`?",
    ),
    "a template that is none": Mistake(
        "bad-template",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{toolDescriptions: {Bash: ⟪'{{ a'⟫}}]}",
        "unexpected end of template",
    ),
    "a template that cannot work": Mistake(
        "bad-template",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{tools: {describe: {Bash: {append: ⟪'{{ now.noon }}'⟫}}}}]}",
        "no attribute",
    ),
    "a clock at the beginning": Mistake(
        "cache-break",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {prepend: ⟪'It is {{ now }}.'⟫}}]}",
        "`now` changes with every request",
        "leave it out",
        warning=True,
    ),
    "an offer that grows": Mistake(
        "cache-break",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{tools: {deferred: ⟪referenced⟫}}]}",
        "the offer grows",
        warning=True,
    ),
    "reminders in the system prompt": Mistake(
        "cache-break",
        "providers: {openrouter: {quirks: {reminders: ⟪hoist⟫}}}",
        "changes the system prompt",
        "`user` leaves reminders",
        warning=True,
    ),
    "two tools of one name": Mistake(
        "bad-value",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{tools: ⟪{rename: {a: c, b: c}}⟫}]}",
        "two tools cannot get the same name",
    ),
    "a transform for everything, misspelt": Mistake(
        "unknown-transform",
        "apply: [⟪brif⟫]\ntransforms: {brief: [{system: {append: a}}]}",
        "no transform is called `brif`",
        "did you mean `brief`?",
    ),
    "a transform of a target, misspelt": Mistake(
        "unknown-transform",
        "models: {'openai:x': {transforms: [⟪brif⟫]}}\n"
        "transforms: {brief: [{system: {append: a}}]}",
        "no transform is called `brif`",
        "did you mean `brief`?",
    ),
    "a group that is not there": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {replace: [{pattern: (a), with: 'it''s ⟪\\2⟫'}]}}]}",
        "no group 2",
    ),
    "a pattern that explodes": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {remove: [⟪'((a{1000}){1000}){1000}'⟫]}}]}",
        "too large",
    ),
    "a pattern that no engine takes": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {remove: [⟪'{11s<'⟫]}}]}",
        "no engine",
    ),
    "a bad pattern to replace": Mistake(
        "bad-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {replace: [{pattern: '(a⟪'⟫, with: '\\9'}]}}]}",
        "missing )",
    ),
    "a number among patterns": Mistake(
        "bad-value",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {remove: [a, ⟪1⟫, b]}}]}",
        "a regular expression, got the number `1`",
    ),
    "a slow pattern": Mistake(
        "slow-pattern",
        "default: {use: 'openai:x', transforms: [t]}\n"
        "transforms: {t: [{system: {remove: [⟪(?<=a)b⟫]}}]}",
        "slow engine",
        warning=True,
    ),
    "an octal number": Mistake(
        "odd-number", "server: {port: ⟪012⟫}", "YAML reads `012` as 10", warning=True
    ),
    # -- what others can see and reach
    "an open port": Mistake(
        "open-server", "server: {host: ⟪0.0.0.0⟫}", "no client needs a key", "allow_unauthenticated"
    ),
    "an open server with an empty list of keys": Mistake(
        "open-server", "server: {host: ⟪0.0.0.0⟫, auth: {keys: []}}", "no client needs a key"
    ),
    "a key in the config": Mistake(
        "plain-secret",
        "providers: {openai: {api_key: ⟪abc⟫}}",
        "`api_key`",
        "${NAME}",
        warning=True,
    ),
    "a key as a default": Mistake(
        "plain-secret",
        "server: {auth: {keys: [{name: a, key: ⟪'${K:-the-key-of-the-laptop-4711}'⟫}]}}",
        "a key stands in the config itself",
        warning=True,
    ),
    "a key in a header": Mistake(
        "plain-secret", "providers: {openai: {headers: {X-Api-Key: ⟪abc⟫}}}", "header", warning=True
    ),
    "a key in a pool": Mistake(
        "plain-secret",
        "providers: {openai: {api_key: ['${HOME}', ⟪abc⟫]}}",
        "`api_key[1]`",
        "${NAME}",
        warning=True,
    ),
    "an unset key of a pool": Mistake(
        "unset-variable",
        "providers: {openai: {api_key: ['${HOME}', '⟪${KEY}⟫']}}",
        "KEY",
        ".env",
        warning=True,
    ),
    "a key twice in a pool": Mistake(
        "repeated-key",
        "providers: {openai: {api_key: ['${HOME}', ⟪'${HOME}'⟫]}}",
        "stands in the list already",
        warning=True,
    ),
    "a pool without keys": Mistake(
        "bad-value", "providers: {openai: {api_key: ⟪[]⟫}}", "a list of keys"
    ),
    # -- failover
    "a first cooldown over the longest": Mistake(
        "bad-value", "failover: {cooldown: ⟪10m⟫}", "the longest cooldown, 300 s", "doubling"
    ),
    "a longest cooldown under the first": Mistake(
        "bad-value", "failover: {cooldown: 1m, longest_cooldown: ⟪30s⟫}", "30 s, is shorter"
    ),
    "failures that count together for no time": Mistake(
        "bad-value", "failover: {window: ⟪0s⟫}", "at most 24h"
    ),
    "a wait of years": Mistake("bad-value", "failover: {longest_wait: ⟪99999h⟫}", "at most 24h"),
    "a share that multiplies a storm": Mistake(
        "bad-value", "failover: {retry_share: ⟪50%⟫}", "at most 20%"
    ),
    "circuits that open by themselves": Mistake(
        "bad-value", "failover: {failures: ⟪0⟫}", "from 1 to 100"
    ),
    "an address without a scheme": Mistake(
        "bad-url", "providers: {ollama: {base_url: ⟪'localhost:11434'⟫}}", "http:// or https://"
    ),
    "an address without a host": Mistake(
        "bad-url", "providers: {ollama: {base_url: ⟪'http://'⟫}}", "provider `ollama`"
    ),
    "an address with a bad port": Mistake(
        "bad-url", "providers: {ollama: {base_url: ⟪'http://a:b'⟫}}", "provider `ollama`"
    ),
    "a header name with a space": Mistake(
        "bad-header", "providers: {ollama: {headers: {⟪a b⟫: c}}}"
    ),
    "a header of two lines": Mistake(
        "bad-header", 'providers: {ollama: {headers: {a: ⟪"b\\nc"⟫}}}', "cannot carry"
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_found_at_its_place(mistake: Mistake) -> None:
    """One mistake is one finding, which points at it, names it and knows what to do."""
    text, [expected] = unmark(mistake.text)
    [found] = findings(text, HOME="/home/me")
    assert (found.code, spot(found)) == (mistake.code, expected)
    assert found.severity == ("warning" if mistake.warning else "error")
    assert mistake.says in found.message
    assert mistake.help in found.help


def test_every_code_has_its_mistake() -> None:
    """No finding that the package can make is missing from the table."""
    package = Path(gateway.config.__file__).parent
    text = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    made = re.findall(
        r'(?:error|warning|append|report|document, index,)\(?\(?\s*"([a-z]+(?:-[a-z]+)*)",', text
    )
    made += [code for code, *_ in abilities.TOGETHER]
    uniqueness = re.findall(r'"(duplicate-[a-z-]+)"', text)
    made += re.findall(r'_refuse\(positions, path, "([a-z-]+)"', text)
    told = "".join(
        path.read_text("utf-8") for path in (Path(__file__).parent / "err").glob("*.txt")
    )
    golden = re.findall(r"(?:error|warning)\[([a-z-]+)\]", told)
    elsewhere = {"readable-keys", "bad-env-line", "unknown-overlay", "bad-file", "missing-package"}
    elsewhere |= {"bad-key-line"}
    seen = {*(mistake.code for mistake in MISTAKES.values()), *golden, *elsewhere}
    assert seen == {*made, *uniqueness}


def test_any_condition_can_refuse_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a condition says of a pattern is a finding, also if the checks know nothing of it."""

    def refuse(value: object, edits: object) -> Formula:
        raise BadPattern("no such path", 1)

    condition = replace(CONDITIONS["path_prefix"], parse=refuse)
    monkeypatch.setitem(cast(dict[str, Condition], CONDITIONS), "path_prefix", condition)
    rule = "rules: [{name: a, use: 'mock:x', when: {path_prefix: ⟪/b⟫}}]\ndefault: mock:x"
    text, [expected] = unmark(rule)
    [found] = findings(text)
    assert (found.code, spot(found)) == ("bad-pattern", expected)
    assert found.message == "rule `a`, `when.path_prefix`: no such path"


TEN = """\
version: ⟪two⟫
⟪sever⟫: {}
server: {port: ⟪http⟫}
providers:
  openai: {auth: ⟪barer⟫}
  lab: {dialect: openai-chat, base_url: ⟪lab:8000⟫}
models: {"openai:gpt-5": {context: ⟪lots⟫}}
rules:
  - {name: long, when: {tokens: {⟪abvoe⟫: 60k}}, use: openai:gpt-5}
  - {name: small, when: {model: "/[a-⟪/⟫"}, use: openai:gpt-5, transforms: [brief]}
  - {name: other, when: {model: "*opus*"}, use: ⟪opena:gpt-5⟫, transforms: [⟪breif⟫]}
default: openai:gpt-5
transforms: {brief: [{system: {append: Be brief.}}]}
"""


def test_ten_mistakes_are_ten_findings() -> None:
    """All of them at once, in the order of the text, each at its line and column, and nothing else."""
    text, spots = unmark(TEN)
    found = findings(text)
    assert len(found) == 10
    assert [spot(finding) for finding in found] == spots
    assert loaded(text).snapshot is None


SOUND = {
    "the shortest": "default: openai:gpt-5",
    "a default with parts": "default: {use: 'openai:x', transforms: []}",
    "sections without lines": "rules:\nproviders:\nmodels:\ntransforms:\nserver:\ndefault: mock:x",
    "correction by a bare off": "default: mock:x\ntool_correction: {mode: off}",
    "an anchor and a merge": (
        "providers:\n  a: &a {dialect: openai-chat, base_url: 'http://a'}\n"
        "  b: {<<: *a, base_url: 'http://b'}\ndefault: b:x"
    ),
    "a port from the environment": "server: {port: '${PORT}'}\ndefault: mock:x",
    "a variable with a default": "default: '${TARGET:-mock:x}'",
    "a reference that is none": (
        "default: {use: 'mock:x', transforms: [t]}\n"
        "transforms: {t: [{system: {append: '$${HOME}'}}]}"
    ),
    "an open port with keys": (
        "server: {host: 0.0.0.0, auth: {keys: [{name: a, hash: '" + ONE + "'}]}}\ndefault: mock:x"
    ),
    "an open port in so many words": (
        "server: {host: 0.0.0.0, allow_unauthenticated: yes}\ndefault: mock:x"
    ),
    "a glob that looks like a pattern": (
        "rules: [{name: a, when: {model: '[a{9999}'}, use: 'mock:x'}]\ndefault: mock:x"
    ),
    "a count as a float": "models: {'openai:x': {context: 1.0e+6}}\ndefault: mock:x",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=list(SOUND))
def test_what_is_sound_has_no_findings(text: str) -> None:
    """The checks are silent where there is nothing to say."""
    assert findings(text, PORT="8080", KEY="abc") == ()
    assert loaded(text, PORT="8080", KEY="abc").snapshot is not None


def test_an_open_server_is_told_beside_other_mistakes() -> None:
    """A mistake somewhere in a section does not hide that the section opens the port."""
    loaded = load("server: {host: 0.0.0.0, prot: 1}\ndefault: mock:x", file="c", environment={})
    assert [finding.code for finding in loaded.findings] == ["open-server", "unknown-key"]


def test_a_default_without_a_value_is_told_at_its_place() -> None:
    """Where the person began to write it, not at the top of the file."""
    loaded = load("rules: []\ndefault:\n", file="c", environment={})
    assert [(f.line, f.column, f.code) for f in loaded.findings] == [(2, 1, "bad-value")]
