#!/usr/bin/env python3
"""reference.py [optim] [nn] [ops] - writes tests/reference_*.inc: what PyTorch, JAX, SciPy and optax compute, in double precision.

The tests compare with these numbers and need no Python. Needs torch, jax, optax, numpy, scipy; the versions that were
used are in the first line of each file. The problem that the optimisers work on is repeated in tests/check_optim_steps.c.
"""
import math, os, sys
import numpy as np
import torch
from reference_ops import ops

torch.set_default_dtype(torch.float64)
STEPS = 12
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests")


def line(values):
    return "{ " + ", ".join("%.12g" % float(v) for v in values) + " }"


def rows(out, name, values):
    out.append("REFERENCE(%s, %d,\n    %s)" % (name, len(values), ",\n    ".join(line(v) for v in values)))


def write(area, out, versions):
    with open(os.path.join(TESTS, "reference_%s.inc" % area), "w") as f:
        f.write("/* Written by tools/reference.py with %s. */\n" % versions)
        f.write("\n".join(out) + "\n")


# ---- optim: two tensors, a loss that is neither convex nor the same at every step -------------------------------------

def wave(n, step, start):
    return np.sin(start + step * np.arange(n))


X, Y = wave(15, 1.0, 1.0).reshape(5, 3), 0.5 * wave(10, 3.0, 2.0).reshape(5, 2)
A0, B0 = 0.5 * wave(6, 0.7, 0.3).reshape(3, 2), np.array([0.1, -0.2])


def loss_at(lib, x, y, a, b, k):
    return lib.mean((lib.tanh(x @ a + b) - y * (1 + 0.1 * (k % 3))) ** 2)


class Torch:
    def __init__(self):
        self.a, self.b = torch.tensor(A0, requires_grad=True), torch.tensor(B0, requires_grad=True)
        self.x, self.y, self.k, self.rows = torch.tensor(X), torch.tensor(Y), 0, []

    def params(self): return [self.a, self.b]
    def loss(self): return loss_at(torch, self.x, self.y, self.a, self.b, self.k)

    def record(self):
        self.rows.append(torch.cat([self.a.flatten(), self.b]).tolist())
        self.k += 1


def by_torch(make, before=None, after=None, schedule=None, penalty=None):
    p = Torch()
    opt = make(p.params())
    schedule = schedule and schedule(opt)
    for _ in range(STEPS):
        opt.zero_grad()
        loss = p.loss()
        (loss + penalty(p) if penalty else loss).backward()
        if before: before(p)
        opt.step()
        if schedule: schedule.step()
        if after: after(p, opt)
        p.record()
    return p.rows


def by_optax(make):
    import jax, jax.numpy as jnp, optax
    jax.config.update("jax_enable_x64", True)
    params, out = (jnp.array(A0), jnp.array(B0)), []
    opt = make(optax)
    state = opt.init(params)
    for k in range(STEPS):
        g = jax.grad(lambda p: loss_at(jnp, jnp.array(X), jnp.array(Y), p[0], p[1], k))(params)
        change, state = opt.update(g, state, params)
        params = optax.apply_updates(params, change)
        out.append(np.concatenate([np.array(params[0]).ravel(), np.array(params[1])]))
    return out


def accumulated():
    p = Torch()
    opt = torch.optim.Adam(p.params(), lr=0.05)
    for k in range(STEPS):
        (p.loss() / 3).backward()
        if k % 3 == 2:
            torch.nn.utils.clip_grad_norm_(p.params(), 0.2)
            opt.step()
            opt.zero_grad()
        p.record()
    return p.rows


def averaged(out, name, steps, **how):
    from torch.optim.swa_utils import AveragedModel
    p = Torch()
    model = torch.nn.Module()
    model.a, model.b = torch.nn.Parameter(p.a), torch.nn.Parameter(p.b)
    p.a, p.b = model.a, model.b
    opt, mean = torch.optim.SGD(model.parameters(), lr=0.3), AveragedModel(model, **how)
    for k in range(STEPS):
        opt.zero_grad()
        p.loss().backward()
        opt.step()
        if k + 1 in steps: mean.update_parameters(model)
        p.k += 1
    m = mean.module
    rows(out, name, [torch.cat([m.a.flatten(), m.b]).tolist()])


