"""`{picture} computation rnn h`: a model unrolled over three steps, and a gradient's paths through it.

In:  the name of a model and of one of its states.
Out: the graph of its equations: a column for each step, in it a row for each layer, inputs below, the loss on top.
     A state that is read for itself runs straight along its row; what else reads the step before is reached by
     a wire between the columns.  Thick, with arrows as the gradient runs, are the edges on which the gradient by
     the state at step 1 comes back from the losses.
Everything is read off the model: rows, places, wires, and the number of paths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import fmean
from xml.etree import ElementTree as ET

from gradproof.site.mathml import mathml
from gradproof.site.pictures import Picture, add, canvas, drawn
from symbolic.latex import latex
from symbolic.model import Model, variables
from symbolic.models import models
from symbolic.notation import Step

STEPS = 3
LANE, ROW, GAP, MARGIN, RADIUS = 48.0, 70.0, 60.0, 6.0, 19.0
PORT, BEND = 10.0, 7.0  # how far beside a value's middle a wire ends, and what rounds its corners
STATES, INPUTS = 11.0, 22.0  # how far below the values of a row run the wires from the step before, and from inputs
Node = tuple[str, int]
Edge = tuple[Node, Node]
Place = tuple[float, float]
Reads = Mapping[str, Sequence[Node]]


def draw(model_name: str, state: str) -> Picture:
    """The unrolled graph, with the paths of ∇ by the state at step 1."""
    model = models()[model_name]
    reads = what_is_read(model)
    edges = unrolled(reads)
    start, losses = (state, 1), [(model.step_loss.name, n) for n in range(1, STEPS + 1)]
    paths = count_paths(edges, start, losses)
    on_path = {(a, b) for a, b in edges if reaches(edges, start, a) and any(reaches(edges, b, each) for each in losses)}
    places = layout(reads)
    width = max(x for x, _ in places.values()) + MARGIN + RADIUS
    height = max(y for _, y in places.values()) + MARGIN + RADIUS
    says = (
        f"{model.title}, unrolled over {STEPS} steps: {len(places)} values and {len(edges)} edges. "
        f"The gradient by {state} at step 1 comes back from {STEPS} losses on {paths} paths, "
        "drawn thick, with arrows as it runs."
    )
    svg = canvas(width, height, says)
    _arrowhead(svg)
    for edge in sorted(edges, key=lambda edge: edge in on_path):
        _edge(svg, wire(places, edges, edge), edge in on_path)
    touched = {node for edge in on_path for node in edge}
    for node, place in places.items():
        _node(svg, place, _label(model, node), node in touched)
    return drawn(svg, f"{says} Parameters and targets are left out.")


def what_is_read(model: Model) -> Reads:
    """For the inputs and every value of a step the values that it is made of: (name, 0 or −1, the step before)."""
    left_out = {v.name for v in (*model.parameters, *model.targets)}
    made = {
        eq.left.name: [(v.name, v.step.offset if v.step else 0) for v in variables(eq.right) if v.name not in left_out]
        for eq in model.equations
    }
    return {**{v.name: [] for v in model.inputs}, **made}


def unrolled(reads: Reads) -> set[Edge]:
    """(from, to) for every value that is read at one of the steps."""
    return {
        ((a, n + offset), (b, n)) for n in range(1, STEPS + 1) for b, values in reads.items() for a, offset in values
    }


def count_paths(edges: set[Edge], start: Node, ends: list[Node]) -> int:
    """In how many ways one comes from `start` to one of `ends`."""

    @cache
    def paths(node: Node) -> int:
        return (node in ends) + sum(paths(b) for a, b in edges if a == node)

    return paths(start)


def reaches(edges: set[Edge], start: Node, end: Node) -> bool:
    return count_paths(edges, start, [end]) > 0


def layout(reads: Reads) -> dict[Node, Place]:
    """A column for each step; before the first one only what is read of it."""
    row, lane = rows(reads), lanes(reads)
    top, column = max(row.values()), LANE * max(lane.values()) + 2 * RADIUS + GAP
    before = [name for name in reads if any((name, -1) in values for values in reads.values())]
    left = MARGIN + RADIUS
    first = left + (2 * RADIUS + GAP if before else 0)
    across = {(name, 0): left for name in before}
    across |= {(name, n): first + (n - 1) * column + LANE * lane[name] for n in range(1, STEPS + 1) for name in reads}
    return {(name, n): (x, MARGIN + RADIUS + ROW * (top - row[name])) for (name, n), x in across.items()}


def rows(reads: Reads) -> dict[str, int]:
    """One above the highest that it reads in its step; inputs are in row 0."""

    @cache
    def row(name: str) -> int:
        return max((row(a) + 1 for a, offset in reads[name] if not offset), default=0)

    return {name: row(name) for name in reads}


def lanes(reads: Reads) -> dict[str, float]:
    """A lane of its own for what an input leads to; the rest stands above the middle of what it is made of."""
    row = rows(reads)
    led = [b for b, values in reads.items() if any(row[a] == 0 for a, offset in values if not offset)]
    lane: dict[str, float] = {b: place for place, b in enumerate(led)}
    for name in sorted(reads, key=lambda name: row[name]):
        if name not in lane and row[name]:
            lane[name] = fmean(lane[a] for a, offset in reads[name] if not offset)
    inputs = (name for name in reads if not row[name])
    return lane | {name: fmean(lane[b] for b, values in reads.items() if (name, 0) in values) for name in inputs}


def wire(places: Mapping[Node, Place], edges: set[Edge], edge: Edge) -> str:
    """The path of an edge, from the rim of one circle to that of the other."""
    (x, y), (u, v) = (places[node] for node in edge)
    step = edge[1][1]
    column = [place for (_, n), place in places.items() if n == step]
    beside = min(across for across, _ in column) - RADIUS - GAP / 2
    if y == v:
        return _bent((x + RADIUS, y), (u - RADIUS, v))
    if from_the_side(places, edge):
        return _bent(_rim(x, y, PORT), (beside, y + PORT), (beside, v), (u - RADIUS, v))
    if edge[0][1] < step:
        under = v + RADIUS + STATES
        return _bent(_rim(x, y, PORT), (beside, y + PORT), (beside, under), (u - PORT, under), _foot(u, v, -PORT))
    if y == max(down for _, down in column):
        level = y - ROW + RADIUS + INPUTS
        others = (each for each in edges if each[1] == edge[1] and each != edge)
        port = PORT if any(not from_the_side(places, each) for each in others) else 0.0
        return _bent((x, y - RADIUS), (x, level), (u + port, level), _foot(u, v, port))
    half = (y - v) / 2
    return f"M{x:.1f} {y - RADIUS:.1f} C{x:.1f} {y - half:.1f} {u:.1f} {v + half:.1f} {u:.1f} {v + RADIUS:.1f}"


def from_the_side(places: Mapping[Node, Place], edge: Edge) -> bool:
    """Does the edge come from the step before along the row, on which no other value stands in its way?"""
    (_, n), (_, m) = edge
    (_, y), (_, v) = (places[node] for node in edge)
    return n < m and (y == v or sum(down == v and step == m for (_, step), (_, down) in places.items()) == 1)


def _rim(x: float, y: float, below: float) -> Place:
    """The point of a circle to the right, somewhat below its middle."""
    return x + math.sqrt(RADIUS**2 - below**2), y + below


def _foot(x: float, y: float, beside: float) -> Place:
    """The point of a circle below, somewhat beside its middle."""
    return x + beside, y + math.sqrt(RADIUS**2 - beside**2)


def _bent(*points: Place) -> str:
    """Straight from point to point, the corners rounded."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (a, b), (c, d) = (_towards(corner, end) for end in (before, after))
        path += f" L{a:.1f} {b:.1f} Q{corner[0]:.1f} {corner[1]:.1f} {c:.1f} {d:.1f}"
    return f"{path} L{points[-1][0]:.1f} {points[-1][1]:.1f}"


def _towards(corner: Place, end: Place) -> Place:
    """The point on the way from a corner at which its rounding begins."""
    length = math.dist(corner, end)
    share = min(BEND / length, 0.5) if length else 0.0
    return corner[0] + share * (end[0] - corner[0]), corner[1] + share * (end[1] - corner[1])


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


def _edge(svg: ET.Element, path: str, on_path: bool) -> None:
    """From circle to circle; the gradient's arrow points back, at what it is a gradient by."""
    marks = {"marker_start": "url(#back)"} if on_path else {}
    add(svg, "path", d=path, class_="edge accent" if on_path else "edge", **marks)


def _arrowhead(svg: ET.Element) -> None:
    marker = add(add(svg, "defs"), "marker", id="back", markerWidth=5, markerHeight=5, refX=5, refY=2.5)
    marker.set("orient", "auto-start-reverse")
    add(marker, "path", d="M0 0 L5 2.5 L0 5 z", class_="accent")
