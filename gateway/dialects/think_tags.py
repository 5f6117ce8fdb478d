"""Thinking that a model writes into its text between tags, told apart from the text. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.messages import Forwarding, Sink

TAGS: Mapping[str, str] = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
}
"""Opening tag -> the tag that closes it."""
USUAL = "</think>"


class ThinkTags(Forwarding):
    """A sink before another one: what stands between tags at the head of an answer becomes thinking.

    Tags count until real text has begun; from then on they are part of it, for the text may speak of
    tags. White space around tags is dropped. Tags may be cut anywhere: what may be the beginning of one
    waits until it is one or not. An opening tag that is never closed makes all that follows thinking:
    so speaks a model whose tokens ran out.

    `sign` makes the signature of thinking that was found. `opened` says that the prompt ended with the
    opening tag, so that an answer begins inside.
    """

    def __init__(self, sink: Sink, *, sign: Callable[[], str], opened: bool = False) -> None:
        super().__init__(sink)
        self._sign = sign
        self._opened = opened
        self._closing = ""
        """The tag that ends the thinking; empty outside."""
        self._spoken = False
        """Something was thought since the opening tag."""
        self._found = False
        """There was a pair of tags."""
        self._begun = False
        """Real text has begun."""
        self._waiting = ""
        self.text: Callable[[str], None] = self._head
        """The next sink's own method, once tags have no meaning any more."""

    def texts(self, pieces: Sequence[str]) -> None:
        if self._begun:
            self._sink.texts(pieces)
        else:
            super().texts(pieces)

    # -- the head of the answer -----------------------------------------------------------------

    def _head(self, text: str) -> None:
        text, self._waiting = self._waiting + text, ""
        while text and not self._begun:
            text = self._inside(text) if self._closing else self._outside(text)
        if text:
            self._sink.text(text)

    def _outside(self, text: str) -> str:
        """Looks for an opening tag; gives what is left to be read."""
        bare = text.lstrip()
        for opening, closing in TAGS.items():
            if bare.startswith(opening):
                self._closing, self._opened = closing, False
                return bare[len(opening) :]
            if opening.startswith(bare):
                self._waiting = text
                return ""
        if self._opened:
            self._closing, self._opened = USUAL, False
        else:
            self._begin_text()
        return bare if self._found else text

    def _inside(self, text: str) -> str:
        """Looks for the closing tag; gives what is left to be read behind it."""
        before, found, after = text.partition(self._closing)
        if found:
            self._think(before.rstrip())
            self._close()
            return after
        end = len(text) - _beginning(text, self._closing)
        said = text[:end].rstrip()
        self._waiting = text[len(said) :]
        self._think(said)
        return ""

    def _think(self, text: str) -> None:
        if not self._spoken:
            text = text.lstrip()
        if text:
            self._spoken = True
            self._sink.thinking(text)

    def _close(self) -> None:
        if self._spoken:
            self._sink.signature(self._sign())
        self._closing, self._spoken, self._found = "", False, True

    def _begin_text(self) -> None:
        self._begun = True
        self.text = self._sink.text

    def _leave(self) -> None:
        """Something else is said, or nothing more: what waits is no tag."""
        if self._begun:
            return
        waiting, self._waiting = self._waiting, ""
        self._opened = False
        if self._closing:
            self._think(waiting if waiting.strip() else "")
            self._close()
        elif waiting.strip() or (waiting and not self._found):
            self._sink.text(waiting)
            if waiting.strip():
                self._begin_text()


def _beginning(text: str, tag: str) -> int:
    """How many characters at the end of the text may be the beginning of the tag."""
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((size for size in sizes if tag.startswith(text[-size:])), 0)
