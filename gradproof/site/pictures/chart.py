"""Curves in one chart, each labelled where it ends.

In:  points by label, the names of the two axes.
Out: SVG; the vertical axis is logarithmic on request, the horizontal one starts at 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from gradproof.site.pictures import Picture, add, canvas, drawn

WIDTH, HEIGHT = 580.0, 310.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 140.0, 14.0, 44.0
LINE = 16.0
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Curves = Mapping[str, Sequence[tuple[float, float]]]


def chart(
    curves: Curves, across: str, up: str, says: str, logarithmic: bool = False, least: float = math.inf
) -> Picture:
    """The curves; `says` is the caption and what is read out; the vertical axis begins at `least` or lower."""
    svg = canvas(WIDTH, HEIGHT, says)
    svg.set("class", "chart")
    xs = [x for points in curves.values() for x, _ in points]
    ys = [y for points in curves.values() for _, y in points]
    right, marks = max(xs), ticks(min(least, *ys), max(ys), logarithmic)
    scale = math.log10 if logarithmic else float
    low, high = scale(marks[0]), scale(marks[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        share = (scale(y) - low) / (high - low)
        return LEFT + x / right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    for mark in marks:
        _, y = place(0, mark)
        add(svg, "path", d=f"M{LEFT:.1f} {y:.1f} H{WIDTH - RIGHT:.1f}", class_="grid")
        add(svg, "text", rounded(mark) if logarithmic else f"{mark:g}", x=LEFT - 8, y=y + 4, text_anchor="end")
    for mark in ticks(0, right, logarithmic=False):
        if mark <= right:
            x, _ = place(mark, marks[0])
            add(svg, "text", f"{mark:g}", x=x, y=HEIGHT - BOTTOM + 18, text_anchor="middle")
    add(svg, "text", across, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, text_anchor="middle")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    add(svg, "text", up, x=14, y=middle, text_anchor="middle", transform=f"rotate(-90 14 {middle:g})")
    ends = {label: place(*points[-1]) for label, points in curves.items()}
    for number, points in enumerate(curves.values()):
        line = " L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in points))
        add(svg, "path", d=f"M{line}", class_=f"curve c{number}")
    _labels(svg, ends)
    return drawn(svg, says)


def ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Round numbers that enclose low … high, at most about six."""
    if logarithmic:
        first, last = math.floor(math.log10(low)), max(math.ceil(math.log10(high)), math.floor(math.log10(low)) + 1)
        stride = math.ceil((last - first) / 6)
        return [10.0**n for n in range(first, last + stride, stride)]
    rough = (high - low or 1) / 5
    power = 10 ** math.floor(math.log10(rough))
    stride = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    return [n * stride for n in range(math.floor(low / stride), math.ceil(high / stride) + 1)]


def rounded(value: float) -> str:
    """Two digits, and powers of ten as people write them: 0.82, 1.5·10³, 10⁻⁶."""
    if 0.01 <= abs(value) < 1000 or value == 0:
        return f"{value:.2g}" if abs(value) < 10 else f"{value:g}"
    digits, power = f"{value:.1e}".split("e")
    digits = digits.removesuffix(".0")
    return ("" if digits == "1" else f"{digits}·") + "10" + str(int(power)).translate(RAISED)


def _labels(svg: ET.Element, ends: Mapping[str, tuple[float, float]]) -> None:
    """Each label at its curve's end, or as close below the one before as it can be read."""
    below = -math.inf
    numbers = {label: number for number, label in enumerate(ends)}
    for label, (x, y) in sorted(ends.items(), key=lambda end: end[1][1]):
        below = max(y, below + LINE)
        add(svg, "text", label, x=x + 8, y=below + 4, class_=f"label-of c{numbers[label]}")
