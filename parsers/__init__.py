"""Text in, frozen dataclasses out: one module per format, standard library only, no input or output."""
