"""reference_ops.py - the operations' part of reference.py: computes the cases of tests/reference.def.

The table has the inputs, FUNCTIONS how PyTorch (or JAX, NumPy, SciPy) says the same: by "operation.case", or by "operation"
for all of its cases. The generator of inputs, cotangents and weights is repeated in tests/check_reference.c.
"""
import itertools, math, os, re
import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
import torch

jax.config.update("jax_enable_x64", True)
INF, NaN = math.inf, math.nan
F, L = torch.nn.functional, torch.linalg
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests")


# ---- inputs: functions from the generator's name to a tensor, spelled as in the table -----------------------------------

def stream(name):
    s = 2166136261
    for byte in name.encode():
        s = (s ^ byte) * 16777619 & 0xffffffff
    while True:
        s = (s * 1664525 + 1013904223) & 0xffffffff
        yield (s >> 8) / 16777216.0


def drawn(name, shape, f, dtype=torch.float64):
    values = [f(u) for u in itertools.islice(stream(name), math.prod(shape))]
    return torch.tensor(np.array(values, dtype=np.float64).reshape(shape)).to(dtype)


def IN(low, high, *shape): return lambda name: drawn(name, shape, lambda u: low + (high - low) * u)
def R(*shape): return IN(-2, 2, *shape)
R0 = R()
def T(*shape): return lambda name: drawn(name, shape, lambda u: math.floor(3 * u) - 1)
def I(high, *shape): return lambda name: drawn(name, shape, lambda u: math.floor(high * u), torch.int64)
def B(*shape): return lambda name: drawn(name, shape, lambda u: math.floor(2 * u), torch.bool)
def V(*values): return lambda name: torch.tensor(values, dtype=torch.float64)
def M(rows, *values): return lambda name: torch.tensor(values, dtype=torch.float64).reshape(rows, -1)
def IV(*values): return lambda name: torch.tensor(values, dtype=torch.int64)
def IM(rows, *values): return lambda name: torch.tensor(values, dtype=torch.int64).reshape(rows, -1)
def BV(*values): return lambda name: torch.tensor(values, dtype=torch.bool)


# ---- the table ------------------------------------------------------------------------------------------------------------

def unary(op, low, high):
    special = V(0, 1, -1, 0.5, -2.5, 1e-300, 1e300, -1e300, 1e-9, 30, -30, INF, -INF, NaN)
    return [(op, "plain", 2, [IN(low, high, 3, 4)]), (op, "one", 2, [IN(low, high, 1)]), (op, "rank_0", 2, [IN(low, high)]),
            (op, "empty", 1, [IN(low, high, 0, 3)]), (op, "special", 0, [special])]


def binary(op, low, high, low2, high2):
    special = [M(13, 0, 1, -1, 0.5, -2.5, 1e-300, 1e300, -1e300, 7, -3, INF, -INF, NaN), V(0, 1, -1, 0.5, 2, -3, INF, -INF, NaN)]
    return [(op, "plain", 2, [IN(low, high, 3, 4), IN(low2, high2, 3, 4)]), (op, "broadcast", 2, [IN(low, high, 3, 1), IN(low2, high2, 2, 1, 4)]),
            (op, "number", 2, [IN(low, high, 2, 3), IN(low2, high2)]), (op, "empty", 1, [IN(low, high, 0, 3), IN(low2, high2, 3)]),
            (op, "special", 0, special)]


def compare(op):
    special = [M(7, 0, 1, -1, 0.5, INF, -INF, NaN), V(0, 1, -1, 0.5, 2, INF, -INF, NaN)]
    return [(op, "special", 0, special), (op, "integers", 0, [I(3, 4, 5), I(3, 5)]), (op, "empty", 0, [R(3, 0), R(3, 1)])]


def logic(op):
    return [(op, "plain", 0, [B(4, 5), B(4, 5)]), (op, "broadcast", 0, [B(4, 1), B(5)]), (op, "empty", 0, [B(0, 2), B(2)])]


SETS = {"UNARY": unary, "BINARY": binary, "COMPARE": compare, "LOGIC": logic}
ORDERS = {"VALUE": 0, "FIRST": 1, "SECOND": 2, "LOOSE": 2}


def enclosed(text):
    """What stands between the first parenthesis and its partner."""
    start = text.index("(")
    depth = 0
    for i, c in enumerate(text[start:], start):
        depth += (c == "(") - (c == ")")
        if depth == 0: return text[start + 1:i]


