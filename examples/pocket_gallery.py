"""What the embedded model sees, right and wrong: ``python examples/pocket_gallery.py assets/pocket.png``.

The pictures are the first of three exams of ``make pocket-eval``; nobody chose them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from extraction import ChatTransformers, plot_boxes
from extraction.chains import extraction_chain
from extraction.pocket.exams import foreign_scenes, found_in, fresh_scenes, true_in, wide_scenes
from extraction.pocket.scenes import DrawnScene
from extraction.pocket.scoring import DetectionScore
from extraction.schemas import Scene

COLUMNS = 4


def hits(said: Scene, scene: DrawnScene) -> int:
    """How many objects are right in label, colour and box."""
    score = DetectionScore()
    score.add(found_in(said), true_in(scene))
    return score.hits


def gallery(scenes: Sequence[DrawnScene]) -> Image.Image:
    """The scenes with what the model says of them, and how many objects it says rightly."""
    answers = extraction_chain(ChatTransformers(), Scene).batch([scene.image for scene in scenes])
    rows = -(-len(scenes) // COLUMNS)
    figure = Figure(figsize=(3.2 * COLUMNS, 3.2 * rows), dpi=100, layout="constrained")
    for axes, scene, said in zip(figure.subplots(rows, COLUMNS).flat, scenes, answers, strict=True):
        plot_boxes(scene.image, said, ax=axes)
        axes.set_axis_off()
        right, there, named = hits(said, scene), len(scene.shapes), len(said.objects)
        axes.set_title(f"{right} of {there} right" + (f", {named} named" if named != there else ""), fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(exist_ok=True)
    gallery([*fresh_scenes(COLUMNS), *foreign_scenes(COLUMNS), *wide_scenes(COLUMNS)]).save(target, optimize=True)
