"""`{picture} computation rnn h`: a model unrolled over three steps, and a gradient's paths through it.

In:  the name of a model and of one of its states.
Out: the graph of its equations.  A value stands above what it is made from; thick are the edges
     on which the gradient by the state at step 1 comes back from the losses.
Everything is read off the model: places, edges, and the number of paths.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from xml.etree import ElementTree as ET

from gradproof.site.mathml import mathml
from gradproof.site.pictures import Picture, add, canvas, drawn
from symbolic.latex import latex
from symbolic.model import Model, variables
from symbolic.models import models
from symbolic.notation import Step

STEPS = 3
LANE, ROW, GAP, MARGIN, RADIUS = 52.0, 66.0, 44.0, 30.0, 19.0
Node = tuple[str, int]
Edge = tuple[Node, Node]
Place = tuple[float, float]


def draw(model_name: str, state: str) -> Picture:
    """The unrolled graph, with the paths of ∇ by the state at step 1."""
    model = models()[model_name]
    edges = unrolled(model)
    start, losses = (state, 1), [(model.step_loss.name, n) for n in range(1, STEPS + 1)]
    paths = count_paths(edges, start, losses)
    on_path = {(a, b) for a, b in edges if reaches(edges, start, a) and any(reaches(edges, b, each) for each in losses)}
    places = layout(model)
    width = max(x for x, _ in places.values()) + MARGIN + RADIUS
    height = max(y for _, y in places.values()) + MARGIN + RADIUS
    says = (
        f"{model.title}, unrolled over {STEPS} steps: {len(places)} values and {len(edges)} edges. "
        f"The gradient by {state} at step 1 comes back from {STEPS} losses on {paths} paths, drawn thick."
    )
    svg = canvas(width, height, says)
    _arrowhead(svg)
    for edge in sorted(edges, key=lambda edge: edge in on_path):
        _edge(svg, places[edge[0]], places[edge[1]], edge in on_path)
    touched = {node for edge in on_path for node in edge}
    for node, place in places.items():
        _node(svg, place, _label(model, node), node in touched)
    return drawn(svg, f"{says} Parameters and targets are left out.")


def unrolled(model: Model) -> set[Edge]:
    """(from, to) for every value that an equation reads at one of the steps."""
    left_out = {v.name for v in (*model.parameters, *model.targets)}
    return {
        ((v.name, n + (v.step.offset if v.step else 0)), (eq.left.name, n))
        for n in range(1, STEPS + 1)
        for eq in model.equations
        for v in variables(eq.right)
        if v.name not in left_out
    }


def count_paths(edges: set[Edge], start: Node, ends: list[Node]) -> int:
    """In how many ways one comes from `start` to one of `ends`."""

    @cache
    def paths(node: Node) -> int:
        return (node in ends) + sum(paths(b) for a, b in edges if a == node)

    return paths(start)


def reaches(edges: set[Edge], start: Node, end: Node) -> bool:
    return count_paths(edges, start, [end]) > 0


def layout(model: Model) -> dict[Node, Place]:
    """A column per step; within it a row for each distance from the loss, the loss on top."""
    height = heights(model)
    rows: dict[int, list[str]] = defaultdict(list)
    for name, depth in height.items():
        rows[depth].append(name)
    width = LANE * (max(map(len, rows.values())) - 1)
    places: dict[Node, Place] = {}
    for name in sorted(model.with_initial, key=list(height).index):
        lane = rows[height[name]].index(name) - (len(rows[height[name]]) - 1) / 2
        places[name, 0] = (MARGIN + RADIUS + LANE * max(lane, 0), MARGIN + ROW * height[name])
    left = max(x for x, _ in places.values()) + GAP + RADIUS if places else MARGIN
    for n in range(1, STEPS + 1):
        middle = left + width / 2 + RADIUS + (n - 1) * (width + GAP + 2 * RADIUS)
        for depth, names in rows.items():
            for lane, name in enumerate(names):
                places[name, n] = (middle + LANE * (lane - (len(names) - 1) / 2), MARGIN + ROW * depth)
    return places


def heights(model: Model) -> dict[str, int]:
    """How far below the loss each value of one step stands: just under the lowest of what reads it."""
    readers: dict[str, list[str]] = defaultdict(list)
    for eq in model.equations:
        for v in variables(eq.right):
            if v.step is not None and v.step.offset == 0:
                readers[v.name].append(eq.left.name)

    @cache
    def below(name: str) -> int:
        return max((below(reader) + 1 for reader in readers[name]), default=0)

    return {v.name: below(v.name) for v in (*model.inputs, *(eq.left for eq in model.equations))}


def _label(model: Model, node: Node) -> str:
    name, n = node
    written = mathml(latex(model.arrays[name][Step("", n)], model.subscript_time))
    # Inside a page the parser knows the element by its name; the TeX beside it would be a second label.
    return re.sub(r' xmlns="[^"]*"|<annotation.*?</annotation>', "", written)


def _node(svg: ET.Element, place: Place, label: str, on_path: bool) -> None:
    x, y = place
    kind = "node accent" if on_path else "node"
    add(svg, "circle", cx=x, cy=y, r=RADIUS, class_=kind)
    frame = add(svg, "foreignObject", x=x - RADIUS, y=y - RADIUS, width=2 * RADIUS, height=2 * RADIUS)
    frame.append(ET.fromstring(f'<div class="label">{label}</div>'))


def _edge(svg: ET.Element, start: Place, end: Place, on_path: bool) -> None:
    """A curve from circle to circle; the gradient's arrow points back, at what it is a gradient by."""
    marks = {"marker_start": "url(#back)"} if on_path else {}
    add(svg, "path", d=_curve(start, end), class_="edge accent" if on_path else "edge", **marks)


def _curve(start: Place, end: Place) -> str:
    """Straight up within a step; into a later step over the row's own values, or from below."""
    (x, y), (u, v) = start, end
    if y == v:
        side, lift = 0.7 * RADIUS, 0.6 * ROW
        points = [(x + side, y - side), (x + LANE, y - lift), (u - LANE, v - lift), (u - side, v - side)]
    elif y < v:
        points = [(x + RADIUS, y), (x + 1.6 * LANE, y), (u, v + ROW), (u, v + RADIUS)]
    else:
        half = (y - v) / 2
        points = [(x, y - RADIUS), (x, y - half), (u, v + half), (u, v + RADIUS)]
    from_, *rest = (f"{a:.1f} {b:.1f}" for a, b in points)
    return f"M{from_} C{' '.join(rest)}"


def _arrowhead(svg: ET.Element) -> None:
    marker = add(add(svg, "defs"), "marker", id="back", markerWidth=6, markerHeight=6, refX=5, refY=3)
    marker.set("orient", "auto-start-reverse")
    add(marker, "path", d="M0 0 L6 3 L0 6 z", class_="accent")
