"""What a run may keep and change: every kind of place takes symbols, and is afterwards as it was."""

from __future__ import annotations

import functools
import itertools
import random
import sys
import types
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

X = {"x": (3,)}


def square(x: Any) -> Any:
    return np.sum(x**2), {"x": 2 * x}


def test_arrays_of_other_modules_are_no_part_of_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = prove_gradient(square, X).operations
    other = types.ModuleType("other")
    other.__file__ = __file__
    other.weights = np.append(np.arange(50) / 7.3, np.nan)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "other", other)
    proof = prove_gradient(square, X)
    assert proof.proved
    assert proof.operations == alone


def test_a_module_first_imported_by_the_run_keeps_no_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imported_late.py").write_text("import numpy as np\nw = np.ones(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(x: Any) -> Any:
        import imported_late

        return np.sum(imported_late.w * x), {"x": imported_late.w}

    for _ in range(2):
        assert prove_gradient(run, X).proved
        assert type(sys.modules["imported_late"].w) is np.ndarray
        assert sys.modules["imported_late"].np is np
    del sys.modules["imported_late"]


def test_a_module_imported_by_the_run_before_takes_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    buffers = types.ModuleType("buffers")
    buffers.__file__ = __file__
    buffers.dx = np.zeros(3)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "buffers", buffers)

    def run(x: Any) -> Any:
        import buffers

        buffers.dx += 2 * x
        return np.sum(x**2), {"x": buffers.dx}

    assert prove_gradient(run, X).proved
    assert not buffers.dx.any()  # type: ignore[attr-defined]


