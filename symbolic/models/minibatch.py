"""The tanh RNN on a mini-batch, each example a row: A = X U + H W + b, O = H V + c.

The notation of a forum question on matrix derivatives (text 003): A (n×h), X (n×d),
U (d×h), W (h×h), V (h×v), b a row.  The loss is averaged over the T steps, as printed,
and over the N examples; ŷ is the softmax of each row.
"""

from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy
from symbolic.notation import D, K, N, t
from symbolic.notation import H as HIDDEN
from symbolic.terms import array, one_over, sequence, softmax, tanh

X, y = sequence("X", N, D), sequence("y", N, K)
U, W, V = array("U", D, HIDDEN), array("W", HIDDEN, HIDDEN), array("V", HIDDEN, K)
b, c = array("b", HIDDEN), array("c", K)
A, H = sequence("A", N, HIDDEN), sequence("H", N, HIDDEN)
o, yhat = sequence("o", N, K), sequence("yhat", N, K, latex=r"\hat{y}")
L_t = sequence("L_t", latex="L")

MINIBATCH = Model(
    name="minibatch",
    title="RNN on a mini-batch of rows, softmax and cross-entropy, mean over steps and examples",
    source="forum question on the derivative of the loss of a recurrent network by U (text 003)",
    parameters=(U, W, V, b, c),
    inputs=(X,),
    targets=(y,),
    equations=(
        equation(A[t], X[t] @ U + H[t - 1] @ W + b),
        equation(H[t], tanh(A[t])),
        equation(o[t], H[t] @ V + c),
        equation(yhat[t], softmax(o[t])),
        equation(L_t[t], one_over(N) * cross_entropy(y[t], yhat[t])),
    ),
    step_loss=L_t,
    scale=one_over(None),
)
