"""How large something is, as people say it; scripts get bytes."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size_words(size_bytes: int) -> str:
    """Return a size in the unit that leaves the fewest digits: `83 B`, `1.4 kB`, `150 GB`."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {_UNITS[unit]}"
