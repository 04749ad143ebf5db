"""What can be set on a ``ChatTransformers``, and what LangChain asks about it before it answers."""

from __future__ import annotations

from typing import Any, Self

from langchain_core.language_models import BaseChatModel, LangSmithParams, ModelProfile
from langchain_core.utils import from_env
from pydantic import ConfigDict, Field, field_validator, model_validator

from extraction import __version__
from extraction.bounds import MAX_DEPTH, MAX_ITEMS, MAX_STRING
from extraction.endings import PROVIDER
from extraction.families import FamilyLike
from extraction.jobs import PREFIX_CACHE_BYTES
from extraction.options import SYNONYMS, Depth, Positive, Seconds, Seed, Share, Temperature
from extraction.profiles import profile_of


class ChatFields(BaseChatModel):
    """The fields of ``ChatTransformers``; unknown ones raise."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    model: str = Field(default_factory=from_env("EXTRACTION_MODEL", default="pocket"))
    """"pocket", a hub id, or a folder. The environment variable EXTRACTION_MODEL changes the default."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    device: str | None = None
    """"cpu", "cuda", "cuda:1", "mps"; None takes the best there is."""
    dtype: str = "auto"
    """Name of a torch type ("float32", "bfloat16"); "auto" takes the stored one, float32 for float16 on a CPU."""
    trust_remote_code: bool = False
    """Whether Python code that comes with the checkpoint may run."""
    prepack: bool | None = None
    """Whether linear layers keep their weights a second time, laid out for oneDNN: on a CPU in float32 answers take less time,
    most of all constrained ones, and the weights twice the memory. None does it where that is at most 1 GiB more."""
    family_override: FamilyLike | None = Field(default=None, alias="family")
    """How the model writes boxes, where its name and type do not tell: a family, a convention or the name of one."""

    max_tokens: Positive = 1024
    """Longest answer, in tokens. Under a schema an answer ends in time, and is valid JSON; what the model did not write of it
    is named in ``response_metadata["truncated"]``."""
    max_repeats: Positive | None = 6
    """How often the same text may follow itself, 128 tokens or more in all, before the answer is stopped
    (``finish_reason`` "repetition"); None for any number."""
    temperature: Temperature | None = None
    """0 or None takes the likeliest token, whatever the checkpoint's own settings say."""
    top_p: Share | None = None
    """Samples from the likeliest tokens that together reach this share; None for the checkpoint's setting."""
    top_k: Positive | None = None
    """Samples from this many of the likeliest tokens; None for the checkpoint's setting."""
    min_p: Share | None = None
    """Samples from tokens at least this likely, as a share of the likeliest."""
    seed: Seed | None = None
    """Makes sampled answers repeatable, whatever else is in the batch."""
    stop: list[str] | None = None
    """Strings that end an answer and are no part of it."""
    min_pixels: Positive | None = None
    """Least pixels of what the model sees of a picture; smaller ones are enlarged for it."""
    max_pixels: Positive | None = None
    """Most pixels of what the model sees of a picture, in one piece or in tiles; the knob for memory and speed. Either bound
    raises ``OptionError`` where a model cannot follow it (``extraction/picture_sizes.py``)."""
    max_items: Positive = MAX_ITEMS
    """Most items of a list for which the schema names no ``maxItems``, and most keys of an object that is open to any. A list
    that came to this end counts as cut (``finish_reason`` "length")."""
    max_string: Positive = MAX_STRING
    """Most characters of a string for which the schema names no ``maxLength``; one that came to this end counts as cut.
    A ``pattern`` or a ``format`` has ends of its own."""
    max_depth: Depth = MAX_DEPTH
    """How often a value of a recursive schema may hold one of its own kind, as a tree its branches; at most 64. An answer that
    nests as deeply counts as cut."""
    schema_in_prompt: bool | None = None
    """Whether the words of a bound schema are added to the prompt; None adds them unless they stand in it already."""
    follow_instructions: bool = True
    """Whether the format instructions of LangChain's ``PydanticOutputParser`` in a prompt bind their schema, as if it had been
    given by ``response_format``: the answer follows it, its boxes are pixels of the original picture, and one that was cut
    raises ``TruncatedOutputError``, since that parser would take it for whole."""
    narrow_head: bool = False
    """Whether scores are computed only of the tokens that a grammar allows, where the model's output head can be narrowed: the
    same answers, up to rounding, in less time where the vocabulary is large. ``response_metadata["decoding"]`` tells."""
    confidence: bool = True
    """Whether answers that a grammar holds tell, in ``response_metadata["confidence"]``, how sure the model was of each value
    (where it goes on with a cut answer, if ``continue_from`` tells what was thought before: ``truncated`` as a whole)."""
    allow_urls: bool = False
    """Whether ``http(s)`` pictures in messages may be fetched."""
    max_batch_size: Positive = 8
    """Most conversations that are answered together; fewer where the memory does not hold them."""
    prefix_cache_bytes: int = Field(default=PREFIX_CACHE_BYTES, ge=0)
    """Most memory, in bytes on the model's device, for prompts that were read: the beginning that a prompt has in common with
    an earlier one (system text, a schema's words, the same picture, the conversation so far) is not read again. 0 switches it
    off for the calls of this ``ChatTransformers``; the prompts that others keep go with ``unload()``. In half precision an
    answer may differ by rounding from one without it, as it may with the size of a batch."""
    timeout: Seconds | None = None
    """Seconds until a call gives up, loading and waiting included."""
    max_retries: int = Field(default=0, ge=0)
    """How often a call is made again after the model failed (``GenerationError``); streams are not."""
    streaming: bool = False
    """Whether ``invoke`` streams inside, for callbacks that listen to tokens."""

    @model_validator(mode="before")
    @classmethod
    def _read_synonyms(cls, given: Any) -> Any:
        """LangChain's other names for some fields; ``family_override`` is how it calls that field when it copies."""
        if not isinstance(given, dict):
            return given
        synonyms = SYNONYMS | {"family_override": "family"}
        return {synonyms.get(name, name): value for name, value in given.items()}

    @field_validator("dtype")
    @classmethod
    def _known_dtype(cls, name: str) -> str:
        known = ("auto", "float32", "float16", "bfloat16", "float64")
        if name not in known:
            raise ValueError(f"dtype must be one of {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _set_extraction_version(self) -> Self:
        self._add_version("langchain-extraction", __version__)
        return self

    @property
    def _llm_type(self) -> str:
        return "chat-transformers"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """Everything that changes an answer; LangChain's cache keys on it."""
        names = (
            *("model", "revision", "dtype", "device", "trust_remote_code", "max_tokens", "temperature", "top_p"),
            *("top_k", "min_p", "seed", "stop", "min_pixels", "max_pixels", "schema_in_prompt"),
            *(
                "max_items",
                "max_string",
                "max_depth",
                "max_repeats",
                "follow_instructions",
                "narrow_head",
                "confidence",
            ),
        )
        return {name: getattr(self, name) for name in names} | {"family": repr(self.family_override)}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = PROVIDER
        return params

    def _resolve_model_profile(self) -> ModelProfile:
        return profile_of(self.model, self.revision, urls=self.allow_urls)
