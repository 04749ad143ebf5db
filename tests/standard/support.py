"""What LangChain's suites are told of every ``ChatTransformers``: ``OfTransformers``."""

from __future__ import annotations

from extraction.chat_model import ChatTransformers


class OfTransformers:
    """The class of the model and what it takes, for the suites' classes to inherit first."""

    @property
    def chat_model_class(self) -> type[ChatTransformers]:
        return ChatTransformers

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
