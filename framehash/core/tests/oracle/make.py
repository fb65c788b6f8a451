"""Writes the hashes that tests/oracle.rs compares with.

    pip install Pillow==13.0.0 ImageHash==4.3.2 PyWavelets==1.9.0 scipy==1.17.1 pdqhash==0.2.8 numpy
    python framehash/core/tests/oracle/make.py framehash/core/tests/data/pillow13.txt

The same with Pillow 12.1.1, without pdqhash, and pillow12.txt. On x86-64: ImageHash's bits are those of its wheels there.
Each line is a picture, which the test makes by the same rules, and its hashes.
"""

import pathlib
import sys

import imagehash
import numpy as np
from PIL import Image

try:
    import pdqhash
except ImportError:
    pdqhash = None

PHOTOS = pathlib.Path(__file__).resolve().parents[4] / "tests/data/photos"


def noise(seed, count):
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state >> 24)
    return np.frombuffer(bytes(out), np.uint8)


def crop(name, x, y, w, h):
    photo = np.asarray(Image.open(PHOTOS / f"{name}.png").convert("RGB"))
    return photo[y : y + h, x : x + w]


def luma(rgb):
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    return ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16).astype(np.uint8)


def picture(words):
    kind, *rest = words
    if kind in ("photo", "colour", "letterbox"):
        rgb = crop(rest[0], *map(int, rest[1:]))
        if kind == "colour":
            return rgb
        grey = luma(rgb)
        if kind == "letterbox":
            bar = grey.shape[0] // 8
            grey[:bar] = grey[grey.shape[0] - bar :] = 16
        return grey
    *numbers, w, h = map(int, rest)
    y, x = np.mgrid[0:h, 0:w]
    first = numbers[0] if numbers else 0
    if kind == "noise":
        return noise(first, w * h).reshape(h, w)
    if kind == "coloured":
        return noise(first, 3 * w * h).reshape(h, w, 3)
    if kind == "sparse":
        return np.where(noise(first, w * h).reshape(h, w) < 10, 255, 0).astype(np.uint8)
    if kind == "blocks":
        grid = noise(first, 64).reshape(8, 8)
        return grid[y * 8 // h, x * 8 // w]
    values = {
        "flat": 0 * x + first,
        "across": x * 255 // max(w - 1, 1),
        "down": y * 255 // max(h - 1, 1),
        "stripes": np.where(x // max(first, 1) % 2 == 1, 255, 0),
        "bars": np.where(y // max(first, 1) % 2 == 1, 255, 0),
        "checkers": np.where((x // max(first, 1) + y // max(first, 1)) % 2 == 1, 200, 40),
        "disc": np.where((2 * x + 1 - w) ** 2 + (2 * y + 1 - h) ** 2 < min(w, h) ** 2, 220, 30),
    }
    return values[kind].astype(np.uint8)


def cases():
    for name, w, h in (("astronaut", 512, 512), ("coffee", 600, 400), ("chelsea", 451, 300)):
        yield f"photo {name} 0 0 {w} {h}"
        yield f"colour {name} 0 0 {w} {h}"
        yield f"letterbox {name} 0 0 {w} {h}"
        for i in range(14):
            a, b, c, d = (int(n) for n in noise(i + w, 4))
            cw, ch = 16 + a * (w - 16) // 255, 16 + b * (h - 16) // 255
            x, y = c * (w - cw) // 255, d * (h - ch) // 255
            yield f"{'photo' if i % 3 else 'colour'} {name} {x} {y} {cw} {ch}"
        # On both sides of twice as high as wide.
        for cw, ch in ((60, h), (100, 200), (100, 201), (100, 215), (20, h), (w, 20)):
            yield f"photo {name} 30 0 {cw} {ch}" if cw < w else f"photo {name} 0 30 {cw} {ch}"
    for value in (0, 1, 127, 128, 255):
        yield f"flat {value} 64 48"
        yield f"flat {value} 317 200"
    for w, h in ((1, 1), (2, 3), (5, 4), (7, 9), (9, 8), (8, 8), (8, 9), (32, 32), (33, 31), (40, 25), (64, 64), (5, 200)):
        yield f"noise 7 {w} {h}"
        yield f"across {w} {h}"
        yield f"coloured 3 {w} {h}"
    for w, h in ((64, 64), (200, 150), (333, 500), (640, 360), (128, 129), (70, 160)):
        yield f"noise {w} {w} {h}"
        yield f"across {w} {h}"
        yield f"down {w} {h}"
        yield f"disc {w} {h}"
        yield f"blocks {h} {w} {h}"
        yield f"sparse {w} {w} {h}"
        for step in (1, 4, 17):
            yield f"stripes {step} {w} {h}"
            yield f"bars {step} {w} {h}"
            yield f"checkers {step} {w} {h}"
    yield "noise 1 1500 40"
    yield "disc 1920 1080"
    yield "noise 5 1100 700"


def main():
    lines = []
    for case in cases():
        samples = picture(case.split())
        image = Image.fromarray(samples)
        values = [
            imagehash.dhash(image),
            imagehash.average_hash(image),
            imagehash.phash(image),
            imagehash.whash(image),
            imagehash.dhash_vertical(image),
        ]
        line = f"{case} = {' '.join(map(str, values))}"
        if pdqhash and min(samples.shape[:2]) >= 5:
            # It takes colours alone; three like samples have that luma.
            colours = samples if samples.ndim == 3 else np.stack([samples] * 3, axis=-1)
            vector, quality = pdqhash.compute(np.ascontiguousarray(colours))
            bits = "".join(map(str, vector))
            line += f" {int(bits, 2):064x} {quality}"
        lines.append(line)
    if pdqhash:
        for name in ("coffee", "chelsea"):
            vectors, _ = pdqhash.compute_dihedral(np.ascontiguousarray(crop(name, 0, 0, 400, 300)))
            texts = [f"{int(''.join(map(str, vector)), 2):064x}" for vector in vectors]
            turned = f"turned {name} 0 0 400 300 = {' '.join(texts)}"
            lines.append(turned)
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


main()