def lookahead(k, alpha):
    slow = [torch.tensor(A0), torch.tensor(B0)]

    def after(p, opt):
        if p.k % k != k - 1: return
        with torch.no_grad():
            for s, w in zip(slow, p.params()):
                s += alpha * (w - s)
                w.copy_(s)
    return after


def soft(amount):
    def after(p, opt):
        lr = opt.param_groups[0]["lr"]
        with torch.no_grad():
            for w in p.params(): w.copy_(torch.nn.functional.softshrink(w, lr * amount))
    return after


def renorm(limit):
    def after(p, opt):
        with torch.no_grad(): p.a.copy_(torch.renorm(p.a, 2, 1, limit))
    return after


def rules(out):
    o, clip = torch.optim, torch.nn.utils
    def torch_row(name, make, **how): rows(out, name, by_torch(make, **how))
    torch_row("sgd", lambda p: o.SGD(p, lr=0.3))
    torch_row("momentum", lambda p: o.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01))
    torch_row("dampening", lambda p: o.SGD(p, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01))
    torch_row("nesterov", lambda p: o.SGD(p, lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.01))
    torch_row("adam", lambda p: o.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.02))
    torch_row("adamw", lambda p: o.AdamW(p, lr=0.05))
    torch_row("amsgrad", lambda p: o.AdamW(p, lr=0.05, betas=(0.8, 0.9), weight_decay=0.1, amsgrad=True))
    torch_row("nadam", lambda p: o.NAdam(p, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True))
    torch_row("radam", lambda p: o.RAdam(p, lr=0.05, betas=(0.9, 0.95), weight_decay=0.1, decoupled_weight_decay=True))
    torch_row("rmsprop", lambda p: o.RMSprop(p, lr=0.02, alpha=0.9, weight_decay=0.1))
    torch_row("centered", lambda p: o.RMSprop(p, lr=0.02, momentum=0.7, centered=True))
    torch_row("adagrad", lambda p: o.Adagrad(p, lr=0.2, lr_decay=0.1))
    torch_row("adadelta", lambda p: o.Adadelta(p, lr=2.0, rho=0.8, eps=1e-4))
    rows(out, "lion", by_optax(lambda x: x.lion(0.02, b1=0.8, b2=0.9, weight_decay=0.1)))
    rows(out, "lamb", by_optax(lambda x: x.lamb(0.05, weight_decay=0.1)))
    rows(out, "muon", by_optax(lambda x: x.contrib.muon(0.05, weight_decay=0.1)))
    torch_row("clip_value", lambda p: o.SGD(p, lr=0.3), before=lambda p: clip.clip_grad_value_(p.params(), 0.05))
    torch_row("clip_norm", lambda p: o.SGD(p, lr=0.3), before=lambda p: clip.clip_grad_norm_(p.params(), 0.1))
    torch_row("elastic", lambda p: o.SGD(p, lr=0.3),
              penalty=lambda p: sum(0.05 * (w ** 2).sum() / 2 + 0.03 * w.abs().sum() for w in p.params()))
    torch_row("proximal", lambda p: o.SGD(p, lr=0.3, momentum=0.5), after=soft(0.1))
    torch_row("max_norm", lambda p: o.SGD(p, lr=0.3, momentum=0.5), after=renorm(0.5))
    torch_row("lookahead", lambda p: o.SGD(p, lr=0.3, momentum=0.5), after=lookahead(3, 0.4))
    torch_row("group", lambda p: o.SGD([{"params": p[:1], "lr": 0.05, "weight_decay": 0.2}, {"params": p[1:]}], lr=0.1, momentum=0.9))
    torch_row("scheduled", lambda p: o.Adam(p, lr=0.1), schedule=lambda x: o.lr_scheduler.CosineAnnealingLR(x, STEPS, 0.01))
    rows(out, "accumulated", accumulated())
    averaged(out, "ema_end", range(1, STEPS + 1), multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8))
    averaged(out, "swa_end", range(4, STEPS + 1, 2))


