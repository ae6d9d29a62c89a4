"""Thalweg beside PyTorch, JAX and others, on the same work, in the same run.

Usage: compare.py WORKLOADS [--rounds N] [--threads 1,2] [--only NAME,...] [--peers torch,jax] [--out FILE]

WORKLOADS is the program build/bench/workloads. Every run is a process of its own, one at a time, ours and
theirs alternating, round after round; a cell is the lowest median of its rounds. The ratio is the fastest
peer's time by ours. "products" is what the products and convolutions of a step alone would take at the rate
that the fastest of all reached on gemm_512 in this run, and ours by that. "memory" is the peak of the process beyond that
of the same contestant on tiny_2_5_4_1, which is what interpreter and libraries take: ours, and the smallest of theirs.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NETS = ["tiny_2_5_4_1", "tiny_16_32_32_4", "mlp_784_512_10_b64", "mlp_784_512_512_10", "mlp_adam",
        "cnn_28", "resnet20_32", "lstm_char", "gpt_small"]
OTHERS = ["chain_gelu_1m", "softmax_ce_1024x1024", "layer_norm_1024x1024", "scalar_chain_10k"]
GEMM = "gemm_512"
AGREE = 1e-4

# The modes of a peer that may be its fastest on a workload.
MODES = {
    "torch": lambda w: (["eager", "compile"] if w != "lstm_char" else ["eager"])
    + (["eager_cl"] if w in ("cnn_28", "resnet20_32") else []) if w not in (GEMM, "scalar_chain_10k") else ["eager"],
    "jax": lambda w: [] if w == "scalar_chain_10k" else ["jit"],
    "mlx": lambda w: ["eager"],
    "tinygrad": lambda w: ["jit"] if w in NETS[:5] else [],
}


def run(command, threads, limit):
    """The JSON line that a process prints, or None."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=limit,
                              preexec_fn=lambda: os.sched_setaffinity(0, cores))
        lines = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("{")]
        return lines[-1] if lines and "median_us" in lines[-1] else None
    except (subprocess.TimeoutExpired, ValueError):
        return None


def commands(args, workload, threads):
    yield ("thalweg", "rebuilt"), [args.program, workload, str(threads)]
    for peer in args.peers:
        for mode in MODES[peer](workload):
            yield (peer, mode), [sys.executable, f"{HERE}/{peer}_bench.py", "--workload", workload, "--mode", mode,
                                 "--threads", str(threads)]


def measure(args, workload, threads):
    """The best line of each contestant."""
    best, failed = {}, set()
    for k in range(args.rounds):
        todo = list(commands(args, workload, threads))
        for who, command in todo if k % 2 == 0 else reversed(todo):
            if who in failed:
                continue
            line = run(command, threads, args.limit)
            if line is None:
                failed.add(who)
                continue
            if args.out:
                print(json.dumps(line), file=args.out, flush=True)
            if who not in best or line["median_us"] < best[who]["median_us"]:
                best[who] = line
    return best, failed


def microseconds(us):
    return f"{us / 1e3:.3g} ms" if us >= 995 else f"{us:.3g} us"


def agreement(ours, theirs):
    """The largest relative difference of the first and sixth losses."""
    pairs = [(ours["loss_first"], t["loss_first"]) for t in theirs]
    pairs += [(ours["loss_after5"], t["loss_after5"]) for t in theirs if "loss_after5" in t]
    return max((abs(a - b) / max(abs(b), 1e-12) for a, b in pairs), default=0)


def memory(best, base):
    """Peak megabytes beyond what a contestant takes for next to nothing: ours, and the smallest of theirs."""
    extra = {who: line["rss_mb"] - base[who] for who, line in best.items() if who in base and line.get("rss_mb")}
    theirs = [mb for who, mb in extra.items() if who[0] != "thalweg"]
    ours = extra.get(("thalweg", "rebuilt"))
    return "" if ours is None else f"{ours:.0f}, {min(theirs):.0f}" if theirs else f"{ours:.0f}"


def report(workload, threads, best, failed, rate, base):
    ours = best.get(("thalweg", "rebuilt"))
    theirs = {who: line for who, line in best.items() if who[0] != "thalweg"}
    if not ours:
        return f"| {workload} | {threads} | failed | | | | | |"
    cells = [f"{peer} {mode} {microseconds(line['median_us'])}" for (peer, mode), line in sorted(theirs.items())]
    cells += [f"{peer} {mode} failed" for peer, mode in sorted(failed)]
    fastest = min((line["median_us"] for line in theirs.values()), default=float("nan"))
    bound = ours["mflop"] / rate[threads] if rate.get(threads) and ours.get("mflop") else None
    products = f"{microseconds(bound)}, {ours['median_us'] / bound:.2f}" if bound else ""
    off = agreement(ours, list(theirs.values()))
    return (f"| {workload} | {threads} | {microseconds(ours['median_us'])} | {'; '.join(cells)} | {fastest / ours['median_us']:.2f} "
            f"| {products} | {memory(best, base)} | {off:.1e}{'' if off <= AGREE else ' (!)'} |")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--only", default=",".join(NETS + OTHERS))
    p.add_argument("--peers", default="torch,jax")
    p.add_argument("--limit", type=float, default=120, help="seconds for one process")
    p.add_argument("--out", type=argparse.FileType("a"), help="every line measured")
    args = p.parse_args()
    args.peers = args.peers.split(",")
    rate = {}
    print("| workload | threads | ours | peers | fastest / ours | products alone, ours by that | memory, MB | losses differ |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for threads in map(int, args.threads.split(",")):
        tiny, _ = measure(args, NETS[0], threads)
        base = {who: line["rss_mb"] for who, line in tiny.items() if line.get("rss_mb")}
        for workload in [GEMM] + args.only.split(","):
            best, failed = measure(args, workload, threads)
            if workload == GEMM and best:
                rate[threads] = 2 * 512**3 / 1e6 / min(line["median_us"] for line in best.values())
            print(report(workload, threads, best, failed, rate, base), flush=True)


if __name__ == "__main__":
    main()
