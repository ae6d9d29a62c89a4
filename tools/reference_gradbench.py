#!/usr/bin/env python3
"""reference_gradbench.py - writes tests/data/gradbench.jsonl: small requests of GradBench's, and what JAX answers in double precision.

The functions are written from their formulas, loop by loop, not as bench/gradbench has them. Needs jax and numpy.
"""
import json, math, os
import jax, jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(31337)
HERE = os.path.dirname(os.path.abspath(__file__))
lines = []


def plain(v):
    if isinstance(v, dict): return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)): return [plain(x) for x in v]
    return np.asarray(v).tolist()


def ask(module, function, given, output):
    request = {"id": len(lines), "kind": "evaluate", "module": module, "function": function, "input": plain(given)}
    lines.append(json.dumps({"request": request, "output": plain(output)}))


# ---- hello, lse, llsq, det --------------------------------------------------------------------------

ask("hello", "square", 3.0, 9.0)
ask("hello", "double", 3.0, 6.0)

x = rng.random(40)
lse = lambda x: jnp.log(jnp.sum(jnp.exp(x)))
ask("lse", "primal", {"x": x}, lse(x))
ask("lse", "gradient", {"x": x}, jax.grad(lse)(x))


def llsq(x, n):
    total = 0.0
    for i in range(n):
        t = -1 + 2 * i / (n - 1)
        total += (np.sign(t) - sum(x[j] * t ** j for j in range(len(x)))) ** 2
    return total / 2


for m, n in (5, 8), (4, 7):
    x = rng.random(m)
    ask("llsq", "primal", {"x": x, "n": n}, llsq(x, n))
    ask("llsq", "gradient", {"x": x, "n": n}, jax.grad(llsq)(x, n))

for ell in 1, 5:
    a = rng.random((ell, ell))
    ask("det", "primal", {"A": a.ravel(), "ell": ell}, np.linalg.det(a))
    ask("det", "gradient", {"A": a.ravel(), "ell": ell}, (np.linalg.det(a) * np.linalg.inv(a).T).ravel())


# ---- gmm ------------------------------------------------------------------------------------------------

def gmm(alpha, mu, q, l, x, gamma, m):
    n, d = x.shape
    k = len(alpha)
    total = -n * d / 2 * math.log(2 * math.pi) - n * lse(alpha)
    matrices = []
    for c in range(k):
        matrix, at = jnp.diag(jnp.exp(q[c])), 0
        for column in range(d):
            for row in range(column + 1, d):
                matrix = matrix.at[row, column].set(l[c, at])
                at += 1
        matrices.append(matrix)
    for i in range(n):
        total += lse(jnp.stack([alpha[c] + q[c].sum() - 0.5 * jnp.sum((matrices[c] @ (x[i] - mu[c])) ** 2) for c in range(k)]))
    nn = d + m + 1
    constant = nn * d * (math.log(gamma) - 0.5 * math.log(2)) - d * (d - 1) / 4 * math.log(math.pi)
    constant -= sum(gammaln(0.5 * nn + 0.5 * (1 - j)) for j in range(1, d + 1))
    prior = sum(gamma ** 2 / 2 * (jnp.sum(jnp.exp(q[c]) ** 2) + jnp.sum(l[c] ** 2)) - m * q[c].sum() for c in range(k))
    return total + k * constant - prior


