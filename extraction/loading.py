"""From a model's name to its parts: configuration, processor and weights, each loaded when it is first needed."""

from __future__ import annotations

import contextlib
import functools
import importlib.resources
import inspect
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from extraction.errors import ModelLoadError

POCKET = "pocket"
"""The name of the model that lies inside the package."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What makes two loaded models different.

    Attributes:
        model: "pocket", a hub id, or a folder.
        revision: Branch, tag or commit of a hub id.
        device: "cpu", "cuda", "cuda:1", "mps"; None takes the best there is.
        dtype: Name of a torch type, or "auto".
        trust_remote_code: Whether code of the checkpoint may run.
        prepack: Whether linear layers are laid out for oneDNN (``prepacking``); None where that takes little memory.
    """

    model: str
    revision: str | None = None
    device: str | None = None
    dtype: str = "auto"
    trust_remote_code: bool = False
    prepack: bool | None = None


class Checkpoint:
    """The parts of one model. The configuration and the processor can be asked for from any thread."""

    def __init__(self, key: ModelKey) -> None:
        self.key = key
        self.processor_lock = threading.RLock()
        """To be held while the processor works: fast tokenizers keep settings between calls."""
        self._lock = threading.RLock()
        self._config: Any = None
        self._processor: Any = None

    @functools.cached_property
    def source(self) -> str:
        """Folder or hub id that is loaded from."""
        if self.key.model == POCKET:
            return str(pocket_folder())
        folder = Path(self.key.model).expanduser()
        return str(folder) if folder.is_dir() else self.key.model

    @property
    def config(self) -> Any:
        """The model's configuration.

        Raises:
            ModelLoadError: There is none.
        """
        with self._lock:
            if self._config is None:
                from transformers import AutoConfig

                self._config = self._load("configuration", AutoConfig.from_pretrained)
            return self._config

    @property
    def processor(self) -> Any:
        """The model's processor: tokenizer and picture processor in one.

        Raises:
            ModelLoadError: There is none, or it cannot take pictures.
        """
        with self._lock:
            if self._processor is None:
                processor = self._load("processor", _processor_loader(self.config))
                if getattr(processor, "image_processor", None) is None:
                    raise ModelLoadError(f"{self.key.model!r} cannot take pictures", hint=_NOT_VISION)
                self._processor = processor
            return self._processor

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the processor."""
        return self.processor.tokenizer

    @property
    def device(self) -> Any:
        """The torch device that the weights go to.

        Raises:
            RuntimeError: Torch knows no such device.
        """
        import torch

        return torch.device(self.key.device or _best_device())

    @property
    def dtype(self) -> Any:
        """The torch type that the weights get, or "auto" for the one that they are stored in."""
        return _dtype(self.key.dtype, self.key.device or _best_device(), self.config)

    def local_file(self, name: str) -> Path | None:
        """A file of the checkpoint that is on this machine; None where it is not, or there is none. Nothing is fetched."""
        folder = Path(self.source)
        if folder.is_dir():
            return folder / name if (folder / name).is_file() else None
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.source, name, revision=self.key.revision)
        return Path(found) if isinstance(found, str) else None

    def load_model(self) -> Any:
        """The weights, on their device and ready to answer; loaded anew each time.

        Raises:
            ModelLoadError: They are missing, are no safetensors, do not fit the memory, or cannot be prepacked.
        """
        from transformers import AutoModelForImageTextToText

        from extraction.prepacking import prepack

        options = {"dtype": self.dtype, "use_safetensors": True, "config": self.config}
        load: Any = functools.partial(AutoModelForImageTextToText.from_pretrained, output_loading_info=True)
        with _quiet_when_local(self.source):
            model, report = self._load("weights", load, **options)
        if missing := sorted(report["missing_keys"]):  # transformers would go on with random numbers in their place
            raise ModelLoadError(
                f"the weights of {self.key.model!r} lack {len(missing)} tensors, such as {missing[0]!r}"
            )
        try:
            model = model.to(self.device).eval()
        except (RuntimeError, AssertionError) as error:
            where = self.key.device or _best_device()
            raise ModelLoadError(f"{self.key.model!r} cannot be moved to {where!r}: {_first(error)}") from error
        prepack(model, self.key.prepack)
        return model

    def _load(self, what: str, load: Callable[..., T], **options: Any) -> T:
        try:
            return load(
                self.source, revision=self.key.revision, trust_remote_code=self.key.trust_remote_code, **options
            )
        except ModelLoadError:
            raise
        except Exception as error:  # transformers and the hub raise nearly everything here
            raise load_error(what, self.key.model, error) from error


_NOT_VISION = "it must be a vision-language model that AutoModelForImageTextToText loads"


def pocket_folder() -> Path:
    """Folder of the model that lies inside the package."""
    return Path(str(importlib.resources.files("extraction").joinpath("pocket", "weights")))


def load_error(what: str, model: str, error: Exception) -> ModelLoadError:
    """A ``ModelLoadError`` with what to do about it.

    Args:
        what: The part that was loaded.
        model: The model's name.
        error: What transformers or the hub raised.
    """
    if model == POCKET and not pocket_folder().is_dir():
        return ModelLoadError("the embedded model is not in this installation", hint="install a released wheel")
    text = str(error).lower()
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, ImportError):
        hint = "another package is needed"
    elif "GatedRepoError" in names or "gated" in text:
        hint = "accept the model's terms on the hub, and log in with `hf auth login`"
    elif "trust_remote_code" in text:
        hint = "if you trust the authors' code, allow it with trust_remote_code=True"
    elif "unrecognized configuration class" in text:
        hint = _NOT_VISION
    elif "safetensors" in text:
        hint = "only weights in safetensors files are loaded, since .bin files can run code"
    elif what == "configuration" and not Path(model).exists() and model != POCKET and not _may_be_hub_id(model):
        hint = "give 'pocket', a hub id such as 'Qwen/Qwen2.5-VL-3B-Instruct', or an existing folder"
        if model == "ocr":  # the name that the command has for it
            hint = "the rules that need no model are ChatOCR()"
    elif names & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectError", "ConnectionError"} or (
        "internet connection" in text or "couldn't connect" in text or "cannot find the requested files" in text
    ):
        hint = "the hub cannot be reached; give a folder, or download the model where there is a network"
    else:
        hint = None
    return ModelLoadError(f"the {what} of {model!r} cannot be loaded: {_first(error)}", hint=hint)


def _may_be_hub_id(model: str) -> bool:
    return model.count("/") == 1 and model[0] not in "/.~"


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(name: str, device: str, config: Any) -> Any:
    """The type to load weights in. Half precision is stored to be small, but is slow and coarse on a CPU."""
    import torch

    if name != "auto":
        return getattr(torch, name)
    stored = getattr(config, "dtype", None)
    return torch.float32 if device.startswith("cpu") and stored in (torch.float16, "float16") else "auto"


def _processor_loader(config: Any) -> Callable[..., Any]:
    """What loads the processor of a configuration.

    Processors that could also take videos ask for torchvision and for settings of that part when they are loaded, which
    nothing here needs: they are made from a subclass whose constructor does not know of videos.
    """
    from transformers import AutoProcessor
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None or "video_processor" not in kind.get_attributes():
        return AutoProcessor.from_pretrained
    return without_videos(kind).from_pretrained  # type: ignore[no-any-return]


class _NoVideos:
    """Stands where the part for videos would: whatever a processor asks it for is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):  # Python's own questions, of copying for instance
            raise AttributeError(name)


