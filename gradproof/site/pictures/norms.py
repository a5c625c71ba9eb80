"""`{picture} norms`: ‖∂h_t/∂h_k‖ against t − k, and the LSTM's cell path beside it."""

from __future__ import annotations

from gradproof.site.pictures import Picture
from gradproof.site.pictures.chart import chart, rounded
from numeric.norms import Trajectory, lstm_norms, rnn_norms

RADII, BIASES = (0.5, 1.0, 1.5), (1.0, 5.0)


def draw() -> Picture:
    """Spectral norms of the proved Jacobians, from states that are driven by small random inputs."""
    trajectory = Trajectory(steps=30)
    found = {f"RNN, radius {radius:g}": rnn_norms(radius, trajectory) for radius in RADII}
    found |= {f"LSTM cell, bias {bias:g}": lstm_norms(bias, trajectory) for bias in BIASES}
    curves = {label: list(enumerate(map(float, norms), 1)) for label, norms in found.items()}
    ends = "; ".join(f"{label}: {rounded(points[-1][1])}" for label, points in curves.items())
    says = (
        f"Spectral norms of the Jacobians from step k to step t, {trajectory.hidden} hidden units; "
        f"radius: the spectral radius of W, bias: that of the forget gate. "
        f"At t − k = {trajectory.steps}: {ends}."
    )
    return chart(curves, "t − k", "spectral norm", says, logarithmic=True)