for d, k, n, m, gamma in (2, 5, 8, 0, 1.0), (4, 3, 6, 2, 1.5), (1, 2, 3, 0, 1.0):
    x, alpha, mu = rng.normal(size=(n, d)), rng.normal(size=k), rng.random((k, d))
    q, l = rng.normal(size=(k, d)), rng.normal(size=(k, d * (d - 1) // 2))
    given = dict(d=d, k=k, n=n, x=x, m=m, gamma=gamma, alpha=alpha, mu=mu, q=q, l=l)
    ask("gmm", "objective", given, gmm(alpha, mu, q, l, x, gamma, m))
    g = jax.grad(gmm, (0, 1, 2, 3))(alpha, mu, q, l, x, gamma, m)
    ask("gmm", "jacobian", given, dict(zip(("alpha", "mu", "q", "l"), g)))


# ---- ba -------------------------------------------------------------------------------------------------

def cross(a, b): return jnp.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def reprojection(params, feat, at_rest):
    cam, x, w = params[:11], params[11:14], params[14]
    r, p = cam[:3], x - cam[3:6]
    if at_rest: seen = p + cross(r, p)
    else:
        th = jnp.sqrt(r @ r)
        v = r / th
        seen = p * jnp.cos(th) + cross(v, p) * jnp.sin(th) + v * (v @ p) * (1 - jnp.cos(th))
    flat = seen[:2] / seen[2]
    rho = flat @ flat
    return w * (cam[6] * flat * (1 + cam[9] * rho + cam[10] * rho ** 2) + cam[7:9] - feat)


for n, m, p, at_rest in (2, 3, 11, False), (3, 2, 10, True):
    cam, x, w, feat = rng.normal(size=11), rng.normal(size=3), rng.random(), rng.normal(size=2)
    if at_rest: cam[:3] = 0
    given = dict(n=n, m=m, p=p, cam=cam, x=x, w=w, feat=feat)
    params = np.concatenate([cam, x, [w]])
    ask("ba", "objective", given, {"reproj_error": {"elements": reprojection(params, feat, at_rest), "repeated": p},
                                   "w_err": {"element": 1 - w * w, "repeated": p}})
    block = jax.jacfwd(reprojection)(params, feat, at_rest)
    rows, cols, vals = [0], [], []
    for i in range(p):
        for row in range(2):
            cols += [11 * (i % n) + k for k in range(11)] + [11 * n + 3 * (i % m) + k for k in range(3)] + [11 * n + 3 * m + i]
            vals += plain(block[row])
            rows.append(len(vals))
    for i in range(p):
        cols.append(11 * n + 3 * m + i)
        vals.append(-2 * w)
        rows.append(len(vals))
    ask("ba", "jacobian", given, {"rows": rows[:30] + rows[-1:], "cols": cols[:30] + cols[-1:], "vals": vals[:30] + vals[-1:]})


# ---- kmeans, ode, saddle, particle --------------------------------------------------------------------------

points, centroids = rng.random((30, 3)), rng.random((4, 3))
distance = np.sum((points[:, None] - centroids) ** 2, 2)
of = np.argmin(distance, 1)
ask("kmeans", "cost", {"points": points, "centroids": centroids}, distance.min(1).sum())
assert all((of == c).any() for c in range(4))
ask("kmeans", "dir", {"points": points, "centroids": centroids}, np.stack([centroids[c] - points[of == c].mean(0) for c in range(4)]))


def ode(x, s):
    f = lambda y: x * jnp.concatenate([jnp.ones(1), y[:-1]])
    y, h = jnp.zeros(len(x)), 2 / s
    for _ in range(s):
        k1 = f(y)
        k2 = f(y + h * k1 / 2)
        k3 = f(y + h * k2 / 2)
        k4 = f(y + h * k3)
        y = y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
    return y


for n, s in (5, 10), (1, 3):
    x = rng.random(n)
    ask("ode", "primal", {"x": x, "s": s}, ode(x, s))
    ask("ode", "gradient", {"x": x, "s": s}, jax.grad(lambda x: ode(x, s)[-1])(x))

for modes in "ff", "fr", "rf", "rr":         # what GradBench expects
    ask("saddle", modes, {"start": [1.0, 1.0]}, [8.246324826140356e-06] * 4)
    ask("particle", modes, {"w": 0.0}, 0.2071918746486116)


# ---- lstm ---------------------------------------------------------------------------------------------------

def lstm(params, layers, b, state, sequence):
    main, extra = params[:8 * layers * b].reshape(2 * layers, 4, b), params[8 * layers * b:].reshape(3, b)
    sigmoid = lambda z: 1 / (1 + jnp.exp(-z))
    h, c, total = [state[2 * i] for i in range(layers)], [state[2 * i + 1] for i in range(layers)], 0
    for t in range(len(sequence) - 1):
        x = sequence[t] * extra[0]
        for i in range(layers):
            w, bias = main[2 * i], main[2 * i + 1]
            forget, ingate = sigmoid(x * w[0] + bias[0]), sigmoid(h[i] * w[1] + bias[1])
            outgate, change = sigmoid(x * w[2] + bias[2]), jnp.tanh(h[i] * w[3] + bias[3])
            c[i] = c[i] * forget + ingate * change
            x = h[i] = outgate * jnp.tanh(c[i])
        y = x * extra[1] + extra[2]
        total += jnp.sum(sequence[t + 1] * (y - jnp.log(2 + jnp.sum(jnp.exp(y)))))
    return -total / ((len(sequence) - 1) * b)


layers, b, c = 2, 4, 6
params, state, sequence = rng.normal(size=(8 * layers + 3) * b), rng.normal(size=(2 * layers, b)), rng.random((c, b))
given = dict(main_params=params[:8 * layers * b].reshape(2 * layers, 4 * b), extra_params=params[8 * layers * b:].reshape(3, b), state=state, sequence=sequence)
ask("lstm", "objective", given, lstm(params, layers, b, state, sequence))
ask("lstm", "jacobian", given, jax.grad(lstm)(params, layers, b, state, sequence))


# ---- ht -----------------------------------------------------------------------------------------------------

def turn(axis, angle):
    c, s = jnp.cos(angle), jnp.sin(angle)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    return jnp.eye(3).at[a, a].set(c).at[b, b].set(c).at[b, a].set(s).at[a, b].set(-s)


def ht(theta, us, corners, points, model):
    angle = [[0.0] * 3 for _ in range(22)]
    finger = theta[6:].reshape(5, 4)
    for f in range(5):
        angle[4 * f + 2][:2] = finger[f, 0], finger[f, 1]
        angle[4 * f + 3][0], angle[4 * f + 4][0] = finger[f, 2], finger[f, 3]
    absolute, positions = [], 0
    for i in range(22):
        x, z, y = angle[i]
        relative = model["base_relatives"][i] @ jnp.eye(4).at[:3, :3].set(turn(2, z) @ turn(1, y) @ turn(0, x))
        absolute.append(absolute[model["parents"][i]] @ relative if model["parents"][i] >= 0 else relative)
        moved = absolute[i] @ model["inverse_base_absolutes"][i] @ model["base_positions"].T
        positions = positions + moved[:3] * model["weights"][:, i]
    if model["is_mirrored"]: positions = positions.at[0].multiply(-1)
    r = theta[:3]
    norm = jnp.sqrt(r @ r)
    skew = lambda v: jnp.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    s = skew(r / norm)
    positions = (jnp.eye(3) + jnp.sin(norm) * s + (1 - jnp.cos(norm)) * s @ s) @ positions + theta[3:6, None]
    at = positions.T[corners]
    if us is not None: at = us[:, :1] * at[:, 0] + us[:, 1:] * at[:, 1] + (1 - us.sum(1, keepdims=True)) * at[:, 2]
    return (points - at).ravel()


for big in False, True:
    v, p = 7, 3
    model = dict(bone_count=22, bone_names=["b%d" % i for i in range(22)], parents=[-1] + [0 if i % 4 == 1 else i - 1 for i in range(1, 22)],
                 base_relatives=0.5 * rng.normal(size=(22, 4, 4)), inverse_base_absolutes=rng.normal(size=(22, 4, 4)),
                 base_positions=rng.normal(size=(v, 4)), weights=rng.random((v, 22)), triangles=[[0, 1, 2], [4, 2, 6], [3, 5, 1]], is_mirrored=big)
    of, points, theta = [2, 0, 1], rng.normal(size=(p, 3)), rng.normal(size=26)
    us = rng.random((p, 2)) if big else None
    corners = np.array(model["triangles"])[of] if big else np.array(of)
    given = dict(theta=theta, us=us if big else [], data=dict(correspondences=of, points=points, model=dict(model)))
    ask("ht", "objective", json.loads(json.dumps(plain({k: given[k] for k in ("theta", "us")}))) | {"data": given["data"]},
        ht(theta, us, corners, points, model))
    jac = jax.jacfwd(ht)(theta, us, corners, points, model)
    if big:
        full = np.asarray(jax.jacfwd(ht, 1)(theta, us, corners, points, model))     # [3p, p, 2]: one point's only
        jac = np.concatenate([full.sum(1), np.asarray(jac)], 1)
    ask("ht", "jacobian", given, jac)

with open(os.path.join(HERE, "..", "tests", "data", "gradbench.jsonl"), "w") as f:
    f.write("\n".join(lines) + "\n")
