"""Every native syntax: its golden answers, whole and cut at every character, and what no answer may do."""

from __future__ import annotations

import ast
import random
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from extraction.errors import OptionError
from extraction.marks import Mark
from extraction.syntaxes import SYNTAXES, NativeAnswer, parse_native
from tests.extraction.golden_syntaxes import GOLDENS, Golden, box, point


def named(golden: Golden) -> str:
    return f"{golden.syntax}-{golden.text[:24]}"


def without_spans(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return tuple(replace(mark, span=(0, 0)) for mark in marks)


def marks_of(text: str, *syntaxes: str, ended: bool = True) -> tuple[Mark, ...]:
    return without_spans(parse_native(text, syntaxes, ended=ended).marks)


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_whole_answers(golden: Golden) -> None:
    answer = parse_native(golden.text, [golden.syntax])
    assert without_spans(answer.marks) == golden.marks
    assert (answer.rest, answer.cut, answer.outcome) == (golden.rest, False, "found")
    assert (answer.count, answer.syntax) == (golden.count, golden.syntax)


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_answers_cut_at_every_character(golden: Golden) -> None:
    position = 0
    complete: tuple[Mark, ...] = ()
    for piece in golden.pieces:
        for end in range(position + 1, position + len(piece.text) + 1):
            whole = end == position + len(piece.text)
            answer = parse_native(golden.text[:end], [golden.syntax], ended=False)
            expected = complete + (piece.marks if whole else ())
            assert without_spans(answer.marks) == expected, golden.text[:end]
            if "<think>" not in piece.text:
                assert answer.cut == (piece.open if whole else piece.inside), golden.text[:end]
        position += len(piece.text)
        complete += piece.marks


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_what_is_final_in_a_beginning_stays_as_it_is(golden: Golden) -> None:
    """Spans and all: who shows marks while they come need not take one back."""
    marks = parse_native(golden.text, [golden.syntax]).marks
    for end in range(len(golden.text)):
        begun = parse_native(golden.text[:end], [golden.syntax], ended=False).marks
        assert begun == marks[: len(begun)]


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_spans_hold_the_numbers(golden: Golden) -> None:
    end = 0
    for mark in parse_native(golden.text, [golden.syntax]).marks:
        written = golden.text[slice(*mark.span)]
        told = [float(number) for number in re.findall(r"-?\d*\.?\d+", written)]
        assert all(float(number) in told for number in mark.numbers)
        assert mark.span[1] >= end or golden.syntax == "doctags"
        end = mark.span[1]


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_tokens_and_thinking_around_an_answer_do_not_count(golden: Golden) -> None:
    if golden.syntax.startswith("florence2"):
        pytest.skip("its own tokens stand around it")
    text = f"<think>At [1, 2, 3, 4] or {golden.text}?</think>\n\n{golden.text}<|im_end|>\n"
    answer = parse_native(text, [golden.syntax], ended=False)
    assert without_spans(answer.marks) == golden.marks
    assert answer.rest == golden.rest
    for mark, alone in zip(answer.marks, parse_native(golden.text, [golden.syntax]).marks, strict=True):
        assert text[slice(*mark.span)] == golden.text[slice(*alone.span)]


# --- what is missing, wrong or in other words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "text", "marks"),
    [
        ("paligemma", "<loc0001><loc0002><loc0003> cat ; <loc0005><loc0006><loc0007><loc0008> dog", [box(5, 6, 7, 8, label="dog")]),
        ("paligemma", "<loc0001><loc0002><loc0003><loc0004><seg001><seg002> cat", [box(1, 2, 3, 4, label="cat")]),
        ("florence2", "cat<loc_1><loc_2><loc_3>dog<loc_5><loc_6><loc_7><loc_8>", [box(5, 6, 7, 8, label="dog")]),
        ("kosmos2", "<phrase>a</phrase> b <object><patch_index_0001><patch_index_0002></object>", [replace(box(1, 2), kind="cells")]),
        ("kosmos2", "<image>. the, to and of </image><grounding>A<object><patch_index_0001><patch_index_0002></object>",
         [replace(box(1, 2), kind="cells")]),
        ("internvl", "<ref>cat</ref><box>[[1,2,3]]</box><ref>dog</ref><box>[[5,6,7,8]]</box>", [box(5, 6, 7, 8, label="dog")]),
        ("internvl", "<ref>cat</ref><box>[[1,2,3,4]] <ref>dog</ref><box>[[5,6,7,8]]</box>",
         [box(1, 2, 3, 4, label="cat"), box(5, 6, 7, 8, label="dog")]),
        ("internvl", "<ref>cat</ref><box>[[1,2,3,4]]", [box(1, 2, 3, 4, label="cat")]),
        ("deepseek", "<|ref|>a<|/ref|> <|ref|>b<|/ref|><|det|>[[1,2,3,4]]<|/det|><|det|>[[[5,6,7,8]]]<|/det|>",
         [box(1, 2, 3, 4, label="b"), box(5, 6, 7, 8, label="b")]),
        ("glm", "<think>[[1,1,1,1]]</think><answer><|begin_of_box|>{1,2,3,4}<|end_of_box|></answer>", [box(1, 2, 3, 4)]),
        ("molmo", '<points x1="10" y1="20" x2="30"/>', [point(10, 20)]),
        ("molmo", '<point x="NaN" y="10"/><point x="1" y="2" alt="a">a</point>', [point(1, 2, label="a")]),
        ("molmo2", '<points coords="1 1 500;2 1 500 600">a</points>', [point(500, 600, label="a", image=2, object=1)]),
        ("molmo2", '<points coords="1 308 305 2 752 377">a</points><points coords="1 1 2 3">b</points>',
         [point(2, 3, label="b", image=1, object=1)]),
        ("doctags", "<text><loc_1><loc_2><loc_3>a</text><text><loc_1><loc_2><loc_3><loc_4>b<bold>c</bold></text></x>",
         [box(1, 2, 3, 4, label="text", text="bc", image=1)]),
        ("doctags", "<seal><loc_1><loc_2><loc_3><loc_4></seal>", [box(1, 2, 3, 4, label="seal", image=1)]),
        ("json", '{"bbox_2d": {"bbox_2d": [1,2,3,4]}} {"bbox_2d": [{"bbox_2d": [5,6,7,8], "label": "a"}]}',
         [box(1, 2, 3, 4), box(5, 6, 7, 8, label="a")]),
        ("json", '{"boxes": [[1,2,3,4], [5,6,7,8]], "labels": ["a", "b"]}', [box(1, 2, 3, 4, label="a"), box(5, 6, 7, 8, label="b")]),
        ("json", '{"bbox": "[1, 2, 3, 4]", "label": "a"} {"bbox": "1,2,3,4"} {"bbox": [[1, 2], [3, 4]]}',
         [box(1, 2, 3, 4, label="a"), box(1, 2, 3, 4), box(1, 2, 3, 4)]),
        ("json", '[{"bbox_2d": [1, 2, 3, 4], "label": "the "stop" sign",}, # a comment\n {bbox_2d: [5, 6, 7, 8], label: cat}]',
         [box(1, 2, 3, 4, label='the "stop" sign'), box(5, 6, 7, 8, label="cat")]),
        ("json", '[{"bbox_2d": [1, 2, 3, 4], "label": "a"], {"bbox_2d": [1, "x", 3, 4]}, {"bbox_2d": [1, 2, 3]}', [box(1, 2, 3, 4, label="a")]),
        ("json", "[x1, y1, x2, y2] [1e3, -2.5, 1234567890123456789012, 4] [1, 2, 3, true] [1e3, -2.5, 3, 4]", [box(1e3, -2.5, 3, 4)]),
        ("json", "see [1] and [a, b]: ['it\\'s', 4] {'label': 'it\\'s', 'box': [1, 2, 3, 4]}", [box(1, 2, 3, 4, label="it's")]),
        ("plain", "(0.1, 0.2, 0.3, 0.4), [5, 6, 7], (1999), [a, b]", [box(0.1, 0.2, 0.3, 0.4)]),
        ("plain", "[1,2],[3,4]; (5, 6) and (7, 8)", [point(1, 2), point(3, 4), point(5, 6), point(7, 8)]),
        ("plain", "[12345678901, 2, 3, 4] [1.2.3, 4, 5, 6] [1 2 3 4]", [box(1, 2, 3, 4)]),
    ],
)  # fmt: skip
def test_what_is_broken_costs_only_itself(syntax: str, text: str, marks: list[Mark]) -> None:
    assert list(marks_of(text, syntax)) == marks


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("internvl", "<ref>cat</ref><box>[[1,2,3,4]]"),
        ("florence2", "cat<loc_1><loc_2><loc_3>"),
        ("paligemma", "<loc0001><loc0002>"),
        ("paligemma", "<loc0001><loc0002><loc0003><loc0004> ca<lo"),
        ("molmo", '<point x="1" y="2" alt="a">a'),
        ("doctags", "<doctag><text><loc_1><loc_2><loc_3><loc_4>half a senten"),
        ("json", '```json\n[{"bbox_2d": [1, 2, 3, 4'),
        ("json", '[{"bbox_2d": [1, 2, 3, 4], "label": "half'),
        ("plain", "at [0.1, 0.2"),
        ("json", "<think>It may be at [1, 2, 3, 4]"),
    ],
)
def test_half_a_mark_is_told_even_where_the_answer_is_said_to_have_ended(syntax: str, text: str) -> None:
    answer = parse_native(text, [syntax])
    assert answer.cut
    assert answer.outcome == ("found" if answer.marks else "junk")


