"""The families without a chat template, through their real classes with tiny random weights: prompts in, answers out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from PIL import Image
from pydantic import BaseModel
from transformers import Kosmos2_5Processor

from extraction import ChatTransformers
from extraction.chains import extraction_chain
from extraction.content import Turn
from extraction.errors import ContextLengthError, MessageError, OptionError
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.layout import Encoded
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.passes import opening
from extraction.schemas import Box
from extraction.text_stream import TextStream
from tests.families_tiny_tasks import QUERIES, TINY_TASKS

RED, TALL = (Picture(Image.radial_gradient("L").resize(size).convert("RGB")) for size in ((60, 40), (33, 90)))
# PaliGemma's processor makes an array of a tensor in the way that NumPy 2 no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ENCODER_DECODERS = ("florence2", "blip2_t5", "donut")


class Thing(BaseModel):
    count: int
    box: Box


Backends = Callable[[str], TransformersBackend]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return functools.cache(lambda name: TINY_TASKS[name](tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="module")
def backend_of(folder_of: Callable[[str], Path]) -> Backends:
    return functools.cache(lambda name: TransformersBackend(ModelKey(str(folder_of(name)), dtype="float32")))


@pytest.fixture(scope="module", autouse=True)
def _fewer_patches() -> Iterator[None]:
    """Kosmos-2.5's processor makes 4096 patches of every picture, whatever its picture processor was saved with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Kosmos2_5Processor.images_kwargs, "max_patches", 48)
        yield