def table():
    """(operation, case, orders of derivatives, inputs), in order."""
    cases = []
    for line in open(os.path.join(TESTS, "reference.def")):
        one = re.match(r"([A-Z]+)\((\w+)(.*)", line)
        if not one: continue
        kind, op, rest = one.groups()
        if kind in SETS: cases += SETS[kind](op, *map(float, re.findall(r"[-\d.]+", rest)))
        if kind in ORDERS: cases.append((op, re.match(r", (\w+)", rest).group(1), ORDERS[kind], eval("[%s]" % enclosed(rest))))
    return cases


# ---- how others say it ----------------------------------------------------------------------------------------------------

def eye(x): return torch.eye(x.shape[-1])
def spd(x): return x @ x.mT + eye(x)
def firm(x): return x + 3 * eye(x)
def both(*parts): return torch.cat([p.flatten() for p in parts])
def last(x): return x.movedim(1, -1)                # channels last, and back
def first(x): return x.movedim(-1, 1)


def conv(f, **how):
    """w [k.., c, out] as PyTorch's [out, c, k..]."""
    return lambda x, w: last(f(first(x), w.movedim(-1, 0).movedim(-1, 1), **how))


def transposed(f, **how):
    """w [k.., out, c] as PyTorch's [c, out, k..]."""
    return lambda x, w: last(f(first(x), w.movedim(-1, 0).movedim(-1, 1), **how))


def pool(f, *shape, **how): return lambda x: last(f(first(x), *shape, **how))
def uneven(x, w): return conv(F.conv2d)(F.pad(x, (0, 0, 2, 1, 1, 0)), w)


def sums(f, window, **how):
    return pool(f, window, divisor_override=1, **how)


def sum_pool1d(x):
    return 3 * last(F.avg_pool1d(first(x), 3, 2))


def pair(z): return torch.view_as_real(z)
def cplx(x): return torch.view_as_complex(x.contiguous())
def fourier(f, **how): return lambda x: pair(f(cplx(x), **how))


def slogdet(x): return both(*L.slogdet(x))
def eigh(x):
    w, v = L.eigh(spd(x))
    return both(w, v ** 2)
def svd_squares(x):
    u, s, vh = L.svd(x, full_matrices=False)
    return both(u ** 2, s, vh ** 2)
def svd_product(x):
    u, s, vh = L.svd(firm(x), full_matrices=False)
    return u @ vh


def bilinear(x, w, y): return torch.einsum("...i,kij,...j->...k", x, w, y)
def jacobian(x, a): return torch.func.jacrev(lambda x: torch.tanh(a @ x))(x)
def hessian(x, a): return torch.func.hessian(lambda x: torch.tanh(a @ x).sum())(x)


def slice_add(x, src):
    y = x.clone()
    y[1:5:2] += src
    return y


def attention(q, k, v, mask=None, **how):
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, mask, **how)


def recurrence(a, b):
    rows = [b[0]]
    for i in range(1, len(b)): rows.append(a[i] * rows[-1] + b[i])
    return torch.stack(rows)


class Polygamma(torch.autograd.Function):
    """SciPy's: PyTorch's has eight digits."""
    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        return torch.tensor(scipy.special.polygamma(n, x.detach().numpy()))

    @staticmethod
    def backward(ctx, g): return g * Polygamma.apply(ctx.saved_tensors[0], ctx.n + 1), None


class Lgamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.tensor(scipy.special.gammaln(x.detach().numpy()))

    @staticmethod
    def backward(ctx, g): return g * Polygamma.apply(ctx.saved_tensors[0], 0)


def polygamma(n): return lambda x: Polygamma.apply(x, n)
def special_betaln(a, b):
    """By torch; two poles less one, which is NaN there, by SciPy."""
    y = torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
    return torch.where((a == 0) & (b == 0), scipy.special.betaln(0, 0), y)


def betaln(a, b): return Lgamma.apply(a) + Lgamma.apply(b) - Lgamma.apply(a + b)
def celu(alpha): return lambda x: torch.where(x > 0, x, alpha * torch.expm1(x / alpha))        # PyTorch's 1 / alpha has seven digits


def limit(f):
    """PyTorch has NaN at -infinity where this library has the limit."""
    return lambda x: torch.where(x == -INF, 0.0, f(x))