def schedules(out):
    s = torch.optim.lr_scheduler

    def rates(make, n=24):
        opt = torch.optim.SGD([torch.zeros(1)], lr=0.5)
        schedule, got = make(opt), []
        for _ in range(n):
            got.append(opt.param_groups[0]["lr"])
            opt.step()
            schedule.step()
        return got

    def row(name, *args): out.append("SCHEDULE(%s,\n    %s)" % (name, line(rates(*args))))
    row("step", lambda o: s.StepLR(o, 5, 0.3))
    row("exponential", lambda o: s.ExponentialLR(o, 0.9))
    row("cosine", lambda o: s.SequentialLR(o, [s.CosineAnnealingLR(o, 20, 0.05), s.ConstantLR(o, 0.1, 99)], [20]))
    row("linear", lambda o: s.LinearLR(o, 0.2, 0.6, 15))
    row("one_cycle", lambda o: s.OneCycleLR(o, 0.5, total_steps=24))
    row("warmup", lambda o: s.SequentialLR(o, [s.LinearLR(o, 1 / 6, 1, 5), s.ExponentialLR(o, 0.8)], [6]))

    opt = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    plateau = s.ReduceLROnPlateau(opt, factor=0.5, patience=2, threshold=0.05, cooldown=2, min_lr=0.1)
    got = []
    for loss in [3, 2.9, 2, 2, 1.95, 1.99, 1.5, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4]:
        plateau.step(loss)
        got.append(opt.param_groups[0]["lr"])
    out.append("SCHEDULE(plateau,\n    %s)" % line(got))


