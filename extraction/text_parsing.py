"""From a model's message to plain text: the whole answer without its thinking, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.output_parsers import BaseOutputParser
from langchain_core.outputs import ChatGeneration, Generation

from extraction.endings import check_ending
from extraction.errors import TruncatedOutputError
from extraction.json_text import without_thinking


class WholeTextParser(BaseOutputParser[str]):
    """The text of a message without its thinking, the marks around that, and outer blanks; a cut answer raises."""

    @property
    def _type(self) -> str:
        return "whole_text"

    def parse(self, text: str) -> str:
        """The text, stripped.

        Raises:
            TruncatedOutputError: It ends in the middle of its thinking.
        """
        answer, thinking = without_thinking(text)
        if thinking:
            raise TruncatedOutputError(
                "the answer ends in the middle of its thinking", llm_output=text, hint="raise max_tokens"
            )
        return answer

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> str:
        """The text of a model's generation.

        Raises:
            TruncatedOutputError: The model says that the answer was cut off, or it ends in the middle of its thinking.
        """
        generation = result[0]
        metadata: Mapping[str, Any] = generation.generation_info or {}
        if isinstance(generation, ChatGeneration):
            metadata = generation.message.response_metadata
        check_ending(generation.text, metadata)
        return self.parse(generation.text)
