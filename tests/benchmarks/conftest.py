"""What all benchmarks share: both clocks, empty caches, and what is left out where nothing is measured.

pytest tests/benchmarks --benchmark-enable --benchmark-only      # measure: minutes
pytest tests/benchmarks                                          # each body once, without the heavy points

`figures.py` writes what was measured into docs/performance.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from sympy.core.cache import clear_cache

Timed = Callable[..., Any]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "heavy: a point that runs only where benchmarks are enabled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("benchmark_enable"):
        return
    heavy = [item for item in items if item.get_closest_marker("heavy")]
    config.hook.pytest_deselected(items=heavy)
    items[:] = [item for item in items if item not in heavy]


@pytest.fixture
def timed(benchmark: Any) -> Timed:
    """Run a function under the benchmark; beside the wall clock the CPU time, the least of the rounds."""

    def run(function: Callable[[], Any], rounds: int = 3, setup: Callable[[], None] = lambda: None) -> Any:
        cpu = []

        def both() -> Any:
            started = time.process_time()
            result = function()
            cpu.append(time.process_time() - started)
            return result

        result = benchmark.pedantic(both, setup=setup, rounds=rounds, iterations=1)
        benchmark.extra_info["cpu"] = min(cpu)
        return result

    return run


@pytest.fixture
def forget() -> Callable[[], None]:
    """Empty every cache of the prover and of SymPy, so that all is derived again."""

    def empty() -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("symbolic."):
                for value in vars(module).values():
                    if hasattr(value, "cache_clear"):
                        value.cache_clear()
        clear_cache()

    return empty
