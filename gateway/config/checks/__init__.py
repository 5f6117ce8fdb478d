"""What a schema cannot say of a config, each a finding with its place."""