@functools.cache
def without_videos(kind: type) -> Any:
    """A subclass of a processor that takes no videos, so that loading it loads no part for them."""
    from transformers import ProcessorMixin

    signature = inspect.signature(kind.__init__)  # type: ignore[misc]
    kept = [parameter for name, parameter in signature.parameters.items() if name != "video_processor"]
    names = [parameter.name for parameter in kept]
    nothing = _NoVideos()

    class Parts(ProcessorMixin):
        """What ``kind`` hands its parts to, in whatever order."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            named = {name: value for name, value in kwargs.items() if value is not nothing}
            parts: Any = super()
            parts.__init__(*(value for value in args if value is not nothing), **named)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        given = inspect.Signature(kept).bind(self, *args, **kwargs)
        named = {name: value for name, value in given.arguments.items() if name not in ("self", "kwargs")}
        self.video_processor = nothing
        kind.__init__(self, **named, **given.arguments.get("kwargs", {}), video_processor=nothing)  # type: ignore[misc]

    def validate_init_kwargs(processor_config: dict[str, Any], valid_kwargs: Any) -> Any:  # noqa: ARG001
        return ProcessorMixin.validate_init_kwargs(processor_config, names)

    # transformers reads from the signature which parts to load, but from the bare code which settings to hand over.
    __init__.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    methods = {"__init__": __init__, "validate_init_kwargs": staticmethod(validate_init_kwargs)}
    return type(kind.__name__, (kind, Parts), {**methods, "__module__": kind.__module__})


@contextlib.contextmanager
def _quiet_when_local(source: str) -> Iterator[None]:
    """No progress bar for weights that lie on this machine; downloads keep theirs."""
    from transformers.utils import logging

    hide = Path(source).is_dir() and logging.is_progress_bar_enabled()
    if hide:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            logging.enable_progress_bar()
