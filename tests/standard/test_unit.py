"""LangChain's standard unit tests."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests

from extraction.rules.chat_ocr import ChatOCR
from tests.standard.support import OfTransformers


class TestUnit(OfTransformers, ChatModelUnitTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "scripted"}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        # The suite's own without api_key: options that mean nothing raise here.
        return {"temperature": 0, "max_tokens": 100, "timeout": 60, "stop": [], "max_retries": 2}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"EXTRACTION_MODEL": "org/model"}, {}, {"model": "org/model"}


class TestChatOCR(ChatModelUnitTests):
    """Rules in the place of a model: its fields say what reads, and nothing of sampling."""

    @property
    def chat_model_class(self) -> type[ChatOCR]:
        return ChatOCR

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True

    @pytest.mark.xfail(reason="rules have no temperature, no max_tokens and no stop: options that mean nothing raise")
    def test_standard_params(self, model: BaseChatModel) -> None:
        super().test_standard_params(model)
