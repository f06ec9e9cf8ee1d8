"""The registry's own image: its recipe, and the making of it."""
