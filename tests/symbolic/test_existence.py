"""Links of a chain that exist wherever its ends do, as an evaluation of the terms finds."""

from __future__ import annotations

import random
from itertools import product

import pytest

from symbolic.derivations import catalogue
from symbolic.existence import bridged
from symbolic.models.rnn import RNN, W, h, x
from symbolic.notation import AXES, Step, T, k, t
from symbolic.second_opinion.tape import RESIDUES
from symbolic.second_opinion.world import Absent, World
from symbolic.terms import Term, grad, grad_copy, ones, sum_steps

LENGTHS = range(1, 7)
WORLDS = {
    length: World(RNN, dict.fromkeys(AXES.values(), 1), length, (), 0, RESIDUES, "existence") for length in LENGTHS
}
s = Step("s")


def exists(term: Term, steps: dict[str, int], length: int) -> bool:
    try:
        WORLDS[length].entries(term, steps, {})
    except Absent:
        return False
    return True


def is_bridged_up_to_six(chain: list[Term]) -> bool:
    places = ((T, {"t": t, "k": k}) for T in LENGTHS for t, k in product(range(1, T + 1), repeat=2) if k <= t)
    return all(
        all(exists(link, place, T) for link in chain[1:-1])
        for T, place in places
        if exists(chain[0], place, T) and exists(chain[-1], place, T)
    )


def drawn(rng: random.Random) -> Term:
    anchor = rng.choice([t, t, t, k, T, Step("")])
    at = anchor + rng.randint(-2, 2)
    state, put = rng.choice([h, x]), ones(*h.axes)
    inside = rng.choice([h[s], h[s - 1], h[s + 1]])
    return rng.choice(
        [
            put * (state[at] @ state[at]),
            grad(h[at]),
            grad_copy(W, at) @ h[T],
            put
            + sum_steps(inside, rng.choice([Step("", 1), t, t + 1, k]), rng.choice([t, T, T - 1, t + 1]), index="s"),
        ]
    )


def test_a_chain_that_is_bridged_exists_between_its_ends() -> None:
    rng = random.Random(0)
    found = {True: 0, False: 0}
    for _ in range(1500):
        chain = [drawn(rng) for _ in range(rng.choice([3, 4]))]
        said = bridged(chain, RNN)
        found[said] += 1
        assert not said or is_bridged_up_to_six(chain), [str(term) for term in chain]
    assert min(found.values()) > 100


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([h[t], h[t - 1], h[t]], True),
        ([h[t], h[t + 1], h[t]], False),
        ([h[t], h[t + 1], h[t + 1]], True),
        ([x[t], x[t - 1], x[t]], False),
        ([h[t], h[Step("", 2)], h[t]], False),
        ([h[t + 1], h[Step("", 2)], h[t]], True),
        ([h[t], sum_steps(h[s + 1], 1, T, index="s"), h[t]], False),
        ([h[t], sum_steps(h[s + 1], 1, T - 1, index="s"), h[t]], True),
        ([sum_steps(h[s + 1], 1, T, index="s"), h[t + 1], h[t]], False),
    ],
)
def test_what_is_bridged(links: list[Term], expected: bool) -> None:
    assert bridged(links, RNN) is expected


def test_the_catalogue_is_bridged() -> None:
    assert [record.id for record in catalogue() if not bridged(record.chain, record.model)] == []
