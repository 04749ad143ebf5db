"""Native syntaxes of grounding models by name, and what an answer in one of them says.

Which model writes which is not known here. Numbers stay as they were written: what they mean in pixels, and in which
order they stand, belongs to the model's convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from extraction.denials import denial_in
from extraction.doctags import read_doctags
from extraction.errors import OptionError
from extraction.json_marks import read_json
from extraction.json_text import without_thinking
from extraction.marks import Found, Mark, Reader, ends_in_tag, words_outside
from extraction.point_syntaxes import read_molmo, read_molmo2
from extraction.tag_syntaxes import (
    DEEPSEEK,
    DEEPSEEK_OCR,
    FUYU,
    GLM,
    INTERNVL,
    LOCATE,
    MINICPM,
    QWEN2_VL,
    QWEN_VL,
    read_hunyuan,
    read_plain,
)
from extraction.token_syntaxes import (
    FLORENCE2,
    FLORENCE2_POLYGONS,
    FLORENCE2_QUADS,
    PADDLEOCR,
    read_kosmos2,
    read_kosmos2_5,
    read_paligemma,
)

Outcome = Literal["found", "nothing", "refused", "junk"]

SYNTAXES: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "paligemma": read_paligemma,
        "florence2": FLORENCE2.read,
        "florence2_quads": FLORENCE2_QUADS.read,
        "florence2_polygons": FLORENCE2_POLYGONS.read,
        "kosmos2": read_kosmos2,
        "kosmos2_5": read_kosmos2_5,
        "fuyu": FUYU.read,
        "qwen2_vl": QWEN2_VL.read,
        "qwen_vl": QWEN_VL.read,
        "internvl": INTERNVL.read,
        "minicpm": MINICPM.read,
        "deepseek": DEEPSEEK.read,
        "deepseek_ocr": DEEPSEEK_OCR.read,
        "glm": GLM.read,
        "molmo": read_molmo,
        "molmo2": read_molmo2,
        "doctags": read_doctags,
        "paddleocr": PADDLEOCR.read,
        "hunyuan": read_hunyuan,
        "locate": LOCATE.read,
        "json": read_json,
        "plain": read_plain,
    }
)
"""The reader of each syntax. The task decides among the three of Florence-2: its tokens are the same in all."""

_BEGINNINGS: Final = ("<pad>", "</s>", "<s>", "<bos>")
_ENDINGS: Final = (
    "</s>", "<eos>", "<pad>", "<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<end_of_utterance>", "<end_of_turn>",
    "<|eot_id|>", "<|end|>", "<|user|>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<|end\u2581of\u2581sentence|>", "<|end_of_sentence|>",
    "|ENDOFTEXT|", "<turn|>",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """What an answer says.

    Attributes:
        marks: The places in it, in order; their spans are indices into the whole text.
        rest: Its words without the marks: the caption of a grounded caption.
        cut: Whether it ends inside a mark, in what may be the beginning of one, or in its thinking.
        outcome: "found": there are marks. "nothing": the model says that there is nothing. "refused": it will not say.
            "junk": none of these.
        count: How many there are by the model's own words, which may not be the number of marks.
        syntax: The syntax of the marks; None where there are none.
    """

    marks: tuple[Mark, ...]
    rest: str
    cut: bool
    outcome: Outcome
    count: int | None = None
    syntax: str | None = None


def parse_native(text: str, syntaxes: Sequence[str], *, ended: bool = True) -> NativeAnswer:
    """The marks of a model's text, in the first of these syntaxes in which there are any.

    Whatever stands in the text, nothing is raised for it.

    Args:
        text: What the model wrote; thinking before the answer does not count, nor do tokens that begin or end it.
        syntaxes: Names out of ``SYNTAXES``, to be tried in order.
        ended: Whether the model ended the text itself. Where it was cut, or is still being written, what only the end
            of an answer completes is no mark: a label that may go on, or a text without an end. A token that ends
            answers (``</s>``) tells so by itself.

    Raises:
        OptionError: There is no syntax of such a name.
    """
    unknown = [name for name in syntaxes if name not in SYNTAXES]
    if unknown:
        raise OptionError(f"there is no syntax {unknown[0]!r}", hint=f"known are {', '.join(SYNTAXES)}")
    answer, thinking = without_thinking(text)
    if thinking:
        return NativeAnswer((), "", cut=True, outcome="junk")
    offset = len(text.rstrip()) - len(answer)
    begin, end, closed = _without_special_tokens(answer)
    answer, offset = answer[begin:end], offset + begin
    half = ends_in_tag(answer)
    ended = (ended or closed) and not half
    readings = []
    for name in syntaxes:
        found = SYNTAXES[name](answer, ended)
        if found.marks:
            return _answer(answer, offset, found, "found", cut=found.cut or half, syntax=name)
        readings.append(found)
    cut = half or any(found.cut for found in readings)
    said = denial_in(answer, ended=ended and not cut)
    if said is None and ended and not cut and any(found.empty for found in readings):
        said = "nothing"
    first = next((found for found in readings if found.holes or found.count is not None), Found())
    return _answer(answer, offset, first, said or "junk", cut=cut)


def _answer(
    text: str, offset: int, found: Found, outcome: Outcome, *, cut: bool, syntax: str | None = None
) -> NativeAnswer:
    marks = tuple(replace(mark, span=(mark.span[0] + offset, mark.span[1] + offset)) for mark in found.marks)
    return NativeAnswer(marks, words_outside(text, found.holes), cut, outcome, found.count, syntax)


def _without_special_tokens(text: str) -> tuple[int, int, bool]:
    """Where an answer begins and ends without the tokens around it, and whether one of them says that it ended."""
    begin, end, closed = 0, len(text), False
    for token in _BEGINNINGS:  # each at most once, and pads: </s><s> begins an answer, a further </s> ends it
        while text.startswith(token, begin):
            begin += len(token)
            if token != "<pad>":
                break
    while end > begin:
        if text[end - 1].isspace():
            end -= 1
            continue
        ending = next((token for token in _ENDINGS if text.endswith(token, begin, end)), None)
        if ending is None:
            break
        end -= len(ending)
        closed = True
    while begin < end and text[begin].isspace():
        begin += 1
    return begin, end, closed
