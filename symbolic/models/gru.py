"""The gated recurrent unit: update gate z, reset gate r, candidate h̃, state h.

h[t] = (1 − z[t]) ∘ h[t-1] + z[t] ∘ h̃[t]; the reset gate acts before the matrix product,
h̃[t] = tanh(Wh x[t] + Uh (r[t] ∘ h[t-1]) + bh).  A softmax head and cross-entropy on top.
"""

from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy
from symbolic.notation import D, H, K, t
from symbolic.terms import array, sequence, sigmoid, softmax, tanh

x, y = sequence("x", D), sequence("y", K)
Wz, Wr, Wh = (array(f"W{g}", H, D, latex=f"W_{{{g}}}") for g in "zrh")
Uz, Ur, Uh = (array(f"U{g}", H, H, latex=f"U_{{{g}}}") for g in "zrh")
bz, br, bh = (array(f"b{g}", H, latex=f"b_{{{g}}}") for g in "zrh")
V, c = array("V", K, H), array("c", K)
az, ar, ah = (sequence(f"a{g}", H, latex=f"a_{{{g}}}") for g in "zrh")
z, r, h = (sequence(name, H) for name in "zrh")
htilde = sequence("htilde", H, latex=r"\tilde{h}")
o, yhat = sequence("o", K), sequence("yhat", K, latex=r"\hat{y}")
L_t = sequence("L_t", latex=r"\mathcal{L}")

GRU = Model(
    name="gru",
    title="GRU, softmax and cross-entropy",
    source=(
        "Cho et al. (2014), Learning Phrase Representations using RNN Encoder–Decoder for Statistical Machine "
        "Translation; z gates the candidate as in Chung et al. (2014), Empirical Evaluation of Gated Recurrent "
        "Neural Networks on Sequence Modeling"
    ),
    parameters=(Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh, V, c),
    inputs=(x,),
    targets=(y,),
    equations=(
        equation(az[t], Wz @ x[t] + Uz @ h[t - 1] + bz),
        equation(z[t], sigmoid(az[t])),
        equation(ar[t], Wr @ x[t] + Ur @ h[t - 1] + br),
        equation(r[t], sigmoid(ar[t])),
        equation(ah[t], Wh @ x[t] + Uh @ (r[t] * h[t - 1]) + bh),
        equation(htilde[t], tanh(ah[t])),
        equation(h[t], (1 - z[t]) * h[t - 1] + z[t] * htilde[t]),
        equation(o[t], V @ h[t] + c),
        equation(yhat[t], softmax(o[t])),
        equation(L_t[t], cross_entropy(y[t], yhat[t])),
    ),
    step_loss=L_t,
    subscript_time=True,
)
