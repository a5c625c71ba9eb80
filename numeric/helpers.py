"""The source of the functions that generated code calls and NumPy does not have, by name.

To extend: a function here, which `Batched` notes in `called` where a term needs it.
"""

HELPERS = {
    "sigmoid": '''def sigmoid(x, out=None):
    """1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, which overflows for no x."""
    half = np.tanh(np.multiply(0.5, x, out=out), out=out)
    return np.add(0.5, np.multiply(0.5, half, out=out), out=out)
''',
    "softmax": '''def softmax(x):
    """exp(x) / sum(exp(x)) along the last axis, which overflows for no x."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e @ np.ones((x.shape[-1], 1), x.dtype)  # faster than a sum
    return e
''',
    "log_softmax": '''def log_softmax(x):
    """x - log(sum(exp(x))) along the last axis, which overflows for no x, and its exponential."""
    if not -8 < x.min() <= x.max() < 8:  # a maximum for each row takes longer
        x = x - x.max(axis=-1, keepdims=True)
    e = np.exp(x)
    total = e @ np.ones((x.shape[-1], 1), x.dtype)  # faster than a sum
    log = x - np.log(total)
    e /= total
    return log, e
''',
    "outer_sum": '''def outer_sum(u, v):
    """The outer products of the rows of u (..., T, N, I) and v (T, N, J), summed: (..., I, J)."""
    *lead, T, N, I = u.shape
    J = v.shape[-1]
    # In strips of 32 by 64 where BLAS then need not copy: to 10**6 multiplications, with AVX-512.
    strips = AVX512 and 32 * 64 * T * N <= 10**6 and I % 32 == J % 64 == 0
    i, j = (32, 64) if strips else (I, J)
    total = np.empty((*lead, I, J), u.dtype)
    u = np.moveaxis(u.reshape(*lead, T * N, I // i, 1, i), -4, -1)
    v = v.reshape(T * N, J // j, j).swapaxes(0, 1)
    np.matmul(u, v, out=total.reshape(*lead, I // i, i, J // j, j).swapaxes(-3, -2))
    return total
''',
    "row_sum": '''def row_sum(u):
    """The rows of u (..., T, N, I), summed: (..., I); a product with ones is faster than a sum."""
    u = u.reshape(*u.shape[:-3], -1, u.shape[-1])
    return np.ones(u.shape[-2], u.dtype) @ u
''',
    "product": '''def product(factors, start):
    """The matrix product, the first factor leftmost; start where there is none."""
    for factor in factors:
        start = start @ factor
    return start
''',
}
