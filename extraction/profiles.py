"""What LangChain wants to know about a model beforehand, from its configuration file alone."""

from __future__ import annotations

import functools
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from langchain_core.language_models import ModelProfile

from extraction.loading import POCKET, pocket_folder

POCKET_NAME = "pocket, embedded in langchain-extraction: coloured shapes only, for first steps and tests"


def profile_of(model: str, revision: str | None = None, *, urls: bool = False) -> ModelProfile:
    """The capabilities of a local model; its context length only where the configuration lies on this machine.

    ``structured_output`` and ``tool_calling`` hold for every model, by grammar.
    """
    pdf = find_spec("pypdfium2") is not None  # the extra `pdf`
    profile: ModelProfile = {
        "name": POCKET_NAME if model == POCKET else model,
        "open_weights": True,
        "text_inputs": True,
        "image_inputs": True,
        "image_url_inputs": urls,
        "pdf_inputs": pdf,
        "audio_inputs": False,
        "video_inputs": False,
        "image_tool_message": True,
        "pdf_tool_message": pdf,
        "text_outputs": True,
        "image_outputs": False,
        "audio_outputs": False,
        "video_outputs": False,
        "reasoning_output": False,
        "tool_calling": True,
        "tool_choice": True,
        "tool_call_streaming": True,
        "structured_output": True,
        "temperature": True,
    }
    limit = _max_positions(model, revision)
    if limit is not None:
        profile["max_input_tokens"] = limit
        profile["max_output_tokens"] = limit
    return profile


def _max_positions(model: str, revision: str | None) -> int | None:
    path = _config_file(model, revision)
    return None if path is None or not path.is_file() else _read_max_positions(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=128)
def _read_max_positions(path: Path, _changed: int) -> int | None:
    config: Any = json.loads(path.read_text(encoding="utf-8"))
    for part in (config.get("text_config") or {}, config):
        if isinstance(part.get("max_position_embeddings"), int):
            return int(part["max_position_embeddings"])
    return None


def model_type_of(model: str) -> str | None:
    """``config.model_type`` of a folder or of a hub model that has been downloaded; None where there is none."""
    path = _config_file(model, None)
    if path is None or not path.is_file():
        return None
    found: Any = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    return found if isinstance(found, str) else None


def _config_file(model: str, revision: str | None) -> Path | None:
    """The configuration of a folder, or of a hub model that has been downloaded; the network is not asked."""
    folder = pocket_folder() if model == POCKET else Path(model)
    if folder.is_dir() or model == POCKET:
        return folder / "config.json"
    if model.count("/") != 1:
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, "config.json", revision=revision)
    return Path(found) if isinstance(found, str) else None
