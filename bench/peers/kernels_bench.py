"""Single operations by NumPy and PyTorch, for bench/kernels: a line in, a line out.

In: WORK N THREADS NANOSECONDS MOST. Does WORK (numpy.add, torch.softmax, ...; N is the number of elements, or of rows
and columns) for about so long, on so many threads. Out: how many samples, and they, in nanoseconds of one call.
"""
import sys
import time

import numpy as np
import torch

SAMPLE = 20e3


def elementwise(library, name, n):
    x = np.linspace(0.1, 2, n, dtype=np.float32)
    z = np.linspace(2, 0.1, n, dtype=np.float32)
    if library == "torch":
        x, z = torch.from_numpy(x), torch.from_numpy(z)
    zero = np.float32(0)
    if name == "relu":
        return (lambda: torch.relu(x)) if library == "torch" else (lambda: np.maximum(x, zero))
    if name == "neg":
        return (lambda: torch.neg(x)) if library == "torch" else (lambda: np.negative(x))
    f = getattr(torch if library == "torch" else np, {"mul": "multiply"}.get(name, name) if library == "numpy" else name)
    return (lambda: f(x, z)) if name in ("add", "mul") else (lambda: f(x))


def softmax(n):
    x, g = torch.randn(n, n), torch.randn(n, n)

    def run():
        y = torch.softmax(x, -1)
        return torch._softmax_backward_data(g, y, -1, torch.float32)

    return run


def layer_norm(n):
    x, g, w, b = torch.randn(n, n), torch.randn(n, n), torch.ones(n), torch.zeros(n)

    def run():
        y, mean, scale = torch.native_layer_norm(x, (n,), w, b, 1e-5)
        return torch.ops.aten.native_layer_norm_backward(g, x, (n,), mean, scale, w, b, [True, True, True])

    return run


def cross_entropy(n):
    x, label = torch.randn(n, n), torch.randint(0, n, (n,))
    one, aten = torch.ones(()), torch.ops.aten

    def run():
        y = torch.log_softmax(x, -1)
        loss, weight = aten.nll_loss_forward(y, label, None, 1, -100)
        g = aten.nll_loss_backward(one, y, label, None, 1, -100, weight)
        return loss, aten._log_softmax_backward_data(g, y, -1, torch.float32)

    return run


def demo(n, compiled):
    """A step of the network of examples/fashion_mnist.c on n of 6400 pictures."""
    from torch import nn
    net = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))
    net = net.to(memory_format=torch.channels_last)
    x, y = torch.rand(6400, 1, 28, 28).contiguous(memory_format=torch.channels_last), torch.arange(6400) % 10
    optimiser = torch.optim.Adam(net.parameters(), lr=0.002, fused=True)
    state = {"at": 6400}

    def loss_of(x, y):
        logits = net(x)
        return nn.functional.cross_entropy(logits, y), (logits.argmax(1) == y).float().mean()

    if compiled:
        loss_of = torch.compile(loss_of)

    def run():
        if state["at"] + n > 6400:
            state["order"], state["at"] = torch.randperm(6400), 0
        some = state["order"][state["at"]:state["at"] + n]
        state["at"] += n
        with torch.enable_grad():
            optimiser.zero_grad(set_to_none=True)
            loss, accuracy = loss_of(x[some], y[some])
            loss.backward()
            optimiser.step()
        return loss.item(), accuracy.item()

    return run


ROWS = {"torch.demo": lambda n: demo(n, False), "torch.demo_compiled": lambda n: demo(n, True), "torch.softmax": softmax, "torch.layer_norm": layer_norm, "torch.cross_entropy": cross_entropy}
made = {}


def work(name, n, threads):
    """What is compiled is so for a number of threads."""
    key = name, n, threads
    if key not in made:
        if len(made) > 3:
            made.clear()
        made[key] = ROWS[name](n) if name in ROWS else elementwise(*name.split("."), n)
    return made[key]


def block(run, ns, most):
    clock = time.perf_counter_ns
    for _ in range(3):
        since = clock()
        run()
        once = clock() - since
    calls = int(SAMPLE / (once + 1)) + 1
    samples, begin = [], clock()
    while len(samples) < most and (len(samples) < 2 or clock() - begin < ns):
        since = clock()
        for _ in range(calls):
            run()
        samples.append((clock() - since) / calls)
    return samples


def main():
    print("ready", flush=True)
    for line in sys.stdin:
        name, n, threads, ns, most = line.split()
        torch.set_num_threads(int(threads))
        try:
            with torch.no_grad():
                samples = block(work(name, int(n), threads), float(ns), int(most))
        except Exception as e:  # a peer that does not work here is none
            print(f"{name}: {type(e).__name__}: {e}".split("\n")[0], file=sys.stderr)
            samples = []
        print(len(samples), *samples, flush=True)


if __name__ == "__main__":
    main()
