"""Numbers, sizes and times as people say them."""

_KILO = 1000
_MINUTE = 60
_HOUR = 3600


def counted(number: int, noun: str) -> str:
    """``number`` and ``noun``, in the plural where needed: ``1 image``, ``2,000 images``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: float) -> str:
    """A number of bytes: ``840 bytes``, ``83.2 MB`` (powers of 1,000)."""
    if number < _KILO:
        return counted(round(number), "byte")
    for unit in ("kB", "MB", "GB"):
        number /= _KILO
        if number < _KILO - 0.05:
            return f"{number:.1f} {unit}"
    return f"{number / _KILO:,.1f} TB"


def duration(seconds: float) -> str:
    """A span of time, roughly: ``12 s``, ``5 min``, ``1 h 20 min``."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / _MINUTE)
    if seconds < _HOUR:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