def test_the_first_syntax_with_marks_counts() -> None:
    text = "[1, 2, 3, 4] <ref>cat</ref><box>[[5, 6, 7, 8]]</box>"
    assert parse_native(text, ["molmo", "internvl", "plain"]).syntax == "internvl"
    assert parse_native(text, ["molmo", "plain", "internvl"]).syntax == "plain"
    assert parse_native("It is a cat.", ["molmo", "plain"]).syntax is None


def test_an_unknown_syntax_is_named() -> None:
    with pytest.raises(OptionError, match=r"no syntax 'yaml' \(known are paligemma, "):
        parse_native("", ["json", "yaml"])


NOTHING = [
    ("florence2", "</s><s></s>"),
    ("florence2_quads", ""),
    ("internvl", "<ref>cat</ref><box>[]</box>"),
    ("qwen_vl", "<ref>cat</ref><box>none</box>"),
    ("deepseek", "<|ref|>cat<|/ref|><|det|>[]<|/det|>"),
    ("glm", "<|begin_of_box|>[]<|end_of_box|>"),
    ("glm", '<|begin_of_box|>[{"bbox_2d": [], "label": "cat"}]<|end_of_box|>'),
    ("doctags", "<doctag>\n</doctag>"),
    ("molmo", "There are none."),
    ("molmo", "This isn't in the image."),
    ("molmo2", "Counting the cats shows a total of 0."),
    ("json", "[]"),
    ("json", "```json\n[]\n```"),
    ("json", '{"objects": []}'),
    ("json", '{"cat": [], "dog": []}'),
    ("json", '{"bbox_2d": null, "label": "cat"}'),
    ("json", "There are no cats visible in the image."),
    ("json", "There is no stop sign in this picture, so no boxes."),
    ("json", "No objects detected"),
    ("json", "I\u2019m sorry, but I don't see any dogs in the photo."),
    ("json", "None found."),
    ("json", "\u56fe\u7247\u4e2d\u6ca1\u6709\u732b\u3002"),
    ("plain", "The red car is not in the image."),
]
REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I cannot assist with identifying people in this image.",
    "As an AI language model, I cannot provide bounding boxes.",
    "I\u2019m not able to detect faces.",
    "Sorry, I must decline.",
    "\u62b1\u6b49\uff0c\u6211\u65e0\u6cd5\u63d0\u4f9b\u8fd9\u4e2a\u4fe1\u606f\u3002",
]
JUNK = [
    "",
    "A cat sits on a mat.",
    "no",
    "unanswerable",
    "There is no image attached.",
    "I don't see any image. Please upload one.",
    "No image was provided, so no objects were detected.",
    "I cannot see the picture.",
    "The objects are not labelled.",
    "{}",
    "null",
    '{"answer": "none"}',
    "[1]",
    "I'm sorry.",
    "<box></box",
    "\x00\ufffd<|>",
    "Nothing beats a good cat picture.",
    "There are two cats. There is no dog.",
]