@pytest.fixture(params=list(TINY_TASKS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _encoded(backend: TransformersBackend, *parts: str | Picture) -> Encoded:
    return backend._layout.encode([Turn("user", parts)])


def _prompt(backend: TransformersBackend, *parts: str | Picture) -> str:
    return str(backend._checkpoint.tokenizer.decode(_encoded(backend, *parts).inputs["input_ids"][0]))


def _answer(backend: TransformersBackend, *parts: str | Picture, **options: Any) -> Answer:
    job = Job(Request((Turn("user", parts),), **{"max_tokens": 23, **options}))
    backend.run([job])
    return job.future.result(timeout=0)


def _human(picture: Picture, text: str) -> HumanMessage:
    return HumanMessage(
        [{"type": "image_url", "image_url": {"url": picture.to_data_uri()}}, {"type": "text", "text": text}]
    )


# --- prompts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "prompt", "image_tokens"),
    [
        ("florence2", "<OD>", f"{'<image>' * 5}<s>Locate the objects with category name in the image.</s>", 5),
        ("florence2", "<REGION_TO_OCR><loc_1><loc_2>", f"{'<image>' * 5}<s>What text is in the region <loc_1><loc_2>?</s>", 5),
        ("paligemma", "detect cat ; dog", f"{'<image>' * 16}<bos>detect cat ; dog\n", 16),
        ("kosmos2_5", "<ocr>", f"<s><image>{'<s>' * 16}</image><ocr>", 16),
        ("blip2", "Question: how many? Answer:", f"{'<image>' * QUERIES}</s>Question: how many? Answer:", QUERIES),
        ("blip2_t5", "An image of", f"{'<image>' * QUERIES}An image of</s>", QUERIES),
        ("instructblip", "how many?", f"{'<image>' * QUERIES}<s>how many?", QUERIES),
    ],
)  # fmt: skip
def test_the_text_is_the_task(backend_of: Backends, name: str, text: str, prompt: str, image_tokens: int) -> None:
    backend = backend_of(name)
    assert _prompt(backend, RED, text) == _prompt(backend, text, RED) == prompt
    encoded = _encoded(backend, RED, text)
    assert (encoded.image_tokens, encoded.length) == (image_tokens, encoded.inputs["input_ids"].shape[-1])
    assert encoded.frames[0].original == (60, 40)


def test_tags_of_kosmos_are_tokens_of_the_prompt(backend_of: Backends) -> None:
    encoded = _encoded(backend_of("kosmos2"), "<grounding><phrase> cat</phrase>", RED)
    tokenizer = backend_of("kosmos2")._checkpoint.tokenizer
    tokens = tokenizer.convert_ids_to_tokens(encoded.inputs["input_ids"][0])
    assert tokens[:2] == ["<s>", "<image>"]
    assert tokens[66:69] == ["</image>", "<grounding>", "<phrase>"]
    assert tokens[-1] == "</phrase>"
    assert encoded.image_tokens == int(encoded.inputs["image_embeds_position_mask"].sum()) == 64


def test_a_prompt_may_be_what_the_answer_begins_with(backend_of: Backends) -> None:
    backend = backend_of("donut")
    encoded = _encoded(backend, RED, "<s_docvqa><s_question>how many?</s_question><s_answer>")
    assert encoded.inputs.keys() == {"pixel_values", "decoder_input_ids"}
    ids = encoded.inputs["decoder_input_ids"]
    assert encoded.length == ids.shape[-1]
    assert backend._checkpoint.tokenizer.convert_ids_to_tokens(ids[0])[:2] == ["<s_docvqa>", "<s_question>"]
    prepared = backend._prepared(Job(Request((Turn("user", (RED, "x")),), max_tokens=5000)))
    assert prepared is not None
    assert backend._room(prepared) == 768 - prepared.encoded.length


def test_a_q_former_reads_the_text_with_its_own_tokenizer(backend_of: Backends) -> None:
    backend = backend_of("instructblip")
    former = backend._checkpoint.processor.qformer_tokenizer
    assert former.decode(_encoded(backend, RED, "how many?").inputs["qformer_input_ids"][0]) == "[CLS]how many?[SEP]"


def test_the_words_of_a_schema_stand_before_the_users(backend_of: Backends) -> None:
    backend = backend_of("paligemma")
    turns = [Turn("system", ("Answer with JSON",)), Turn("user", (RED, "detect cat"))]
    ids = backend._layout.encode(turns).inputs["input_ids"][0]
    text = backend._checkpoint.tokenizer.decode(ids)
    assert text == f"{'<image>' * 16}<bos>Answer with JSON\n\ndetect cat\n"


def test_a_processor_that_counts_pictures_takes_several(backend_of: Backends, caplog: pytest.LogCaptureFixture) -> None:
    backend = backend_of("paligemma")
    assert _prompt(backend, RED, TALL, "x") == f"{'<image>' * 32}<bos>x\n"
    assert [frame.original for frame in _encoded(backend, RED, TALL, "x").frames] == [(60, 40), (33, 90)]
    assert "special image tokens" not in caplog.text  # it is told where they stand


@pytest.mark.parametrize("name", [name for name in TINY_TASKS if name != "paligemma"])
@pytest.mark.parametrize("pictures", [(), (RED, TALL)])
def test_other_numbers_of_pictures_are_refused(backend_of: Backends, name: str, pictures: tuple[Picture, ...]) -> None:
    with pytest.raises(MessageError, match=rf"about one picture, and the prompt has {len(pictures)} \(give one"):
        _encoded(backend_of(name), *pictures, "x")


def test_paligemma_says_that_it_needs_a_picture(backend_of: Backends) -> None:
    with pytest.raises(MessageError, match=r"refuses this prompt: `images` are expected"):
        _encoded(backend_of("paligemma"), "x")


def test_a_conversation_is_refused(backend_of: Backends, name: str) -> None:
    turns = [Turn("user", (RED, "x")), Turn("assistant", ("y",)), Turn("user", ("z",))]
    with pytest.raises(MessageError, match=r"no chat template \(it answers one message, not a conversation"):
        backend_of(name)._layout.encode(turns)


def test_a_task_that_must_stand_alone_says_what_to_leave_out(folder_of: Callable[[str], Path]) -> None:
    llm = ChatTransformers(model=str(folder_of("florence2")), dtype="float32", max_tokens=4)
    with pytest.raises(MessageError, match=r"<OD> should be the only content .*leave out the system message"):
        llm.invoke([SystemMessage("You see well."), _human(RED, "<OD>")])
    with pytest.raises(MessageError, match=r"<OD> should be the only content .*schema_in_prompt=False"):
        llm.with_structured_output({"title": "n", "type": "object", "properties": {}}).invoke([_human(RED, "<OD>")])
    json_mode = llm.with_structured_output({"title": "n", "const": 5}, method="json_mode")
    assert json_mode.invoke([_human(RED, "<OD>")]) == 5  # the grammar needs no words


def test_a_processor_that_gives_a_picture_too_few_tokens_is_refused(
    backend_of: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of("blip2")
    monkeypatch.setattr(backend._checkpoint.processor, "num_query_tokens", None)
    with pytest.raises(MessageError, match=rf"through {QUERIES} tokens, and its processor makes \d of it"):
        _encoded(backend, RED, "x")


def test_a_q_former_has_a_limit_of_its_own(backend_of: Backends) -> None:
    with pytest.raises(ContextLengthError, match=r"Q-Former holds 512 \(shorten it, or leave out the schema's words"):
        _encoded(backend_of("instructblip"), RED, "x " * 600)


def test_a_processor_without_a_prompt_is_refused(backend_of: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = backend_of("blip2")
    processor = type(backend._checkpoint.processor)
    monkeypatch.setattr(processor, "__call__", lambda self, **kwargs: {"pixel_values": None, "labels": None})
    with pytest.raises(MessageError, match="makes no prompt of the text, only pixel_values, labels"):
        _encoded(backend, RED, "x")


@pytest.mark.parametrize(
    ("name", "token"), [("florence2", "<image>"), ("paligemma", "<eos>"), ("kosmos2", "</s>"), ("instructblip", "<s>")]
)
def test_text_cannot_frame_the_prompt(backend_of: Backends, name: str, token: str) -> None:
    with pytest.raises(MessageError, match=f"the prompt holds '{token}'"):
        _encoded(backend_of(name), RED, f"x{token}y")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_greedy_answers_are_those_of_generate(backend_of: Backends, name: str) -> None:
    """Neither a part of the prompt nor less than the answer, whatever the family's own ``generate`` returns."""
    backend = backend_of(name)
    answers = [_answer(backend, RED, text) for text in ("An image of", "detect cat ; dog")]
    for answer, text in zip(answers, ("An image of", "detect cat ; dog"), strict=True):
        inputs = _encoded(backend, RED, text).inputs
        forbidden = [[token] for token in sorted(backend._special.placeholders)] or None
        written = backend._loaded().generate(
            **inputs, do_sample=False, num_beams=1, max_new_tokens=25, bad_words_ids=forbidden
        )[0]
        if "decoder_input_ids" in inputs:
            written = written[inputs["decoder_input_ids"].shape[-1] :]
        elif name in ENCODER_DECODERS:
            written = written[max(1, len(opening(backend._loaded()))) :]
        else:
            written = written[inputs["input_ids"].shape[-1] :]
        tokens = written[:23].tolist()
        ends = [index for index, token in enumerate(tokens) if token in backend._special.ends]
        stream = TextStream(backend._checkpoint.tokenizer, silent=backend._special.silent)
        for token in tokens[: ends[0] if ends else None]:
            stream.push(token)
        stream.finish()
        assert len(stream.text) > 3
        assert answer.text == stream.text
        assert answer.finish_reason == ("stop" if ends else "length")


def test_the_picture_changes_the_answer(backend_of: Backends, name: str) -> None:
    pictures = [Picture(Image.new("RGB", (40, 40), color)) for color in ("red", "blue")]
    assert len({_answer(backend_of(name), picture, "An image of").text for picture in pictures}) == 2


def test_a_schema_gives_boxes_in_pixels(folder_of: Callable[[str], Path], name: str) -> None:
    llm = ChatTransformers(model=str(folder_of(name)), family="relative-1000", dtype="float32", max_tokens=80)
    chain = extraction_chain(llm, Thing, include_raw=True)
    together = chain.batch([picture.image for picture in (RED, TALL, RED)])
    for found, picture in zip(together, (RED, TALL, RED), strict=True):
        assert found["parsing_error"] is None
        thing, width, height = found["parsed"], *picture.size
        assert 0 <= thing.box.x1 <= thing.box.x2 <= width
        assert 0 <= thing.box.y1 <= thing.box.y2 <= height
        assert found["raw"].content.startswith('{"count": ')
        reason = found["raw"].response_metadata["decoding"]["one_by_one"]
        assert (reason == "encoder-decoder") == (name in ENCODER_DECODERS)
    alone = chain.invoke(TALL.image)
    assert (alone["parsed"], alone["raw"].content) == (together[1]["parsed"], together[1]["raw"].content)
    assert together[0]["raw"].content == together[2]["raw"].content
    narrow = extraction_chain(llm.model_copy(update={"narrow_head": True}), Thing)
    assert narrow.invoke(TALL.image) == alone["parsed"]


def test_prompts_of_different_lengths_share_a_batch_or_not_and_say_the_same(backend_of: Backends, name: str) -> None:
    backend = backend_of(name)
    requests = [
        Request((Turn("user", (picture, text)),), max_tokens=16)
        for picture, text in ((RED, "An image of"), (TALL, "What does the image describe?"), (TALL, "detect cat ; dog"))
    ]
    jobs = [Job(request) for request in requests]
    backend.run(jobs)
    texts = [job.future.result(timeout=0).text for job in jobs]
    assert texts == [_answer(backend, *request.turns[0].parts, max_tokens=16).text for request in requests]


TAGGED = {
    "florence2": "cat<loc_52><loc_334><loc_999><loc_0>dog<poly><loc_1></poly><sep></od>",
    "paligemma": "<loc0012><loc0100><loc0500><loc1023> cat ; <loc0001><seg001><seg127> dog",
    "kosmos2": "An image of<phrase> cat</phrase><object><patch_index_0044><patch_index_0863>"
    "</delimiter_of_multi_objects/><patch_index_0001><patch_index_0002></object>",
    "donut": "<s_name> cat</s_name><sep/><s_name> dog</s_name>",
    "kosmos2_5": "<bbox><x_52><y_113><x_199><y_145></bbox>An image",
}


@pytest.mark.parametrize("name", list(TAGGED))
def test_tokens_of_places_stay_in_the_text_and_framing_does_not(backend_of: Backends, name: str) -> None:
    backend = backend_of(name)
    tokenizer = backend._checkpoint.tokenizer
    tokens = tokenizer.encode(TAGGED[name], add_special_tokens=False)
    framed = [tokenizer.bos_token_id, *tokens[:3], tokenizer.pad_token_id, *tokens[3:], tokenizer.eos_token_id]
    answer = _answer(backend, RED, "x", begun=tuple(framed), max_tokens=100)
    assert (answer.text, answer.finish_reason) == (TAGGED[name], "stop")
    if placeholders := backend._special.placeholders:
        with pytest.raises(OptionError, match="no token of an answer"):
            _answer(backend, RED, "x", begun=(*placeholders,))


def test_the_tags_reach_the_message(folder_of: Callable[[str], Path]) -> None:
    llm = ChatTransformers(model=str(folder_of("florence2")), dtype="float32", max_tokens=8)
    message: BaseMessage = llm.invoke([_human(RED, "detect cat")])
    assert isinstance(message, AIMessage)
    assert "<loc_" in str(message.content)
    assert "<s>" not in str(message.content)


def test_an_answer_may_be_empty(backend_of: Backends, tiny_llava: str) -> None:
    """Nothing is to be found: to a task that is an answer."""
    for backend, finite in ((backend_of("paligemma"), True), (TransformersBackend(ModelKey(tiny_llava)), False)):
        backend._loaded()
        prepared = backend._prepared(Job(Request((Turn("user", (RED, "x")),))))
        assert prepared is not None
        scores = torch.zeros(backend._vocabulary)
        backend._row(prepared).restrict(scores)
        assert {bool(scores[end].isfinite()) for end in backend._special.ends} == {finite}
        assert not scores[sorted(backend._special.silent - backend._special.ends)].isfinite().any()


def test_a_forced_end_does_not_hide_that_an_answer_was_cut(backend_of: Backends) -> None:
    backend = backend_of("florence2")
    assert backend._loaded().generation_config.forced_eos_token_id is not None
    answer = _answer(backend, RED, "detect cat", max_tokens=5)
    assert (answer.finish_reason, answer.output_tokens) == ("length", 5)


def test_a_forced_first_token_comes_before_a_grammar_too(backend_of: Backends) -> None:
    backend = backend_of("florence2")
    tokenizer = backend._checkpoint.tokenizer
    assert opening(backend._loaded()) == [tokenizer.eos_token_id, tokenizer.bos_token_id]
    assert opening(backend_of("blip2_t5")._loaded()) == opening(backend_of("paligemma")._loaded()) == []
    limit = backend.info().max_positions
    assert limit is not None
    prepared = backend._prepared(Job(replace(Request((Turn("user", (RED, "x")),)), max_tokens=5000)))
    assert prepared is not None
    assert backend._room(prepared) == limit - 1  # what is behind the first token takes a position of the decoder