def bessel(f, size): return lambda x: torch.where(torch.isinf(x), size(x), f(x))       # and here at both ends


def by_jax(f):
    """Marks a function of JAX arrays."""
    f.jax = True
    return f


@by_jax
def jax_logaddexp(a, b): return jnp.logaddexp(a, b)
@by_jax
def jax_gamma_slope(a, y): return jax.lax.random_gamma_grad(a, y)
@by_jax
def jax_cholesky(x): return jnp.linalg.cholesky(x + 6 * jnp.eye(3))
@by_jax
def jax_eigvalsh(x): return jnp.linalg.eigvalsh(x)


def jax_conv(stride, padding, dilation, dims):
    return by_jax(lambda x, w: jax.lax.conv_general_dilated(x, w, stride, padding, lhs_dilation=dilation, dimension_numbers=dims))


def softmax_two(x): return torch.softmax(x.movedim(1, 0).reshape(3, 4), -1).reshape(3, 2, 2).movedim(0, 1)
def backwards(f): return lambda x: f(x.flip(0), 0).flip(0)
def resized(mode, size=None, **how): return lambda x: last(F.interpolate(first(x), size, mode=mode, **how))
def quantile(q, axis=None): return lambda x: torch.quantile(x, q) if axis is None else torch.quantile(x, q, axis)
def window(x): return x.unfold(1, 3, 2).movedim(-1, 2)
def window_2(x): return x.unfold(1, 2, 1).unfold(2, 3, 1).movedim(3, -1)
def window_add(y): return F.pad(y[:, :, 0], (0, 0, 0, 1)) + F.pad(y[:, :, 1], (0, 0, 1, 0))


def numbers(f, **how): return lambda x: torch.tensor(np.asarray(f(x.numpy(), **how)))


FUNCTIONS = {op: getattr(torch, op) for op in """neg abs sign exp expm1 log log1p sqrt rsqrt square sin cos tanh sigmoid erf relu round floor
    ceil trunc tan asin acos atan sinh cosh asinh acosh atanh exp2 log2 log10 isnan isinf isfinite add sub mul div pow atan2 hypot logaddexp
    xlogy copysign maximum minimum less less_equal greater greater_equal not_equal logical_and logical_or logical_xor logical_not where
    matmul inner kron cross sum prod mean complex""".split()}
