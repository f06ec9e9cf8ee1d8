"""Ask ports, call parsers, return a model: one module per command."""
