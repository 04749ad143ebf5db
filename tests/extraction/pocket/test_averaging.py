from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from extraction.pocket.averaging import average


def folder(at: Path, value: float, shape: tuple[int, ...] = (2, 3)) -> Path:
    at.mkdir()
    save_file({"a": torch.full(shape, value, dtype=torch.float16)}, at / "model.safetensors", {"format": "pt"})
    (at / "config.json").write_text(f'{{"last": {value}}}')
    return at


def test_the_mean_of_weights(tmp_path: Path) -> None:
    folders = [folder(tmp_path / str(value), value) for value in (1.0, 2.0, 6.0)]
    average(folders, tmp_path / "out")
    mean = load_file(tmp_path / "out" / "model.safetensors")["a"]
    assert mean.dtype == torch.float16
    assert torch.equal(mean, torch.full((2, 3), 3.0, dtype=torch.float16))
    assert (tmp_path / "out" / "config.json").read_text() == '{"last": 6.0}'
    with pytest.raises(FileExistsError):
        average(folders, tmp_path / "out")


def test_what_has_no_mean_raises_and_writes_nothing(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", 1.0), folder(tmp_path / "other", 1.0, (3, 2))
    with pytest.raises(ValueError, match="two folders or more"):
        average([one], tmp_path / "out")
    with pytest.raises(ValueError, match="different architectures"):
        average([one, other], tmp_path / "out")
    assert not (tmp_path / "out").exists()
