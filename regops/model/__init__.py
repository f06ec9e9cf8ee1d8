"""The answers: frozen dataclasses, one module per command, and nothing that asks or shows."""
