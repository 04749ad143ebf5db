from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, ProcessorMixin
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from extraction.errors import ModelLoadError
from extraction.loading import POCKET, Checkpoint, ModelKey, _dtype, load_error, pocket_folder, without_videos
from extraction.profiles import profile_of
from tests.tiny_models import SPECIAL, make_tokenizer


def _broken(folder: str, target: Path, damage: Callable[[Path], None]) -> Checkpoint:
    shutil.copytree(folder, target)
    damage(target)
    return Checkpoint(ModelKey(str(target)))


def _only_bin(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def _cut(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"cut off")


def _lacking(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_only_bin, r"no file named model.safetensors.*only weights in safetensors files are loaded"),
        (_cut, "weights of .* cannot be loaded"),
        (_lacking, "lack 1 tensors, such as 'lm_head.weight'"),
    ],
)
def test_weights_that_are_not_there_are_told(
    tiny_qwen: str, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    with pytest.raises(ModelLoadError, match=words):
        _broken(tiny_qwen, tmp_path / "model", damage).load_model()


def test_a_model_for_text_only_is_told(tiny_qwen: str, tmp_path: Path) -> None:
    def damage(folder: Path) -> None:
        (folder / "preprocessor_config.json").unlink()
        LlamaConfig(vocab_size=99, hidden_size=8, num_hidden_layers=1, num_attention_heads=1).save_pretrained(folder)

    checkpoint = _broken(tiny_qwen, tmp_path / "model", damage)
    with pytest.raises(ModelLoadError, match=r"cannot take pictures .*vision-language model"):
        _ = checkpoint.processor
    with pytest.raises(ModelLoadError, match="vision-language model"):
        checkpoint.load_model()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/model", "the hub cannot be reached; give a folder"),
        ("/no/such/folder", "give 'pocket', a hub id such as"),
        ("/nowhere", "give 'pocket', a hub id such as"),
        ("./checkpoint", "give 'pocket', a hub id such as"),
        ("ocr", r"the rules that need no model are ChatOCR\(\)"),
        ("misspelt", "give 'pocket', a hub id such as"),
    ],
)
def test_models_that_are_nowhere_are_told(name: str, words: str) -> None:
    with pytest.raises(ModelLoadError, match=f"the configuration of '{name}' cannot be loaded.*{words}"):
        _ = Checkpoint(ModelKey(name)).config


class GatedRepoError(OSError):
    """Named as the hub's own."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GatedRepoError("403"), "accept the model's terms"),
        (ValueError("pass trust_remote_code=True"), "if you trust the authors' code"),
        (ValueError("Unrecognized configuration class <x>"), "vision-language model"),
        (ImportError("needs timm"), "another package is needed"),
        (OSError("\n\n  first line \n second"), "cannot be loaded: first line"),
        (KeyError(), "cannot be loaded: KeyError"),
    ],
)
def test_errors_say_what_to_do(error: Exception, words: str) -> None:
    assert words in str(load_error("weights", "a/b", error))


def test_a_missing_embedded_model_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("extraction.loading.pocket_folder", lambda: tmp_path / "weights")
    assert "not in this installation" in str(load_error("weights", POCKET, OSError("x")))
    assert Checkpoint(ModelKey(POCKET)).source == str(tmp_path / "weights")


def test_the_embedded_model_lies_inside_the_package() -> None:
    assert pocket_folder().parts[-3:] == ("extraction", "pocket", "weights")


def test_a_device_that_is_not_there_is_told(tiny_qwen: str) -> None:
    with pytest.raises(ModelLoadError, match="cannot be moved to 'cuda:77'"):
        Checkpoint(ModelKey(tiny_qwen, device="cuda:77")).load_model()


@pytest.mark.parametrize(
    ("name", "device", "stored", "expected"),
    [
        ("auto", "cpu", torch.float16, torch.float32),
        ("auto", "cpu", torch.bfloat16, "auto"),
        ("auto", "cuda", torch.float16, "auto"),
        ("bfloat16", "cpu", torch.float16, torch.bfloat16),
    ],
)
def test_half_precision_is_widened_on_a_cpu(name: str, device: str, stored: torch.dtype, expected: Any) -> None:
    assert _dtype(name, device, SimpleNamespace(dtype=stored)) == expected


def test_weights_come_in_the_type_that_was_asked_for(tiny_qwen: str) -> None:
    assert Checkpoint(ModelKey(tiny_qwen, dtype="bfloat16")).load_model().dtype == torch.bfloat16


def test_a_home_folder_is_found(tiny_qwen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path(tiny_qwen).parent))
    assert Checkpoint(ModelKey(f"~/{Path(tiny_qwen).name}")).source == tiny_qwen


class _WithVideos(ProcessorMixin):
    """A processor in the order of MiniCPM-V's, which asks its part for videos as SmolVLM's does."""

    def __init__(
        self, image_processor: Any, video_processor: Any, tokenizer: Any, length: int = 1, chat_template: Any = None
    ) -> None:
        self.length = length
        self.frames = video_processor.num_frames
        parts: Any = super()
        parts.__init__(image_processor, video_processor, tokenizer, chat_template=chat_template)


def test_a_processor_without_videos_is_the_processor_in_all_else(tmp_path: Path) -> None:
    kind = without_videos(_WithVideos)
    made = kind(CLIPImageProcessorPil(), make_tokenizer(SPECIAL), length=4, chat_template="t")
    assert (kind.__name__, isinstance(made, _WithVideos)) == ("_WithVideos", True)
    assert (made.frames, made.video_processor.fps) == (None, None)
    made.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "processor_config.json").read_text())
    assert "video_processor" not in settings
    settings["video_processor"] = {"video_processor_type": "Qwen2VLVideoProcessor"}  # as a whole one would be saved
    (tmp_path / "processor_config.json").write_text(json.dumps(settings))
    loaded = kind.from_pretrained(tmp_path)
    assert (loaded.length, loaded.chat_template, loaded.tokenizer.pad_token) == (4, "t", "<|pad|>")
    with pytest.raises(TypeError):
        kind(made.image_processor, "videos", made.tokenizer, 1, "t")


def test_profiles_come_from_the_configuration_alone(tiny_llava: str) -> None:
    profile = profile_of(tiny_llava)
    assert profile["max_input_tokens"] == 8192
    assert (profile["image_inputs"], profile["structured_output"], profile["tool_calling"]) == (True, True, True)
    assert profile["image_url_inputs"] is False
    assert profile_of(tiny_llava, urls=True)["image_url_inputs"] is True
    assert "max_input_tokens" not in profile_of("nowhere/model")
    assert "max_input_tokens" not in profile_of("misspelt")


def test_the_embedded_model_says_what_it_is() -> None:
    profile = profile_of("pocket")
    assert "coloured shapes only" in profile["name"]
    assert profile["max_input_tokens"] == 2048
    assert profile_of("nowhere/model")["name"] == "nowhere/model"