@pytest.mark.parametrize(("syntax", "text"), NOTHING)
def test_nothing_found_is_said_by_the_model(syntax: str, text: str) -> None:
    answer = parse_native(text, [syntax])
    assert (answer.outcome, answer.marks, answer.cut) == ("nothing", (), False)
    for end in range(len(text)):  # "There are no" may become "There are no fewer than three"
        assert parse_native(text[:end], [syntax], ended=False).outcome != "nothing"


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("syntax", ["json", "florence2", "internvl"])
def test_refusals(syntax: str, text: str) -> None:
    assert parse_native(text, [syntax]).outcome == "refused"
    assert parse_native(f"{text} [{{}}]", [syntax]).outcome == "refused"


@pytest.mark.parametrize("text", JUNK)
@pytest.mark.parametrize("syntax", ["json", "qwen2_vl", "paligemma", "molmo"])
def test_everything_else_is_junk(syntax: str, text: str) -> None:
    assert parse_native(text, [syntax]).outcome == "junk"


# --- beside other readers --------------------------------------------------------------------------------------------


def florence(text: str, task: str) -> Any:
    """What transformers makes of an answer, on a picture of 1000 x 1000 pixels: every bin is a pixel."""
    processing = pytest.importorskip("transformers.models.florence2.processing_florence2")
    reader = processing.Florence2PostProcessor({task: {}}, SimpleNamespace(all_special_tokens=[]))
    return reader(text=text, image_size=(1000, 1000), parse_tasks=task)[task]


