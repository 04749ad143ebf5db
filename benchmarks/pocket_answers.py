"""How long one answer of the embedded model takes on one core: ``python benchmarks/pocket_answers.py``.

Machines differ and are shared: the ratios say more than the seconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from langchain_core.messages import HumanMessage

from extraction import ChatTransformers
from extraction.chains import extraction_chain
from extraction.images import load_image
from extraction.pocket.exams import fresh_scenes
from extraction.schemas import Scene

PICTURES = 24


def median_seconds(answer: Callable[[int], object]) -> float:
    """The median over all pictures."""
    taken = []
    for number in range(PICTURES):
        started = time.perf_counter()
        answer(number)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    """Prints a line for each kind of answer."""
    torch.set_num_threads(1)
    model = ChatTransformers(prefix_cache_bytes=0)
    images = [scene.image for scene in fresh_scenes(PICTURES)]
    chain = extraction_chain(model, Scene)
    urls = [{"type": "image_url", "image_url": {"url": load_image(image).to_data_uri()}} for image in images]

    def asked(question: str) -> Callable[[int], object]:
        return lambda number: model.invoke([HumanMessage([urls[number], {"type": "text", "text": question}])])

    kinds: dict[str, Callable[[int], object]] = {
        "how many": asked("How many objects are there?"),
        "caption": asked("Describe the picture."),
        "Scene, with the grammar": lambda number: chain.invoke(images[number]),
    }
    chain.invoke(images[0])  # loads the weights
    seconds = {name: median_seconds(kind) for name, kind in kinds.items()}
    for name, taken in seconds.items():
        print(f"{name:26}{taken:7.3f} s{taken / seconds['how many']:7.1f} x")  # noqa: T201 - it is its purpose


if __name__ == "__main__":
    main()
