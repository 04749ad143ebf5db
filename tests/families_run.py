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
        native: It checks that the task prompts and the text syntax of the family work.
    """

    test: str
    constrains: bool = True
    boxes: bool = True
    native: bool = False

    @property
    def words(self) -> str:
        """What is done, in a few words."""
        done = {"answers by a schema": self.constrains, "boxes in pixels": self.boxes, "native syntax": self.native}
        return ", ".join(["loads", *(name for name, checked in done.items() if checked)])


RUNS: Final = {
    "llava": Run("tests/extraction/test_chat_model_structured.py"),
    "qwen2_5_vl": Run("tests/extraction/test_chat_model_structured.py"),
}
"""By ``model_type``."""
