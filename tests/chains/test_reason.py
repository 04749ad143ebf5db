from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from extraction.chains import reasoning_chain
from extraction.chains.reason import Reasoned
from extraction.conventions import RELATIVE_1, RELATIVE_1000
from extraction.errors import OptionError, SchemaError, TruncatedOutputError, UnreadableOutputError
from extraction.families import Family
from extraction.images import load_image
from extraction.schemas import Box, json_schema_of
from tests.chains.fakes import PICTURE, PIXELS, LocalModel, RemoteModel, picture_url, text_of

THOUGHT = "There are {two} cups, one is red."


async def test_the_model_thinks_first_and_then_answers() -> None:
    for awaited in (False, True):
        model = RemoteModel(answers=[THOUGHT, "4"])
        chain = reasoning_chain(model, int)
        question = {"image": PICTURE, "instruction": "How many {cups}?"}
        reasoned = await chain.ainvoke(question) if awaited else chain.invoke(question)
        assert reasoned == Reasoned(answer=4, reasoning=THOUGHT)
        ((asked,), (system, again, thought, final)) = model.seen
        told = "How many {cups}?\nLook at the picture and think step by step. Do not give the final answer yet."
        assert text_of(asked) == text_of(again) == told
        assert picture_url(asked) == picture_url(again)
        assert load_image(picture_url(again)) == load_image(PICTURE)
        assert text_of(system) == ("You read pictures and answer with JSON only.\nAnswer with JSON in this form:\nint")
        assert (thought.type, text_of(thought)) == ("ai", THOUGHT)
        assert (final.type, text_of(final)) == ("human", "Now give the answer.")


@pytest.mark.parametrize("answer", ['"Paris"', "Paris", '```json\n"Paris"\n```'])
def test_the_answer_is_a_text_unless_a_schema_is_given(answer: str) -> None:
    model = RemoteModel(answers=[THOUGHT, answer])
    assert reasoning_chain(model, question="Where?").invoke(PICTURE).answer == "Paris"


def test_an_answer_may_hold_boxes() -> None:
    model = RemoteModel(answers=[THOUGHT, "[250, 500, 750, 1000]"])
    assert reasoning_chain(model, Box, question="Where?").invoke(PICTURE).answer.xyxy == PIXELS
    assert RELATIVE_1000.words in text_of(model.seen[1][0])
    model = RemoteModel(answers=[THOUGHT, "[0.25, 0.5, 0.75, 1]"])
    assert reasoning_chain(model, Box, question="Where?", family="relative-1").invoke(PICTURE).answer.xyxy == PIXELS


def test_only_the_answer_of_a_local_model_is_held_to_the_schema() -> None:
    boxes = {"family": "ours", "convention": None, "frames": [{"original": [640, 480], "model": None}]}
    final = AIMessage(json.dumps([0.25, 0.5, 0.75, 1]), response_metadata={"boxes": boxes})
    model = LocalModel(family=Family("ours", boxes=RELATIVE_1), answers=[THOUGHT, final])
    chain = reasoning_chain(model, Box, question="Where?", family=RELATIVE_1)
    assert chain.invoke(PICTURE).answer.xyxy == PIXELS
    assert [sorted(options) for options in model.options] == [[], ["family", "response_format", "schema_in_prompt"]]
    assert model.options[1]["family"] == RELATIVE_1
    assert model.options[1]["response_format"]["json_schema"]["schema"] == json_schema_of(Box)


def test_a_question_is_needed_and_an_own_one_counts_more() -> None:
    model = RemoteModel(answers=[THOUGHT, "4"])
    with pytest.raises(OptionError, match="there is no question"):
        reasoning_chain(model, int).invoke(PICTURE)
    reasoning_chain(model, int, question="All?").invoke({"image": PICTURE, "instruction": "Own?"})
    assert text_of(model.seen[0][0]).startswith("Own?\n")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([AIMessage("I th", response_metadata={"finish_reason": "length"}), "4"], TruncatedOutputError),
        ([THOUGHT, AIMessage("4", response_metadata={"finish_reason": "length"})], TruncatedOutputError),
        ([THOUGHT, "about four"], UnreadableOutputError),
    ],
)
def test_cut_thoughts_and_answers_raise(answers: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        reasoning_chain(RemoteModel(answers=answers), int, question="?").invoke(PICTURE)


def test_what_is_no_schema_is_told_at_once() -> None:
    with pytest.raises(SchemaError):
        reasoning_chain(RemoteModel(), 3)


def test_batches() -> None:
    model = RemoteModel(answers=[THOUGHT, THOUGHT, "4", "4"])
    results = reasoning_chain(model, int, question="?").batch([PICTURE] * 2, {"max_concurrency": 1})
    assert results == [Reasoned(answer=4, reasoning=THOUGHT)] * 2
