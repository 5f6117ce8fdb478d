"""What the sections of a sound config mean, as values."""
