"""What is known of a chat model on the other side of a wire: its family by its name, and at which size it sees pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_core.runnables import RunnableConfig, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.config import merge_configs
from langchain_core.runnables.configurable import DynamicRunnable

from extraction.chains.sending import Sending
from extraction.conventions import RELATIVE_1000
from extraction.errors import BoxConventionError, OptionError
from extraction.families import UNKNOWN, Family, FamilyLike, ResizeRule, families, find_family
from extraction.forms import known
from extraction.prompts import has_geometry
from extraction.resizing import grounding_rule

_BOUND_NAMES: Final = ("model", "model_name", "model_id")
_NAMES: Final = (*_BOUND_NAMES, "base_model_id", "deployment_name", "repo_id", "model_path")
"""Where LangChain's chat models say which model they run: OpenAI, Groq, Ollama, Google, Anthropic, Mistral (``model``,
``model_name``), Bedrock (``model_id``, ``base_model_id``), Azure (``deployment_name``), Hugging Face, llama.cpp."""


@dataclass(frozen=True, slots=True)
class InnerModel:
    """A chat model without what LangChain wraps around it, and the options that are bound to it."""

    model: Any
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> Iterator[str]:
        """What the model that it runs is called, most reliable first."""
        bound = [self.options[key] for key in _BOUND_NAMES if isinstance(self.options.get(key), str)]
        yield from bound or (name for key in _NAMES if isinstance(name := getattr(self.model, key, None), str))


def inner_models(
    model: Any, options: Mapping[str, Any] | None = None, config: RunnableConfig | None = None
) -> list[InnerModel]:
    """The chat models behind what LangChain wraps around one: bound options, retries, fallbacks, configuration."""
    bound = dict(options or {})
    while isinstance(model, (RunnableBindingBase, DynamicRunnable)):
        if isinstance(model, RunnableBindingBase):
            bound = {**model.kwargs, **bound}
            model, config = model.bound, merge_configs(model.config, config)
        else:
            model, config = model.prepare(config)
    if isinstance(model, RunnableWithFallbacks):
        return [inner for one in model.runnables for inner in inner_models(one, bound, config)]
    return [InnerModel(model, bound)]


def reads_words(model: Any) -> bool:
    """Whether a chat model is none, but reads by an OCR engine (``ChatOCR``), whatever is wrapped around it."""
    return all(getattr(inner.model, "reads_words", False) for inner in inner_models(model))


def own_engine(model: Any) -> Any:
    """The OCR engine by which such a model reads; None for the one that is installed."""
    return getattr(inner_models(model)[0].model, "engine", None)


def named_family(model: Any, family: FamilyLike | None) -> Family:
    """The family of a model on the other side of a wire: what the user says, else by the name that it says it runs.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks that write boxes in another way.
    """
    return _same(named_families(model, family))


def named_families(model: Any, family: FamilyLike | None) -> list[Family]:
    """The same of each of a model and its fallbacks, whether or not they write boxes in one way.

    Raises:
        BoxConventionError: There is no such family.
    """
    return [_named(inner, family) for inner in inner_models(model)]


def remote_family(model: Any, family: FamilyLike | None, config: RunnableConfig | None = None) -> Family:
    """The same, as it is asked for JSON: where nothing is said of boxes, for 0..1000, which every large model can do.

    Args:
        model: The chat model.
        family: How the user says that it writes boxes.
        config: The configuration of a call, which may choose another model than the default.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks that write boxes in another way.
    """
    found = [_named(inner, family) for inner in inner_models(model, config=config)]
    if family is None:
        found = [dataclasses.replace(one, boxes=RELATIVE_1000) if one.boxes is None else one for one in found]
    return _same(found)


def _named(inner: InnerModel, override: FamilyLike | None) -> Family:
    name = next((name for name in inner.names if find_family(None, name) is not UNKNOWN), "")
    return find_family(None, name, override)


def _same(found: Sequence[Family]) -> Family:
    if any(meaning(one) != meaning(found[0]) for one in found):
        raise mixed_conventions()
    return found[0]


def meaning(family: Family) -> Family:
    """What must be the same for two models to share a prompt and a parser."""
    boxes = family.boxes and dataclasses.replace(family.boxes, name="", syntaxes=())
    rule = grounding_rule(family) if boxes and boxes.kind == "pixel" else None
    return Family("", boxes=boxes, rule=rule, model_size=family.model_size)


def remote_sending(schema: Any, family: Family) -> Sending | None:
    """At which size pictures are sent to a model, so that it is known what its numbers refer to; None for as they are.

    Args:
        schema: The JSON schema of the answer; where it holds no boxes, pictures are left alone.
        family: The model's family.

    Raises:
        BoxConventionError: The model counts pixels, and it is not known how the other side resizes pictures.
    """
    boxes = family.boxes
    if boxes is None or not has_geometry(schema):
        return None
    if family.model_size is not None:
        return Sending(family.model_size)
    if boxes.kind == "pixel":
        return Sending(_known_rule(family))
    return Sending("square") if boxes.frame == "canvas" else None


def check_json(family: Family, schema: Any) -> None:
    """Return when a family can write what a schema holds as JSON.

    Families that were trained on a syntax of their own are asked for JSON in their own numbers. Cells of a grid are none.

    Raises:
        BoxConventionError: It cannot.
    """
    if has_geometry(schema):
        known(family.boxes)


def _known_rule(family: Family) -> ResizeRule:
    rule = grounding_rule(family)
    if rule is None:
        known = ", ".join(one.name for one in families() if one.rule is not None)
        raise BoxConventionError(
            f"the family {family.name!r} counts pixels of the picture that the model was given, whose size on the other "
            "side is not known",
            hint=f"name a family whose resizing is known ({known}), or a size at which pictures are sent and which the "
            "server leaves as it is, such as family='pixel, model_size=1000x1000'",
        )
    return rule


def mixed_conventions() -> OptionError:
    """What is raised where one prompt and one parser cannot serve a model and its fallbacks."""
    return OptionError(
        "the model and its fallbacks write boxes in different ways",
        hint="give each a chain of its own, and fallbacks to the chain: chain.with_fallbacks([other_chain]); or name one "
        "convention for all, such as family='relative-1000'",
    )
