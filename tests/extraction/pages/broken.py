"""Damaged documents, each by its seed, and what becomes of them: ``python -m tests.extraction.pages.broken 0 200``.

Runs in a process of its own, under limits for memory and time, since a crash of pdfium would end the whole test run.
Writes one line of JSON for each document: its seed, what it was, and what came of it.
"""

from __future__ import annotations

import faulthandler
import json
import random
import re
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from extraction.errors import ImageError
from extraction.pages.document import open_document
from tests.extraction.pages.pdf_files import Sheet, pdf, text
from tests.extraction.pages.samples import Written, form, paper, picture, printed, scanned, tiff

MEMORY = 3 * 2**30
SECONDS = 20
_NUMBER = re.compile(rb"\d+")


def originals() -> dict[str, bytes]:
    """Whole documents of many kinds."""
    lines = [[Written("Invoice 4711 of 1 March", 60, 80), Written("Total 12.50", 60, 120, angle=20)]] * 2
    small = [paper(seed, (70, 50)) for seed in range(3)]
    boxes = [Sheet(text("turned", 60, 90), b"/Rotate 90/CropBox[50 50 200 150]"), Sheet(text("plain", 20, 50))]
    return {
        "printed": printed(lines, size=(300, 200)),
        "type 3": printed(lines, size=(300, 200), fonttype=3),
        "boxes": pdf(boxes),
        "form": form(),
        "encrypted": pdf([Sheet(text("secret", 20, 50))], password=b"owl"),
        "scanned": scanned(2),
        "tiff": tiff(small),
        "tiff lzw": tiff(small, compression="tiff_lzw"),
        "tiff jpeg": tiff(small, compression="jpeg"),
        "tiff g4": tiff([frame.convert("1") for frame in small], compression="group4"),
        "png": picture("PNG"),
        "jpeg": picture("JPEG"),
        "gif": picture("GIF"),
        "webp": picture("WEBP"),
        "bmp": picture("BMP"),
    }


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _flip(data: bytes, chance: random.Random) -> bytes:
    result = bytearray(data)
    for _ in range(chance.choice((1, 4, 32, 256))):
        result[chance.randrange(len(result))] ^= 1 << chance.randrange(8)
    return bytes(result)


def _swap(data: bytes, chance: random.Random) -> bytes:
    one, two, three = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    one, two = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:two] + data[one:two] * chance.choice((1, 3)) + data[two:]


def _drop(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.choice((1, 16, 200)) :]


def _blank(data: bytes, chance: random.Random) -> bytes:
    start, count = chance.randrange(len(data)), chance.choice((4, 64, 1024))
    return data[:start] + bytes([chance.choice((0, 32, 255))]) * count + data[start + count :]


def _renumber(data: bytes, chance: random.Random) -> bytes:
    """Wrong lengths, counts, references and sizes, as a PDF writes them."""
    found = list(_NUMBER.finditer(data))
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 2, 8)))), key=lambda one: -one.start()):
        told = chance.choice((b"0", b"1", b"3", b"-1", b"65536", b"2147483647", b"99999999999", b"1e30", b"0.00001"))
        data = data[: match.start()] + told + data[match.end() :]
    return data


def _resize(data: bytes, chance: random.Random) -> bytes:
    """Wrong lengths, counts, offsets and sizes, as binary formats write them."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        start = chance.randrange(max(len(result) - 4, 1))
        told = chance.choice((0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF))
        result[start : start + 4] = told.to_bytes(4, chance.choice(("big", "little")))
    return bytes(result)


MUTATIONS: Sequence[Callable[[bytes, random.Random], bytes]] = (
    _cut,
    _flip,
    _swap,
    _repeat,
    _drop,
    _blank,
    _renumber,
    _resize,
)


def damaged(seed: int, whole: dict[str, bytes]) -> tuple[str, bytes]:
    """What the document of a seed is called, and its bytes: originals and mutations take turns."""
    chance = random.Random(seed)
    names = list(whole)
    name = names[seed % len(names)]
    mutate = MUTATIONS[seed // len(names) % len(MUTATIONS)]
    data = mutate(whole[name], chance)
    if data and chance.random() < 0.2:
        mutate = chance.choice(MUTATIONS)
        data = mutate(data, chance)
    return f"{name} {mutate.__name__[1:]}", data


def outcome(data: bytes) -> str:
    """What a caller gets: how many pages were read and were damaged, or the error."""
    try:
        document = open_document(data, dpi=60)
    except ImageError as error:
        return f"ImageError: {error}"
    read, failed = 0, ""
    with document:
        for index in range(min(len(document), 20)):
            try:
                page = document[index]
            except ImageError as error:
                failed = f"; page {index + 1}: {error}"
            else:
                read += 1
                words = () if page.words is None else page.words.words
                assert all(0 <= word.box.x1 <= word.box.x2 <= page.size[0] for word in words)
    return f"{read} of {len(document)} pages{failed}"


def peak_of_memory() -> int | None:
    """The most memory that this process has held, in MiB; None where the system does not tell (only Linux does)."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return None if found is None else int(found[1]) // 1024


def main(first: int, count: int) -> None:
    """Writes the outcome of each seed."""
    whole = originals()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    for seed in range(first, first + count):
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        name, data = damaged(seed, whole)
        sys.stdout.write(json.dumps({"seed": seed, "name": name}) + "\n")
        sys.stdout.flush()
        sys.stdout.write(json.dumps({"seed": seed, "outcome": outcome(data)}) + "\n")
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(json.dumps({"peak_mb": peak_of_memory()}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
