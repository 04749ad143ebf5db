"""The first step of every chain: a picture, or a mapping with one, becomes the variables of a prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda

from extraction.errors import OptionError
from extraction.images import Picture, load_image

IMAGE_URL = {"type": "image_url", "image_url": {"url": "{image_url}"}}
"""The picture's place in a prompt template: the dialect that every chat model of LangChain understands."""

ASKED = ChatPromptTemplate.from_messages([("human", [IMAGE_URL, {"type": "text", "text": "{instruction}"}])])
"""A picture and what is asked about it, and nothing else."""

_LOSSLESS_PIXELS = 2**20  # about a megapixel; a larger PNG makes requests and traces of many megabytes


def picture_step(
    variables: Callable[[str | None], Mapping[str, Any]],
    evidence: Callable[[Picture], str] | None = None,
    *,
    itself: bool = False,
) -> Runnable[Any, dict[str, Any]]:
    """A Runnable from a picture to prompt variables: ``image_url``, what ``variables`` adds, and maybe ``evidence``.

    It takes whatever ``load_image`` takes, or ``{"image": ..., "instruction": ...}``.

    Args:
        variables: Gives the other variables, from the input's own instruction (None where it has none).
        evidence: What else is said of the picture itself.
        itself: Whether ``picture`` is a variable, too: for a ``PromptWithPicture``.
    """

    def read(value: Any) -> dict[str, Any]:
        image, instruction = split_input(value)
        picture = load_image(image)
        known: dict[str, Any] = {} if evidence is None else {"evidence": evidence(picture)}
        known |= {"picture": picture} if itself else {}
        return {"image_url": data_uri(picture), **variables(instruction), **known}

    return RunnableLambda(read, name="read_picture")


class PromptWithPicture(ChatPromptTemplate):
    """A prompt whose last message has the variable ``picture`` itself, which may know its words, in place of its data URI.

    For models that read words (``ChatOCR``): nothing is read that the file tells, and nothing is compressed.
    """

    def format_messages(self, **kwargs: Any) -> list[BaseMessage]:
        """The messages."""
        *before, last = super().format_messages(**kwargs)
        return [*before, with_pictures(last, [kwargs["picture"]])]

    async def aformat_messages(self, **kwargs: Any) -> list[BaseMessage]:
        """The same, awaited."""
        *before, last = await super().aformat_messages(**kwargs)
        return [*before, with_pictures(last, [kwargs["picture"]])]


def is_picture(block: Any) -> bool:
    """Whether a block of a message holds a picture: as a data URI, or itself."""
    return isinstance(block, Mapping) and block.get("type") in ("image_url", "image")


def with_pictures(message: BaseMessage, pictures: Sequence[Picture]) -> BaseMessage:
    """A message with the pictures themselves, in their order, in the place of its own."""
    waiting = iter(pictures)
    content = [{"type": "image", "image": next(waiting)} if is_picture(block) else block for block in message.content]
    return message.model_copy(update={"content": content})


def split_input(value: Any, key: Literal["image", "document"] = "image") -> tuple[Any, str | None]:
    """The picture, or the document, and the instruction of a chain's input.

    Args:
        value: The input.
        key: What the chain takes, which is also its key where the input is a mapping.

    Raises:
        OptionError: A mapping without it, or with keys that mean nothing here.
    """
    if not isinstance(value, Mapping):
        return value, None
    if key not in value or set(value) - {key, "instruction"}:
        taken = "a picture" if key == "image" else "a document"
        raise OptionError(
            f"a chain takes {taken} or a mapping with {key!r} and 'instruction', not with {sorted(map(str, value))}"
        )
    return value[key], value.get("instruction")


def checked_words(name: str, words: Sequence[Any]) -> tuple[str, ...]:
    """Words to look for, as they were given.

    Raises:
        OptionError: They are a single string, or hold an empty one.
    """
    if isinstance(words, str) or not all(isinstance(word, str) and word.strip() for word in words):
        raise OptionError(f"{name} must be a list of words, not {words!r}")
    return tuple(words)


def data_uri(picture: Picture) -> str:
    """The upright picture as a data URI: lossless, or a fine JPEG where that would be huge. Its size stays the same."""
    small = picture.width * picture.height <= _LOSSLESS_PIXELS
    return picture.to_data_uri("png" if small else "jpeg")
