"""What a chain must know of the chat model that it was given, and how it asks for JSON."""

from __future__ import annotations

import random
from functools import partial
from inspect import getattr_static
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import Runnable

from extraction.chains.remote import (
    check_json,
    inner_models,
    mixed_conventions,
    named_families,
    named_family,
    remote_family,
    remote_sending,
)
from extraction.chains.reporting import FrameReporter
from extraction.chains.sending import Sending
from extraction.conventions import BoxConvention
from extraction.errors import OptionError
from extraction.families import Family, FamilyLike, overridden
from extraction.frames import Frame
from extraction.prompts import has_geometry, model_schema

ChatModel = Runnable[LanguageModelInput, Any]


def box_convention(model: ChatModel, family: FamilyLike | None) -> BoxConvention | None:
    """How a chat model is asked to write boxes; None where nobody knows.

    The user's word counts first, then what the model says of itself; of a remote one, ``remote_family``.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks that write boxes in another way.
    """
    if not is_local(model):
        return remote_family(model, family).boxes
    first, *others = [one.boxes for one in _local_families(model, family)]
    if any(other != first for other in others):
        raise mixed_conventions()
    return first


def parser_convention(model: ChatModel, family: FamilyLike | None) -> BoxConvention | None:
    """The convention that a parser behind the model needs to be told: none where the model's messages tell it.

    Raises:
        BoxConventionError: There is no such family.
    """
    return None if family is None and is_local(model) else box_convention(model, family)


def is_local(model: ChatModel) -> bool:
    """Whether a chat model is one of ours: it is held to the schema by a grammar and reports its frames.

    Raises:
        OptionError: Only some of a model and its fallbacks are, or it is no chat model.
    """
    for inner in inner_models(model):
        if not hasattr(inner.model, "invoke"):
            raise OptionError(
                f"{inner.model!r} is no chat model",
                hint="give one, such as ChatTransformers(model=...), ChatOCR() or ChatOpenAI(model=...)",
            )
    # Looked at without asking: its family is known only once its configuration has been read.
    local = [
        isinstance(getattr_static(inner.model, "family", None), (property, Family)) for inner in inner_models(model)
    ]
    if any(local) != all(local):
        raise mixed_conventions()
    return local[0]


def family_of(model: ChatModel, family: FamilyLike | None) -> Family:
    """The family of a chat model: the user's word, or what the model says of itself.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: The model has fallbacks of another family.
    """
    if not is_local(model):
        return named_family(model, family)
    first, *others = _local_families(model, family)
    if any(other != first for other in others):
        raise mixed_conventions()
    return first


def families_of(model: ChatModel, family: FamilyLike | None) -> list[Family]:
    """The families of a chat model and of its fallbacks: those of a remote one may differ, and fill the same schema.

    Raises:
        BoxConventionError: There is no such family.
        OptionError: A local model has fallbacks of another family.
    """
    return [family_of(model, family)] if is_local(model) else named_families(model, family)


def _local_families(model: ChatModel, family: FamilyLike | None) -> list[Family]:
    """The families of a local model and its fallbacks: what the user says, or changes of what they say of themselves."""

    def own(local: Any) -> Family:
        found: Family = local.family  # reads the model's configuration
        return found

    locals_ = [inner.model for inner in inner_models(model)]
    return [own(one) if family is None else overridden(family, partial(own, one)) for one in locals_]


def planned_frame(model: ChatModel, image: Any) -> Frame | None:
    """How a picture will lie before a local model, which its processor can tell before anything runs; None elsewhere.

    Args:
        model: The chat model.
        image: What its ``plan`` takes for a picture.
    """
    first = inner_models(model)[0]
    if not is_local(model) or not hasattr(first.model, "plan"):
        return None
    bounds = {name: value for name, value in first.options.items() if name in ("model", "min_pixels", "max_pixels")}
    frame: Frame = first.model.plan(image, **bounds).frames[0]
    return frame


def picture_sending(model: ChatModel, schema: Any, family: FamilyLike | None) -> Sending | None:
    """At which size a model is sent pictures, so that it is known what its boxes refer to; None for as they are.

    Args:
        model: The chat model. A local one tells itself what it was given.
        schema: The JSON schema of the answer, with markers.
        family: How the user says that the model writes boxes.

    Raises:
        BoxConventionError: There is no such family, or what its numbers refer to cannot be known.
        OptionError: Fallbacks write boxes in another way.
    """
    return None if is_local(model) else remote_sending(schema, remote_family(model, family))


def pictured(model: ChatModel, schema: Any, family: FamilyLike | None) -> ChatModel:
    """The model, with answers that tell how large the pictures of their prompt were, and at which size it saw them.

    Args:
        model: The chat model.
        schema: The JSON schema of what is made of its answer, with markers.
        family: How the user says that the model writes boxes.

    Raises:
        BoxConventionError: There is no such family, or what its numbers refer to cannot be known.
        OptionError: Fallbacks write boxes in another way.
    """
    if is_local(model):
        return model
    sending = picture_sending(model, schema, family)
    by_name = family is None and has_geometry(schema)
    return FrameReporter(model=model, family=remote_family(model, family), sending=sending, by_name=by_name)


def asked_for_json(model: ChatModel, schema: dict[str, Any], family: FamilyLike | None = None) -> ChatModel:
    """The model as it is asked for an answer in ``schema``.

    A local one is held to it by a grammar, a remote one is told by the prompt alone, is sent pictures at a size that it
    sees as it is where it counts in pixels, and its answer is given their sizes.

    Args:
        model: The chat model.
        schema: A JSON schema, with markers.
        family: How the user says that the model writes boxes.

    Raises:
        BoxConventionError: There is no such family, or what its numbers refer to cannot be known.
        OptionError: Only some of a model and its fallbacks are local, or they write boxes in different ways.
    """
    if not is_local(model):
        check_json(remote_family(model, family), schema)
        return pictured(model, schema, family)
    told: dict[str, Any] = {}
    if family is not None:
        model_schema(schema, box_convention(model, family))  # raises now, and not when the first picture comes
        told = {"family": family}
    name = str(schema.get("title") or "answer")
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
    return model.bind(response_format=wanted, schema_in_prompt=False, **told)


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
    seed = getattr(asked, "kwargs", {}).get("seed", getattr(inner_models(model)[0].model, "seed", None))
    first = random.getrandbits(32) if seed is None else seed + 1
    return [asked.bind(temperature=temperature, seed=first + index) for index in range(samples)]