FLORENCE = [golden for golden in GOLDENS if golden.syntax.startswith("florence2")]


@pytest.mark.parametrize("golden", FLORENCE, ids=named)
def test_florence_as_transformers_reads_it(golden: Golden) -> None:
    def ascii_of(text: str | None) -> str:
        return (text or "").encode("ascii", "ignore").decode()  # which is all that it leaves of a label

    if golden.syntax == "florence2_quads":
        theirs = [(one["text"], one["quad_box"]) for one in florence(golden.text.replace("<2>", "2"), "ocr")]
        ours = [((mark.text or "").replace("<2>", "2"), list(mark.numbers)) for mark in golden.marks]
    elif "<poly>" in golden.text or golden.syntax == "florence2_polygons":
        task = "polygons" if golden.syntax == "florence2_polygons" else "description_with_polygons"
        theirs = [
            (one["cat_name"].partition("<")[0], numbers)
            for one in florence(golden.text, task)
            for numbers in one["polygons"]
        ]
        ours = [(mark.label or "", list(mark.numbers)) for mark in golden.marks]
    else:
        task = "description_with_bboxes" if golden.marks[0].label else "bboxes"
        theirs = [(one["cat_name"], one["bbox"]) for one in florence(golden.text, task)]
        ours = [(ascii_of(mark.label), list(mark.numbers)) for mark in golden.marks]
    assert ours == theirs


@pytest.mark.parametrize("golden", [golden for golden in GOLDENS if golden.syntax == "kosmos2"], ids=named)
def test_kosmos_as_transformers_reads_it(golden: Golden) -> None:
    kosmos2 = pytest.importorskip("transformers.models.kosmos2.processing_kosmos2")
    caption, entities = kosmos2.clean_text_and_extract_entities_with_bboxes(golden.text)
    theirs = [(name, place) for name, _, places in entities for place in places]
    ours = []
    for mark in golden.marks:
        upper, lower = map(int, mark.numbers)
        name = f"<patch_index_{upper}><patch_index_{lower}>" if mark.label is None else mark.label
        ours.append((name, kosmos2.patch_index_to_coordinate(upper, lower, 32)))
    assert (parse_native(golden.text, ["kosmos2"]).rest, ours) == (caption, theirs)