FUNCTIONS.update({op: getattr(torch.special, op) for op in "erfc erfinv ndtr log_ndtr ndtri digamma i0 i0e i1 i1e".split()})
FUNCTIONS.update({
    "sign.special": numbers(np.sign), "copysign": lambda a, b: torch.abs(a) * torch.sign(b), "copysign.special": torch.copysign,
    "recip": torch.reciprocal, "mod": torch.remainder, "equal": torch.eq,
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3), "cbrt.special": numbers(np.cbrt),
    "mul.itself": lambda x: x * x, "pow.by_number": lambda x: x ** 0.7, "pow.of_number": lambda x: 1.7 ** x,
    "powi.cube": lambda x: x ** 3, "powi.minus_two": lambda x: x ** -2, "powi.square_at_zero": lambda x: x ** 2,
    "powi.one_at_zero": lambda x: x ** 1, "powi.zero": lambda x: x ** 0, "fma": lambda a, b, c: a * b + c,
    "cast.to_integer": lambda x: x.to(torch.int64), "cast.to_bool": lambda x: x.to(torch.bool), "cast.of_integers": lambda x: x.to(torch.float64),
    "clip.both": lambda x: torch.clamp(x, -0.75, 1.25), "clip.at_the_bounds": lambda x: torch.clamp(x, -1, 1),
    "masked_fill.plain": lambda x, m: x.masked_fill(m, -3), "masked_fill.broadcast": lambda x, m: x.masked_fill(m, 7),

    "reshape.plain": lambda x: x.reshape(2, -1), "reshape.empty": lambda x: x.reshape(4, 0),
    "permute.plain": lambda x: x.permute(2, 0, 1), "permute.negative": lambda x: x.permute(-1, 0, -2),
    "broadcast_to": lambda x: x.expand(2, 3, 4), "sum_to": lambda x: x.sum_to_size(3, 1),
    "slice.start_size": lambda x: x[1:3, 2:5], "slice.negative_start": lambda x: x[-3:, -2:], "slice.steps": lambda x: x[1::2, ::3],
    "slice.backwards": lambda x: x.flip(0, 1)[::2], "slice.stop": lambda x: x[2:-1, 1:4],
    "slice_update.row": lambda x, s: x.select_scatter(s, 0, 2), "slice_update.column": lambda x, s: x.select_scatter(s, 1, -1),
    "slice_scatter": lambda x, s: x.slice_scatter(s, 0, 1, 5, 2), "slice_add": slice_add,
    "pad": lambda x: F.pad(x, (0, 2, 1, 0), value=1.5), "flip.all": lambda x: x.flip(0, 1), "flip.last": lambda x: x.flip(-1),
    "concat.rows": lambda *xs: torch.cat(xs), "concat": lambda *xs: torch.cat(xs, -1), "stack.rows": lambda *xs: torch.stack(xs),
    "stack.last": lambda *xs: torch.stack(xs, -1), "flatten": lambda x: x.flatten(1), "transpose": lambda x: x.mT,
    "squeeze.all": lambda x: x.squeeze(), "squeeze.one": lambda x: x.squeeze(-2), "expand_dims.first": lambda x: x[None],
    "expand_dims.last": lambda x: x[..., None], "index.first": lambda x: x[1], "index.negative": lambda x: x[:, -2],
    "gather.rows": lambda x, i: x.gather(0, i), "gather.columns": lambda x, i: x.gather(1, i),
    "take_along_axis": lambda x, i: torch.take_along_dim(x, i, 1), "take.rows": lambda x, i: x[i], "take.columns": lambda x, i: x[:, i],
    "scatter_add.repeated": lambda x, i, s: x.scatter_add(0, i, s), "scatter_add.columns": lambda x, i, s: x.scatter_add(1, i, s),
    "scatter_set": lambda x, i, s: x.scatter(0, i, s), "one_hot": lambda x: F.one_hot(x, 4), "arange": lambda x: torch.arange(7),
    "zeros": lambda x: torch.zeros(2, 3), "ones": lambda x: torch.ones(2, 3),

    "sum.last": lambda x: x.sum(-1), "sum.outer_kept": lambda x: x.sum((0, 2), keepdim=True), "sum.empty": lambda x: x.sum(1),
    "sum.infinite": lambda x: x.sum(1), "sum_bool": lambda x: x.sum(0), "prod.all": torch.prod, "prod": lambda x: torch.prod(x, -1),
    "max.all": lambda x: torch.amax(x, (0, 1)), "max.middle": lambda x: torch.amax(x, 1), "max": lambda x: torch.amax(x, -1),
    "min.all": lambda x: torch.amin(x, (0, 1)), "min.outer": lambda x: torch.amin(x, (0, -1)), "min.ties": lambda x: torch.amin(x, 0),
    "argmax": numbers(np.argmax, axis=-1), "argmax.ties": numbers(np.argmax, axis=0),
    "argmin": numbers(np.argmin, axis=-1), "argmin.ties": numbers(np.argmin, axis=0), "any": lambda x: x.any(1), "all": lambda x: x.all(1),
    "mean.axes": lambda x: x.mean((0, -1)), "var.all": lambda x: x.var(unbiased=False), "var.ddof": lambda x: x.var(-1, correction=1),
    "std.axes": lambda x: x.std(0, correction=0, keepdim=True), "std.ddof": lambda x: x.std(1, correction=1),
    "norm.all": lambda x: L.vector_norm(x), "norm.one": lambda x: L.vector_norm(x, 1, -1), "norm.three": lambda x: L.vector_norm(x, 3, 0),
    "norm.half": lambda x: L.vector_norm(x, 0.5, 0), "norm.largest": lambda x: L.vector_norm(x, INF, 1),
    "norm.smallest": lambda x: L.vector_norm(x, -INF, 1), "norm.how_many": lambda x: L.vector_norm(x, 0, 1),
    "norm.at_zero": lambda x: L.vector_norm(x, 2, 1),
    "softmax": lambda x: torch.softmax(x, -1), "softmax.first": lambda x: torch.softmax(x, 0),
    "log_softmax": lambda x: torch.log_softmax(x, -1), "log_softmax.first": lambda x: torch.log_softmax(x, 0),
    "logsumexp.all": lambda x: torch.logsumexp(x, (0, 1)), "logsumexp.axes": lambda x: torch.logsumexp(x, (0, -1), keepdim=True),
    "logsumexp": lambda x: torch.logsumexp(x, 1),

    "matmul.transpose_a": lambda a, b: a.mT @ b, "matmul.transpose_b": lambda a, b: a @ b.mT, "matmul.transpose_both": lambda a, b: a.mT @ b.mT,
    "tensordot.two": lambda a, b: torch.tensordot(a, b, 2), "tensordot.named": lambda a, b: torch.tensordot(a, b, ([0, 2], [1, 0])),
    "bilinear": bilinear, "cross.plain": lambda a, b: L.cross(a, b), "cross.first": lambda a, b: L.cross(a, b, dim=0),
    "einsum.chain": lambda *x: torch.einsum("ij,jk,kl->il", *x), "einsum.trace": lambda x: torch.einsum("ii->", x),
    "einsum.diagonal": lambda x: torch.einsum("bii->ib", x), "einsum.dots": lambda *x: torch.einsum("...ij,jk->...ki", *x),
    "einsum.implicit": lambda *x: torch.einsum("ba,bc", *x), "einsum.sums": lambda *x: torch.einsum("ij,jk->j", *x),
    "conv1d": conv(F.conv1d), "conv1d.options": conv(F.conv1d, stride=2, dilation=2, padding=2, groups=2), "conv2d": conv(F.conv2d),
    "conv2d.stride_pad": conv(F.conv2d, stride=(2, 1), padding=(1, 2)), "conv2d.same": conv(F.conv2d, padding="same"),
    "conv2d.uneven_pad": uneven, "conv2d.dilation": conv(F.conv2d, dilation=(3, 2)), "conv2d.depthwise": conv(F.conv2d, padding=1, groups=3),
    "conv2d.groups": conv(F.conv2d, groups=2), "conv3d": conv(F.conv3d), "conv3d.options": conv(F.conv3d, stride=(2, 1, 2), padding=1, groups=2),
    "conv_transpose1d": transposed(F.conv_transpose1d), "conv_transpose2d": transposed(F.conv_transpose2d),
    "conv_transpose2d.options": transposed(F.conv_transpose2d, stride=2, padding=1, output_padding=1),
    "conv_transpose2d.groups": transposed(F.conv_transpose2d, dilation=2, groups=2),
    "conv_transpose3d": transposed(F.conv_transpose3d, stride=(1, 2, 1)),
    "max_pool1d": pool(F.max_pool1d, 3, 2), "max_pool2d": pool(F.max_pool2d, 2),
    "max_pool2d.options": pool(F.max_pool2d, (3, 2), (2, 1), 1, (1, 2)), "max_pool2d.ceil": pool(F.max_pool2d, 3, 2, ceil_mode=True),
    "max_pool3d": pool(F.max_pool3d, 2), "sum_pool1d": sum_pool1d, "sum_pool2d": sums(F.avg_pool2d, (2, 3), stride=1),
    "sum_pool3d": sums(F.avg_pool3d, 2), "avg_pool1d": pool(F.avg_pool1d, 3, 2, 1), "avg_pool2d": pool(F.avg_pool2d, 2),
    "avg_pool2d.padded": pool(F.avg_pool2d, 3, (2, 1), 1), "avg_pool2d.excluded": pool(F.avg_pool2d, 3, (2, 1), 1, count_include_pad=False),
    "avg_pool3d": pool(F.avg_pool3d, 2),

    "triangular_solve.lower": lambda t, b: L.solve_triangular(firm(t).tril(), b, upper=False),
    "triangular_solve.upper": lambda t, b: L.solve_triangular(firm(t).triu(), b, upper=True),
    "triangular_solve.transposed": lambda t, b: L.solve_triangular(firm(t).tril().mT, b, upper=True),
    "triangular_solve.unit": lambda t, b: L.solve_triangular(t.tril(), b, upper=False, unitriangular=True),
    "cholesky.plain": lambda x: L.cholesky(spd(x)), "cholesky.upper": lambda x: L.cholesky(spd(x)).mT, "cholesky.one": L.cholesky,
    "cholesky_solve": lambda b, x: torch.cholesky_solve(b, L.cholesky(spd(x))), "lu_factor": lambda x: L.lu_factor(firm(x))[0],
    "lu": lambda x: both(*L.lu(x)), "solve": lambda a, b: L.solve(firm(a), b), "inv": lambda x: L.inv(firm(x)), "det": L.det,
    "det.batches": lambda x: L.det(firm(x)), "slogdet": slogdet, "logdet": lambda x: torch.logdet(spd(x)),
    "qr.tall": lambda x: both(*L.qr(x)), "qr.square": lambda x: both(*L.qr(firm(x))), "eigh": eigh, "eigvalsh": lambda x: L.eigvalsh(spd(x)),
    "svd": svd_squares, "svd.rotation": svd_product, "svdvals": L.svdvals, "pinv": lambda x: L.pinv(x),
    "lstsq": lambda a, b: L.pinv(a) @ b, "matrix_rank": L.matrix_rank, "matrix_norm.fro": lambda x: L.matrix_norm(x),
    "matrix_norm.nuc": lambda x: L.matrix_norm(x, "nuc"), "matrix_norm.one": lambda x: L.matrix_norm(x, 1),
    "matrix_norm.inf": lambda x: L.matrix_norm(x, INF), "matrix_norm.two": lambda x: L.matrix_norm(x, 2), "cond": lambda x: L.cond(firm(x)),
    "matrix_exp": L.matrix_exp, "matrix_power.five": lambda x: L.matrix_power(x, 5),
    "matrix_power.minus_two": lambda x: L.matrix_power(firm(x), -2),

    "fft": fourier(torch.fft.fft), "fft.first_ortho": fourier(torch.fft.fft, dim=0, norm="ortho"), "ifft": fourier(torch.fft.ifft),
    "ifft.forward": fourier(torch.fft.ifft, norm="forward"), "fft2": fourier(torch.fft.fft2), "ifft2": fourier(torch.fft.ifft2),
    "rfft": lambda x: pair(torch.fft.rfft(x)), "rfft.odd": lambda x: pair(torch.fft.rfft(x, norm="ortho")),
    "irfft": lambda x: torch.fft.irfft(cplx(x)), "irfft.odd": lambda x: torch.fft.irfft(cplx(x), n=7),
    "rfft2": lambda x: pair(torch.fft.rfft2(x)), "irfft2": lambda x: torch.fft.irfft2(cplx(x)), "complex": lambda a, b: torch.stack([a, b], -1),
    "real": lambda x: cplx(x).real, "imag": lambda x: cplx(x).imag, "complex_mul": lambda a, b: pair(cplx(a) * cplx(b)),

    "tile.plain": lambda x: torch.tile(x, (2, 1, 3)), "tile.fewer": lambda x: torch.tile(x, (2,)),
    "repeat.first": lambda x: x.repeat_interleave(3, 0), "repeat.last": lambda x: x.repeat_interleave(2, -1),
    "roll.first": lambda x: x.roll(1, 0), "roll.back": lambda x: x.roll(-7, -1), "diagonal.main": lambda x: x.diagonal(0, -2, -1),
    "diagonal.below": lambda x: x.diagonal(-2), "diag_embed": lambda x: torch.diag_embed(x, 1), "diag.of_vector": lambda x: torch.diag(x, -1),
    "diag.of_matrix": lambda x: torch.diag(x, 1), "trace": torch.trace, "tril": lambda x: x.tril(-1), "triu": lambda x: x.triu(1),
    "eye": lambda x: torch.tensor(np.eye(3, 4, -1)), "outer": torch.outer, "cartesian_prod": torch.cartesian_prod,
    "full": lambda x: torch.full((2, 2), 1.25), "full_like": lambda x: torch.full_like(x, -3), "zeros_like": torch.zeros_like,
    "ones_like": torch.ones_like, "linspace": lambda x: torch.linspace(-1, 2, 7), "linspace.one": lambda x: torch.linspace(-1, 2, 1),
    "swapaxes": lambda x: x.swapaxes(0, -1), "moveaxis": lambda x: x.moveaxis(0, -1),

    "cumsum": lambda x: x.cumsum(0), "cumsum.last": lambda x: x.cumsum(-1), "cumsum.reverse": lambda x: x.flip(0).cumsum(0).flip(0),
    "cumprod": lambda x: x.cumprod(-1), "logcumsumexp": lambda x: x.logcumsumexp(-1), "linear_recurrence": recurrence,
    "cumargmax": lambda x: x.cummax(1)[1], "cumargmin": lambda x: x.cummin(1)[1], "cummax": lambda x: x.cummax(-1)[0],
    "cummin": lambda x: x.cummin(0)[0], "argsort": lambda x: x.argsort(stable=True), "argsort.ties": lambda x: x.argsort(dim=0, stable=True),
    "sort": lambda x: x.sort(stable=True)[0], "sort.falling": lambda x: x.sort(dim=0, descending=True)[0], "topk.largest": lambda x: x.topk(3)[0],
    "topk.smallest": lambda x: x.topk(2, 0, largest=False)[0], "kthvalue": lambda x: x.kthvalue(2, -1)[0], "median.odd": lambda x: x.median(-1)[0],
    "median.even": quantile(0.5), "median.special": lambda x: x.median(1)[0], "quantile.third": quantile(0.3, -1), "quantile.all": quantile(0.9),
    "quantile.end": quantile(1, 0), "searchsorted.left": torch.searchsorted, "searchsorted.right": lambda r, v: torch.searchsorted(r, v, right=True),
    "nonzero_now": lambda x: x.flatten().nonzero().flatten(), "unique_now": torch.unique,

    "adaptive_avg_pool1d": pool(F.adaptive_avg_pool1d, 3), "adaptive_avg_pool2d": pool(F.adaptive_avg_pool2d, (3, 2)),
    "adaptive_avg_pool2d.larger": pool(F.adaptive_avg_pool2d, (3, 5)), "adaptive_avg_pool3d": pool(F.adaptive_avg_pool3d, (2, 3, 1)),
    "adaptive_max_pool1d": pool(F.adaptive_max_pool1d, 3), "adaptive_max_pool2d": pool(F.adaptive_max_pool2d, (3, 2)),
    "adaptive_max_pool3d": pool(F.adaptive_max_pool3d, (2, 3, 1)), "window": window, "window.two_axes": window_2, "window_add": window_add,
    "interpolate.nearest": resized("nearest", (5, 6)), "interpolate.nearest_exact": resized("nearest-exact", (5, 3)),
    "interpolate.linear": resized("linear", 8), "interpolate.bilinear": resized("bilinear", (5, 2)),
    "interpolate.corners": resized("bilinear", (5, 7), align_corners=True), "interpolate.trilinear": resized("trilinear", (3, 2, 4)),
    "interpolate.scale": resized("bilinear", scale_factor=(2, 1.5)), "interpolate.bicubic": resized("bicubic", (6, 3)),
    "interpolate.bicubic_corners": resized("bicubic", (6, 3), align_corners=True),
    "pixel_shuffle": pool(F.pixel_shuffle, 2), "pixel_unshuffle": pool(F.pixel_unshuffle, 2), "attention": attention,
    "attention.causal": lambda q, k, v: attention(q, k, v, is_causal=True, scale=0.4),

    "lgamma": Lgamma.apply, "digamma.special": torch.digamma, "digamma": polygamma(0), "polygamma.one": polygamma(1),
    "polygamma.three": polygamma(3), "betaln": betaln,
    "lgamma.special": torch.lgamma, "betaln.special": special_betaln,
    "i0.special": bessel(torch.i0, torch.abs), "i1.special": bessel(torch.special.i1, torch.clone), "gelu": F.gelu,
    **{op + ".special": limit(getattr(F, op)) for op in "gelu silu mish hardswish".split()},
    "gelu.approximate": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish, "softplus": lambda x: F.softplus(x, 1, 600),
    "softplus.beta": lambda x: F.softplus(x, 2.5, 600), "elu": F.elu, "elu.alpha": lambda x: F.elu(x, 0.7), "elu.kink": lambda x: F.elu(x, 0.7),
    "selu": F.selu, "celu": F.celu, "celu.alpha": celu(0.7), "log_sigmoid": F.logsigmoid, "leaky_relu": F.leaky_relu,
    "leaky_relu.kink": lambda x: F.leaky_relu(x, 0.2), "prelu": F.prelu, "relu6": F.relu6, "hardtanh": F.hardtanh,
    "hardtanh.kink": lambda x: F.hardtanh(x, -1.5, 0.5), "hardsigmoid": lambda x: F.relu6(x + 3) / 6, "hardswish": F.hardswish, "softsign": F.softsign,
    "softshrink": F.softshrink, "softshrink.kink": lambda x: F.softshrink(x, 0.75), "hardshrink": F.hardshrink, "tanhshrink": F.tanhshrink,
    "threshold": lambda x: F.threshold(x, 0.5, -3), "glu": F.glu, "glu.first": lambda x: F.glu(x, 0),

    "logaddexp.far": jax_logaddexp, "gamma_slope": jax_gamma_slope, "cholesky.symmetrised": jax_cholesky, "eigvalsh.symmetrised": jax_eigvalsh,
    "conv1d.same_stride": jax_conv((3,), "SAME", (1,), ("NWC", "WIO", "NWC")),
    "conv2d.same_stride": jax_conv((2, 2), "SAME", (1, 1), ("NHWC", "HWIO", "NHWC")),
    "conv2d.input_dilation": jax_conv((1, 1), ((1, 1), (1, 1)), (2, 3), ("NHWC", "HWIO", "NHWC")),
    "prod.one": torch.prod, "max.one": lambda x: torch.amax(x, 0), "min.nan": lambda x: torch.amin(x, 1), "mean.empty": lambda x: x.mean(1),
    "var.one": lambda x: x.var(1, correction=0), "softmax.two_axes": softmax_two,
    "cumsum.exclusive": lambda x: x.cumsum(1) - x, "cumprod.backwards": backwards(torch.cumprod), "cumprod.empty": lambda x: x.cumprod(0),
    "logcumsumexp.backwards": backwards(torch.logcumsumexp), "topk.special": lambda x: x.topk(3)[0],

    "jacobian": jacobian, "hessian": hessian, "jacobian_sparse": lambda x: 1 - torch.tanh(x) ** 2, "solution": torch.sqrt,
    "implicit": lambda x: torch.diag(0.5 / torch.sqrt(x)),
})


