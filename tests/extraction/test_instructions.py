from __future__ import annotations

from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from pydantic import BaseModel

from extraction.instructions import format_instructions, instructed_schema
from extraction.schemas import Scene


class Plain(BaseModel):
    note: str = "``` { not the end } ```"
    count: int


def test_instructions_are_written_as_langchain_writes_them() -> None:
    parser = PydanticOutputParser(pydantic_object=Scene)
    assert format_instructions(Scene.model_json_schema()) == parser.get_format_instructions()


def test_the_schema_is_found_again() -> None:
    for model in (Scene, Plain):
        for parser in (PydanticOutputParser(pydantic_object=model), JsonOutputParser(pydantic_object=model)):
            found = instructed_schema(f"Extract.\n{parser.get_format_instructions()}\nThank you.")
            wanted = {key: value for key, value in model.model_json_schema().items() if key != "title"}
            assert found == wanted


def test_other_text_binds_nothing() -> None:
    instructions = PydanticOutputParser(pydantic_object=Plain).get_format_instructions()
    assert instructed_schema("Answer in JSON: ```{}```") is None
    assert instructed_schema(instructions + instructions) is None
    assert instructed_schema(instructions.replace('"properties"', "properties")) is None
