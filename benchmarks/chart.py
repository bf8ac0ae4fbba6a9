"""Curves as SVG, both axes logarithmic: what grows in proportion is a straight line upwards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 400, 60, 50, 20
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over numbers of things; all are above 0."""

    name: str
    numbers: Sequence[float]
    values: Sequence[float]


def draw(things: str, curves: Sequence[Curve]) -> str:
    """An SVG of ``curves`` over the number of ``things``."""
    across = _Axis([n for curve in curves for n in curve.numbers], _LEFT, _WIDTH - 150)
    up = _Axis([v for curve in curves for v in curve.values], _HEIGHT - _BOTTOM, _TOP)
    style = 'font-family="sans-serif" font-size="12" fill="#57606a"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {style}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for tick in across.ticks():
        x = across.at(tick)
        parts.append(_line(x, up.start, x, up.stop))
        parts.append(f'<text x="{x:.0f}" y="{up.start + 18}" text-anchor="middle">{tick:,}</text>')
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(_line(across.start, y, across.stop, y))
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{tick:,g}</text>')
    middle = (across.start + across.stop) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 12}" text-anchor="middle">{things}</text>')
    for curve, colour in zip(curves, _COLOURS, strict=False):
        points = [
            (across.at(n), up.at(v)) for n, v in zip(curve.numbers, curve.values, strict=True)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" fill="{colour}">{curve.name}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Powers of ten between two coordinates."""

    def __init__(self, values: Sequence[float], start: float, stop: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.stop = start, stop

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    def ticks(self) -> list[float]:
        return [10**power for power in range(self.low, self.high + 1)]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    where = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {where} stroke="#d0d7de"/>'
