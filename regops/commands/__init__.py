"""One module per command: its options, its help, and three to ten lines of body."""
