"""What PyTorch reaches with the networks and the recipes of the examples for images, on the same data.

    pip install torch numpy pillow
    DLMC_DATA=folder python benches/accuracy.py cifar_resnet20 --epochs 10 --seed 1

prints the loss of each epoch and the accuracy on the test images, as `dlmc run examples/cifar_resnet20.dlm` does. The recipe is that of
the example: what it says of rates, decay, schedule, batches and augmentation is said here once more.
"""

import argparse
import gzip
import math
import os
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn


def folder(path):
    """Images and classes of a folder of folders."""
    kinds = sorted(it.name for it in path.iterdir() if it.is_dir())
    files = [(file, at) for at, kind in enumerate(kinds) for file in sorted((path / kind).iterdir())]
    images = np.stack([np.asarray(Image.open(file).convert("RGB")) for file, _ in files])
    return images.transpose(0, 3, 1, 2), np.array([at for _, at in files])


def idx(path):
    data = gzip.decompress(path.read_bytes())
    shape = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def mnist(path):
    part = lambda name: (idx(path / f"{name}-images-idx3-ubyte.gz")[:, None], idx(path / f"{name}-labels-idx1-ubyte.gz").astype(np.int64))
    return part("train"), part("t10k")


class Residual(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        norm = lambda a, b, kernel, stride: nn.Sequential(
            nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(b)
        )
        self.main = nn.Sequential(norm(before, channels, 3, stride), nn.ReLU(), norm(channels, channels, 3, 1))
        self.side = nn.Identity() if before == channels else norm(before, channels, 1, stride)

    def forward(self, x):
        return F.relu(self.main(x) + self.side(x))


def resnet20(channels):
    blocks = [nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for width in (16, 32, 64):
        for block in range(3):
            blocks.append(Residual(before, width, 2 if block == 0 and width > 16 else 1))
            before = width
    net = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")
    return net


RECIPES = {"cifar_resnet20": ("cifar10_jpeg", 4), "fashion_resnet": ("fashion_mnist", 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", choices=RECIPES)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    name, pad = RECIPES[options.example]
    root = pathlib.Path(os.environ["DLMC_DATA"]) / name
    (x, y), (test_x, test_y) = mnist(root) if name == "fashion_mnist" else (folder(root / "train"), folder(root / "test"))

    mean, deviation = x.mean((0, 2, 3), keepdims=True), x.std((0, 2, 3), keepdims=True)
    ready = lambda images: torch.tensor((images - mean) / deviation, dtype=torch.float32)
    # Black around the images, as the example has it.
    black = torch.tensor(-mean / deviation, dtype=torch.float32)
    size, n, batch = x.shape[-1], len(x), 128
    x, test_x, y, test_y = ready(x), ready(test_x), torch.tensor(y), torch.tensor(test_y)
    framed = black.expand(n, -1, size + 2 * pad, size + 2 * pad).clone()
    framed[:, :, pad:-pad, pad:-pad] = x

    net = resnet20(x.shape[1])
    weights = [it for it in net.parameters() if it.ndim > 1]
    others = [it for it in net.parameters() if it.ndim <= 1]
    groups = [{"params": weights, "weight_decay": 5e-4}, {"params": others}]
    optimizer = torch.optim.SGD(groups, 0.1, momentum=0.9, nesterov=True)
    steps = math.ceil(n / batch)
    warm, total = steps, options.epochs * steps
    factor = lambda t: (t + 1) / warm if t < warm else 0.5 * (1 + math.cos(math.pi * (t - warm) / max(1, total - warm)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    start = time.time()
    for epoch in range(options.epochs):
        net.train()
        losses = 0.0
        for rows in torch.randperm(n).split(batch):
            places = torch.randint(0, 2 * pad + 1, (len(rows), 2)).tolist()
            parts = [framed[row, :, i : i + size, j : j + size] for row, (i, j) in zip(rows.tolist(), places)]
            images = torch.stack([part.flip(-1) if torch.rand(()) < 0.5 else part for part in parts])
            loss = F.cross_entropy(net(images), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses += loss.item() * len(rows)
        print(f"epoch {epoch + 1}/{options.epochs}  loss {losses / n:.4f}  {time.time() - start:.0f} s", flush=True)
    net.eval()
    with torch.no_grad():
        said = torch.cat([net(images).argmax(1) for images in test_x.split(500)])
    print(f"accuracy on {len(test_x):,} test images: {(said == test_y).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
