"""Every error that the library raises on purpose.

    ExtractionError
    ├── ImageError                  a picture cannot be read, or is refused           (also ValueError)
    ├── SchemaError                 a schema cannot be read, or cannot be honoured    (also ValueError)
    ├── MessageError                a chat message holds what no model can be given   (also ValueError)
    ├── OptionError                 an option is unknown or out of range              (also ValueError)
    ├── ModelLoadError              a checkpoint cannot be loaded
    ├── GenerationError             the model failed while it answered
    ├── GenerationCancelledError    the request was cancelled before it had its answer
    ├── BoxConventionError          nobody knows how this model writes boxes          (also ValueError)
    ├── MissingExtraError           an optional part is not installed                 (also ImportError)
    └── OutputError                 the answer is not what was asked for              (also OutputParserException)
        ├── TruncatedOutputError    the answer was cut off
        ├── UnreadableOutputError   the answer holds no JSON document
        ├── SchemaMismatchError     the answer is JSON, but not for this schema
        └── DocumentError           some pages of a document have no answer, or all together do not fit the schema

Prompts that are too long raise ``ContextLengthError``, which is also LangChain's ``ContextOverflowError``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from langchain_core.exceptions import ContextOverflowError, OutputParserException


class ExtractionError(Exception):
    """Root of all errors of this library.

    Attributes:
        retryable: Whether the same call can succeed when it is simply made again (with another seed, say).
        hint: What to do about it, in one sentence; None where the message already says it.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are copied by calling the class with their args, which knows nothing of keyword-only arguments.
        return self._remade, (self.args, self.__dict__)

    @classmethod
    def _remade(cls, args: tuple[Any, ...], state: dict[str, Any]) -> Self:
        error = cls.__new__(cls, *args)
        error.__dict__.update(state)
        return error


class ImageError(ExtractionError, ValueError):
    """A picture cannot be read, or is refused; ``source`` names where it came from."""

    def __init__(self, message: str, *, source: str, hint: str | None = None) -> None:
        super().__init__(f"{source}: {message}", hint=hint)
        self.source = source


class SchemaError(ExtractionError, ValueError):
    """A schema cannot be read, or asks for what cannot be honoured."""


class MessageError(ExtractionError, ValueError):
    """A chat message holds a block that cannot be given to the model."""


class OptionError(ExtractionError, ValueError):
    """An option is unknown, or its value is out of range."""


class ModelLoadError(ExtractionError):
    """A checkpoint cannot be loaded."""


class GenerationError(ExtractionError):
    """The model failed while it answered; the cause is chained."""

    retryable = True


class GenerationCancelledError(ExtractionError):
    """The request was cancelled before it had its answer."""

    retryable = True


class ContextLengthError(ExtractionError, ContextOverflowError):
    """The prompt with its pictures does not fit the model's context."""


class BoxConventionError(ExtractionError, ValueError):
    """Nobody knows how this model writes boxes, or which picture its numbers refer to."""


class MissingExtraError(ExtractionError, ImportError):
    """An optional part of the library is not installed; the hint says which extra brings it."""


class OutputError(ExtractionError, OutputParserException):
    """The model's answer is not what was asked for.

    Also LangChain's ``OutputParserException``: ``with_retry``, fallbacks and agents treat it as such.

    Attributes:
        llm_output: The model's text, unchanged.
        finish_reason: Why the model stopped, where it is known.
        partial: What of the answer is complete, where something is (never part of a value).
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        llm_output: str,
        finish_reason: str | None = None,
        partial: Any = None,
        hint: str | None = None,
    ) -> None:
        OutputParserException.__init__(self, message, observation=message, llm_output=llm_output)
        self.message = message
        self.hint = hint
        self.finish_reason = finish_reason
        self.partial = partial


class TruncatedOutputError(OutputError):
    """The answer was cut off before its end.

    By the token budget, by ``max_items`` or ``max_string``, by a cancellation, or because it went round in circles.

    Attributes:
        invented: JSON pointers of the fields that the model did not write, where the answer was made whole without it.
    """

    def __init__(self, message: str, *, invented: tuple[str, ...] = (), **told: Any) -> None:
        super().__init__(message, **told)
        self.invented = invented


class UnreadableOutputError(OutputError):
    """The answer holds no JSON document, or more than one that contradict each other."""


class SchemaMismatchError(OutputError):
    """The answer is a JSON document, but not a valid one for this schema."""


class DocumentError(OutputError):
    """Some pages of a document have no whole answer, or what was found on all of them does not fit the schema.

    The first page's own error is chained; ``partial`` is what the others say, as JSON.

    Attributes:
        result: The ``DocumentExtraction`` of what there is; its ``windows`` tell the error of each page.
    """

    def __init__(self, message: str, *, result: Any, **told: Any) -> None:
        super().__init__(message, **told)
        self.result = result
