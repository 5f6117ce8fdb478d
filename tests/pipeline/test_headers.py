"""Laws of headers that are passed on."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.pipeline import picked
from gateway.pipeline.headers import decision
from gateway.redaction import redactor

NAMES = st.sampled_from(["a", "ab", "a-b", "a-", "b", "x.y", "xzy", "a\n", ""])


@given(
    st.dictionaries(NAMES, st.text(max_size=3)),
    st.lists(st.one_of(NAMES, NAMES.map(lambda name: name + "*"))),
)
@example({"a": "1", "a\nb": "2"}, ["a*"])
@example({"xzy": "1"}, ["x.y"])
def test_what_is_picked(headers: dict[str, str], names: list[str]) -> None:
    """Headers with one of the names, or that begin as one with a star does, as they came and in order."""
    found = picked(headers, names)
    wanted = {
        name
        for name in headers
        if any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in names)
    }
    assert list(found.items()) == [(name, text) for name, text in headers.items() if name in wanted]


def test_what_becomes_known_as_a_secret_is_not_shown_any_more() -> None:
    """Headers that tell of a decision are remembered as they are shown, until there is more to hide."""
    secret = f"zebra-{uuid4().hex}"

    def told() -> str:
        return decision("p:m", f"rule {secret}", "r", "t", redactor.lessons)["x-gateway-reason"]

    assert secret in told()
    redactor.know([secret])
    assert secret not in told()
