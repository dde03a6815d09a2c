"""Small stand-ins for data sets that are too large for the project, in their formats and under their paths.

    pip install numpy pillow
    python tests/data/make.py

Programs that name the real ones, found by DLMC_DATA, run on these in tests. They are drawn by formulas, show nothing real,
and no accuracy that is reached on them says anything.
"""
import gzip, math, random, struct
from pathlib import Path
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
CIFAR = "airplane automobile bird cat deer dog frog horse ship truck".split()


def picture(side, kind, of, seed):
    """A ring with `kind` of `of` parts filled, somewhere, on some ground."""
    r = random.Random(1000 * of + 100 * kind + seed)
    colour = lambda low, high: tuple(r.randrange(low, high) for _ in range(3))
    image = Image.new("RGB", (4 * side, 4 * side), colour(0, 90))
    draw = ImageDraw.Draw(image)
    x, y, size = r.randrange(side), r.randrange(side), r.randrange(2 * side, 3 * side)
    box = (x, y, x + size, y + size)
    draw.ellipse(box, fill=colour(60, 160))
    draw.pieslice(box, -90, -90 + 360 * (kind + 1) / of, fill=colour(160, 256))
    return image.resize((side, side), Image.LANCZOS)


def folders(name, parts, classes, size):
    for part, count, offset in parts:
        for kind, label in enumerate(classes):
            folder = HERE / name / part / label
            folder.mkdir(parents=True, exist_ok=True)
            for n in range(count):
                image = picture(max(size), kind, len(classes), offset + n).resize(size)
                image.save(folder / f"{label}{n}.jpg", quality=75)


def idx(name, parts):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for part, count, offset in parts:
        kinds = [n % 10 for n in range(count)]
        images = [picture(28, kind, 10, offset + n).convert("L") for n, kind in enumerate(kinds)]
        head = struct.pack(">IIII", 0x803, count, 28, 28)
        pack = lambda data: gzip.compress(data, mtime=0)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(pack(head + b"".join(it.tobytes() for it in images)))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(pack(struct.pack(">II", 0x801, count) + bytes(kinds)))


idx("mnist", [("train", 160, 0), ("t10k", 20, 500)])
idx("fashion_mnist", [("train", 130, 1000), ("t10k", 20, 1500)])
folders("cifar10_jpeg", [("train", 13, 0), ("test", 1, 500)], CIFAR, (32, 32))
