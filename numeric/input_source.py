"""The checks of a cell's input, as NumPy source: what they look at, and what the proofs suppose.

In:  the arrays of a cell by name with their axes, what is cached, and the hypotheses of its formulas.
Out: `input_source(…)`, the tables and functions that stand before the passes; `NAMES`, what they are called.
To add a hypothesis: what its targets are to be, in `_TARGETS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from numeric.layout import listed
from symbolic.verdicts import ONE_HOT, SUMS_TO_ONE, Hypothesis

Axes = Mapping[str, str]

NAMES = ("PARAMETERS", "DATA", "STATES", "CACHE", "BLOCK", "CPU", "AVX512", "known", "check", "check_targets")


def input_source(
    parameters: Axes, data: Axes, states: Axes, cached: Iterable[str], hypotheses: Iterable[Hypothesis]
) -> list[str]:
    """Tables of the axes, and the functions that hold an input against them."""
    tables = (("PARAMETERS", parameters), ("DATA", data), ("STATES", states))
    axes = [
        listed(f"{name} = {{", [f'"{key}": "{own}"' for key, own in table.items()], "}", 0) for name, table in tables
    ]
    axes.append(listed("CACHE = {", [f'"{name}"' for name in cached], "}", 0))
    axes.append("BLOCK = 2**20  # bytes to work on at a time: what a core's own cache holds")
    axes.append('CPU = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", ())')
    axes.append('AVX512 = "AVX512F" in CPU or "X86_V4" in CPU  # as NumPy calls it until 2.3, and from 2.4 on')
    kinds = {hypothesis.kind for hypothesis in hypotheses}
    # One-hot targets sum to one: the stronger hypothesis is the one that is checked.
    targets = [_TARGETS[kind] for kind in (ONE_HOT, SUMS_TO_ONE) if kind in kinds][:1]
    return ["\n".join(axes), _CHECK, *targets]


_CHECK = '''def check(kind, arrays, axes, known):
    """ValueError, in one line, where an array does not fit; known learns dtype and sizes."""
    if not hasattr(arrays, "items"):
        raise ValueError(f"pass {kind}s as a dict by name, not a {type(arrays).__name__}")
    if unknown := [name for name in arrays if name not in axes]:
        raise ValueError(f"unknown {kind} {unknown[0]!r}; the names are {', '.join(axes)}")
    if axes is not STATES and (missing := [name for name in axes if name not in arrays]):
        raise ValueError(f"{kind} {missing[0]!r} is missing; the names are {', '.join(axes)}")
    for name, array in arrays.items():
        what, own = f"{kind} {name}", axes[name].split()
        dtype = getattr(array, "dtype", type(array).__name__)
        if not isinstance(array, np.ndarray) or dtype not in (np.float32, np.float64):
            raise ValueError(f"{what} is {dtype}; pass an array of float32 or float64")
        if dtype != known.setdefault("dtype", dtype):
            raise ValueError(f"{what} is {dtype}, others are {known['dtype']}; pass one dtype")
        fits = array.ndim == len(own)
        if not fits or any(known.setdefault(axis, n) != n for axis, n in zip(own, array.shape)):
            wanted = ", ".join(f"{axis} = {known[axis]}" if axis in known else axis for axis in own)
            raise ValueError(f"{what} has the shape {array.shape}, not ({wanted})")
        if not array.size:
            raise ValueError(f"{what} has the shape {array.shape}; no axis may be empty")
        # A sum of squares is finite only if its terms are, and faster to get.
        if not np.isfinite(np.vdot(array, array)) and not np.isfinite(array).all():
            raise ValueError(f"{what} has an entry that is not finite")'''


_TARGETS = {
    SUMS_TO_ONE: '''def check_targets(y):
    """ValueError where a target does not sum to 1: the gradients are proved for those that do."""
    sums = y @ np.ones(y.shape[-1], y.dtype)
    wrong = np.abs(sums - 1) > np.finfo(y.dtype).eps ** 0.5
    if wrong.any():
        t, n = np.argwhere(wrong)[0]
        raise ValueError(f"y[{t}, {n}] sums to {sums[t, n]:.6g}; pass targets that sum to 1")''',
    ONE_HOT: '''def check_targets(y):
    """ValueError where a target is not one-hot: the gradients are proved for those that are."""
    wrong = np.any((y != 0) & (y != 1), axis=-1) | (np.sum(y, axis=-1) != 1)
    if wrong.any():
        t, n = np.argwhere(wrong)[0]
        raise ValueError(f"y[{t}, {n}] is not one-hot; pass one entry 1, the others 0")''',
}