# ---- one case -------------------------------------------------------------------------------------------------------------

def weights(name, like): return drawn(name, like.shape, lambda u: 2 * u - 1)


def vjp(y, xs, g, create):
    """Zeros where y does not depend on x."""
    if not y.requires_grad: return [torch.zeros_like(x) for x in xs]
    gs = torch.autograd.grad(y, xs, g, create_graph=create, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, gs)]


def computed(op, what, orders, inputs):
    name = "%s.%s" % (op, what)
    f = FUNCTIONS.get(name) or FUNCTIONS[op]
    xs = [make("%s.%d" % (name, k)) for k, make in enumerate(inputs)]
    floats = [x.requires_grad_(orders > 0) for x in xs if x.dtype == torch.float64]
    if hasattr(f, "jax"): return computed_by_jax(name, f, orders, [jnp.asarray(x.detach().numpy()) for x in xs])
    y = f(*xs)
    out = [y]
    if orders > 0:
        gx = vjp(y, floats, weights(name + ".g", y), orders > 1)
        out += gx
        if orders > 1:
            total = sum((g * weights("%s.w%d" % (name, k), g)).sum() for k, g in enumerate(gx))
            out += vjp(total, floats, None, False)
    return torch.cat([t.detach().to(torch.float64).flatten() for t in out]).tolist()