def minimisers(out):
    """L-BFGS from the same start with 1, 2, ... iterations; Levenberg and Marquardt's formulas with a dense solver."""
    got = []
    for n in range(1, STEPS + 1):
        p = Torch()
        opt = torch.optim.LBFGS(p.params(), max_iter=n, max_eval=10 ** 6, history_size=3, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            loss = p.loss()
            loss.backward()
            return loss
        opt.step(closure)
        p.record()
        got += p.rows
    rows(out, "lbfgs", got)

    def residuals(w): return (torch.tanh(torch.tensor(X ** 3) @ w[:6].reshape(3, 2) + w[6:]) - torch.tensor(Y)).flatten()
    for name, damping in ("levenberg", 1e-3), ("gauss_newton", 0.0):
        w, mu, nu, got = torch.tensor(np.concatenate([A0.ravel(), B0])), damping, 2.0, []
        for _ in range(STEPS):
            r, J = residuals(w), torch.autograd.functional.jacobian(residuals, w)
            g = J.T @ r
            d, t = torch.linalg.solve(J.T @ J + mu * torch.eye(8), -g), 1.0
            while mu == 0 and t > 1e-6 and residuals(w + t * d).square().sum() >= r.square().sum(): t /= 2
            fall = (r.square().sum() - residuals(w + t * d).square().sum()) / 2
            if fall > 0:
                gain = fall / (d @ (mu * d - g) / 2)
                mu, nu, w = mu * max(1 / 3, 1 - (2 * float(gain) - 1) ** 3), 2.0, w + t * d
            else: mu, nu = mu * nu, nu * 2
            got.append(w.tolist())
        rows(out, name, got)


def optim():
    import jax, optax
    out = []
    rules(out)
    schedules(out)
    minimisers(out)
    write("optim", out, "torch %s, optax %s" % (torch.__version__.split("+")[0], optax.__version__))


# ---- nn: losses ------------------------------------------------------------------------------------------------------

def tensor(shape, size, start, step, grad=False):
    return torch.tensor(size * wave(math.prod(shape), step, start).reshape(shape), requires_grad=grad)


def losses(out):
    """Each: the value, and the gradient with respect to the prediction, which is 1.5 sin(0.4 + 0.9 i)."""
    f, d = torch.nn.functional, torch.distributions
    labels, target, other = torch.tensor([2, 0, 1, 2]), tensor((4, 3), 1, 2, 0.7), tensor((4, 3), 1.2, 1, 1.3)
    share = tensor((4, 3), 0.4, 1, 1.1) + 0.5
    weights, sign = torch.tensor([0.5, 2.0, 1.25]), torch.tensor([1.0, -1.0, 1.0, -1.0])
    soft = torch.softmax(target, -1)
    positive = torch.exp(other)

    def row(name, loss, shape=(4, 3)):
        x = tensor(shape, 1.5, 0.4, 0.9, True)
        value = loss(x)
        value.backward()
        out.append("LOSS(%s, %.12g, %d,\n    %s)" % (name, float(value), x.numel(), line(x.grad.flatten())))

    row("cross_entropy", lambda x: f.cross_entropy(x, labels))
    row("cross_entropy_all", lambda x: f.cross_entropy(x, labels, weight=weights, label_smoothing=0.2, ignore_index=0))
    row("cross_entropy_soft", lambda x: f.cross_entropy(x, soft, weight=weights, label_smoothing=0.1))
    row("categorical_nll", lambda x: f.nll_loss(x, labels, ignore_index=1))
    row("binary", lambda x: f.binary_cross_entropy_with_logits(x, share))
    row("binary_weighted", lambda x: f.binary_cross_entropy_with_logits(x, share, pos_weight=torch.tensor(3.0)))
    row("binary_by_class", lambda x: f.binary_cross_entropy_with_logits(x, share, pos_weight=weights))
    row("bernoulli_nll", lambda x: f.binary_cross_entropy(torch.sigmoid(x), share))

    def focal(x):       # torchvision.ops.sigmoid_focal_loss
        t = (share > 0.5).double()
        p, ce = torch.sigmoid(x), f.binary_cross_entropy_with_logits(x, t, reduction="none")
        p_t = p * t + (1 - p) * (1 - t)
        return ((0.25 * t + 0.75 * (1 - t)) * ce * (1 - p_t) ** 1.5).mean()
    row("focal", focal)
    row("hinge", lambda x: torch.clamp(1 - torch.sign(target) * x, min=0).mean())
    row("squared_hinge", lambda x: torch.clamp(1 - torch.sign(target) * x, min=0).square().mean())
    row("mean_squared_error", lambda x: f.mse_loss(x, target))
    row("mean_absolute_error", lambda x: f.l1_loss(x, target))
    row("huber", lambda x: f.huber_loss(x, target, delta=0.7))
    row("smooth_l1", lambda x: f.smooth_l1_loss(x, target, beta=0.7))
    row("log_cosh", lambda x: torch.log(torch.cosh(x - target)).mean())
    row("quantile", lambda x: torch.maximum(0.9 * (target - x), -0.1 * (target - x)).mean())
    row("gaussian_nll", lambda x: f.gaussian_nll_loss(x, target, positive, full=True))
    row("gaussian_nll_of_variance", lambda x: f.gaussian_nll_loss(other, target, torch.exp(x)))
    row("laplace_nll", lambda x: -d.Laplace(x, positive).log_prob(target).mean())
    row("poisson_nll", lambda x: f.poisson_nll_loss(x, 3 * share, full=True))
    row("kl_from_logs", lambda x: f.kl_div(soft.log(), x.log_softmax(-1), reduction="batchmean", log_target=True))
    row("kl", lambda x: f.kl_div(soft.log(), torch.softmax(x, -1), reduction="batchmean"))
    row("kl_reverse", lambda x: f.kl_div(x.log_softmax(-1), soft, reduction="batchmean"))

    def js(x):
        p = torch.softmax(x, -1)
        m = ((p + soft) / 2).log()
        return (f.kl_div(m, p, reduction="batchmean") + f.kl_div(m, soft, reduction="batchmean")) / 2
    row("js", js)
    normal = lambda m, v: d.Independent(d.Normal(m, torch.exp(v / 2)), 1)
    row("gaussian_kl", lambda x: d.kl_divergence(normal(x, target), normal(other, share)).mean())
    row("gaussian_kl_standard", lambda x: d.kl_divergence(normal(target, x), normal(0 * target, 0 * target)).mean())
    row("margin_ranking", lambda x: f.margin_ranking_loss(x, target, torch.sign(other), margin=0.3))
    row("triplet", lambda x: f.triplet_margin_loss(x, target, other, margin=1.2))
    row("cosine", lambda x: f.cosine_embedding_loss(x, target, sign, margin=0.1))

    def info_nce(x, symmetric):
        s = f.normalize(x) @ f.normalize(target).T / 0.2
        n = torch.arange(4)
        return (f.cross_entropy(s, n) + f.cross_entropy(s.T, n)) / 2 if symmetric else f.cross_entropy(s, n)
    row("info_nce", lambda x: info_nce(x, False))
    row("clip", lambda x: info_nce(x, True))
    row("dice", lambda x: (1 - (2 * (torch.sigmoid(x) * share).sum(1) + 1) / (torch.sigmoid(x).sum(1) + share.sum(1) + 1)).mean())

    def iou(x):
        p = torch.sigmoid(x)
        both = (p * share).sum(1)
        return (1 - (both + 0.5) / (p.sum(1) + share.sum(1) - both + 0.5)).mean()
    row("iou", iou)
    row("ctc", lambda x: f.ctc_loss(x.log_softmax(-1).transpose(0, 1), torch.tensor([[1, 1, 2], [2, 0, 0]]),
                                    torch.tensor([6, 4]), torch.tensor([3, 1])), (2, 6, 4))
    row("ctc_sum", lambda x: f.ctc_loss(x.log_softmax(-1).transpose(0, 1), torch.tensor([[1, 0], [2, 1]]),
                                        torch.tensor([6, 6]), torch.tensor([2, 2]), blank=3, reduction="sum"), (2, 6, 4))


# ---- nn: layers ------------------------------------------------------------------------------------------------------

def ours(shapes):
    """The parameters of a layer of ours, in their order: 0.5 sin(0.2 + k + 0.7 i)."""
    return [tensor(s, 0.5, 0.2 + k, 0.7) for k, s in enumerate(shapes)]


def layers(out):
    """Each: the output for x = sin(0.4 + 0.9 i), and the gradient of sum(output * 0.3 sin(0.5 + 1.1 i)) to x."""
    t = torch.nn

    def row(name, f, shape):
        x = tensor(shape, 1.0, 0.4, 0.9, True)
        y = f(x)
        (y * tensor(y.shape, 0.3, 0.5, 1.1)).sum().backward()
        out.append("OUTPUT(%s, %d,\n    %s)" % (name, y.numel(), line(y.detach().flatten())))
        out.append("SLOPE(%s, %d,\n    %s)" % (name, x.numel(), line(x.grad.flatten())))

    def first(x): return x.movedim(-1, 1)
    def last(x): return x.movedim(1, -1)
    def put(module, **values):
        with torch.no_grad():
            for k, v in values.items(): getattr(module, k).copy_(v)
        return module

    def affine(m, w, b): put(m, weight=w, bias=b)

    w, b = ours([(4,), (4,)])
    row("layer_norm", lambda x: t.functional.layer_norm(x, (4,), w, b, 1e-3), (2, 3, 4))
    w2, b2 = ours([(3, 4), (3, 4)])
    row("layer_norm_two", lambda x: t.functional.layer_norm(x, (3, 4), w2, b2), (2, 3, 4))
    row("rms_norm", lambda x: t.functional.rms_norm(x, (4,), w, 1e-6), (2, 3, 4))
    row("group_norm", lambda x: last(t.functional.group_norm(first(x), 2, w, b)), (2, 3, 2, 4))
    row("instance_norm", lambda x: last(t.functional.instance_norm(first(x), weight=w, bias=b)), (2, 3, 2, 4))

    w, b = ours([(4, 3), (3,)])
    row("dense", lambda x: t.functional.linear(x, w.T, b), (2, 3, 4))
    w, b = ours([(4,), (4,)])
    norm = lambda x: last(t.functional.batch_norm(first(x), None, None, w, b, training=True))
    row("batch_norm", norm, (2, 3, 2, 4))
    module = t.BatchNorm2d(4)
    affine(module, w, b)
    for _ in range(4): module(first(tensor((2, 3, 2, 4), 1.0, 0.4, 0.9)))
    row("batch_norm_later", lambda x: last(module.eval()(first(x))), (2, 3, 2, 4))
    w, b = ours([(3, 3, 2, 4), (4,)])
    row("conv2d", lambda x: last(t.functional.conv2d(first(x), w.permute(3, 2, 0, 1), b, stride=2, padding=2, dilation=2, groups=2)), (1, 5, 4, 4))
    w, ws, b = ours([(3, 3, 2, 3), (1, 1, 2, 3), (3,)])
    row("residual", lambda x: last(t.functional.conv2d(first(x), w.permute(3, 2, 0, 1), stride=2, padding=1)
                                   + t.functional.conv2d(first(x), ws.permute(3, 2, 0, 1), stride=2)), (1, 5, 4, 2))
    w, b = ours([(3, 2, 2), (2,)])
    row("conv_transpose1d", lambda x: last(t.functional.conv_transpose1d(first(x), w.permute(2, 1, 0), b, stride=3, padding=1)), (2, 3, 2))
    w, b = ours([(2, 2, 2, 3, 2), (3,)])
    row("conv_transpose3d", lambda x: last(t.functional.conv_transpose3d(first(x), w.permute(4, 3, 0, 1, 2), b, stride=2)), (1, 2, 1, 2, 2))

    w, b = ours([(3, 2, 4), (4,)])
    row("conv1d", lambda x: last(t.functional.conv1d(first(x), w.permute(2, 1, 0), b, stride=2, padding=1, groups=2)), (2, 6, 4))
    w3, b3 = ours([(2, 2, 2, 2, 3), (3,)])
    row("conv3d", lambda x: last(t.functional.conv3d(first(x), w3.permute(4, 3, 0, 1, 2), b3)), (1, 3, 2, 3, 2))
    wt, bt = ours([(3, 3, 2, 2), (2,)])
    row("conv_transpose2d", lambda x: last(t.functional.conv_transpose2d(first(x), wt.permute(3, 2, 0, 1), bt, stride=2, padding=1,
                                                                        output_padding=1)), (1, 2, 3, 2))
    wd, wp, bp = ours([(3, 3, 1, 2), (1, 1, 2, 3), (3,)])
    row("separable_conv2d", lambda x: last(t.functional.conv2d(t.functional.conv2d(first(x), wd.permute(3, 2, 0, 1), padding=1, groups=2),
                                                               wp.permute(3, 2, 0, 1), bp)), (1, 3, 3, 2))

    def recurrent(make, gates, layers, both, inputs=3, units=2):
        shapes = []
        for k in range(layers):
            into = inputs if k == 0 else units * (2 if both else 1)
            shapes += [(into, gates * units), (units, gates * units), (gates * units,), (gates * units,)] * (2 if both else 1)
        values = iter(ours(shapes))
        net = make(inputs, units, num_layers=layers, bidirectional=both, batch_first=True)
        for k in range(layers):
            for d in ([""] + ["_reverse"] * both):
                put(net, **{"weight_ih_l%d%s" % (k, d): next(values).T, "weight_hh_l%d%s" % (k, d): next(values).T,
                            "bias_ih_l%d%s" % (k, d): next(values), "bias_hh_l%d%s" % (k, d): next(values)})
        return net

    def packed(net, x, lengths):
        p = t.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, last = net(p)
        y = t.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0]
        return torch.cat([y.flatten(), (last[0] if isinstance(last, tuple) else last).flatten()])
    row("rnn", lambda x: recurrent(t.RNN, 1, 1, False)(x)[0], (2, 4, 3))
    row("gru", lambda x: recurrent(t.GRU, 3, 1, False)(x)[0], (2, 4, 3))
    row("lstm", lambda x: recurrent(t.LSTM, 4, 2, True)(x)[0], (2, 4, 3))
    row("gru_packed", lambda x: packed(recurrent(t.GRU, 3, 2, True), x, [2, 4]), (2, 4, 3))
    row("lstm_packed", lambda x: packed(recurrent(t.LSTM, 4, 1, True), x, [4, 1]), (2, 4, 3))

    def dense(d, n): return [(d, d), (d,)] * n
    def mha(m, v):
        put(m, in_proj_weight=torch.cat([v[0].T, v[2].T, v[4].T]), in_proj_bias=torch.cat([v[1], v[3], v[5]]))
        put(m.out_proj, weight=v[6].T, bias=v[7])
    attention = t.MultiheadAttention(4, 2, batch_first=True)
    mha(attention, ours(dense(4, 4)))
    later = torch.ones(3, 3).triu(1).bool()
    row("attention", lambda x: attention(x, x, x)[0], (2, 3, 4))
    row("attention_causal", lambda x: attention(x, x, x, attn_mask=later)[0], (2, 3, 4))
    memory = tensor((2, 5, 4), 1.0, 2.0, 0.6)
    row("attention_memory", lambda x: attention(x, memory, memory)[0], (2, 3, 4))

    norm, ff = [(4,), (4,)], [(4, 6), (6,), (6, 4), (4,)]
    post = ours(dense(4, 4) + norm + ff + norm)
    encoder = t.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)
    mha(encoder.self_attn, post)
    affine(encoder.norm1, *post[8:10])
    affine(encoder.linear1, post[10].T, post[11]), affine(encoder.linear2, post[12].T, post[13])
    affine(encoder.norm2, *post[14:16])
    row("encoder", encoder, (2, 3, 4))
    pre = ours(norm + dense(4, 4) + norm + dense(4, 4) + norm + ff)
    decoder = t.TransformerDecoderLayer(4, 2, 6, dropout=0.0, batch_first=True, norm_first=True, activation="gelu")
    affine(decoder.norm1, *pre[0:2]), mha(decoder.self_attn, pre[2:10])
    affine(decoder.norm2, *pre[10:12]), mha(decoder.multihead_attn, pre[12:20])
    affine(decoder.norm3, *pre[20:22])
    affine(decoder.linear1, pre[22].T, pre[23]), affine(decoder.linear2, pre[24].T, pre[25])
    row("decoder", lambda x: decoder(x, memory, tgt_mask=later), (2, 3, 4))

    def rotary(x):      # the halves as complex numbers
        steps, units = x.shape[-2:]
        angle = (torch.arange(steps) + 5)[:, None] * 10000.0 ** (-torch.arange(0, units, 2) / units)
        z = torch.complex(x[..., :units // 2], x[..., units // 2:]) * torch.polar(torch.ones_like(angle), angle)
        return torch.cat([z.real, z.imag], -1)
    row("rotary", rotary, (2, 3, 4))


def nn():
    out = []
    losses(out)
    layers(out)
    write("nn", out, "torch %s" % torch.__version__.split("+")[0])


if __name__ == "__main__":
    areas = {"optim": optim, "nn": nn, "ops": ops}
    for area in sys.argv[1:] or areas:
        areas[area]()
