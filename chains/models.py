"""What a chain must know of the chat model that it was given, and how it asks for JSON."""

from __future__ import annotations

import random
from inspect import getattr_static
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import Runnable, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable

from extraction.chains.reporting import FrameReporter
from extraction.conventions import RELATIVE_1000, BoxConvention
from extraction.errors import OptionError
from extraction.families import UNKNOWN, Family, FamilyLike, find_family
from extraction.prompts import model_schema

ChatModel = Runnable[LanguageModelInput, Any]


def box_convention(model: ChatModel, family: FamilyLike | None) -> BoxConvention | None:
    """How a chat model is asked to write boxes; None where nobody knows.

    The user's word counts first, then what the model says of itself. A model that says nothing (a remote one) is asked
    in the prompt for 0..1000, which every large model can do.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks that write boxes in another way.
    """
    if family is not None:
        return find_family(None, "", family).boxes
    if not is_local(model):
        return RELATIVE_1000
    first, *others = [inner.family.boxes for inner in _inner_models(model)]
    if any(other != first for other in others):
        raise _mixed()
    convention: BoxConvention | None = first
    return convention


def parser_convention(model: ChatModel, family: FamilyLike | None) -> BoxConvention | None:
    """The convention that a parser behind the model needs to be told: none where the model's messages tell it.

    Raises:
        BoxConventionError: There is no such family.
    """
    return None if family is None and is_local(model) else box_convention(model, family)


def is_local(model: ChatModel) -> bool:
    """Whether a chat model is one of ours: it is held to the schema by a grammar and reports its frames.

    Raises:
        OptionError: Only some of a model and its fallbacks are.
    """
    # Looked at without asking: its family is known only once its configuration has been read.
    local = [isinstance(getattr_static(inner, "family", None), (property, Family)) for inner in _inner_models(model)]
    if any(local) != all(local):
        raise _mixed()
    return local[0]


def family_of(model: ChatModel, family: FamilyLike | None) -> Family:
    """The family of a chat model: the user's word, or what a local model says of itself.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks of another family.
    """
    if family is not None:
        return find_family(None, "", family)
    if not is_local(model):
        return UNKNOWN
    first, *others = [inner.family for inner in _inner_models(model)]
    if any(other != first for other in others):
        raise _mixed()
    found: Family = first
    return found


def pictured(model: ChatModel) -> ChatModel:
    """The model, with answers that tell how large the pictures of their prompt were."""
    return model if is_local(model) else FrameReporter(model=model)


def asked_for_json(model: ChatModel, schema: dict[str, Any], family: FamilyLike | None = None) -> ChatModel:
    """The model as it is asked for an answer in ``schema``.

    A local one is held to it by a grammar, a remote one is told by the prompt alone, and its answer is given the
    sizes of the pictures it was shown.

    Args:
        model: The chat model.
        schema: A JSON schema, with markers.
        family: How the user says that the model writes boxes.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: Only some of a model and its fallbacks are local.
    """
    if not is_local(model):
        return FrameReporter(model=model)
    if family is not None:  # the grammar that the model makes by itself would follow its own convention, or none
        schema = model_schema(schema, box_convention(model, family))
    name = str(schema.get("title") or "answer")
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
    return model.bind(response_format=wanted, schema_in_prompt=False)


def asked_for_samples(asked: ChatModel, model: ChatModel, samples: int, temperature: float) -> list[ChatModel]:
    """The model as it is asked for each of some samples; a local one with a seed each, so that a cache keeps them apart.

    Args:
        asked: The model as it is asked for its answer.
        model: The model as the user gave it.
        samples: How many are wanted.
        temperature: At which they are drawn.

    Raises:
        OptionError: A negative number of samples, or a temperature that makes all of them the same.
    """
    if samples < 0:
        raise OptionError(f"samples must be 0 or more, not {samples}")
    if temperature <= 0:
        raise OptionError(f"sample_temperature must be above 0, not {temperature}: all samples would be the same")
    if not is_local(model):
        return [asked.bind(temperature=temperature)] * samples
    seed = getattr(asked, "kwargs", {}).get("seed", getattr(_inner_models(model)[0], "seed", None))
    first = random.getrandbits(32) if seed is None else seed + 1
    return [asked.bind(temperature=temperature, seed=first + index) for index in range(samples)]


def _inner_models(model: Any) -> list[Any]:
    """The chat models behind what LangChain wraps around one: bound options, retries, fallbacks, configuration."""
    while isinstance(model, (RunnableBindingBase, DynamicRunnable)):
        model = model.bound if isinstance(model, RunnableBindingBase) else model.default
    if isinstance(model, RunnableWithFallbacks):
        return [inner for one in model.runnables for inner in _inner_models(one)]
    return [model]


def _mixed() -> OptionError:
    return OptionError(
        "the model and its fallbacks write boxes in different ways",
        hint="give each a chain of its own, and fallbacks to the chain: chain.with_fallbacks([other_chain])",
    )
