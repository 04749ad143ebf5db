"""How much tiles help the embedded model with small shapes: ``python benchmarks/pocket_tiles.py [scenes]``."""

from __future__ import annotations

import sys

from extraction import ChatTransformers
from extraction.chains import extraction_chain, tiled
from extraction.pocket.exams import found_in, true_in
from extraction.pocket.scenes import SceneConfig, draw_scene
from extraction.pocket.scoring import DetectionScore
from extraction.schemas import Scene

CONFIG = SceneConfig(sides=(1143, 1600), max_aspect=4 / 3, max_shapes=8, size=(0.025, 0.04), cut=0.0, empty=0.0)
"""Large pictures with up to eight shapes of 2.5 to 4 % of the shorter side."""
TILE = 480


def scores(scenes: int) -> tuple[DetectionScore, DetectionScore]:
    """What the model finds in the pictures as a whole, and in tiles.

    Args:
        scenes: How many pictures, drawn from the seeds 0, 1, 2 ...
    """
    chain = extraction_chain(ChatTransformers(), Scene)
    in_tiles = tiled(chain, tile=TILE, overview=False)
    whole, parts = DetectionScore(), DetectionScore()
    for seed in range(scenes):
        scene = draw_scene(seed, CONFIG)
        for score, way in ((whole, chain), (parts, in_tiles)):
            score.add(found_in(way.invoke(scene.image)), true_in(scene))
    return whole, parts


if __name__ == "__main__":
    for name, score in zip(("whole", f"tiles of {TILE}"), scores(int([*sys.argv, "10"][1])), strict=True):
        found = {key: round(value, 3) for key, value in score.summary().items()}
        sys.stdout.write(f"{name}: {found}\n")
