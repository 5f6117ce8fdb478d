"""Reasoning state is opened by the target that closed it, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reasoning import MOST_SEALS, TAG, Seal, Vault, is_sealed

STATES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
).filter(lambda state: state is not None)
ORIGINS = st.text(min_size=1, max_size=30)
SECRETS = st.binary(min_size=1, max_size=40)


@given(STATES, ORIGINS, SECRETS)
def test_what_a_target_closed_it_opens_again(state: object, origin: str, secret: bytes) -> None:
    """Also another vault with the same secret does: other workers, and the gateway after a restart."""
    sealed = Vault(secret).seal_for(origin).close(state)
    assert Vault(secret).seal_for(origin).open(sealed) == state
    assert is_sealed(sealed)


@given(STATES, ORIGINS, ORIGINS, SECRETS, SECRETS)
def test_to_others_it_is_foreign(
    state: object, origin: str, other: str, secret: bytes, wrong: bytes
) -> None:
    """Another target, or another secret, opens nothing."""
    sealed = Vault(secret).seal_for(origin).close(state)
    if other != origin:
        assert Vault(secret).seal_for(other).open(sealed) is None
    if wrong != secret:
        assert Vault(wrong).seal_for(origin).open(sealed) is None


@given(STATES, st.data())
def test_a_damaged_tag_is_foreign(state: object, data: st.DataObject) -> None:
    """Whatever character is changed, nothing is opened and nothing is raised."""
    seal = Vault(b"secret").seal_for("p:m")
    sealed = seal.close(state)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda c: c != sealed[at]))
    damaged = sealed[:at] + other + sealed[at + 1 :]
    opened = seal.open(damaged)
    # The last character of base64 may carry bits that mean nothing.
    assert opened is None or (at == len(sealed) - 1 and opened == state)


@given(st.one_of(st.text(), st.none(), st.integers(), st.text().map(lambda text: TAG + text)))
def test_anything_else_is_foreign(text: object) -> None:
    """A signature of somebody else, or nonsense behind our tag, is not opened and raises nothing."""
    assert Vault(b"secret").seal_for("p:m").open(text) is None


@given(st.lists(ORIGINS, min_size=1), STATES)
def test_seals_that_are_kept_are_those_made_anew(origins: list[str], state: object) -> None:
    """Whoever was asked for before, and however many: a seal is its own target's."""
    vault = Vault(b"secret")
    for number in range(MOST_SEALS):
        vault.seal_for(f"other:{number}")
    for origin in (*origins, *origins):
        found, anew = vault.seal_for(origin), Seal(vault, origin)
        assert found.identity == anew.identity
        assert anew.open(found.close(state)) == found.open(anew.close(state))


def test_the_same_state_is_the_same_text() -> None:
    """An answer that is told twice, streamed and whole, carries one signature."""
    seal = Vault(b"secret").seal_for("p:m")
    assert seal.close({"a": 1}) == seal.close({"a": 1})


def test_the_secret_is_asked_for_once_and_only_when_needed() -> None:
    """A gateway whose answers hold no state makes no key file."""
    asked: list[int] = []

    def secret() -> bytes:
        asked.append(1)
        return b"secret"

    vault = Vault(secret)
    seal = vault.seal_for("p:m")
    assert seal.open("somebody's") is None
    assert asked == []
    assert seal.open(seal.close([1])) == [1]
    assert asked == [1]


@pytest.mark.parametrize("shown", [repr, str])
def test_a_vault_does_not_show_its_secret(shown: object) -> None:
    """Logs and tracebacks hold representations."""
    assert "hunter2" not in shown(Vault(b"hunter2"))  # type: ignore[operator]