def computed_by_jax(name, f, orders, xs):
    """A function of floats: alone, or with both derivatives."""
    def weighted(part, like): return jnp.asarray(weights("%s.%s" % (name, part), like).numpy())

    def pulled(*xs):
        y, pull = jax.vjp(f, *xs)
        return pull(weighted("g", y))

    def total(*xs): return sum(jnp.sum(g * weighted("w%d" % k, g)) for k, g in enumerate(pulled(*xs)))
    out = [f(*xs)]
    if orders > 0: out += [*pulled(*xs), *jax.grad(total, tuple(range(len(xs))))(*xs)]
    return np.concatenate([np.ravel(t) for t in out]).tolist()


def spelled(v):
    return "NaN" if math.isnan(v) else ("INF" if v > 0 else "-INF") if math.isinf(v) else "%.12g" % v


def ops():
    lines = ["/* Written by tools/reference.py with torch %s, jax %s, numpy %s, scipy %s. */"
             % (torch.__version__.split("+")[0], jax.__version__, np.__version__, scipy.__version__)]
    bad = 0
    for op, what, orders, inputs in table():
        try:
            values = computed(op, what, orders, inputs)
        except Exception as e:
            print("%s.%s: %s" % (op, what, str(e).split("\n")[0]))
            bad += 1
            continue
        lines.append("REFERENCE(%s, %s, %d%s)" % (op, what, len(values), "".join(", " + spelled(v) for v in values)))
    with open(os.path.join(TESTS, "reference_ops.inc"), "w") as f: f.write("\n".join(lines) + "\n")
    return bad
