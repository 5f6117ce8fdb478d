"""From files to one document: YAML with places, what it includes, what the environment holds."""
