"""LangChain's standard integration tests over a scripted backend: all that does not depend on a model's competence."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from extraction.chat_model import ChatTransformers
from extraction.engine import register_backend
from tests.scripted import ScriptedBackend


@pytest.fixture(autouse=True, scope="module")
def _scripted() -> None:
    register_backend("scripted", ScriptedBackend)
    register_backend("scripted-2", ScriptedBackend)


class Scripted(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[ChatTransformers]:
        return ChatTransformers

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "scripted"}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "scripted-2"


class TestJsonSchema(Scripted):
    """Structured output as a constrained document, the default."""


class TestFunctionCalling(Scripted):
    """Structured output as a forced tool call."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}
