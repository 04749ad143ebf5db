"""The mean of several sittings' weights: what each of them learnt by chance cancels out, what they share stays.

Averaging the ends of runs that began from one another is known to be better than any of them ("Model soups",
arXiv 2203.05482). Run it with ``python -m extraction.pocket.averaging OUT FOLDER FOLDER ...``.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

_WEIGHTS = "model.safetensors"


def average(folders: Sequence[Path], out: Path) -> None:
    """Writes the mean of the weights of some folders, in float16, with all other files of the last one.

    Args:
        folders: Folders as ``checkpoint.save_model`` writes them, of one architecture.
        out: A new folder.

    Raises:
        ValueError: Fewer than two folders, or weights that are not of one architecture.
        FileExistsError: ``out`` is there already.
    """
    if len(folders) < 2:
        raise ValueError("the mean of weights takes two folders or more")
    weights = [load_file(folder / _WEIGHTS) for folder in folders]
    shapes = [{name: value.shape for name, value in one.items()} for one in weights]
    if any(one != shapes[0] for one in shapes):
        raise ValueError("the folders hold models of different architectures")
    mean = {name: torch.stack([one[name].float() for one in weights]).mean(0) for name in weights[0]}
    shutil.copytree(folders[-1], out, ignore=shutil.ignore_patterns(_WEIGHTS))
    save_file({name: value.half().contiguous() for name, value in mean.items()}, out / _WEIGHTS, {"format": "pt"})
    (out / _WEIGHTS).chmod(0o644)  # safetensors writes it for its owner alone


def main() -> None:
    """Average weights of the embedded model."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("folders", type=Path, nargs="+", help="folders to average")
    given = parser.parse_args()
    average(given.folders, given.out)


if __name__ == "__main__":
    main()
