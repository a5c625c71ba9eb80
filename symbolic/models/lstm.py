"""The LSTM in the notation of Chen (2016), "A Gentle Tutorial of Recurrent Neural Network
with Error Backpropagation": gates f, i, o, candidate g, cell c, output z.

Each gate has its input weights W_x·, recurrent weights W_h· and bias b_·; the pre-activations
have names of their own (a_f, a_i, a_g, a_o), which the tutorial leaves implicit.
"""

from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy, squared_error
from symbolic.notation import D, H, K, t
from symbolic.terms import Term, array, sequence, sigmoid, softmax, tanh

x, y = sequence("x", D), sequence("y", K)
Wxf, Wxi, Wxc, Wxo = (array(f"Wx{g}", H, D, latex=f"W_{{x{g}}}") for g in "fico")
Whf, Whi, Whc, Who = (array(f"Wh{g}", H, H, latex=f"W_{{h{g}}}") for g in "fico")
bf, bi, bc, bo = (array(f"b{g}", H, latex=f"b_{{{g}}}") for g in "fico")
Whz, bz = array("Whz", K, H, latex="W_{hz}"), array("bz", K, latex="b_{z}")
af, ai, ag, ao = (sequence(f"a{g}", H, latex=f"a_{{{g}}}") for g in "figo")
f, i, g, o = (sequence(name, H) for name in "figo")
c, h = sequence("c", H), sequence("h", H)
alpha, z = sequence("alpha", K, latex=r"\alpha"), sequence("z", K)
L_t = sequence("L_t", latex="L")


def _lstm(name: str, title: str, loss: Term) -> Model:
    return Model(
        name=name,
        title=title,
        source="Chen (2016), A Gentle Tutorial of Recurrent Neural Network with Error Backpropagation, section 3",
        parameters=(Wxf, Whf, bf, Wxi, Whi, bi, Wxc, Whc, bc, Wxo, Who, bo, Whz, bz),
        inputs=(x,),
        targets=(y,),
        equations=(
            equation(af[t], Wxf @ x[t] + Whf @ h[t - 1] + bf),
            equation(f[t], sigmoid(af[t])),
            equation(ai[t], Wxi @ x[t] + Whi @ h[t - 1] + bi),
            equation(i[t], sigmoid(ai[t])),
            equation(ag[t], Wxc @ x[t] + Whc @ h[t - 1] + bc),
            equation(g[t], tanh(ag[t])),
            equation(c[t], f[t] * c[t - 1] + i[t] * g[t]),
            equation(ao[t], Wxo @ x[t] + Who @ h[t - 1] + bo),
            equation(o[t], sigmoid(ao[t])),
            equation(h[t], o[t] * tanh(c[t])),
            equation(alpha[t], Whz @ h[t] + bz),
            equation(z[t], softmax(alpha[t])),
            equation(L_t[t], loss),
        ),
        step_loss=L_t,
        subscript_time=True,
    )


LSTM = _lstm("lstm", "LSTM, softmax and cross-entropy", cross_entropy(y[t], z[t]))
LSTM_SQUARED = _lstm("lstm-squared", "LSTM, softmax and squared error", squared_error(y[t], z[t]))