def test_modules_that_import_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the names of a module are Python's own, which are nobody's state."""
    (tmp_path / "first_of_two.py").write_text(
        "import numpy as np\nimport second_of_two\nslope = np.zeros(3)\n"
        "def forward(x):\n    return second_of_two.activation(x)\n"
    )
    (tmp_path / "second_of_two.py").write_text(
        "from numpy import *\nimport first_of_two\n"
        "def activation(x):\n    y = zeros(3)\n    y[:] = (exp(x) - exp(-x)) / (exp(x) + exp(-x))\n    return y\n"
        "def derivative(y):\n    first_of_two.slope[:] = 1 - y * y\n    return first_of_two.slope\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import first_of_two  # type: ignore[import-not-found]
    import second_of_two  # type: ignore[import-not-found]

    def run(x: Any) -> Any:
        y = first_of_two.forward(x)
        return y.sum(), {"x": second_of_two.derivative(y)}

    def wrong(x: Any) -> Any:
        return first_of_two.forward(x).sum(), {"x": second_of_two.derivative(x)}

    try:
        assert prove_gradient(run, X).proved
        assert prove_gradient(wrong, X).refuted
        assert not first_of_two.slope.any()
    finally:
        del sys.modules["first_of_two"], sys.modules["second_of_two"]


# -- each holds dx, a buffer that is accumulated into, and counts its calls ---------------------

GLOBAL = np.zeros(3)
CALLS = 0


class Attributes:
    dx = np.zeros(3)
    calls = 0


class Slotted:
    __slots__ = ("__private", "added", "dx")

    def __init__(self) -> None:
        self.dx = self.__private = np.zeros(3)

    def step(self, x: Any) -> Any:
        self.__private += 2 * x
        self.added = x
        return self.dx


@dataclass
class Layer:
    dx: Any = field(default_factory=lambda: np.zeros(3))
    cache: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frozen:
    dx: Any = field(default_factory=lambda: np.zeros(3))


class Base:
    def __init__(self) -> None:
        self.dx = np.zeros(3)

    def run(self, x: Any) -> Any:
        self.dx += 2 * x
        self.last = x
        return np.sum(x**2), {"x": self.dx}


class Derived(Base):
    def run(self, x: Any) -> Any:
        Derived.runs = getattr(Derived, "runs", 0) + 1
        return super().run(x)


Pair = namedtuple("Pair", "dx other")


def by_default(x: Any, dx: Any = np.zeros(3), *, more: Any = np.ones(3)) -> Any:  # noqa: B008
    dx += x
    dx += x * more
    return np.sum(x**2), {"x": dx}


def by_attribute(x: Any) -> Any:
    by_attribute.dx += 2 * x
    by_attribute.calls = 1
    return np.sum(x**2), {"x": by_attribute.dx}


by_attribute.dx = np.zeros(3)


def by_rebinding(x: Any) -> Any:
    global GLOBAL, CALLS
    GLOBAL = GLOBAL + 2 * x
    CALLS += 1
    return np.sum(x**2), {"x": GLOBAL}


def by_class(x: Any) -> Any:
    Attributes.dx += 2 * x
    Attributes.calls += 1
    Attributes.new = x
    return np.sum(x**2), {"x": Attributes.dx}


def held_in(holder: Any, get: Any) -> Any:
    def run(x: Any) -> Any:
        dx = get(holder)
        dx += 2 * x
        return np.sum(x**2), {"x": dx}

    return run


def rebinding_a_cell() -> Any:
    dx = np.zeros(3)

    def run(x: Any) -> Any:
        nonlocal dx
        dx = dx + 2 * x
        return np.sum(x**2), {"x": dx}

    return run


def emptying(holder: Any) -> Any:
    def run(x: Any) -> Any:
        (dx,) = [holder.pop()[1] if isinstance(holder, set) else holder.pop("dx")]
        holder["y"] = holder["dx"] = dx + 2 * x
        return np.sum(x**2), {"x": holder["dx"]}

    return run


def appending(holder: Any) -> Any:
    def run(x: Any) -> Any:
        holder.append(2 * x)
        return np.sum(x**2), {"x": holder[0] + holder[-1]}

    return run


def nested(dtype: Any) -> Any:
    whole = np.empty(2, dtype=dtype)
    whole[0] = whole[1] = np.zeros(3)
    return whole


def counted(numbers: Any) -> Any:
    def run(x: Any) -> Any:
        n = next(numbers)
        return np.sum(x**2) * n, {"x": 2 * x * n}

    return run


def drawing(source: Any) -> Any:
    return lambda x: (np.sum(x) * source(), {"x": np.ones(3)})


SLOTTED = Slotted()
SIMPLE = types.SimpleNamespace(dx=np.zeros(3))
KEPT: dict[str, Any] = {
    "defaultdict": held_in(defaultdict(lambda: np.zeros(3)), lambda d: d["dx"]),
    "filled defaultdict": held_in(defaultdict(list, dx=np.zeros(3)), lambda d: d["dx"]),
    "ordered": emptying(OrderedDict(dx=np.zeros(3), more=1)),
    "dict": emptying({"dx": np.zeros(3), "more": 1}),
    "list": appending([np.zeros(3)]),
    "deque": appending(deque([np.zeros(3)], maxlen=2)),
    "tuple": held_in((1, (np.zeros(3),)), lambda t: t[1][0]),
    "namedtuple": held_in(Pair(np.zeros(3), 0), lambda t: t.dx),
    "array of arrays": held_in(nested(object), lambda a: a[0]),
    "slots": lambda x: (np.sum(x**2), {"x": SLOTTED.step(x)}),
    "dataclass": held_in(Layer(), lambda layer: layer.cache.setdefault("kept", layer.dx)),
    "frozen": held_in(Frozen(), lambda layer: layer.dx),
    "simple namespace": held_in(SIMPLE, lambda s: s.dx),
    "bound method": Base().run,
    "inherited": Derived().run,
    "class": by_class,
    "defaults": by_default,
    "function": by_attribute,
    "global": by_rebinding,
    "cell": rebinding_a_cell(),
    "partial": functools.partial(by_default, dx=np.zeros(3)),
    "partial by position": functools.partial(lambda dx, x: held_in(0, lambda _: dx)(x), np.zeros(3)),
    "wrapped": functools.wraps(square)(lambda x: by_rebinding(x)),
    "counter": counted(itertools.count(1)),
    "iterator": counted(iter([1, 2, 3])),
}


def everything(value: Any, depth: int = 12) -> Any:
    """All that is in a value, as text: nothing of it may change."""
    if depth == 0:
        return "…"
    if isinstance(value, np.ndarray):
        return str(value.dtype), [everything(v, depth - 1) for v in value.flat]
    if isinstance(value, dict):
        return [(k, everything(v, depth - 1)) for k, v in value.items()]
    if isinstance(value, list | tuple | deque):
        return [everything(v, depth - 1) for v in value]
    if isinstance(value, types.FunctionType):
        cells = [c.cell_contents for c in value.__closure__ or ()]
        return [everything(p, depth - 1) for p in (cells, value.__defaults__, vars(value))]
    if isinstance(value, types.MethodType):
        return everything(value.__self__, depth - 1)
    if isinstance(value, functools.partial):
        return everything([value.args, value.keywords, value.func], depth - 1)
    if isinstance(value, Slotted):
        return everything([value.dx, value._Slotted__private, hasattr(value, "added")])
    if isinstance(value, Frozen):
        return everything(value.dx)
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return type(value).__name__, everything(vars(value), depth - 1)
    return repr(value)


def own_classes() -> Any:
    plain: dict[str, Any] = {"slotted": SLOTTED}
    plain |= {n: v for cls in (Attributes, Derived) for n, v in vars(cls).items() if not n.startswith("__")}
    return everything({n: v for n, v in plain.items() if not callable(v)}), everything([GLOBAL, CALLS])


@pytest.mark.parametrize("name", KEPT)
def test_whatever_holds_an_array_takes_symbols_and_is_put_back(name: str) -> None:
    run = KEPT[name]
    before = everything(run), own_classes()
    for _ in range(2):
        proof = prove_gradient(run, X)
        assert proof.proved, str(proof)
        assert (everything(run), own_classes()) == before


@pytest.mark.parametrize("name", KEPT)
def test_the_same_with_a_wrong_gradient_is_not_proved(name: str) -> None:
    run = KEPT[name]

    def wrong(x: Any) -> Any:
        loss, gradients = run(x=x)
        return loss, {"x": gradients["x"] * np.array([1.0, 1.0, 1.001])}

    assert prove_gradient(wrong, X).refuted


@pytest.mark.parametrize(
    ("source", "state"),
    [
        ((made := random.Random(1)).random, made.getstate),
        ((legacy := np.random.RandomState(1)).rand, lambda: legacy.get_state()[2]),
        ((new := np.random.default_rng(1)).random, lambda: new.bit_generator.state),
    ],
)
def test_generators_of_random_numbers_stand_where_they_stood(source: Any, state: Any) -> None:
    before = state()
    prove_gradient(drawing(source), X)
    assert state() == before


class Dropout:
    def __init__(self, generator: Any) -> None:
        self.generator = generator

    def __call__(self, x: Any) -> Any:
        return x * (self.generator.random(3) < 0.5)


UNSEEDED = np.random.default_rng()


@pytest.mark.parametrize(
    ("drawn", "name"),
    [
        (UNSEEDED.random, "Generator.random of a generator made without a seed; write np.random.default_rng(0)"),
        (lambda n: UNSEEDED.laplace(size=n), "Generator.laplace of a generator made without a seed"),
        (np.random.RandomState().rand, "RandomState.rand of a generator made without a seed; write np.random.RandomS"),
        (lambda n: Dropout(UNSEEDED)(np.ones(n)), "Generator.random of a generator made without a seed"),
        (lambda n: np.random.Generator(np.random.PCG64()).random(n), "PCG64() without a seed: random numbers"),
        (lambda n: np.random.default_rng(None).random(n), "default_rng() without a seed: random numbers"),
        (lambda n: np.random.seed(seed=None) or np.random.poisson(3.0, n), "np.random.poisson: random numbers"),
    ],
)
def test_random_numbers_of_the_operating_system_are_refused(drawn: Any, name: str) -> None:
    proof = prove_gradient(drawing(lambda: drawn(3)), X)
    assert name in proof.reason
    assert not proof.parameters
    assert proof.place is not None
    assert proof.place.file == __file__


@pytest.mark.parametrize(
    "generator",
    [np.random.default_rng(0x5F3A_91C4_77D0_11EE_4B2A), np.random.default_rng([1, 2]), np.random.RandomState(7)],
)
def test_random_numbers_of_a_seed_that_is_written_are_numbers(generator: Any) -> None:
    def run(x: Any) -> Any:
        noise = generator.normal(size=3)
        return (x * noise).sum(), {"x": noise}

    before = generator.__getstate__() if isinstance(generator, np.random.RandomState) else generator.bit_generator.state
    assert prove_gradient(run, X).proved
    after = generator.__getstate__() if isinstance(generator, np.random.RandomState) else generator.bit_generator.state
    assert repr(after) == repr(before)


def test_a_generator_without_a_seed_may_be_there() -> None:
    layer = Dropout(UNSEEDED)
    before = UNSEEDED.bit_generator.state
    assert prove_gradient(lambda x: ((x**2).sum(), {"x": 2 * x if layer.generator else x}), X).proved
    assert layer.generator is UNSEEDED
    assert UNSEEDED.bit_generator.state == before


def test_what_cannot_be_wound_back_is_named() -> None:
    steps = (n for n in [1, 2, 3])
    proof = prove_gradient(counted(steps), X)
    assert not proof.proved
    assert not proof.refuted
    assert "a generator made before this run, which cannot be wound back" in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__
    assert list(steps) == [1, 2, 3]
