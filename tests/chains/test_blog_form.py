"""The code that people start from, word for word, with the embedded model."""

from __future__ import annotations

import base64
import io

import matplotlib.figure
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field

from extraction import ChatTransformers, plot_bounding_boxes
from extraction.pocket.scenes import SceneConfig, draw_scene


class DetectedThings(BaseModel):
    labels: list[str] = Field(description="the labels of the objects")
    bounding_boxes: list[list[int]] = Field(description="the bounding box of each object")


def test_prompt_model_parser_and_plot() -> None:
    im = draw_scene(3_001_000_321, SceneConfig(size=(0.25, 0.4), max_shapes=3, empty=0, cut=0)).image
    buffer = io.BytesIO()
    im.save(buffer, format="JPEG", quality=95)
    image_data = base64.b64encode(buffer.getvalue()).decode("utf-8")

    llm = ChatTransformers()
    parser = PydanticOutputParser(pydantic_object=DetectedThings)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "Extract information from the image.\n{struct_format}"),
            (
                "human",
                [
                    {"type": "text", "text": "Detect all objects."},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,{image_data}"}},
                ],
            ),
        ]
    )
    chain = prompt | llm | parser
    found = chain.invoke({"struct_format": parser.get_format_instructions(), "image_data": image_data})

    assert len(found.labels) == len(found.bounding_boxes) >= 1
    axes = plot_bounding_boxes(im, found.labels, found.bounding_boxes)
    assert isinstance(axes.get_figure(), matplotlib.figure.Figure)
