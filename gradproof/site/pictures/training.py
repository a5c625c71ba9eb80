"""`{picture} training rnn`: the loss of a character model trained with its proved gradients."""

from __future__ import annotations

import numpy as np

from gradproof.site.pictures import Picture
from gradproof.site.pictures.chart import chart
from numeric.characters import builtin_docstrings, text_of
from numeric.training import Settings, network, start, train

STEPS, MEAN_OF = 400, 20


def draw(cell: str) -> Picture:
    """Mean loss per character while training, beside the entropy of the text's bigrams."""
    settings = Settings(cell, steps=STEPS)
    text = text_of(builtin_docstrings(), settings.window, settings.batch)
    for state in train(network(cell), settings, text, start(settings, text)):
        losses = state.losses
    means = np.asarray(losses).reshape(-1, MEAN_OF).mean(axis=1)
    loss = [(MEAN_OF * n, float(mean)) for n, mean in enumerate(means, 1)]
    bigram = text.bigram_entropy
    says = (
        f"Loss of the {cell.upper()} on Python's docstrings, in nats per character, means of {MEAN_OF} steps: "
        f"from {loss[0][1]:.2f} to {loss[-1][1]:.2f} in {STEPS} steps; the best bigram model has {bigram:.2f}."
    )
    curves = {cell.upper(): loss, "best bigram model": [(0, bigram), (STEPS, bigram)]}
    return chart(curves, "step", "nats per character", says)
