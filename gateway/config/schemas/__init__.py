"""The JSON Schema of each section, and the texts that are made of it."""