@pytest.mark.parametrize(
    "text",
    [
        "[{'bbox_2d': [3, 219, 998, 987], 'label': 'truck'}]",
        "[{'bbox_2d': (1.5, 2, 3, 4), 'label': \"a dog's tail\"}, {'bbox_2d': [5, 6, 7, 8], 'label': 'it\\'s \\n'}]",
        "{'bbox_2d': [108, 184, 359, 845], 'label': 'yellow elephant'}",
    ],
)
def test_python_literals_as_evaluations_read_them(text: str) -> None:
    value = ast.literal_eval(text)
    items = value if isinstance(value, list) else [value]
    assert [(list(mark.numbers), mark.label) for mark in marks_of(text, "json")] == [
        (list(one["bbox_2d"]), one["label"].strip()) for one in items
    ]


# --- strange texts ---------------------------------------------------------------------------------------------------

FRAGMENTS = sorted({
    *(fragment for golden in GOLDENS for fragment in re.findall(r"<[^<>]{1,40}>|\w+|\W", golden.text)),
    *"[](){}<>\"'`\\,;:|/#-+.=& \n\t\x00", "NaN", "1e999", "9" * 5000, "-", "\ud83d", "<think>", "</think>", "```json\n", "//",
})  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_no_text_raises(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices(FRAGMENTS, k=chance.choice([5, 40, 400])))
    for name in SYNTAXES:
        for ended in (True, False):
            check(text, parse_native(text, [name], ended=ended))


def check(text: str, answer: NativeAnswer) -> None:
    exponents = "e" in text.lower()
    for mark in answer.marks:
        assert 0 <= mark.span[0] < mark.span[1] <= len(text)
        assert all(abs(number) < 1e16 or exponents for number in mark.numbers)
        assert mark.label is None or mark.label == mark.label.strip() != ""
        assert len(mark.numbers) == {"box": 4, "point": 2, "cells": 2}.get(mark.kind, len(mark.numbers))
    assert (answer.outcome == "found") == bool(answer.marks)


REPEATED = {
    "json plain internvl": ["[", "(1,2),", "[1,2,3,4]", "[}", "\\", "9", " "],
    "json": ["['a' b", '["a\\', "{'a': \"", '{"bbox_2d": [1,2,3,4], ', "['a' \n", "// ", "`", '{"a":', "there are no "],
    "hunyuan qwen2_vl": ["a\n(1,2),(3,4)", "a(", "a\n"],
    "paligemma": ["<loc0001>", "<seg001>", "a;", "</s>", "<pad>", "<think></think>", "</think>", "<"],
    "florence2 florence2_quads florence2_polygons": ["a<loc_1>", "<poly><loc_1>", "<sep>", "<"],
    "paddleocr": ["a<|LOC_1|>", "<|TEXT_START|>", "<|LOC_BEGIN|>"],
    "kosmos2": ["<phrase>a", "<phrase></phrase>", "<object><patch_index_0001>", "</image>"],
    "kosmos2_5": ["<bbox><x_1>", "<bbox>", "<bbox><x_1><y_1><x_1><y_1></bbox>a"],
    "internvl minicpm locate qwen_vl": ["<ref>a</ref>", "<ref>", "<box>[[1,2,3,4]", "<box>1 2 ", "<box><165>"],
    "deepseek deepseek_ocr glm": ["<|det|>", "<|det|>[[1,2,3,4]]<|/det|>x", '<|begin_of_box|>{"a": ['],
    "molmo molmo2": ["<point ", '<point x="1" ', "<point '", "<point '\"", '<points coords="1 1 1 1">', "total of 1 "],
    "doctags": ["<text><loc_1>", "<text></list_item>", "<a><loc_1>", "<otsl><fcel>a", "</text>"],
}


@pytest.mark.parametrize(("names", "pattern"), [(names, pattern) for names in REPEATED for pattern in REPEATED[names]])
def test_long_nonsense_is_read_to_its_end(names: str, pattern: str) -> None:
    """Were any of it looked at again and again, this would take hours."""
    text = pattern * (100_000 // len(pattern))
    for name in names.split():
        check(text, parse_native(text, [name], ended=False))
