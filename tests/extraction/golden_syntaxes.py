"""Answers in every native syntax, in pieces, with the marks that each piece completes.

Most are what models wrote, some shortened: their sources are the model cards, the tests of transformers and of docling,
and issues of the models' projects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from extraction.marks import Kind, Mark


@dataclass(frozen=True)
class Piece:
    """A part of an answer.

    Attributes:
        text: The part.
        marks: What is complete with its last character.
        inside: Whether a text that ends in the middle of it ends inside a mark, or in a token.
        open: Whether one that ends with it does.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    inside: bool = True
    open: bool = False


@dataclass(frozen=True)
class Golden:
    """An answer: ``last`` are the marks that only its end completes, ``rest`` its words, ``count`` what it states."""

    syntax: str
    pieces: tuple[Piece, ...]
    last: tuple[Mark, ...] = ()
    rest: str = ""
    count: int | None = None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def marks(self) -> tuple[Mark, ...]:
        return (*(mark for piece in self.pieces for mark in piece.marks), *self.last)


def mark(kind: Kind, *numbers: float, label: str | None = None, **more: Any) -> Mark:
    return Mark(kind, numbers, label, (0, 0), **more)


def box(*numbers: float, label: str | None = None, **more: Any) -> Mark:
    return mark("box", *numbers, label=label, **more)


def point(*numbers: float, label: str | None = None, **more: Any) -> Mark:
    return mark("point", *numbers, label=label, **more)


def words(text: str) -> Piece:
    """Words between marks."""
    return Piece(text, inside=False)


def item(text: str, *marks: Mark) -> Piece:
    """A mark, or the last part of several."""
    return Piece(text, marks)


def part(text: str, *marks: Mark) -> Piece:
    """A part of an item that goes on."""
    return Piece(text, marks, open=True)


def golden(
    syntax: str, *pieces: Piece, last: tuple[Mark, ...] = (), rest: str = "", count: int | None = None
) -> Golden:
    return Golden(syntax, pieces, last, rest, count)


_MASK = "".join(f"<seg{code:03}>" for code in range(40, 56))
_QUAD = "<loc_112><loc_90><loc_400><loc_91><loc_400><loc_130><loc_112><loc_129>"
_QUAD_NUMBERS = (112, 90, 400, 91, 400, 130, 112, 129)
_SPOT = "".join(f"<|LOC_{number}|>" for number in (119, 66, 331, 66, 331, 101, 119, 101))
_SPOT_NUMBERS = (119, 66, 331, 66, 331, 101, 119, 101)

