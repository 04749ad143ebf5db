"""``read_words`` with engines of one's own: what it takes, what it keeps, what it refuses."""

from __future__ import annotations

import copy
import importlib.machinery
import pickle
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from extraction import MissingExtraError, OptionError, read_words
from extraction.ocr import engines, reading
from extraction.ocr.engines import engine_name, find_engine
from extraction.ocr.rapid import RapidOcr
from extraction.ocr.tesseract import Tesseract
from extraction.ocr.threads import thread_count
from extraction.pages.words import Line, PageWords, Word
from tests.extraction.ocr.lines import line

PAGE = Image.new("RGB", (300, 100), "white")

pytestmark = pytest.mark.usefixtures("nothing_read")


class Scripted:
    """An engine that counts how often it reads."""

    name = "scripted"

    def __init__(self, found: Any = ()) -> None:
        self.found = found
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, image: Image.Image) -> Any:
        self.sizes.append(image.size)
        return self.found


def test_the_lines_of_ones_own_engine_come_in_reading_order() -> None:
    engine = Scripted([line("12.24", 200, 20), line("shop", 0, 0), line("TOTAL", 0, 20)])
    read = read_words(PAGE, engine=engine)
    assert [one.text for one in read.lines] == ["shop", "TOTAL", "12.24"]
    assert (read.engine, read.size, read.angle) == ("scripted", (300, 100), 0)


def test_words_without_lines_are_taken_as_well() -> None:
    words = [*line("12.24", 200, 20).words, *line("TOTAL GBP", 0, 20).words[::-1]]
    assert [one.text for one in read_words(PAGE, engine=Scripted(words)).lines] == ["TOTAL GBP", "12.24"]


def test_a_whole_page_is_taken_as_it_is() -> None:
    page = PageWords((line("second", 0, 20), line("first", 0, 0)), (300, 100), "theirs")
    assert read_words(PAGE, engine=Scripted(page)) is page
    with pytest.raises(OptionError, match=r"of a picture of \(300, 100\), not \(30, 10\)"):
        read_words(PAGE.resize((30, 10)), engine=Scripted(page))


def test_a_function_is_an_engine_by_its_own_name() -> None:
    def my_ocr(image: Image.Image) -> Iterable[Line]:
        return [line("hello", 0, 0)]

    assert read_words(PAGE, engine=my_ocr).engine == "my_ocr"
    assert engine_name(Scripted()) == "scripted"
    assert engine_name(lambda image: []) == "<lambda>"
    assert engine_name(object()) == "object"


@pytest.mark.parametrize("found", [["text"], "text", [None], 3, [line("a", 0, 0), "b"]])
def test_anything_else_is_refused(found: Any) -> None:
    with pytest.raises(OptionError, match=r"the OCR engine 'scripted' gave (str|int|NoneType)"):
        read_words(PAGE, engine=Scripted(found))


def test_a_page_is_read_once_by_each_engine() -> None:
    one, other = Scripted([line("one", 0, 0)]), Scripted([line("other", 0, 0)])
    for _ in range(3):
        assert read_words(PAGE, engine=one).text == "one"
        assert read_words(PAGE.copy(), engine=other).text == "other"
    read_words(PAGE.resize((30, 10)), engine=one)
    assert (one.sizes, other.sizes) == ([(300, 100), (30, 10)], [(300, 100)])


def test_the_memory_of_pages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_KEPT", 2)
    engine = Scripted()
    pages = [PAGE.resize((width, 10)) for width in (10, 20, 30)]
    for page in [*pages, pages[2], pages[1], pages[0]]:
        read_words(page, engine=engine)
    assert [width for width, _ in engine.sizes] == [10, 20, 30, 10]


def test_of_many_threads_that_want_a_page_one_reads() -> None:
    wanted, begun = 6, threading.Barrier(6, timeout=20)
    engine = Scripted([line("once", 0, 0)])

    def ask(_: int) -> str:
        begun.wait()
        return read_words(PAGE, engine=engine).text

    with ThreadPoolExecutor(wanted) as pool:
        assert list(pool.map(ask, range(wanted))) == ["once"] * wanted
    assert len(engine.sizes) == 1


def test_a_failure_is_not_kept() -> None:
    class Failing(Scripted):
        def __call__(self, image: Image.Image) -> Any:
            super().__call__(image)
            if len(self.sizes) == 1:
                raise RuntimeError("out of ink")
            return [line("better", 0, 0)]

    engine = Failing()
    with pytest.raises(RuntimeError, match="out of ink"):
        read_words(PAGE, engine=engine)
    assert read_words(PAGE, engine=engine).text == "better"


def test_an_engine_that_cannot_be_told_from_others_is_asked_each_time() -> None:
    class Unhashable(Scripted):
        __hash__ = None  # type: ignore[assignment]

    engine = Unhashable()
    read_words(PAGE, engine=engine)
    read_words(PAGE, engine=engine)
    assert len(engine.sizes) == 2


def installed(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    def find(name: str) -> Any:
        return importlib.machinery.ModuleSpec(name, None) if name in modules else None

    monkeypatch.setattr(engines, "find_spec", find)


def test_rapidocr_comes_before_tesseract_and_each_exists_once(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "rapidocr", "onnxruntime", "tesserocr")
    assert isinstance(find_engine(), RapidOcr)
    assert find_engine() is find_engine("rapidocr")
    installed(monkeypatch, "rapidocr", "tesserocr")  # without its runtime it is of no use
    assert isinstance(find_engine(), Tesseract)
    assert find_engine() is find_engine("tesseract")


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(MissingExtraError, match=r"no OCR engine is installed .*\[ocr\].*\[tesseract\]"):
        read_words(PAGE)
    installed(monkeypatch, "rapidocr")
    with pytest.raises(MissingExtraError, match=r"onnxruntime is not installed .*\[ocr\]"):
        read_words(PAGE, engine="rapidocr")
    with pytest.raises(MissingExtraError, match=r"tesserocr is not installed .*\[tesseract\]"):
        read_words(PAGE, engine="tesseract")
    with pytest.raises(OptionError, match="there is no OCR engine 'easyocr'"):
        read_words(PAGE, engine="easyocr")  # type: ignore[arg-type]


def test_threads_are_what_the_process_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert thread_count() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    torch = type("Torch", (), {"get_num_threads": staticmethod(lambda: 5)})
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert thread_count() == 5
    monkeypatch.setitem(sys.modules, "torch", None)
    assert thread_count() >= 1


def test_a_word_knows_its_place() -> None:
    (word,) = read_words(PAGE, engine=Scripted([line("hello", 10, 20)]))
    assert isinstance(word, Word)
    assert word.box.xyxy == (10, 20, 35, 30)


def test_blank_words_of_ones_own_engine_are_none() -> None:
    there = line("TOTAL", 0, 20)
    blank, hole = replace(there.words[0], text=" "), replace(there, words=())
    engine = Scripted([hole, replace(there, words=(blank, *there.words)), blank, replace(blank, text="")])
    assert [one.text for one in read_words(PAGE, engine=engine).lines] == ["TOTAL"]


def test_engines_go_into_other_processes_and_copies_with_their_settings() -> None:
    rapid = pickle.loads(pickle.dumps(RapidOcr(threads=2, max_side=960, min_score=0.25)))
    assert (rapid.threads, rapid.max_side, rapid.min_score) == (2, 960, 0.25)
    tesseract = copy.deepcopy(Tesseract(language="deu", data="there"))
    assert (tesseract.language, tesseract.data) == ("deu", "there")
