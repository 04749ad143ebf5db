"""The chat model that a name on the command line stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from extraction.errors import OptionError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from extraction.chat_model import ChatTransformers


def chat_model(model: str, options: Mapping[str, Any]) -> BaseChatModel:
    """The chat model that a command asks for; an option that is None is left to it.

    Raises:
        OptionError: An option is out of range, or means nothing for the rules that "ocr" stands for.
    """
    if model != "ocr":
        return local_model(model, options)
    from extraction.rules.chat_ocr import ChatOCR

    given = [name for name, value in options.items() if value is not None and name != "family"]
    if given:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise OptionError(f"{named} means nothing for --model ocr, which follows rules")
    return ChatOCR()


def local_model(model: str, options: Mapping[str, Any]) -> ChatTransformers:
    """A local model of transformers.

    Raises:
        OptionError: An option is out of range.
    """
    from pydantic import ValidationError

    from extraction.chat_model import ChatTransformers

    try:
        return ChatTransformers(model=model, **{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise OptionError("; ".join(problems)) from error
