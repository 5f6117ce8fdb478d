"""The one place that takes secrets out of what is shown: logs, errors, pages, records, commands. No IO.

Two kinds are found. What the gateway was told is secret (`Redactor.know`) is found in every form in which
it may be written: as it is, escaped for JSON, for a URL or by Python, in base64, and masked, as providers
repeat a key that they refuse (`sk-...abcd`). What nobody told it is found by its shape: keys of known
makers, tokens, passwords in URLs, values of headers and parameters that are named like secrets.

What a model says and what a person asks is not for this module: it goes through as it is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import re2

from gateway import json_text

BLOT = "[secret]"
"""What stands in place of a secret."""

SHORTEST_SECRET = 6
"""Characters. Shorter texts are not taken out by value: they would take half of the text with them."""

MOST_SECRETS = 500
"""Secrets that are remembered, the last ones: a key that changes each hour is known for weeks."""

LARGEST_PROGRAM = 64 * 1024 * 1024
"""Bytes of memory that looking for all of them may take."""

NO_SECRETS = frozenset(
    {
        *("anything", "api-key", "apikey", "changeme", "default", "dummy", "dummy-key", "dummykey"),
        *("empty", "example", "ignored", "llama.cpp", "llamacpp", "lm-studio", "lmstudio", "local"),
        *("no-key", "no-key-needed", "nokey", "none", "not-needed", "not-required", "nothing"),
        *("ollama", "password", "placeholder", "secret", "unused", "whatever", "your-api-key"),
    }
)
"""What people write where a server asks for a key and looks at none; as words they are in every log."""

# -- shapes ------------------------------------------------------------------------------------------
# Each is found in one pass: a shape begins where no letter or digit stands before it, takes all that can
# belong to it, and never gives any back.

_ESCAPE = r"(?<=\\[bfnrt]) | (?<=\\u[0-9a-fA-F]{4}) | (?<=[0-9]m)"
"""After a line break as JSON writes it, and after a colour as terminals read it."""

_START = rf"(?: (?<![A-Za-z0-9]) | {_ESCAPE} )"
_RANDOM = r"(?: (?=[A-Za-z_-]*+[0-9]) [A-Za-z0-9_-]{4,}+ | [A-Za-z0-9_-]{16,}+ )"
_MAKERS = rf"""
    (?: (?:sk|pk|rk|csk)[-_] {_RANDOM}
      | (?:gsk_|nvapi-|pplx-|fw_|glpat-|npm_|github_pat_|gh[oprsu]_|tgp_v1_|AIza|xox[abeoprs]-)
        [A-Za-z0-9_-]{{10,}}+
      | (?:xai-|hf_|r8_) [A-Za-z0-9]{{16,}}+
      | ya29\.[A-Za-z0-9._-]{{10,}}+
      | (?:AKIA|ASIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])
      | gw-[0-9a-f]{{32,}}+
    )
    """
_BEARER = r"(?: (?=[A-Za-z._~+/=-]*+[0-9]) [A-Za-z0-9._~+/=-]{8,}+ | [A-Za-z0-9._~+/=-]{20,}+ )"
_VALUE = r"""(?: (?=[^\s"'&,;<>{}()$\\0-9]*+[0-9]) [^\s"'&,;<>{}()$\\]{6,}+ | [^\s"'&,;<>{}()$\\]{20,}+ )"""
_GAP = r"""(?: \\*["']? \s*+ [:=] | \\*["'] \s*+ , ) \s*+ b? \\*["']?"""
"""Between a name and its value, in the ways of headers, JSON, YAML and Python."""

MAKERS = re.compile(rf"(?x) {_START} {_MAKERS}", re.ASCII)
"""Keys by how their makers write them."""

USERINFO = re.compile(r"""(?x) : (?:\\?/){2} ( [^\s/@"'<>\\?\#]++ ) @""", re.ASCII)
"""Name and password of a URL, or the token that some write there; the group is what to hide."""

_SHAPES = re.compile(
    rf"""(?xs)
    {_START} {_MAKERS}
    | {_START} (?i:bearer|basic) (?:\s|%20)++ ( {_BEARER} )
    | (?: (?<![A-Za-z0-9_-]) | {_ESCAPE} )
      ( eyJ[A-Za-z0-9_-]{{5,}}+ \.eyJ[A-Za-z0-9_-]*+ (?:\.[A-Za-z0-9_-]*+)? )
    | : (?:\\?/){{2}} ( [^\s/@"'<>\\?\#]++ ) @
    | [?&;] (?i: key|api[-_]?key|(?:access[-_]|auth[-_])?token|auth|sig|signature|password|secret )
      = ( [^\s&\#"'<>\\]{{3,}}+ )
    | {_START} (?i: api[-_]?key|(?:proxy-)?authorization|passw(?:or)?d|private[-_]key
      | (?:access|refresh|auth|id)[-_]token|(?:client[-_])?secret(?:[-_](?:access[-_])?key)? )
      {_GAP} (?i: (?:bearer|basic|token) \s++ )? ( {_VALUE} )
    | {_START} (?i: (?:set-)?cookie ) {_GAP} ( [^"'\r\n\\=]{{1,100}}+ = [^"'\r\n\\]++ )
    | -----BEGIN[ ][A-Z0-9 ]{{0,40}}+(?<=PRIVATE[ ]KEY)-----
      ( .*? ) (?= -----END | \\{{0,4}}["'] | \Z )
    """,
    re.ASCII,
)
"""The group that matched is what to hide; without one it is all of it."""

HINTS = (
    *("sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "nvapi-", "pplx-", "fw_", "glpat-", "npm_", "aiza"),
    *(
        "github_pat_",
        "gho_",
        "ghp_",
        "ghr_",
        "ghs_",
        "ghu_",
        "tgp_v1_",
        "xox",
        "xai-",
        "hf_",
        "r8_",
    ),
    *(
        "ya29.",
        "akia",
        "asia",
        "gw-",
        "bearer",
        "basic",
        "eyj",
        "@",
        "key=",
        "token=",
        "auth=",
        "sig=",
    ),
    *(
        "signature=",
        "password",
        "passwd",
        "secret",
        "api-key",
        "api_key",
        "apikey",
        "authorization",
    ),
    *("private-key", "private_key", "private key", "cookie", "access-token", "access_token"),
    *("refresh-token", "refresh_token", "auth-token", "auth_token", "id-token", "id_token"),
    *("**", "...", "\N{HORIZONTAL ELLIPSIS}", "\N{BULLET}\N{BULLET}"),
)
"""One of these stands in every text that holds a shape, in lower case. Looking for words is fast."""

_MASKED = re.compile(
    r"(?<![A-Za-z0-9_-]) ([A-Za-z0-9_-]*+)"
    "(?: [*\N{BULLET}]{2,}+ | [.]{3,}+ | \N{HORIZONTAL ELLIPSIS}++ ) ([A-Za-z0-9_-]*+)",
    re.ASCII | re.VERBOSE,
)
_MAKER = re.compile(r"(?:sk|pk|rk|csk|gsk|nvapi|xai|hf|fw|pplx)[-_]|AIza", re.ASCII)
MASKED_ENDS = 3
"""Characters of the beginning or the end of a secret by which its masked form is known."""


class Redactor:
    """Takes secrets out of texts. What was once secret stays so: old keys may still be in flight."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._forms: tuple[str, ...] = ()
        self.lessons = 0
        """How often something became known: what was clean before may be none now."""
        self._suspect = _any_of(self._forms).search

    def know(self, secrets: Iterable[str]) -> None:
        """Adds secrets."""
        fresh = {s for s in secrets if len(s) >= SHORTEST_SECRET and s.lower() not in NO_SECRETS}
        if not fresh - self._known.keys():
            return
        known = {**self._known, **{secret: forms_of(secret) for secret in sorted(fresh)}}
        self._known = dict(list(known.items())[-MOST_SECRETS:])
        forms = {form for forms in self._known.values() for form in forms}
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._suspect = _any_of(self._forms).search
        self.lessons += 1

    def is_clean(self, text: str | bytes) -> bool:
        """Nothing in the text can be a secret. False says only that a closer look is due."""
        try:
            data = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError:  # half of a character, which the fast engine does not take
            return False
        return self._suspect(data) is None

    def redact(self, text: str) -> str:
        """The text without secrets; the same object where it holds none."""
        if self.is_clean(text):
            return text
        pieces = text.split(BLOT)
        for form in self._forms:
            if form in text:
                pieces = [part for piece in pieces for part in piece.split(form)]
        pieces = [part for piece in pieces for part in self._without_shapes(piece)]
        return BLOT.join(pieces) if len(pieces) > 1 else text

    def redact_bytes(self, data: bytes) -> bytes:
        """The same for a text in UTF-8, whatever else stands in it."""
        if self._suspect(data) is None:
            return data
        text = data.decode("utf-8", "surrogateescape")
        redacted = self.redact(text)
        return data if redacted is text else redacted.encode("utf-8", "surrogateescape")

    def redact_value(self, value: Any) -> Any:
        """The same for every text of a value that JSON can write."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            redacted = self.redact_value
            return {redacted(name): redacted(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_value(item) for item in value]
        return value

    def _without_shapes(self, text: str) -> list[str]:
        """What is left of a text between what looks like a secret."""
        return [
            piece
            for part in _cut(text, shapes_in(text))
            for piece in _cut(part, (m.span() for m in _MASKED.finditer(part) if self._is_key(m)))
        ]

    def _is_key(self, masked: re.Match[str]) -> bool:
        """The ends of what is masked are those of a key."""
        head, tail = masked.groups()
        if tail and _MAKER.match(head):
            return True
        starts, ends = len(head) >= MASKED_ENDS, len(tail) >= MASKED_ENDS
        return any(
            (starts and known.startswith(head)) or (ends and known.endswith(tail))
            for known in self._known
        )


def _any_of(forms: Iterable[str]) -> Any:
    """Finds a form or a hint in time linear in the text, however many there are."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LARGEST_PROGRAM
    hints = "|".join(map(re2.escape, HINTS))
    words = [re2.escape(form) for form in forms if not _BROKEN.search(form)]
    return re2.compile("|".join([*words, f"(?i:{hints})"]), options)


_BROKEN = re.compile("[\ud800-\udfff]")
"""Half of a character. The fast engine takes no text with one, so `is_clean` is never true of it."""


def shapes_in(text: str) -> Iterator[tuple[int, int]]:
    """Where something looks like a secret: beginning and end of each."""
    return (found.span(found.lastindex or 0) for found in _SHAPES.finditer(text))


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> list[str]:
    """What is left of a text without these parts."""
    pieces, at = [], 0
    for start, end in spans:
        if start < end:
            pieces.append(text[at:start])
            at = end
    pieces.append(text[at:])
    return pieces


def forms_of(secret: str) -> tuple[str, ...]:
    """How a secret may stand in a text: each form once, itself first."""
    escaped = _in_json(secret)
    forms = [secret, escaped, _in_json(escaped), _in_ascii(escaped), repr(secret)[1:-1]]
    forms += [quote(secret, safe=safe, errors="replace") for safe in ("", "/", "/:@!$&'()*+,;=")]
    forms += [quote_plus(secret, errors="replace")]
    forms += [re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in forms[-4:]]
    forms += _in_base64(secret.encode("utf-8", "surrogatepass"))
    return tuple(dict.fromkeys(form for form in forms if len(form) >= SHORTEST_SECRET))


def _in_json(text: str) -> str:
    """The text as it stands between quotes."""
    try:
        return json_text.encode_text(text)[1:-1]
    except (UnicodeEncodeError, json_text.NotJSON):
        return text


def _in_ascii(escaped: str) -> str:
    """The same as writers of ASCII have it."""
    raw = escaped.encode("utf-16-be", "surrogatepass")
    units = (int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2))
    return "".join(chr(unit) if unit < 127 else f"\\u{unit:04x}" for unit in units)


def _in_base64(secret: bytes) -> list[str]:
    """What of the secret stands whole in base64, wherever in the encoded bytes it begins."""
    forms = []
    for before in range(3):
        encoded = b64encode(b"\0" * before + secret).decode("ascii")
        first = (0, 2, 3)[before]
        last = (before + len(secret)) * 8 // 6
        whole = encoded[first:last]
        forms += [whole, whole.translate(_URL_SAFE)]
    return forms


_URL_SAFE = str.maketrans("+/", "-_")

redactor = Redactor()
"""The one of this process: whoever shows something asks it, whoever takes in a config tells it."""
