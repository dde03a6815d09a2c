"""The workloads with PyTorch, from the weights and on the batch that dlmc recorded."""

import torch
import torch.nn.functional as F
from torch import nn

name, version = "PyTorch", torch.__version__


def prepare(threads):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def of(array):
    return torch.from_numpy(array.copy())


def dense(module, record, path):
    """A dense layer's weights; dlmc has the inputs along the rows."""
    module.weight.data = of(record[f"state.{path}.w"]).T.contiguous()
    if module.bias is not None:
        module.bias.data = of(record[f"state.{path}.b"])


def conv(module, record, path):
    """A convolution's weights; dlmc has the channels that come out last."""
    weight = of(record[f"state.{path}.w"]).permute(3, 2, 0, 1)
    module.weight.data = weight.contiguous(memory_format=torch.channels_last)
    if module.bias is not None:
        module.bias.data = of(record[f"state.{path}.b"])


def norm(module, record, path):
    module.weight.data = of(record[f"state.{path}.scale"])
    module.bias.data = of(record[f"state.{path}.shift"])


def images(record, field):
    """Rows, columns, channels: the same bytes in the order that PyTorch calls channels last."""
    return of(record[f"feed.{field}"]).permute(0, 3, 1, 2)


def labels(record, field):
    return of(record[f"feed.{field}"]).long()


def cross_entropy(net, x, y):
    return F.cross_entropy(net(x), y)


def step(net, optimizer, x, y, loss, compiled, penalty=None):
    """A function of one update, which gives the loss before it, without regularizers."""

    def both(net, x, y):
        value = loss(net, x, y)
        return value, value if penalty is None else value + penalty(net)

    if compiled:
        both = torch.compile(both)

    def one():
        optimizer.zero_grad(set_to_none=True)
        value, total = both(net, x, y)
        total.backward()
        optimizer.step()
        return [value.detach()]

    return one


def xor(record, compiled):
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    dense(net[0], record, "hidden")
    dense(net[2], record, "out")
    x, y = of(record["feed.x"]), of(record["feed.y"]).reshape(4, 1)
    sgd = torch.optim.SGD(net.parameters(), lr=0.5)
    return step(net, sgd, x, y, lambda net, x, y: F.mse_loss(net(x), y), compiled)


def mlp_net(record):
    net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    for at, path in [(0, "fc1"), (2, "fc2"), (4, "out")]:
        dense(net[at], record, path)
    return net, of(record["feed.image"]).flatten(1)


def mlp(record, compiled):
    net, x = mlp_net(record)
    weights = [it.weight for it in net if isinstance(it, nn.Linear)]
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    return step(net, adam, x, labels(record, "digit"), cross_entropy, compiled, lambda _: 1e-4 * sum((w * w).sum() for w in weights))


def lenet_net(record):
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)
    conv(net[0], record, "conv1")
    conv(net[3], record, "conv2")
    dense(net[7], record, "fc1")
    dense(net[9], record, "fc2")
    # What is flattened there has its channels last, here first.
    first = net[7].weight.data.reshape(128, 7, 7, 64).permute(0, 3, 1, 2)
    net[7].weight.data = first.reshape(128, 3136).contiguous()
    return net, images(record, "image")


def lenet(record, compiled):
    net, x = lenet_net(record)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    return step(net, adam, x, labels(record, "digit"), cross_entropy, compiled)


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

    def load(self, record, path):
        for part, at in [(self.a, f"{path}.a."), (self.b, f"{path}.b.")]:
            conv(part[0], record, at + "conv")
            norm(part[1], record, at + "norm")
        if isinstance(self.side, nn.Sequential):
            conv(self.side[0], record, f"{path}.proj")
            norm(self.side[1], record, f"{path}.norm")


def resnet20(record, compiled):
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for width, stride in [(16, 1)] * 3 + [(32, 2)] + [(32, 1)] * 2 + [(64, 2)] + [(64, 1)] * 2:
        layers.append(Block(before, width, stride))
        before = width
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    net = net.to(memory_format=torch.channels_last)
    conv(net[0], record, "stem.conv")
    norm(net[1], record, "stem.norm")
    stages = [f"stage1[{at}]" for at in range(3)] + ["down2", "stage2[0]", "stage2[1]", "down3", "stage3[0]", "stage3[1]"]
    for block, path in zip(net[3:12], stages):
        block.load(record, path)
    dense(net[14], record, "head")
    sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    return step(net, sgd, images(record, "image"), labels(record, "label"), cross_entropy, compiled)


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

    def load(self, record, path):
        norm(self.norm1, record, f"{path}.norm1")
        norm(self.norm2, record, f"{path}.norm2")
        parts = [f"state.{path}.attend.{part}" for part in ["query", "key", "value"]]
        self.qkv.weight.data = torch.cat([of(record[f"{part}.w"]).T for part in parts]).contiguous()
        self.qkv.bias.data = torch.cat([of(record[f"{part}.b"]) for part in parts])
        dense(self.out, record, f"{path}.attend.out")
        dense(self.up, record, f"{path}.up")
        dense(self.down, record, f"{path}.down")


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, places):
        super().__init__()
        self.tokens, self.places = nn.Embedding(65, width), nn.Embedding(places, width)
        self.blocks, self.norm = nn.Sequential(*[GptBlock(heads, width) for _ in range(layers)]), nn.LayerNorm(width)

    def forward(self, x):
        x = self.tokens(x) + self.places.weight
        return self.norm(self.blocks(x)) @ self.tokens.weight.T


def gpt_net(record, layers, heads, width, places):
    net = Gpt(layers, heads, width, places)
    net.tokens.weight.data = of(record["state.tok.w"])
    net.places.weight.data = of(record["state.pos.w"])
    for at, block in enumerate(net.blocks):
        block.load(record, f"blocks[{at}]")
    norm(net.norm, record, "norm")
    return net, labels(record, "text")


def gpt(record, compiled, layers, heads, width, places):
    net, x = gpt_net(record, layers, heads, width, places)
    adam = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1, fused=True)
    y = labels(record, "next")
    loss = lambda net, x, y: F.cross_entropy(net(x).view(-1, 65), y.view(-1))  # noqa: E731
    return step(net, adam, x, y, loss, compiled)


workloads = {
    "xor": xor,
    "mlp64": mlp,
    "mlp256": mlp,
    "lenet": lenet,
    "resnet20": resnet20,
    "gpt_small": lambda record, compiled: gpt(record, compiled, 4, 4, 128, 128),
    "gpt_large": lambda record, compiled: gpt(record, compiled, 6, 6, 384, 256),
}

nets = {"mlp64": mlp_net, "lenet": lenet_net, "gpt_small": lambda record: gpt_net(record, 4, 4, 128, 128)}


def predictor(net, x, compiled):
    """A function of what the network gives, in dlmc's order of numbers."""
    if compiled:
        net = torch.compile(net)

    @torch.inference_mode()
    def one():
        return net(x)

    return one


def predictors(compiled):
    """For each side, what makes the prediction of a workload from a record."""
    all = {"torch": {name: lambda record, make=make: predictor(*make(record), False) for name, make in nets.items()}}
    if compiled:
        all["compiled"] = {name: lambda record, make=make: predictor(*make(record), True) for name, make in nets.items()}
    return all


def sides(compiled):
    """For each side, what makes a step of a workload from a record, and how many updates it is."""
    all = {"torch": {name: (lambda record, _, make=make: make(record, False), 1) for name, make in workloads.items()}}
    if compiled:
        all["compiled"] = {name: (lambda record, _, make=make: make(record, True), 1) for name, make in workloads.items()}
    return all
