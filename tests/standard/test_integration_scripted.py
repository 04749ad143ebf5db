"""LangChain's standard integration tests over a scripted backend: all that does not depend on a model's competence."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from extraction.engine import register_backend
from tests.scripted import ScriptedBackend
from tests.standard.support import OfTransformers


@pytest.fixture(autouse=True, scope="module")
def _scripted() -> None:
    register_backend("scripted", ScriptedBackend)
    register_backend("scripted-2", ScriptedBackend)


class Scripted(OfTransformers, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "scripted"}

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
