"""Details of imports that no order of rules shows."""

from __future__ import annotations

import json

from importers.examples import ROUTER, TIZEE, snapshot_of, sound, target

from gateway.importers import File, Imported, convert


def router(**changes: object) -> Imported:
    """A small config of claude-code-router with these keys."""
    config = {
        "Providers": [
            {
                "name": "ollama",
                "api_base_url": "http://localhost:11434/v1/chat/completions",
                "api_key": "ollama",
                "models": ["small", "large"],
            }
        ],
        "Router": {
            "default": "ollama,small",
            "longContext": "ollama,large",
            "background": "ollama,large",
        },
    }
    return convert([File("config.json", json.dumps({**config, **changes}))])


def test_tizee_measures_each_request_anew() -> None:
    """As the project does; without `sticky: none` a conversation would stay with the model."""
    rules = {rule.name: rule for rule in snapshot_of(TIZEE).rules}
    assert rules["long-context"].sticky == "none"


def test_long_is_more_than_sixty_thousand_tokens_unless_it_is_said() -> None:
    """The default of claude-code-router."""
    snapshot = sound(router())
    assert target(snapshot, "m", tokens=60_000) == "ollama:small"
    assert target(snapshot, "m", tokens=60_001) == "ollama:large"


def test_only_claude_haikus_are_background() -> None:
    """In either order of the two words."""
    snapshot = sound(router())
    assert target(snapshot, "my-haiku") == "ollama:small"
    assert target(snapshot, "haiku-of-claude") == "ollama:large"


def test_ollama_and_gemini_are_spoken_to_in_their_own_formats() -> None:
    """Whatever endpoint the old config names: the other ones lose the window, or the signatures."""
    snapshot = snapshot_of(ROUTER)
    assert snapshot.endpoints["ollama"].dialect.name == "ollama"
    assert snapshot.endpoints["ollama"].base_url == "http://localhost:11434"


def test_a_key_that_only_looks_like_a_reference_is_not_one() -> None:
    """A dollar sign may stand in a password."""
    assert '"${GATEWAY_KEY}"' in router(APIKEY="pa$$word").text
    assert '"${MY_KEY}"' in router(APIKEY="$MY_KEY").text


def test_a_model_that_the_gateway_would_take_for_another_word_is_left_out() -> None:
    """`*` as a model hands on the one that was asked for, which no other system means by it."""
    at = {"name": "x", "api_base_url": "https://x.example/v1", "api_key": "k"}
    text = router(Providers=[{**at, "models": ["*", "m"]}], Router={"default": "x,m"}).text
    assert "x:m" in text
    assert "x:*" not in text
