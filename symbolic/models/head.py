"""One output layer without a sequence: o = c + V h, ŷ = softmax(o), a loss.

For everything about softmax and cross-entropy that does not depend on time.
"""

from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy, squared_error
from symbolic.notation import H, K
from symbolic.terms import LOSS, Term, array, softmax

h, y = array("h", H), array("y", K)
V, c = array("V", K, H), array("c", K)
o, yhat = array("o", K), array("yhat", K, latex=r"\hat{y}")


def _head(name: str, title: str, loss: Term) -> Model:
    return Model(
        name=name,
        title=title,
        source="Goodfellow, Bengio & Courville (2016), Deep Learning, eqs. 10.10–10.14, p. 374",
        parameters=(V, c),
        inputs=(h,),
        targets=(y,),
        equations=(
            equation(o, c + V @ h),
            equation(yhat, softmax(o)),
            equation(LOSS, loss),
        ),
        step_loss=LOSS,
    )


HEAD = _head("head", "Softmax and cross-entropy", cross_entropy(y, yhat))
HEAD_SQUARED = _head("head-squared", "Softmax and squared error", squared_error(y, yhat))
