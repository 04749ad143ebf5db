"""Views for tests: one by hand, and random ones with anything from nothing to a crowd."""

from __future__ import annotations

import random
import re

import numpy as np

from extraction.pocket.dataset import Truth
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS

VIEW = View(
    (Thing("circle", "red", (10, 20, 300, 400)), Thing("star", "orange", (500, 5, 700, 995))),
    "white",
    ("white", "orange"),
)
EMPTY = View((), "gray", ("gray",))


def random_view(seed: int) -> View:
    """A view with up to eight things; half of them are of few kinds, so that kinds repeat."""
    rng = random.Random(seed)
    labels, colors = (2, 2) if rng.random() < 0.5 else (len(LABELS), len(COLORS))
    rows = []
    for _ in range(rng.randint(0, 8)):
        x, y = sorted(rng.random() for _ in range(2)), sorted(rng.random() for _ in range(2))
        rows.append([rng.randrange(labels), rng.randrange(colors), x[0], y[0], x[1], y[1]])
    ground = rng.randrange(-1, len(GROUND_COLORS))
    dominant = tuple(rng.sample(range(len(GROUND_COLORS)), rng.randint(1, 3)))
    return View.of(Truth(np.array(rows, np.float32).reshape(-1, 6), ground, dominant))


VIEWS = [random_view(seed) for seed in range(200)]


def mentioned(text: str) -> set[str]:
    """The colours and labels that a text names, in the singular or the plural."""
    known = {f"{word}{ending}": word for word in (*COLORS, *LABELS) for ending in ("", "s", "es")}
    return {known[word] for word in re.findall(r"[a-z]+", text.lower()) if word in known}
