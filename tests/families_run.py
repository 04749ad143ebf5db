"""Which model types the tests run end to end, through their real classes of transformers with tiny random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Run:
    """What a test does with a saved tiny model, from loading it by path on.

    Attributes:
        test: The file of the test.
        constrains: It checks that answers fit a schema.
        boxes: It checks that their boxes are pixels of the picture.
        native: It checks that the tokens of the family's own syntax reach the text of an answer.
    """

    test: str
    constrains: bool = True
    boxes: bool = True
    native: bool = False

    @property
    def words(self) -> str:
        """What is done, in a few words."""
        done = {
            "answers by a schema": self.constrains,
            "boxes in pixels": self.boxes,
            "tokens of its syntax kept": self.native,
        }
        return ", ".join(["loads", *(name for name, checked in done.items() if checked)])


_CHAT: Final = (
    "aya_vision",
    "deepseek_vl",
    "ernie4_5_vl_moe",
    "gemma3",
    "gemma4",
    "glm46v",
    "glm4v",
    "glm4v_moe",
    "granite_docling",
    "hunyuan_vl",
    "idefics2",
    "idefics3",
    "internvl",
    "janus",
    "lighton_ocr",
    "llava",
    "llava_next",
    "llava_onevision",
    "mllama",
    "ovis2",
    "paddleocr_vl",
    "qwen2_5_vl",
    "qwen2_vl",
    "qwen3_5",
    "qwen3_vl",
    "smolvlm",
    "vipllava",
)
"""Those with a chat template; two pictures in a batch, forced tokens and kept prompts give what one at a time gives."""

RUNS: Final = {
    **dict.fromkeys(_CHAT, Run("tests/extraction/test_families_end_to_end.py")),
    "florence2": Run("tests/extraction/test_task_models.py", native=True),
    "paligemma": Run("tests/extraction/test_task_models.py", native=True),
    "kosmos-2": Run("tests/extraction/test_task_models.py", native=True),
    "kosmos-2.5": Run("tests/extraction/test_task_models.py", native=True),
    "blip-2": Run("tests/extraction/test_task_models.py"),
    "instructblip": Run("tests/extraction/test_task_models.py"),
}
"""By ``model_type``."""
