"""The arrays of a cell's source: what they are called, which step they begin with, how they are read.

In:  a model, and its equations sorted into before, inside and after the loop.
Out: `Scope`, which writes terms as statements for one step of the loop, for a block of steps
     or for all steps at once, and keeps account of the arrays, sizes and functions that they
     mention.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from numeric.arguments import array, identifier
from numeric.batched import Batched, step_text
from numeric.layout import WIDTH, statement
from numeric.recurrence import Forward
from numeric.stacks import Stack
from symbolic.model import Model
from symbolic.notation import Axis, N, Shape, Step, t
from symbolic.terms import Derivative, Term, Var


class Over(Enum):
    """What a statement is about."""

    STEP = auto()
    BLOCK = auto()
    ALL = auto()


# Where the steps of a statement stand in an array, by the step of its first entry and the step that is meant.
KEPT = {
    Over.BLOCK: {(1, 0): "[before]", (0, 0): "[block]", (0, -1): "[before]"},
    Over.ALL: {(1, 0): "", (0, 0): "[1:]", (0, -1): "[:-1]"},
}


@dataclass(frozen=True)
class Slot:
    """An array in the source: `first` is the step of its first entry, None where it has no steps.

    One `in_block` has the steps of the block that is worked on.
    """

    name: str
    first: int | None = None
    in_block: bool = False


class Scope:
    """The values of a model, and the adjoints that are added to `adjoints`; its loop is inside that over `blocks`."""

    def __init__(self, model: Model, front: Forward, blocks: bool = False) -> None:
        self.model = model
        self.blocks = blocks
        self.states = [var for var in model.arrays.values() if var.name in model.with_initial]
        looped = {eq.left.name for eq in front.loop}
        made = [eq.left for eq in (*front.before, *front.loop, *front.after)]
        self.values = {var.name: Slot(identifier(var.name)) for var in model.parameters}
        self.values |= {var.name: Slot("x", 1) for var in model.inputs} | {
            var.name: Slot("y", 1) for var in model.targets
        }
        self.values |= {var.name: Slot(identifier(var.name), 0 if var.name in looped else 1) for var in made}
        self.adjoints: dict[str, Slot] = {}
        self.read: set[str] = set()
        self.called: set[str] = set()
        self.transposed: dict[str, str] = {}
        self.stacked: dict[str, list[str]] = {}
        self._sizes: dict[Axis, str] = {}

    def name(self, var: Var) -> str:
        """What an array is called; it then counts as read."""
        self.read.add(var.name)
        return self.values[var.name].name

    def size(self, axis: Axis) -> str:
        """The name of a size; an axis that is called like an array gets another one."""
        taken = any(slot.name == axis.name for slot in self.values.values())
        return self._sizes.setdefault(axis, f"{axis.name}_size" if taken else axis.name)

    def shape(self, axes: Shape, *lead: str) -> str:
        return f"({', '.join([*lead, 'N', *(self.size(axis) for axis in axes if axis != N)])})"

    def sizes(self) -> list[str]:
        """A line for each size of an axis that has been mentioned, read off a parameter."""
        return [f"    {name} = {self._told(axis)}" for axis, name in self._sizes.items()]

    def transposes(self) -> list[str]:
        """The transposed weights that have been mentioned, in an order of memory that a product is fast in."""
        if not self.transposed:
            return []
        made, weights = ", ".join(self.transposed.values()), ", ".join(self.transposed)
        if len(self.transposed) == 1:
            return [f"    {made} = {weights}.T.copy()"]
        copies = f"weights.T.copy() for weights in ({weights})"
        line = f"    {made} = ({copies})"
        return [line if len(line) <= WIDTH else f"    {made} = (\n        {copies}\n    )"]

    def as_rows(self, weights: Var, transposed: bool) -> str:
        """What rows are multiplied by: weights, or their transpose."""
        name = self.name(weights)
        return self.transposed.setdefault(name, f"{name}_T") if transposed else name

    def stacks(self) -> list[str]:
        """The weights that have been mentioned together, in one array each."""
        return [f"    {name} = np.stack(({', '.join(weights)}))" for name, weights in self.stacked.items()]

    def statement(self, head: str, term: Term, comment: str = "", over: Over = Over.ALL) -> str:
        """A statement that gives an expression a name, or adds it to one."""
        printer = Batched(_Reading(self, over))
        summands = printer.summands(term)
        self.called |= printer.called
        return statement(head, summands, self.indent(over), comment)

    def into(self, target: str, own: Term, term: Term, comment: str = "", over: Over = Over.STEP) -> list[str]:
        """Statements that write a term into an array that is there already, and holds the value of `own`."""
        printer = Batched(_Reading(self, over))
        statements = [(head, [text]) for head, text in printer.into(target, own, term)]
        self.called |= printer.called
        comments = [comment] + [""] * len(statements)
        indent = self.indent(over)
        return [statement(*each, indent, note) for each, note in zip(statements, comments, strict=False)]

    def text(self, term: Term, least: int, over: Over = Over.ALL) -> str:
        printer = Batched(_Reading(self, over))
        text = printer.text(term, least)
        self.called |= printer.called
        return text

    def block_room(self, variables: list[tuple[Var, str]]) -> tuple[str, list[str], list[str]]:
        """How many numbers these arrays take a step; statements that make room for a block, and that cut it to one."""
        sizes, once, each = [], [], []
        for axes, names in _by_axes(variables).items():
            several = [str(len(names))] if len(names) > 1 else []
            sizes.append(self.shape(axes, *several).strip("()").replace(", ", " * "))
            room = block_name(axes)
            once.append(f"    {room} = np.empty({self.shape(axes, *several, 'min(most, T)')}, dtype)")
            each.append(f"        {', '.join(names)} = {room}[{':, ' if several else ''}: last - first + 1]")
        return " + ".join(sizes), once, each

    def room(self, variables: list[tuple[Var, str]], stack: Stack | None = None) -> list[str]:
        """Arrays of T + 1 steps; those of one shape in one block, which is not given back between calls.

        The members of `stack` stand first in theirs.
        """
        lines = []
        for axes, names in _by_axes(variables).items():
            several = [str(len(names))] if len(names) > 1 else []
            room = f"np.empty({self.shape(axes, *several, 'T + 1')}, dtype)"
            if stack and stack.members[0].axes == axes:
                lines += [f"    {block_name(axes)} = {room}", f"    {', '.join(names)} = {block_name(axes)}"]
                lines.append(f"    {stack.name} = {block_name(axes)}[:{len(stack.members)}]")
            else:
                lines.append(f"    {', '.join(names)} = {room}")
        return lines

    def indent(self, over: Over) -> int:
        return {Over.ALL: 4, Over.BLOCK: 8, Over.STEP: 12 if self.blocks else 8}[over]

    def _told(self, axis: Axis) -> str:
        var = next(var for var in self.model.parameters if axis in var.axes)
        return f"{self.name(var)}.shape[{var.axes.index(axis)}]"


@dataclass
class _Reading:
    """The scope's arrays as `Batched` asks for them: at step t, in a block, or at all steps at once."""

    scope: Scope
    over: Over

    def leaf(self, leaf: Var | Derivative) -> str:
        slots = self.scope.adjoints if isinstance(leaf, Derivative) else self.scope.values
        var = array(leaf)
        if var.name not in slots:
            raise ValueError(f"{self.scope.model.name}: {leaf} is not kept for all steps")
        if isinstance(leaf, Var):
            self.scope.read.add(var.name)
        slot = slots[var.name]
        return slot.name if slot.first is None else slot.name + self._place(slot, slot.first, (var.step or t), leaf)

    def is_batched(self, leaf: Var | Derivative) -> bool:
        return array(leaf).sequence and (self.over != Over.STEP or N not in array(leaf).axes)

    def transposed(self, leaf: Var | Derivative) -> str:
        name = self.leaf(leaf)
        return self.scope.transposed.setdefault(name, f"{name}_T")

    def size(self, axis: Axis | None) -> str:
        return "T" if axis is None else "N" if axis == N else self.scope.size(axis)

    def dtype(self) -> str:
        return "dtype"

    def _place(self, slot: Slot, first: int, step: Step, leaf: Var | Derivative) -> str:
        if slot.in_block:
            if self.over == Over.ALL or step.offset:
                raise ValueError(f"{self.scope.model.name}: {leaf} is kept for the steps of one block only")
            return in_block(self.over)
        if self.over == Over.STEP:
            return f"[{step_text(step - first)}]"
        if (first, step.offset) not in KEPT[self.over]:
            raise ValueError(f"{self.scope.model.name}: {leaf} has no value at one end of the sequence")
        return KEPT[self.over][first, step.offset]


def block_name(axes: Shape) -> str:
    """What the room for arrays of one block is called."""
    return "_".join(["room", *(axis.name for axis in axes if axis != N)])


def in_block(over: Over) -> str:
    """Where the steps of a statement stand in an array of one block."""
    return "[t - first]" if over == Over.STEP else ""


def _by_axes(variables: list[tuple[Var, str]]) -> dict[Shape, list[str]]:
    found: dict[Shape, list[str]] = {}
    for var, name in variables:
        found.setdefault(var.axes, []).append(name)
    return found
