"""The text of a picture: read by the vision model, by an OCR engine, or by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args, overload

from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel

from extraction.chains.caption import caption_chain
from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel
from extraction.chains.pictures import split_input
from extraction.errors import OptionError
from extraction.families import FamilyLike
from extraction.images import load_image
from extraction.ocr.aligning import compared
from extraction.ocr.engines import Engine, find_engine
from extraction.ocr.reading import read_words
from extraction.pages.words import PageWords
from extraction.schemas.transcript import ComparedTranscript, TextLine, Transcript

READ = "Read all text in the picture, line by line, and write nothing else."
TRANSCRIBE = "Read all text in the picture, line by line."

ReadBy: TypeAlias = Literal["model", "engine", "both"]


@overload
def ocr_chain(
    model: ChatModel,
    *,
    instruction: str | None = ...,
    by: Literal["both"],
    engine: Engine | None = ...,
) -> Runnable[Any, ComparedTranscript]: ...


@overload
def ocr_chain(
    model: ChatModel | None = ...,
    *,
    instruction: str | None = ...,
    by: Literal["model", "engine"] | None = ...,
    transcript: Literal[True],
    engine: Engine | None = ...,
    family: FamilyLike | None = ...,
) -> Runnable[Any, Transcript]: ...


@overload
def ocr_chain(
    model: ChatModel | None = ...,
    *,
    instruction: str | None = ...,
    by: Literal["model", "engine"] | None = ...,
    transcript: Literal[False] = ...,
    engine: Engine | None = ...,
) -> Runnable[Any, str]: ...


def ocr_chain(
    model: ChatModel | None = None,
    *,
    instruction: str | None = None,
    by: ReadBy | None = None,
    transcript: bool = False,
    engine: Engine | None = None,
    family: FamilyLike | None = None,
) -> Runnable[Any, Any]:
    """A Runnable from a picture to the text that stands in it.

    Args:
        model: Any LangChain chat model that reads. Without one, the OCR engine reads.
        instruction: What the model is to read, and in which form; an input's own ``instruction`` counts more.
        by: Who reads: "model", "engine", or "both", which gives a ``ComparedTranscript``: the model's text beside the
            engine's lines, with what they disagree about. By default the model, where there is one.
        transcript: Give a ``Transcript``, lines with their boxes in pixels, in place of the text.
        engine: What ``read_words`` takes.
        family: What ``extraction_chain`` takes, for a transcript by the model.

    Raises:
        OptionError: A model is wanted and there is none, ``by`` is something else, or an option would do nothing. When it
            runs: an input has an instruction, and no model to follow it.
        MissingExtraError: An engine is wanted, and none is installed.
        BoxConventionError: A transcript by the model is wanted, and nobody knows how it writes boxes.
    """
    reader = by or ("engine" if model is None else "model")
    if reader not in get_args(ReadBy):
        raise OptionError(f"by={by!r} is not one of {', '.join(get_args(ReadBy))}")
    idle = {
        "instruction": instruction is not None and reader == "engine",
        "engine": engine is not None and reader == "model",
        "family": family is not None and (reader != "model" or not transcript),
    }
    if told := [name for name, does_nothing in idle.items() if does_nothing]:
        raise OptionError(f"{told[0]} does nothing with by={reader!r}, transcript={transcript}")
    if reader == "engine":
        find_engine(engine)
        return RunnableLambda(_engines(engine, alone=True)) | RunnableLambda(_transcript if transcript else _text)
    if model is None:
        raise OptionError(f"by={by!r} needs a model", hint="ocr_chain(model, ...)")
    if reader == "both":
        find_engine(engine)
        both = RunnableParallel(
            text=caption_chain(model, instruction=instruction or READ),
            words=RunnableLambda(_engines(engine, alone=False)),
        )
        return RunnableLambda(_loaded) | both | RunnableLambda(_compared)
    if transcript:
        return extraction_chain(model, Transcript, instruction=instruction or TRANSCRIBE, family=family)
    return caption_chain(model, instruction=instruction or READ)


def _engines(engine: Engine | None, *, alone: bool) -> Callable[[Any], PageWords]:
    """What reads a chain's input with an OCR engine."""

    def read_words_of(value: Any) -> PageWords:
        image, instruction = split_input(value)
        if alone and instruction is not None:
            raise OptionError("an OCR engine follows no instruction", hint="give a model, or leave it out")
        return read_words(image, engine=engine)

    return read_words_of


def _loaded(value: Any) -> dict[str, Any]:
    """The chain's input with its picture read once: a file object cannot be read twice."""
    image, instruction = split_input(value)
    return {"image": load_image(image), "instruction": instruction}


def _text(words: PageWords) -> str:
    return words.text


def _transcript(words: PageWords) -> Transcript:
    return Transcript(lines=[TextLine(text=line.text, box=line.box) for line in words.lines])


def _compared(read: dict[str, Any]) -> ComparedTranscript:
    return compared(read["text"], read["words"])