GOLDENS = [
    # --- paligemma ---
    golden("paligemma", part("<loc0000><loc0000><loc1022><loc1022> cat"), last=(box(0, 0, 1022, 1022, label="cat"),)),
    golden(
        "paligemma",
        item("<loc0123><loc0456><loc0789><loc1023> cat;", box(123, 456, 789, 1023, label="cat")),
        words("\n"),
        item("<loc0023><loc0656><loc0389><loc0923> chien à poil ;", box(23, 656, 389, 923, label="chien à poil")),
        words(" "),
        part("<loc0050><loc0050><loc0500><loc0500> traffic light, red"),
        last=(box(50, 50, 500, 500, label="traffic light, red"),),
    ),
    golden(
        "paligemma",
        part("<loc0000><loc0000><loc1022><loc1022> dog <loc0102>", box(0, 0, 1022, 1022, label="dog")),
        part("<loc0203><loc0304><loc0405> mouse"),
        last=(box(102, 203, 304, 405, label="mouse"),),
    ),
    golden(
        "paligemma",
        item(f"<loc0204><loc0102><loc0716><loc0818>{_MASK} left cow ;",
             box(204, 102, 716, 818, label="left cow", codes=tuple(range(40, 56)))),
        words(" "),
        part(f"<loc0001><loc0002><loc0003><loc0004>{_MASK} grass"),
        last=(box(1, 2, 3, 4, label="grass", codes=tuple(range(40, 56))),),
    ),
    golden("paligemma", words("cat and dog: "), part("<loc0001><loc0002><loc0003><loc0004>"), last=(box(1, 2, 3, 4),),
           rest="cat and dog:"),
    # --- florence2 ---
    golden(
        "florence2",
        item("</s>"),
        item("<s>"),
        item("person<loc_0><loc_0><loc_998><loc_998>", box(0, 0, 998, 998, label="person")),
    ),
    golden(
        "florence2",
        item("car<loc_52><loc_332><loc_932><loc_774>", box(52, 332, 932, 774, label="car")),
        item("wheel<loc_708><loc_577><loc_862><loc_774>", box(708, 577, 862, 774, label="wheel")),
        item("<loc_143><loc_574><loc_303><loc_770>", box(143, 574, 303, 770, label="wheel")),
        item("door handle<loc_421><loc_516><loc_475><loc_532>", box(421, 516, 475, 532, label="door handle")),
        item("</s>"),
    ),
    golden(
        "florence2",
        item("A green car<loc_53><loc_330><loc_935><loc_771>", box(53, 330, 935, 771, label="A green car")),
        words(" "),
        item("une façade d'époque, 黄色い家<loc_0><loc_72><loc_999><loc_798>",
             box(0, 72, 999, 798, label="une façade d'époque, 黄色い家")),
    ),
    golden(
        "florence2",
        item("<loc_53><loc_332><loc_933><loc_773>", box(53, 332, 933, 773)),
        item("<loc_0><loc_75><loc_998><loc_640>", box(0, 75, 998, 640)),
    ),
    golden(
        "florence2",
        part("a wheel<poly><loc_1><loc_2><loc_30><loc_2><loc_30><loc_40><sep>",
             mark("polygon", 1, 2, 30, 2, 30, 40, label="a wheel", object=1)),
        item("<loc_5><loc_6><loc_7><loc_6><loc_7><loc_8><loc_5><loc_9></poly>",
             mark("polygon", 5, 6, 7, 6, 7, 8, 5, 9, label="a wheel", object=1)),
        item("<poly><loc_501><loc_502><loc_530><loc_502><loc_530><loc_540></poly>",
             mark("polygon", 501, 502, 530, 502, 530, 540, label="a wheel", object=2)),
        item("</s>"),
    ),
    golden(
        "florence2_quads",
        item("</s>"),
        item("<s>"),
        item(f"BUS STOP{_QUAD}", mark("polygon", *_QUAD_NUMBERS, text="BUS STOP")),
        item(f"出口 <2>{_QUAD}", mark("polygon", *_QUAD_NUMBERS, text="出口 <2>")),
        item("</s>"),
    ),
    golden(
        "florence2_polygons",
        part("<loc_552><loc_280><loc_600><loc_281><loc_610><loc_300><sep>",
             mark("polygon", 552, 280, 600, 281, 610, 300, object=0)),
        part("<loc_10><loc_20><loc_30><loc_20><loc_30><loc_40>"),
        item("</s>", mark("polygon", 10, 20, 30, 20, 30, 40, object=0)),
    ),
    # --- kosmos2 ---
    golden(
        "kosmos2",
        item("<grounding>"),
        words(" An image of"),
        part("<phrase> a snowman</phrase><object><patch_index_0044><patch_index_0863>",
             mark("cells", 44, 863, label="a snowman")),
        item("</object>"),
        words(" warming himself by"),
        part("<phrase> a fire</phrase><object><patch_index_0005><patch_index_0911>",
             mark("cells", 5, 911, label="a fire")),
        item("</object>"),
        words("."),
        rest="An image of a snowman warming himself by a fire.",
    ),
    golden(
        "kosmos2",
        part("<phrase> Two puppies</phrase><object><patch_index_0079><patch_index_1016>",
             mark("cells", 79, 1016, label="Two puppies")),
        part("</delimiter_of_multi_objects/><patch_index_0135><patch_index_1008>",
             mark("cells", 135, 1008, label="Two puppies")),
        item("</object>"),
        words(" sit in a field of"),
        part("<phrase> grass</phrase> "),
        words("."),
        rest="Two puppies sit in a field of grass .",
    ),
    golden(
        "kosmos2",
        words("a wet suit is at "),
        part("<object><patch_index_0003><patch_index_0004>", mark("cells", 3, 4)),
        part("</delimiter_of_multi_objects/><patch_index_0005><patch_index_0006>", mark("cells", 5, 6)),
        item("</object>"),
        words(" in the picture"),
        rest="a wet suit is at  in the picture",
    ),
    # --- kosmos2_5 ---
    golden(
        "kosmos2_5",
        item("<ocr>"),
        part("<bbox><x_53><y_573><x_69><y_606></bbox>1\n<bbox>", box(53, 573, 69, 606, text="1")),
        part("<x_79><y_573><x_464><y_611></bbox>[REG] BLACK SAKURA\n<bbox>",
             box(79, 573, 464, 611, text="[REG] BLACK SAKURA")),
        part("<x_690><y_569><x_810><y_606></bbox>45,455"),
        last=(box(690, 569, 810, 606, text="45,455"),),
    ),
    # --- fuyu ---
    golden("fuyu", words(" "), item("<box>388, 428, 22, 111</box>", box(388, 428, 22, 111))),
    golden("fuyu", words("Go to "), item("<point>12, 345</point>", point(12, 345)), words(" now"), rest="Go to  now"),
    # --- qwen2_vl ---
    golden(
        "qwen2_vl",
        part("<|object_ref_start|>the eyes on a giraffe<|object_ref_end|><|box_start|>(176,106),(232,160)",
             box(176, 106, 232, 160, label="the eyes on a giraffe")),
        item("<|box_end|>"),
        item("<|im_end|>"),
        rest="the eyes on a giraffe",
    ),
    golden(
        "qwen2_vl",
        words("There are "),
        part("<|object_ref_start|>two dogs<|object_ref_end|><|box_start|>(1,2),(30,40)", box(1, 2, 30, 40, label="two dogs")),
        item("<|box_end|>"),
        part("<|box_start|>(501, 502), (530, 540)", box(501, 502, 530, 540, label="two dogs")),
        item("<|box_end|>"),
        words(" and "),
        part("<|object_ref_start|>cat<|object_ref_end|> "),
        words("with "),
        part("<|box_start|>(7,8),(9,10)", box(7, 8, 9, 10)),
        item("<|box_end|>"),
        rest="There are two dogs and cat with",
    ),
    golden("qwen2_vl", words("Action: tap"), part("("), words("start_box='"), item("<|box_start|>(512,88)<|box_end|>", point(512, 88)),
           words("')"), rest="Action: tap(start_box='')"),
    golden(
        "qwen2_vl",
        words("the eyes on a giraffe"),
        item("(176,106),(232,160)", box(176, 106, 232, 160, label="the eyes on a giraffe")),
        words("\nits tail"),
        item("(501,120),(560,300)", box(501, 120, 560, 300, label="its tail")),
    ),
    # --- qwen_vl ---
    golden(
        "qwen_vl",
        part("<ref>out of focus blur</ref><box>(141,187),(538,239)", box(141, 187, 538, 239, label="out of focus blur")),
        item("</box>"),
        part("<quad>(1,2),(30,2),(30,40),(1,40)", mark("polygon", 1, 2, 30, 2, 30, 40, 1, 40, label="out of focus blur")),
        item("</quad>"),
        rest="out of focus blur",
    ),
    # --- internvl ---
    golden(
        "internvl",
        part("<ref>circle</ref><box>[[278,24,354,100]", box(278, 24, 354, 100, label="circle")),
        part(",[515,10,611,106]", box(515, 10, 611, 106, label="circle")),
        part(", [174, 299, 228, 353]", box(174, 299, 228, 353, label="circle")),
        item("]</box>"),
        rest="circle",
    ),
    golden(
        "internvl",
        words("In the image, a tall red "),
        part("<ref>bus</ref><box>[[290, 202, 835, 851]", box(290, 202, 835, 851, label="bus")),
        item("]</box>"),
        words(" is driving on "),
        part("<box>[[0, 604, 984, 999]", box(0, 604, 984, 999)),
        item("]</box>"),
        words(" a "),
        part("<ref>road</ref>\n<box>[[0, 604, 984, 999]", box(0, 604, 984, 999, label="road")),
        item("]</box>"),
        words("."),
        rest="In the image, a tall red bus is driving on  a road\n.",
    ),
    golden("internvl", part("[[250,250,750,750]", box(250, 250, 750, 750)), item("]")),
    golden(
        "internvl",
        words("The bus"),
        part("[[290, 202, 835, 851]", box(290, 202, 835, 851, label="The bus")),
        part(", [1, 2, 3, 4]", box(1, 2, 3, 4, label="The bus")),
        item("]"),
        words(" and a road"),
        part("[[0, 604, 984, 999]", box(0, 604, 984, 999, label="and a road")),
        item("]"),
        rest=",",
    ),
    # --- minicpm ---
    golden(
        "minicpm",
        item("<ref>object_name</ref><box>120 48 873 990</box>", box(120, 48, 873, 990, label="object_name")),
        words("\n"),
        item("<box>1 2 3 4</box>", box(1, 2, 3, 4, label="object_name")),
        item("<point>500 320</point>", point(500, 320, label="object_name")),
        item("<quad>1 2 30 2 30 40 1 40</quad>", mark("polygon", 1, 2, 30, 2, 30, 40, 1, 40, label="object_name")),
        rest="object_name",
    ),
    # --- deepseek ---
    golden(
        "deepseek",
        part("<|ref|>The giraffe at the back.<|/ref|><|det|>[[580, 270, 999, 900]",
             box(580, 270, 999, 900, label="The giraffe at the back.")),
        item("]<|/det|>"),
        item("<\uff5cend\u2581of\u2581sentence\uff5c>"),
        rest="The giraffe at the back.",
    ),
    golden(
        "deepseek",
        item("<|grounding|>"),
        words("In this image, "),
        part("<|ref|>two dogs<|/ref|>"),
        part("<|det|>[[1, 2, 30, 40]", box(1, 2, 30, 40, label="two dogs")),
        part(", [501, 502, 530, 540]", box(501, 502, 530, 540, label="two dogs")),
        item("]<|/det|>"),
        words(" chase "),
        part("<|ref|>a ball<|/ref|> "),
        words("over "),
        part("<|ref|>grass<|/ref|><|det|>[[0, 600, 999, 999]", box(0, 600, 999, 999, label="grass")),
        item("]<|/det|>"),
        words("."),
        rest="In this image, two dogs chase a ball over grass.",
    ),
    golden(
        "deepseek_ocr",
        part("<|ref|>sub_title<|/ref|><|det|>[[65, 50, 545, 78]]<|/det|>\n## Preparation for [A]  \n\n<|ref|>",
             box(65, 50, 545, 78, label="sub_title", text="## Preparation for [A]")),
        part("image<|/ref|><|det|>[[425, 250, 640, 400]]<|/det|>\n<|ref|>",
             box(425, 250, 640, 400, label="image")),
        part("text<|/ref|><|det|>[[91, 184, 365, 202]]<|/det|>\nf) Wir modifizieren den Code. "),
        last=(box(91, 184, 365, 202, label="text", text="f) Wir modifizieren den Code."),),
    ),
    golden(
        "deepseek_ocr",
        part("<|det|>title [115, 101, 273, 117]<|/det|>1. Introduction\n<|det|>",
             box(115, 101, 273, 117, label="title", text="1. Introduction")),
        part("text [112, 132, 884, 309]<|/det|>Humans are …\n<|det|>",
             box(112, 132, 884, 309, label="text", text="Humans are …")),
        part("page_number [493, 924, 506, 935]<|/det|>3"),
        last=(box(493, 924, 506, 935, label="page_number", text="3"),),
    ),
    # --- glm ---
    golden(
        "glm",
        words("\nThe coordinates of the second bottle of beer from the right on the table are "),
        part("<|begin_of_box|>[[94,598,177,991]", box(94, 598, 177, 991)),
        item("]<|end_of_box|>"),
        words("."),
        rest="The coordinates of the second bottle of beer from the right on the table are .",
    ),
    golden("glm", words("The box is "), part("<|begin_of_box|>[816, 162, 838, 172]", box(816, 162, 838, 172)),
           item("<|end_of_box|>"), words("."), rest="The box is ."),
    golden("glm", item("<|begin_of_box|>94,598,177,991<|end_of_box|>", box(94, 598, 177, 991)), item("<|user|>")),
    golden("glm", part("<|begin_of_box|>(94,598,177,991)", box(94, 598, 177, 991)), item("<|end_of_box|>")),
    golden("glm", words("At "), part("[[94,598,177,991]", box(94, 598, 177, 991)), item("]"), words("."), rest="At ."),
    golden(
        "glm",
        part('<|begin_of_box|>[{"bbox_2d": [1,2,3,4], "label": "cup"}', box(1, 2, 3, 4, label="cup")),
        item("]<|end_of_box|>"),
    ),
    # --- molmo ---
    golden(
        "molmo",
        words(" "),
        item('<point x="52.3" y="61.0" alt="the dog">the dog</point>', point(52.3, 61.0, label="the dog")),
        rest="the dog",
    ),
    golden(
        "molmo",
        words("Counting the "),
        item('<points x1="9.1" y1="11.7" x2="17.2" y2="41" x10="19.6" y10="3.4" alt="the boats">the boats</points>',
             point(9.1, 11.7, label="the boats"), point(17.2, 41, label="the boats"), point(19.6, 3.4, label="the boats")),
        words(" shows a total of 3."),
        rest="Counting the the boats shows a total of 3.",
        count=3,
    ),
    golden("molmo", item("<point y='0' x='100' alt='a > b'/>", point(100, 0, label="a > b"))),
    golden("molmo", item('<points x1="1.0" y1="2.0" x2="3.0" x3="5.0" y3="6.0">faders</points>',
                         point(1.0, 2.0, label="faders"), point(5.0, 6.0, label="faders")), rest="faders"),
    # --- molmo2 ---
    golden(
        "molmo2",
        words("Counting the "),
        item('<points coords="1 1 073 160 2 173 600 3 258 725" alt="boats">the boats</points>',
             point(73, 160, label="the boats", image=1, object=1),
             point(173, 600, label="the boats", image=1, object=2),
             point(258, 725, label="the boats", image=1, object=3)),
        words(" shows a total of 3."),
        rest="Counting the the boats shows a total of 3.",
        count=3,
    ),
    golden(
        "molmo2",
        item('<points coords="1 1 555 169;2 3 649 154 4 709 162">\nInline text\n</points>',
             point(555, 169, label="Inline text", image=1, object=1),
             point(649, 154, label="Inline text", image=2, object=3),
             point(709, 162, label="Inline text", image=2, object=4)),
        rest="Inline text",
    ),
    golden(
        "molmo2",
        item('<tracks coords="0.0 1 635 522;0.5 1 606 490 2 511 124">players</tracks>',
             point(635, 522, label="players", image=0.0, object=1),
             point(606, 490, label="players", image=0.5, object=1),
             point(511, 124, label="players", image=0.5, object=2)),
        rest="players",
    ),
    golden("molmo2", item('<points coords="1 1 000 1000"/>', point(0, 1000, image=1, object=1))),
    # --- doctags ---
    golden(
        "doctags",
        item("<doctag>"),
        item("<page_header><loc_159><loc_59><loc_366><loc_65>Running Title</page_header>",
             box(159, 59, 366, 65, label="page_header", text="Running Title", image=1)),
        words("\n"),
        item("<section_header_level_1><loc_110><loc_106><loc_260><loc_112>5.1 x < y</section_header_level_1>",
             box(110, 106, 260, 112, label="section_header_level_1", text="5.1 x < y", image=1)),
        words("\n"),
        part("<otsl><loc_114><loc_212><loc_388><loc_297><ched>A<ched>B<lcel><nl><fcel>1<fcel>2<fcel>3<nl>"),
        part("<caption><loc_109><loc_173><loc_393><loc_206>Table 1.</caption>",
             box(109, 173, 393, 206, label="caption", text="Table 1.", image=1)),
        item("</otsl>", box(114, 212, 388, 297, label="otsl",
                            text="<ched>A<ched>B<lcel><nl><fcel>1<fcel>2<fcel>3<nl>", image=1)),
        words("\n"),
        item("<unordered_list>"),
        item("<list_item><loc_1><loc_2><loc_3><loc_4>First</list_item>",
             box(1, 2, 3, 4, label="list_item", text="First", image=1)),
        item("<list_item>Second</list_item>"),
        item("</unordered_list>"),
        item("<page_break>"),
        part("<picture><loc_5><loc_6><loc_7><loc_8><other>"),
        item("<caption>Fig 1.</caption></picture>", box(5, 6, 7, 8, label="picture", image=2)),
        item("</doctag>"),
    ),
    # --- paddleocr ---
    golden(
        "paddleocr",
        item(f"Grand Opening{_SPOT}", mark("polygon", *_SPOT_NUMBERS, text="Grand Opening")),
        item(f"营业时间{_SPOT}", mark("polygon", *_SPOT_NUMBERS, text="营业时间")),
    ),
    golden(
        "paddleocr",
        part(f"<|TEXT_START|>Hello<|TEXT_END|><|LOC_BEGIN|>{_SPOT}", mark("polygon", *_SPOT_NUMBERS, text="Hello")),
        item("<|LOC_END|>"),
    ),
    # --- hunyuan ---
    golden(
        "hunyuan",
        item("ACME (2020)(53,27),(128,38)", box(53, 27, 128, 38, text="ACME (2020)")),
        item("合計 300円(701,300),(950,350)", box(701, 300, 950, 350, text="合計 300円")),
    ),
    # --- locate ---
    golden(
        "locate",
        item("<ref>stop sign</ref><box><165><132><361><422></box>", box(165, 132, 361, 422, label="stop sign")),
        words("\n"),
        item("<ref>person</ref><box><365><526><380><590></box>", box(365, 526, 380, 590, label="person")),
        item("<box><381><526><396><570></box>", box(381, 526, 396, 570, label="person")),
        item("<box><522><543></box>", point(522, 543, label="person")),
        rest="stop sign\nperson",
    ),
    # --- json ---
    golden(
        "json",
        words("```json\n"),
        part('[\n\t{"bbox_2d": [108, 184, 359, 845], "label": "yellow \\"elephant\\" \\u00e9"}',
             box(108, 184, 359, 845, label='yellow "elephant" é')),
        part(',\n\t{"label": "no box"}'),
        part(',\n\t{"bbox_2d": [1, 2, 3, 4]}', box(1, 2, 3, 4)),
        part(',\n\t{"point_2d": [5, 6.5], "label": "tip"}', point(5, 6.5, label="tip")),
        item("\n]"),
        words("\n```"),
    ),
    golden(
        "json",
        words("<think>It is at [9, 9, 9, 9].</think>"),
        words("Here: "),
        item("{'box_2d': [512, 10, 700, 200], 'label': 'the dog's tail', 'mask': [[10, 20], [30, 20], [30, 40]]}",
             box(512, 10, 700, 200, label="the dog's tail"),
             mark("polygon", 10, 20, 30, 20, 30, 40, label="the dog's tail")),
        words(" Done."),
        rest="Here:  Done.",
    ),
    golden("json", part("[[94, 598, 177, 991]", box(94, 598, 177, 991)), part(", [1, 2]", point(1, 2)), item("]")),
    golden(
        "json",
        part('{"objects": [{"bbox": [0.28, 0.5, 0.52, 0.7], "category": "Text", "text": "Hi\\nthere", "page": 2}',
             box(0.28, 0.5, 0.52, 0.7, label="Text", text="Hi\nthere", image=2)),
        part(', {"bbox": [1, 2, 3], "category": "bad"}'),
        item("], // none more\n}"),
    ),
    golden(
        "json",
        part('{"cat": [1, 2, 3, 4]', box(1, 2, 3, 4, label="cat")),
        part(', "size": [640, 480], "dog": [[5, 6, 7, 8]', box(5, 6, 7, 8, label="dog")),
        part(", [-9, 10, 11, 12]", box(-9, 10, 11, 12, label="dog")),
        item("]}"),
    ),
    # --- plain ---
    golden(
        "plain",
        words("The cat is at "),
        item("[0.12, 0.30, 0.55, 0.81]", box(0.12, 0.30, 0.55, 0.81)),
        words(" and its tail ends at "),
        item("[0.5, .4]", point(0.5, 0.4)),
        words("."),
        rest="The cat is at  and its tail ends at .",
    ),
    golden("plain", words("Box: "), item("(12,34),(56,78)", box(12, 34, 56, 78)), rest="Box:"),
]  # fmt: skip
