#!/usr/bin/env python3
"""Times of dlmc and of other tools on the programs in benches/programs, one after the other in one run.

    cargo build --release
    python3 benches/compare.py [--predict] [--rounds N] [--seconds S] [--threads N] [--compiled] [WORKLOAD ...]

All compute one training step (forward, loss, backward, optimizer) of the same network on as many cores, from the same first weights and on
the same batch, which `dlmc bench --record` writes. In each round every side is measured once; the table shows the median over all
rounds, the ratio of the best peer's to dlmc's, the share that dlmc reaches of what the machine needs at least, and by how much of the
first loss that of any peer differs at the most from dlmc's in the first 20 steps. Peers are in benches/peers: PyTorch (with --compiled its
compiler too, which needs a C++ compiler and up to a minute for each workload) and JAX (one call for each step, and many steps in a
call). A peer that is not installed, or that fails, is skipped with a word.

With --predict it is the prediction of one example instead, with the same first weights, and beside PyTorch there is ONNX Runtime; the
last column is then by how much an output of any peer differs at the most, in parts of the largest.
"""

import argparse
import importlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "peers"))
TYPES = {"F32": "<f4", "I32": "<i4", "BOOL": "?"}
STEPS = 20
PREDICTED = ["mlp64", "lenet", "gpt_small"]


def recorded(binary, workload, threads, what):
    """What dlmc starts from, by name, and its first losses, or what it predicts."""
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "record.safetensors"
        bench(binary, workload, 0, threads, *what, "--record", path)
        data = path.read_bytes()
    length = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:length])
    head.pop("__metadata__", None)

    def array(entry):
        begin, end = (length + at for at in entry["data_offsets"])
        return numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])

    return {name: array(entry) for name, entry in head.items()}


def bench(binary, workload, seconds, threads, *more):
    program = HERE / "programs" / f"{workload}.dlm"
    command = [binary, "bench", program, "--seconds", str(seconds), "--threads", str(threads), "--json", *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peers(threads, compiled, predict):
    """For each side, what makes a step of a workload from a record, and how many updates it is, or what makes its prediction."""
    sides = {}
    for module in ["torch_peer", "onnx_peer"] if predict else ["torch_peer", "jax_peer"]:
        try:
            peer = importlib.import_module(module)
        except ImportError as error:
            print(f"{error.name} is not installed: not measured")
            continue
        peer.prepare(threads)
        print(f"{peer.name} {peer.version}")
        sides.update(peer.predictors(compiled) if predict else peer.sides(compiled))
    return sides


def ready(side, known, workload, record):
    """The call of a workload, how many updates it is, and by how much it differs from ours; None where the side has none, or cannot
    run it."""
    if workload not in known:
        return None
    try:
        if "output" in record:
            call, own = known[workload](record), record["output"]
            found = numbers(call()).reshape(own.shape)
            return call, 1, float(abs(found - own).max() / abs(own).max())
        make, updates = known[workload]
        call, losses = make(record, updates), []
        while len(losses) < STEPS:
            losses += [float(it) for it in call()[: STEPS - len(losses)]]
        own = [float(it) for it in record["losses"]]
        return call, updates, max(abs(a - b) / own[0] for a, b in zip(losses, own))
    except Exception as error:  # a missing compiler, an unknown operation: the others are measured all the same
        print(f"{workload}: {side} fails: {str(error).strip().splitlines()[0][:100]}")
        return None


def numbers(tensor):
    return tensor.numpy() if hasattr(tensor, "numpy") else tensor


def measured(step, updates, seconds):
    """The median of the times of an update, in microseconds."""
    for _ in range(3):
        step()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6 / updates


def shown(micros):
    for unit, size in [("µs", 1), ("ms", 1e3), ("s", 1e6)]:
        if micros < 999.5 * size:
            return f"{micros / size:.3g} {unit}"
    return f"{micros:.3g} µs"


def main():
    workloads = sorted(it.stem for it in (HERE / "programs").glob("*.dlm"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workload", nargs="*", help=f"of {', '.join(workloads)}")
    parser.add_argument("--predict", action="store_true", help="compare the prediction of one example, not a training step")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each side in each round")
    parser.add_argument("--threads", type=int, default=1, help="of each side, and the cores of all")
    parser.add_argument("--compiled", action="store_true", help="measure torch.compile too")
    parser.add_argument("--dlmc", default=HERE.parent / "target" / "release" / "dlmc", help="the program to measure")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.threads])
    try:
        sides = peers(args.threads, args.compiled, args.predict)
    except ModuleNotFoundError:
        sides = {}
    print(f"{args.threads} {'thread' if args.threads == 1 else 'threads'}")
    heads = "".join(f" {name:>9}" for name in sides)
    print(f"{'workload':<10} {'dlmc':>9}{heads} {'ratio':>6} {'of limit':>9} {'outputs' if args.predict else 'losses':>8}")
    what = ["--predict", "1"] if args.predict else []
    for workload in args.workload or (PREDICTED if args.predict else workloads):
        record = recorded(args.dlmc, workload, args.threads, what) if sides else {}
        steps = {}
        for name, known in sides.items():
            if made := ready(name, known, workload, record):
                steps[name] = made
        ours, shares, theirs = [], [], {name: [] for name in steps}
        for _ in range(args.rounds):
            found = bench(args.dlmc, workload, args.seconds, args.threads, *what)
            ours.append(found["step_us"]["median"])
            shares.append(found["roofline_share"])
            for name, (step, updates, _) in steps.items():
                theirs[name].append(measured(step, updates, args.seconds))
        mine = statistics.median(ours)
        medians = {name: statistics.median(times) for name, times in theirs.items()}
        line = f"{workload:<10} {shown(mine):>9}"
        line += "".join(f" {shown(medians[name]) if name in medians else '-':>9}" for name in sides)
        line += f" {min(medians.values()) / mine:>6.2f}" if medians else f" {'-':>6}"
        line += f" {100 * statistics.median(shares):>7.0f} %"
        apart = [apart for *_, apart in steps.values()]
        print(f"{line} {max(apart):>8.0e}" if apart else f"{line} {'-':>8}", flush=True)


if __name__ == "__main__":
    main()
