#!/usr/bin/env python3
"""gradbench_inputs.py [--full] - asks build/bench/gradbench on the inputs of GradBench's own evaluations, and checks what it answers.

The inputs are functions of a seed (31337) and sizes, as GradBench's programs draw them; kmeans draws without a seed there.
Answers are compared with closed forms in NumPy, gmm with JAX, |x - y| / max(1, |x| + |y|) <= 1e-8; the derivative of ode, whose
last element underflows for every size that is asked, with 0. --full: all sizes, else those that take seconds. ba, ht and lstm
read data files that are not drawn: their answers are tested by tests/check_gradbench.c. Needs numpy, scipy, jax.
"""
import itertools, json, math, os, subprocess, sys
import jax, jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

jax.config.update("jax_enable_x64", True)
FULL = "--full" in sys.argv
BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "bench", "gradbench")


def lse():
    np.random.seed(31337)
    for n in [2500 * 2 ** k for k in range(10 if FULL else 7)]:
        x = np.random.rand(n)
        e = np.exp(x - x.max())
        yield "n=%d" % n, {"x": x}, {"primal": x.max() + math.log(e.sum()), "gradient": e / e.sum()}


def llsq():
    np.random.seed(31337)
    for n in [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8196, 16392]:
        x, t = np.random.rand(128), -1 + 2 * np.arange(n) / (n - 1)
        powers = t[:, None] ** np.arange(128)
        rest = np.sign(t) - powers @ x
        yield "n=%d" % n, {"x": x, "n": n}, {"primal": 0.5 * rest @ rest, "gradient": -rest @ powers}


def det():
    np.random.seed(31337)
    for ell in range(5, 12 if FULL else 9):
        a = np.random.rand(ell * ell)
        d, inverse = np.linalg.det(a.reshape(ell, ell)), np.linalg.inv(a.reshape(ell, ell))
        yield "l=%d" % ell, {"A": a, "ell": ell}, {"primal": d, "gradient": (d * inverse.T).ravel()}


def kmeans():
    np.random.seed(31337)
    for k, n, d in itertools.product([10, 100, 1000] if FULL else [10, 100], [1000, 10000], [8, 16]):
        points = np.random.rand(n, d)
        centroids = points[-k:]
        apart = ((points[:, None] - centroids[None]) ** 2).sum(-1) if n * k <= 10 ** 6 else np.stack([((p - centroids) ** 2).sum(-1) for p in points])
        nearest = apart.argmin(1)
        means = np.stack([points[nearest == i].mean(0) for i in range(k)])
        yield "k=%d n=%d d=%d" % (k, n, d), {"points": points, "centroids": centroids}, {"cost": apart.min(1).sum(), "dir": centroids - means}


def ode():
    np.random.seed(31337)
    for n, s in sorted(itertools.product([1000, 10000, 100000] if FULL else [1000, 10000], [1, 10, 100]), key=lambda v: v[0] * v[1]):
        x, h = np.random.rand(n), 2 / s
        f, y = lambda y: x * np.concatenate([[1], y[:-1]]), np.zeros(n)
        for _ in range(s):
            k1 = f(y); k2 = f(y + h / 2 * k1); k3 = f(y + h / 2 * k2); k4 = f(y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        yield "n=%d s=%d" % (n, s), {"x": x, "s": s}, {"primal": y, "gradient": np.zeros(n)}


def gmm_objective(p, x):
    k, d = p["mu"].shape
    rows, cols = zip(*[(j, i) for i in range(d) for j in range(i + 1, d)]) if d > 1 else ((), ())
    low = jnp.zeros((k, d, d)).at[:, list(rows), list(cols)].set(p["l"])
    apart = x[:, None] - p["mu"][None]
    turned = jnp.exp(p["q"]) * apart + jnp.einsum("kij,nkj->nki", low, apart)
    inner = p["alpha"] + p["q"].sum(1) - 0.5 * (turned ** 2).sum(-1)
    fixed = -len(x) * d * 0.5 * math.log(2 * math.pi)
    free = d + 1
    c = free * d * -0.5 * math.log(2) - (0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * free + 0.5 * (1 - j)) for j in range(1, d + 1)))
    prior = k * c - 0.5 * (jnp.exp(2 * p["q"]).sum() + (p["l"] ** 2).sum())
    return fixed + logsumexp(inner, 1).sum() - len(x) * logsumexp(p["alpha"]) + prior


def gmm():
    for d, k in itertools.product([2, 10, 20, 32, 64] if FULL else [2, 10, 20], [5, 10, 25, 50, 100]):
        rng = np.random.default_rng(31337)
        x = rng.normal(size=(1000, d))
        p = {"alpha": rng.normal(size=k), "mu": rng.uniform(size=(k, d)), "q": rng.normal(size=(k, d)), "l": rng.normal(size=(k, d * (d - 1) // 2))}
        y, g = jax.jit(jax.value_and_grad(gmm_objective))(p, x)
        yield "d=%d k=%d n=1000" % (d, k), {"d": d, "k": k, "n": 1000, "x": x, "m": 0, "gamma": 1.0, **p}, {"objective": y, "jacobian": g}


def nested(given, expected):
    yield "", given, {mode: expected for mode in ("ff", "fr", "rf", "rr")}


def hello():
    x = 1.0
    while x <= 16384:
        yield "x=%g" % x, x, {"square": x * x, "double": 2 * x}
        x = max(2.0, 2 * x)


EVALS = {"hello": hello, "gmm": gmm, "lse": lse, "llsq": llsq, "det": det, "kmeans": kmeans, "ode": ode,
         "saddle": lambda: nested({"start": [1.0, 1.0]}, [8.246324826140356e-06] * 4), "particle": lambda: nested({"w": 0.0}, 0.2071918746486116)}


def plain(v):
    if isinstance(v, dict): return {k: plain(x) for k, x in v.items()}
    return v if isinstance(v, (int, float)) else np.asarray(v).tolist()


def distance(got, want):
    if isinstance(want, dict): return max(distance(got[k], want[k]) for k in want)
    a, b = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    if a.shape != b.shape: return math.inf
    return float(np.nan_to_num(np.abs(a - b) / np.maximum(1, np.abs(a) + np.abs(b)), nan=math.inf).max(initial=0))


def main():
    bad = 0
    bench = subprocess.Popen([BENCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(**request):
        bench.stdin.write(json.dumps(request) + "\n")
        bench.stdin.flush()
        return json.loads(bench.stdout.readline())
    for name, cases in EVALS.items():
        asked, worst = 0, 0
        ask(id=0, kind="start", eval=name)
        assert ask(id=1, kind="define", module=name)["success"]
        for what, given, wanted in cases():
            for function, want in wanted.items():
                given_plain = plain(given)
                reply = ask(id=2, kind="evaluate", module=name, function=function, description=what,
                            input=given_plain if not isinstance(given_plain, dict) else {**given_plain, "min_runs": 1, "min_seconds": 0})
                far = distance(reply["output"], plain(want)) if reply.get("success") else math.inf
                asked, worst = asked + 1, max(worst, far)
                if far > 1e-8:
                    bad += 1
                    print("%s %s %s: %s" % (name, function, what, reply.get("error", "differs by %.2g" % far)))
        print("%-9s %3d answers, worst distance %.2g" % (name, asked, worst), flush=True)
    bench.stdin.close()
    return bad > 0


sys.exit(main())
