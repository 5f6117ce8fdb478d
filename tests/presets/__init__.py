"""The presets that ship under `rules/`: sound, tested to the last operator, true to what they reproduce."""
