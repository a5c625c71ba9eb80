"""The tanh RNN in the notation of Goodfellow, Bengio & Courville (2016), section 10.2.

a[t] = b + W h[t-1] + U x[t],  h[t] = tanh(a[t]),  o[t] = c + V h[t],  ŷ[t] = softmax(o[t]);
the loss is summed over the steps.
"""

from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy, squared_error
from symbolic.notation import D, H, K, t
from symbolic.terms import Term, array, sequence, softmax, tanh

x, y = sequence("x", D), sequence("y", K)
U, W, V = array("U", H, D), array("W", H, H), array("V", K, H)
b, c = array("b", H), array("c", K)
a, h = sequence("a", H), sequence("h", H)
o, yhat = sequence("o", K), sequence("yhat", K, latex=r"\hat{y}")
L_t = sequence("L_t", latex="L")


def _rnn(name: str, title: str, loss: Term) -> Model:
    return Model(
        name=name,
        title=title,
        source="Goodfellow, Bengio & Courville (2016), Deep Learning, eqs. 10.8–10.14, p. 374",
        parameters=(U, W, V, b, c),
        inputs=(x,),
        targets=(y,),
        equations=(
            equation(a[t], b + W @ h[t - 1] + U @ x[t]),
            equation(h[t], tanh(a[t])),
            equation(o[t], c + V @ h[t]),
            equation(yhat[t], softmax(o[t])),
            equation(L_t[t], loss),
        ),
        step_loss=L_t,
    )


RNN = _rnn("rnn", "RNN, softmax and negative log-likelihood", cross_entropy(y[t], yhat[t]))
RNN_SQUARED = _rnn("rnn-squared", "RNN, softmax and squared error", squared_error(y[t], yhat[t]))
