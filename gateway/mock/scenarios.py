"""The table of what goes wrong. No IO.

What a client gets is the same for every wire format, but for what `tests/faults` names.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.mock import plays, said
from gateway.mock.plays import MARK
from gateway.mock.scenario import (
    AT_END,
    BEFORE,
    BROKEN,
    CALM,
    CONTENT,
    SILENT,
    TOLD,
    WITHIN,
    Scenario,
)
from gateway.mock.scene import End


def _refusals() -> list[Scenario]:
    found = []
    for status, gets in TOLD.items():
        plain, waits = plays.refuses(status, waits=False), plays.refuses(status, waits=True)
        told = f"It refuses with {status}"
        found.append(Scenario(str(status), BEFORE, f"{told}.", plain, gets, gets))
        words = f"{told} and says in `retry-after` when to come again."
        found.append(Scenario(f"{status}-retry-after", BEFORE, words, waits, gets, gets))
    return found


_BEFORE = [
    Scenario(
        "overflow",
        BEFORE,
        "It refuses a prompt that is too long for it.",
        plays.overflow,
        TOLD[400],
        TOLD[400],
    ),
    Scenario(
        "huge-error",
        BEFORE,
        "It refuses with 500 and a body of a megabyte.",
        plays.huge_error,
        TOLD[500],
        TOLD[500],
    ),
    Scenario(
        "key-in-error",
        BEFORE,
        "It refuses with 401 and repeats the key it was shown.",
        plays.key_in_error,
        TOLD[401],
        TOLD[401],
    ),
    Scenario(
        "html-502",
        BEFORE,
        "A proxy in front of it answers 502 with a web page.",
        plays.page(502),
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "html-200",
        BEFORE,
        "Something else answers 200 with a web page.",
        plays.page(200),
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "redirect",
        BEFORE,
        "It answers 307 and names another place.",
        plays.redirect,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "no-content", BEFORE, "It answers 204, without a body.", plays.no_content, BROKEN, BROKEN
    ),
    Scenario(
        "empty-body", BEFORE, "It answers 200 with no bytes.", plays.empty_body, BROKEN, BROKEN
    ),
    Scenario(
        "close-before-answer",
        BEFORE,
        "The connection is closed without a byte.",
        plays.close_before_answer,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "reset-before-answer",
        BEFORE,
        "The connection is reset without a byte.",
        plays.reset_before_answer,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "silence-before-headers",
        BEFORE,
        "Nothing is said for `--silence`.",
        plays.silence_before_headers,
        SILENT,
        SILENT,
    ),
    Scenario(
        "slow-headers",
        BEFORE,
        "Status and headers come byte by byte, one in `--drip`.",
        plays.slow_headers,
    ),
    Scenario(
        "half-headers",
        BEFORE,
        "The connection is closed within the headers.",
        plays.half_headers,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "huge-headers",
        BEFORE,
        "A header of a megabyte.",
        plays.huge_headers,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "not-http",
        BEFORE,
        "What answers does not speak HTTP.",
        plays.not_http,
        BROKEN,
        BROKEN,
    ),
    Scenario("early-hints", BEFORE, "A status 103 comes first.", plays.interim),
    Scenario(
        "silence-before-first-event",
        BEFORE,
        "Status and headers come, then nothing for `--silence`.",
        plays.silence_before_first_event,
        SILENT,
        SILENT,
    ),
    Scenario(
        "close-after-headers",
        BEFORE,
        "The connection is closed after the headers.",
        plays.ends_after_headers(End.CLOSE),
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "reset-after-headers",
        BEFORE,
        "The connection is reset after the headers.",
        plays.ends_after_headers(End.RESET),
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "error-first",
        BEFORE,
        "The answer begins as a success and holds an error only.",
        plays.error_first,
        TOLD[500],
        TOLD[500],
    ),
]

_WITHIN = [
    Scenario(
        "cut-mid-stream",
        WITHIN,
        "The connection is closed in the middle.",
        plays.cut(End.CLOSE),
        BROKEN,
        "cut",
    ),
    Scenario(
        "reset-mid-stream",
        WITHIN,
        "The connection is reset in the middle.",
        plays.cut(End.RESET),
        BROKEN,
        "cut",
    ),
    Scenario(
        "silence-mid-stream",
        WITHIN,
        "Nothing is said for `--silence` in the middle.",
        plays.silence_mid_stream,
        SILENT,
        "cut",
    ),
    Scenario(
        "half-chunk",
        WITHIN,
        "The connection is closed within a chunk.",
        plays.half_chunk,
        BROKEN,
        "cut",
    ),
    Scenario("bad-chunk", WITHIN, "A chunk's size is no number.", plays.bad_chunk, BROKEN, "cut"),
    Scenario(
        "half-event",
        WITHIN,
        "The body ends in order, in the middle of an event.",
        plays.half_event,
        BROKEN,
        "cut",
    ),
    Scenario(
        "close-delimited-cut",
        WITHIN,
        "The connection is closed in the middle of a body without a length.",
        plays.until_close(complete=False),
        BROKEN,
        "cut",
    ),
    Scenario(
        "error-mid-stream",
        WITHIN,
        "An error object in the middle of the answer.",
        plays.error_mid_stream,
        TOLD[500],
        "error event",
    ),
    Scenario(
        "invalid-json",
        WITHIN,
        "An event whose JSON lacks its end.",
        plays.invalid_json,
        BROKEN,
        "cut",
    ),
    Scenario(
        "invalid-utf8",
        WITHIN,
        "Bytes that are no text in the middle of a word.",
        plays.invalid_utf8,
        BROKEN,
        "cut",
        says=said.but(text=said.TEXT + f" {MARK} "),
    ),
    Scenario(
        "long-line",
        WITHIN,
        "An event of a megabyte.",
        plays.well,
        says=said.but(text="All work and no play. " * 45_000, grain=1_000_000),
    ),
    Scenario(
        "slow-drip",
        WITHIN,
        "The answer comes byte by byte, one in `--drip`.",
        plays.slow_drip,
    ),
    Scenario("comments", WITHIN, "Comments and pings between the events.", plays.comments),
    Scenario("crlf", WITHIN, "Lines end in CR LF.", plays.crlf),
]

_AT_END = [
    Scenario(
        "no-finish",
        AT_END,
        "The body ends in order, and nothing says that the answer is complete.",
        plays.no_finish,
        BROKEN,
        "cut",
    ),
    Scenario(
        "duplicate-finish",
        AT_END,
        "It is said twice that the answer is complete.",
        plays.duplicate_finish,
    ),
    Scenario(
        "data-after-end",
        AT_END,
        "More data follows the end of the answer.",
        plays.data_after_end,
        BROKEN,
    ),
    Scenario(
        "never-closes",
        AT_END,
        "The answer is complete, the end of the body does not come.",
        plays.never_closes,
        SILENT,
    ),
    Scenario(
        "length-too-long",
        AT_END,
        "The body is shorter than its content-length.",
        plays.wrong_length(100),
        BROKEN,
    ),
    Scenario(
        "length-too-short",
        AT_END,
        "The body is longer than its content-length.",
        plays.wrong_length(-500),
        BROKEN,
        "cut",
    ),
    Scenario(
        "close-delimited",
        AT_END,
        "The body ends where the connection is closed, as in HTTP/1.0.",
        plays.until_close(complete=True),
    ),
    Scenario(
        "gzip",
        AT_END,
        "The body is compressed, although nobody asked for it.",
        plays.zipped,
        BROKEN,
        BROKEN,
    ),
    Scenario(
        "wrong-content-type", AT_END, "A sound answer is called text/plain.", plays.wrong_type
    ),
    Scenario(
        "other-form",
        AT_END,
        "One piece where a stream was asked for, a stream where one piece was.",
        plays.other_form,
    ),
]

_CONTENT = [
    Scenario(
        "packed-tools",
        CONTENT,
        "Two tool calls in one piece.",
        plays.well,
        says=said.two_calls("packed"),
    ),
    Scenario(
        "interleaved-tools",
        CONTENT,
        "Two tool calls whose arguments come by turns.",
        plays.well,
        says=said.two_calls("interleaved"),
    ),
    Scenario(
        "broken-arguments",
        CONTENT,
        "A tool call whose arguments are no JSON: single quotes, a comma too many.",
        plays.well,
        says=said.one_call("{'file_path': 'mock',}"),
    ),
    Scenario(
        "half-arguments",
        CONTENT,
        "A tool call that the limit of tokens cuts short.",
        plays.well,
        says=said.one_call('{"file_pa', stop="length"),
    ),
    Scenario(
        "length",
        CONTENT,
        "The limit of tokens cuts the text short.",
        plays.well,
        says=said.but(stop="length"),
    ),
    Scenario(
        "no-words", CONTENT, "An answer that says nothing.", plays.well, says=said.but(text="")
    ),
    Scenario(
        "no-usage",
        CONTENT,
        "Nothing is said of tokens.",
        plays.well,
        says=said.but(tells_usage=False),
    ),
]

OK = Scenario("ok", CALM, "Nothing goes wrong.", plays.well)

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (OK, *_refusals(), *_BEFORE, *_WITHIN, *_AT_END, *_CONTENT)
}
"""By name, in the order of the documents."""
