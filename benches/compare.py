#!/usr/bin/env python3
"""Step times of dlmc and of PyTorch on the programs in benches/programs, one after the other in one run.

    cargo build --release
    python3 benches/compare.py [--rounds N] [--seconds S] [--threads N] [--compiled] [WORKLOAD ...]

All compute one training step (forward, loss, backward, optimizer) of the same network on as many threads, on a batch of random
numbers that is in memory. In each round every side is measured once; the table shows the median over all rounds, and the ratio
of the best peer's to dlmc's, with the share that dlmc reaches of what the machine needs at least. With --compiled, PyTorch's
compiler is measured beside its eager mode; it needs a C++ compiler, and up to a minute for each workload. A peer that is not
installed, or that fails, is skipped with a word.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent


def torch_steps(torch, compiled):
    """For each workload a function that makes a function of one step; its forward pass and loss are compiled, or run eagerly."""
    nn, F = torch.nn, torch.nn.functional

    def step(net, optimizer, x, y, loss):
        if compiled:
            loss = torch.compile(loss)

        def one():
            optimizer.zero_grad(set_to_none=True)
            value = loss(net, x, y)
            value.backward()
            optimizer.step()
            return value

        return one

    def cross_entropy(net, x, y):
        return F.cross_entropy(net(x), y)

    def xor():
        net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
        return step(net, torch.optim.SGD(net.parameters(), lr=0.5), x, y, lambda net, x, y: F.mse_loss(net(x), y))

    def mlp(batch):
        net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        weights = [it.weight for it in net if isinstance(it, nn.Linear)]

        def loss(net, x, y):
            return F.cross_entropy(net(x), y) + 1e-4 * sum((w * w).sum() for w in weights)

        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        return step(net, adam, torch.rand(batch, 784), torch.randint(10, (batch,)), loss)

    def lenet():
        net = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
        ).to(memory_format=torch.channels_last)
        x = torch.rand(64, 1, 28, 28).contiguous(memory_format=torch.channels_last)
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        return step(net, adam, x, torch.randint(10, (64,)), cross_entropy)

    class Block(nn.Module):
        def __init__(self, before, width, stride):
            super().__init__()
            self.a = nn.Sequential(nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
            self.b = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
            self.side = nn.Identity()
            if before != width:
                self.side = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

        def forward(self, x):
            return F.relu(self.b(self.a(x)) + self.side(x))

    def resnet20():
        layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        before = 16
        for width, stride in [(16, 1)] * 3 + [(32, 2)] + [(32, 1)] * 2 + [(64, 2)] + [(64, 1)] * 2:
            layers.append(Block(before, width, stride))
            before = width
        net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
        net = net.to(memory_format=torch.channels_last)
        x = torch.rand(64, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        return step(net, sgd, x, torch.randint(10, (64,)), cross_entropy)

    class GptBlock(nn.Module):
        def __init__(self, heads, width):
            super().__init__()
            self.heads, self.norm1, self.norm2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            batch, places, width = x.shape
            parts = self.qkv(self.norm1(x)).view(batch, places, 3, self.heads, width // self.heads)
            q, k, v = parts.permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(batch, places, width))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class Gpt(nn.Module):
        def __init__(self, layers, heads, width, places):
            super().__init__()
            self.tokens, self.places = nn.Embedding(65, width), nn.Embedding(places, width)
            self.blocks, self.norm = nn.Sequential(*[GptBlock(heads, width) for _ in range(layers)]), nn.LayerNorm(width)

        def forward(self, x):
            x = self.tokens(x) + self.places.weight
            return self.norm(self.blocks(x)) @ self.tokens.weight.T

    def gpt(layers, heads, width, places, batch):
        net = Gpt(layers, heads, width, places)
        adam = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1, fused=True)
        x, y = torch.randint(65, (2, batch, places))
        return step(net, adam, x, y, lambda net, x, y: F.cross_entropy(net(x).view(-1, 65), y.view(-1)))

    return {
        "xor": xor,
        "mlp64": lambda: mlp(64),
        "mlp256": lambda: mlp(256),
        "lenet": lenet,
        "resnet20": resnet20,
        "gpt_small": lambda: gpt(4, 4, 128, 128, 16),
        "gpt_large": lambda: gpt(6, 6, 384, 256, 8),
    }


def ready(known, name, workload):
    """The step of a workload, run once; None where the peer has none, or cannot run it."""
    if workload not in known:
        return None
    try:
        step = known[workload]()
        step()
        return step
    except Exception as error:  # a missing compiler, an unknown operation: the others are measured all the same
        print(f"{workload}: PyTorch {name} fails: {str(error).strip().splitlines()[0][:100]}")
        return None


def measured(step, seconds):
    """The median of the times of a step, in microseconds."""
    for _ in range(3):
        step()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def dlmc(binary, workload, seconds, threads):
    program = HERE / "programs" / f"{workload}.dlm"
    command = [binary, "bench", program, "--seconds", str(seconds), "--threads", str(threads), "--json"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(out)
    return found["step_us"]["median"], found["roofline_share"]


def shown(micros):
    for unit, size in [("µs", 1), ("ms", 1e3), ("s", 1e6)]:
        if micros < 999.5 * size:
            return f"{micros / size:.3g} {unit}"
    return f"{micros:.3g} µs"


def main():
    workloads = sorted(it.stem for it in (HERE / "programs").glob("*.dlm"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workload", nargs="*", default=workloads, help=f"of {', '.join(workloads)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each side in each round")
    parser.add_argument("--threads", type=int, default=1, help="of each side")
    parser.add_argument("--compiled", action="store_true", help="measure torch.compile too")
    parser.add_argument("--dlmc", default=HERE.parent / "target" / "release" / "dlmc", help="the program to measure")
    args = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(args.threads)
        torch.set_flush_denormal(True)
        print(f"PyTorch {torch.__version__}, {args.threads} threads")
        peers = {"eager": torch_steps(torch, False)}
        if args.compiled:
            peers["compiled"] = torch_steps(torch, True)
    except ImportError:
        print("PyTorch is not installed: only dlmc is measured")
        peers = {}
    heads = "".join(f" {name:>10}" for name in peers)
    print(f"{'workload':<10} {'dlmc':>9}{heads} {'ratio':>6} {'of limit':>9}")
    for workload in args.workload:
        steps = {name: made for name, known in peers.items() if (made := ready(known, name, workload))}
        ours, shares, theirs = [], [], {name: [] for name in steps}
        for _ in range(args.rounds):
            median, share = dlmc(args.dlmc, workload, args.seconds, args.threads)
            ours.append(median)
            shares.append(share)
            for name, step in steps.items():
                theirs[name].append(measured(step, args.seconds))
        mine = statistics.median(ours)
        medians = {name: statistics.median(times) for name, times in theirs.items()}
        line = f"{workload:<10} {shown(mine):>9}"
        line += "".join(f" {shown(medians[name]) if name in medians else '-':>10}" for name in peers)
        line += f" {min(medians.values()) / mine:>6.2f}" if medians else f" {'-':>6}"
        print(f"{line} {100 * statistics.median(shares):>7.0f} %", flush=True)


if __name__ == "__main__":
    main()
