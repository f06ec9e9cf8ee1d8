"""Access logs, counted."""
