"""What goes wrong, as scripts: each takes a scene and gives the acts that are played. No IO."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from gateway import json_text
from gateway.mock import http1
from gateway.mock.scene import JSON_TYPE, End, Scene, Script

Play = Callable[[Scene], Script]

PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>It works.</body></html>\n"
MARK = "\u241f"
"""Stands in a text where a scenario writes other bytes."""


def well(scene: Scene) -> Script:
    """As it should be."""
    yield from scene.complete(scene.all)


# -- before an answer ----------------------------------------------------------------------------------


def refuses(status: int, *, waits: bool) -> Play:
    """Answers with an error, which names a time to wait if it `waits`."""

    def play(scene: Scene) -> Script:
        headers = {"retry_after": str(scene.knobs.retry_after)} if waits else {}
        yield scene.refusal(status, f"The mock refuses with {status}.", **headers)

    return play


def overflow(scene: Scene) -> Script:
    """The prompt is too long, in words that every client knows."""
    yield scene.refusal(
        400, "This model's maximum context length is 8192 tokens; your prompt has more."
    )


def huge_error(scene: Scene) -> Script:
    """An error as long as a book."""
    yield scene.refusal(500, "The mock goes on and on. " * (scene.knobs.large // 25))


def key_in_error(scene: Scene) -> Script:
    """The error repeats the credential."""
    yield scene.refusal(401, f"Incorrect API key provided: {scene.key or 'none'}.")


def close_before_answer(_scene: Scene) -> Script:
    """Not one byte, and an end in order."""
    yield End.CLOSE


def reset_before_answer(_scene: Scene) -> Script:
    """Not one byte, and a reset."""
    yield End.RESET


def silence_before_headers(scene: Scene) -> Script:
    """Silence, then an answer."""
    yield scene.knobs.silence
    yield from well(scene)


def slow_headers(scene: Scene) -> Script:
    """The headers come byte by byte, the rest as usual."""
    opening, *rest = scene.complete(scene.all)
    yield from dripping(bytewise(opening), scene.knobs.drip)
    yield from rest


def half_headers(scene: Scene) -> Script:
    """The connection ends within the headers."""
    opening = scene.opening()
    yield opening[: len(opening) // 2]
    yield End.CLOSE


def huge_headers(scene: Scene) -> Script:
    """A header as long as a book."""
    yield from scene.complete(scene.all, x_filler="x" * scene.knobs.large)


def not_http(_scene: Scene) -> Script:
    """Another protocol."""
    yield b"SSH-2.0-OpenSSH_9.2\r\n"
    yield End.CLOSE


def redirect(_scene: Scene) -> Script:
    """Go elsewhere."""
    yield http1.whole(307, b"", {"location": "http://127.0.0.1:9/elsewhere"})


def no_content(_scene: Scene) -> Script:
    """A success without a body."""
    yield http1.head(204, {})


def page(status: int) -> Play:
    """Answers with a web page."""

    def play(_scene: Scene) -> Script:
        yield http1.whole(status, PAGE, {"content-type": "text/html"})

    return play


def empty_body(scene: Scene) -> Script:
    """A success of no bytes."""
    yield scene.opening(0)


def interim(scene: Scene) -> Script:
    """A status in between, then the answer."""
    yield http1.head(103, {"link": "</style.css>; rel=preload"})
    yield from well(scene)


# -- before the first event ----------------------------------------------------------------------------


def ends_after_headers(end: End) -> Play:
    """Status and headers, then the connection ends."""

    def play(scene: Scene) -> Script:
        yield from scene.begun([])
        yield end

    return play


def silence_before_first_event(scene: Scene) -> Script:
    """Status and headers, then silence."""
    opening, *rest = scene.complete(scene.all)
    yield opening
    yield scene.knobs.silence
    yield from rest


def error_first(scene: Scene) -> Script:
    """An error object, where a success was announced."""
    if scene.streams:
        yield from scene.complete([scene.wire.failure(500, "The mock gives up.")])
    else:
        error = json_text.encode(scene.wire.refusal(500, "The mock gives up."))
        yield from scene.complete([error])


# -- within the answer ---------------------------------------------------------------------------------


def cut(end: End) -> Play:
    """The connection ends in the middle."""

    def play(scene: Scene) -> Script:
        yield from scene.begun(scene.first)
        yield scene.knobs.beat
        yield end

    return play


def silence_mid_stream(scene: Scene) -> Script:
    """Silence in the middle."""
    late = [*scene.second, *scene.finish]
    yield from apart(scene, scene.first, late, pause=scene.knobs.silence)


def apart(
    scene: Scene, early: list[bytes], late: list[bytes], *, pause: float | None = None
) -> Script:
    """An answer that ends in order, some of whose pieces come after a pause: a beat if none is said."""
    opening, *framed = scene.complete([*early, *late])
    yield opening
    yield from framed[: len(early)]
    yield scene.knobs.beat if pause is None else pause
    yield from framed[len(early) :]


def slow_drip(scene: Scene) -> Script:
    """Everything byte by byte, each in a chunk of its own where it is a stream."""
    opening, *rest = scene.begun(bytewise(b"".join(scene.all)))
    yield opening
    yield from dripping(rest, scene.knobs.drip)
    if scene.streams:
        yield http1.LAST


def half_chunk(scene: Scene) -> Script:
    """A chunk that is announced, and half of it."""
    piece = b"".join(scene.second)
    yield scene.opening()
    yield from map(http1.chunk, scene.first)
    yield scene.knobs.beat
    yield http1.chunk(piece)[: len(piece) // 2]
    yield End.CLOSE


def bad_chunk(scene: Scene) -> Script:
    """A chunk whose size is no number."""
    yield scene.opening()
    yield from map(http1.chunk, scene.first)
    yield scene.knobs.beat
    yield b"many\r\n"
    yield from map(http1.chunk, scene.second)


def half_event(scene: Scene) -> Script:
    """An end in order, in the middle of a piece."""
    half = scene.second[0]
    yield from apart(scene, scene.first, [half[: len(half) // 2]])


def no_finish(scene: Scene) -> Script:
    """An end in order, without a word that the answer is complete."""
    rest = scene.second if scene.streams else []
    yield from scene.complete([*scene.first, *rest])


def invalid_utf8(scene: Scene) -> Script:
    """Bytes that are no text."""
    pieces = [piece.replace(MARK.encode(), b"\xff\xfe") for piece in scene.all]
    half = len(scene.first)
    yield from apart(scene, pieces[:half], pieces[half:])


def invalid_json(scene: Scene) -> Script:
    """A piece whose last brace is missing."""
    first, (spoilt, *rest) = scene.first, scene.second
    head, _, tail = spoilt.rpartition(b"}")
    yield from apart(scene, first, [head + tail, *rest, *scene.finish])


def error_mid_stream(scene: Scene) -> Script:
    """An error object in the middle, and an end in order."""
    if not scene.streams:
        yield from error_first(scene)
    else:
        yield from apart(scene, scene.first, [scene.wire.failure(500, "The mock gives up.")])


def comments(scene: Scene) -> Script:
    """Pieces that mean nothing, between all others."""
    noisy = [one for piece in scene.all for one in (scene.wire.comment, piece)]
    yield from scene.complete(noisy if scene.streams else scene.all)


def crlf(scene: Scene) -> Script:
    """Lines that end as in a letter."""
    pieces = [piece.replace(b"\n", b"\r\n") for piece in scene.all]
    yield from scene.complete(pieces if scene.streams else scene.all)


# -- at its end, and around it ---------------------------------------------------------------------------


def duplicate_finish(scene: Scene) -> Script:
    """It is said twice that the answer is complete."""
    yield from scene.complete([*scene.all, *scene.finish])


def data_after_end(scene: Scene) -> Script:
    """More, after the end."""
    more = scene.first if scene.streams else [b'\n{"and": "more"}']
    yield from scene.complete([*scene.all, *more])


def never_closes(scene: Scene) -> Script:
    """Everything is said, and the connection stays open without the end of the body."""
    yield scene.opening()
    yield from map(http1.chunk, scene.all)
    yield scene.knobs.silence
    yield End.CLOSE


def wrong_length(by: int) -> Play:
    """A content-length that is too long or too short by some bytes."""

    def play(scene: Scene) -> Script:
        body = b"".join(scene.all)
        yield scene.opening(max(1, len(body) + by))
        yield body[: len(body) // 2]
        yield scene.knobs.beat
        yield body[len(body) // 2 :]
        yield End.CLOSE

    return play


def until_close(*, complete: bool) -> Play:
    """A body that ends where the connection ends, as in HTTP/1.0."""

    def play(scene: Scene) -> Script:
        yield http1.head(200, {"content-type": scene.type, "connection": "close"})
        yield from scene.all if complete else scene.first
        yield 0.0 if complete else scene.knobs.beat
        yield End.CLOSE

    return play


def zipped(scene: Scene) -> Script:
    """Compressed, although plain bytes were asked for."""
    body = gzip.compress(b"".join(scene.all), mtime=0)
    yield from scene.complete([body], content_encoding="gzip")


def wrong_type(scene: Scene) -> Script:
    """The content type of something else."""
    yield from scene.complete(scene.all, content_type="text/plain")


def other_form(scene: Scene) -> Script:
    """One piece where a stream is asked for, a stream where one piece is."""
    if scene.streams:
        body = json_text.encode(scene.wire.whole(scene.said))
        yield http1.whole(200, body, {"content-type": JSON_TYPE})
        return
    streamed = b"".join(scene.wire.stream(scene.said).all)
    yield http1.whole(200, streamed, {"content-type": scene.wire.stream_type})


# -- byte by byte ----------------------------------------------------------------------------------------


def bytewise(data: bytes) -> list[bytes]:
    """Each byte by itself."""
    return [data[at : at + 1] for at in range(len(data))]


def dripping(pieces: list[bytes], pause: float) -> Script:
    """Pieces, each after a pause."""
    for piece in pieces:
        yield pause
        yield piece
