from __future__ import annotations

import collections
import itertools
import random
import re

import pytest

from extraction.chains.caption import CAPTION
from extraction.chains.detect import ONLY
from extraction.chains.read import READ
from extraction.pocket import words
from extraction.pocket.questions import (
    EVERYTHING_SHARE,
    KINDS,
    NAMED,
    Told,
    asked_for,
    caption,
    caption_is_true,
    listing,
    lookup,
    question,
    read_caption,
    said,
)
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS
from tests.extraction.pocket.random_views import EMPTY, VIEW, VIEWS, mentioned


def fits(view: View, wanted: set[str]) -> int:
    return sum(wanted <= {thing.color, thing.label} for thing in view.things)


def test_answers_are_what_a_recount_of_the_question_gives() -> None:
    rng = random.Random(0)
    asked = [(view, question(view, rng)) for view in VIEWS for _ in range(10)]
    for view, one in asked:
        count = fits(view, mentioned(one.prompt))
        if one.kind == "caption":
            assert caption_is_true(one.answer, view)
        elif one.kind.startswith("count"):
            assert one.answer == str(count), one
        else:
            assert one.answer == ("yes" if count else "no"), one
    assert {one.kind for _, one in asked} == set(KINDS)


def test_lookups_name_all_colours_of_a_shape_or_all_shapes_of_a_colour() -> None:
    rng = random.Random(3)
    asked = [(view, lookup(view, rng)) for view in VIEWS for _ in range(5)]
    nothing, several, single, whole = 0, 0, 0, 0
    for view, one in asked:
        if one.kind in ("colors", "labels"):
            assert one.prompt in words.LOOKUPS[one.kind]
            there = [thing.label if one.kind == "labels" else thing.color for thing in view.things]
            every = there if one.kind == "labels" else list(dict.fromkeys(there))
            assert one.answer == (", ".join(every) or "none")
            whole += 1
            continue
        (word,) = mentioned(one.prompt)
        if word in COLORS:
            expected = [thing.label for thing in view.things if thing.color == word]
        else:
            expected = [thing.color for thing in view.things if thing.label == word]
            alone = any(one.prompt.startswith(said(p, "|").partition("|")[0]) for p in words.LOOKUPS["color of"])
            single += alone
            assert len(expected) < 2 or not alone
        assert one.answer == (", ".join(expected) or "none")
        nothing, several = nothing + (not expected), several + (len(expected) > 1)
    assert min(nothing, several, single) > 50
    assert whole / len(asked) == pytest.approx(EVERYTHING_SHARE, abs=0.03)


def test_a_question_names_what_its_kind_says() -> None:
    rng = random.Random(1)
    for view in VIEWS:
        for one in (question(view, rng) for _ in range(5)):
            named = mentioned(one.prompt)
            colors, labels = len(named & set(COLORS)), len(named & set(LABELS))
            what = one.kind.split()[-1]
            expected = {"color": (1, 0), "label": (0, 1), "thing": (1, 1)}.get(what, (0, 0))
            assert (colors, labels) == expected, one


def test_what_is_asked_for_is_there_or_not() -> None:
    rng = random.Random(2)
    for what in ("color", "label", "thing"):
        found = collections.Counter(fits(VIEW, set(asked_for(what, VIEW, rng)[0].split())) for _ in range(400))
        assert min(found[0], found[1]) > 60
        for view in VIEWS:
            detail, keep = asked_for(what, view, rng)
            assert sum(map(keep, view.things)) == fits(view, set(detail.split()))
    assert asked_for("label", EMPTY, rng)[0] in LABELS


@pytest.mark.parametrize(("what", "every"), [("color", COLORS), ("label", LABELS)])
def test_what_is_not_there_is_asked_for_evenly(what: str, every: tuple[str, ...]) -> None:
    rng = random.Random(5)
    draws = 4000
    asked = collections.Counter(asked_for(what, VIEW, rng)[0] for _ in range(draws))
    there = {getattr(thing, what) for thing in VIEW.things}
    assert set(asked) == set(every)
    for detail, count in asked.items():
        share = 0.5 / (len(there) if detail in there else len(every) - len(there))
        assert count / draws == pytest.approx(share, rel=0.2), detail


@pytest.mark.parametrize("there", [0, 0.5, 0.85, 1])
def test_what_is_asked_for_is_there_as_often_as_wanted(there: float) -> None:
    rng = random.Random(6)
    draws = 1000
    for what in ("color", "label"):
        found = sum(fits(VIEW, {asked_for(what, VIEW, rng, there)[0]}) for _ in range(draws))
        assert found / draws == pytest.approx(there, abs=0.05 if 0 < there < 1 else 0)
    found = sum(fits(VIEW, set(asked_for("thing", VIEW, rng, there)[0].split())) for _ in range(draws))
    assert 0.7 * there - 0.05 < found / draws <= there


def test_of_a_scene_with_all_colours_one_that_is_there_is_asked_for() -> None:
    rng = random.Random(7)
    things = tuple(Thing("star", color, (0, 0, 10, 10)) for color in COLORS)
    assert {asked_for("color", View(things, None, ()), rng, there=0)[0] for _ in range(300)} == set(COLORS)


@pytest.mark.parametrize("kind", ["has color", "has label", "has thing"])
def test_yes_and_no_are_about_as_frequent(kind: str) -> None:
    rng = random.Random(3)
    asked = [question(view, rng) for view in VIEWS for _ in range(20)]
    answers = [one.answer for one in asked if one.kind == kind]
    assert 0.4 < answers.count("yes") / len(answers) < 0.6


def test_an_article_fits_what_follows() -> None:
    assert said("Is there a {} in it?", "orange star") == "Is there an orange star in it?"
    assert said("Is there a {}?", "red star") == "Is there a red star?"
    assert said("is_there_a_{}", "orange_star") == "is_there_an_orange_star"
    assert said("is_there_a_{}", "red") == "is_there_a_red"
    rng = random.Random(4)
    for view in VIEWS:
        for text in (question(view, rng).prompt, caption(view), listing(view)):
            assert not re.search(r"\ba o|\ban [^o]", text.lower()), text


def test_plurals_are_words() -> None:
    phrases = (*words.QUESTIONS["count label"], *words.ONLY_LABEL, *words.ONLY_THING)
    assert not [said(phrase, "cross") for phrase in phrases if "crosss" in said(phrase, "cross")]
    assert said("Find only the {0}s.", "red cross") == "Find only the red crosses."
    assert said("num_{}s", "cross") == "num_crosses"
    assert said("Find every {}.", "cross") == "Find every cross."
    assert said("{}s", "star") == "stars"


def test_a_caption_names_the_first_and_counts_the_others() -> None:
    assert caption(VIEW) == "A red circle and an orange star on a white ground."
    assert caption(View((), "orange", ())) == "Nothing on an orange ground."
    assert caption(View((), None, ())) == "Nothing."
    crowd = tuple(Thing("ring", "blue", (0, 0, size, size)) for size in (10, 40, 30, 20, 50))
    three = "A blue ring, a blue ring, a blue ring"
    assert caption(View(crowd, None, ())) == f"{three} and two more shapes."
    assert caption(View(crowd[:4], None, ())) == f"{three} and one more shape."


def test_captions_are_read_as_they_were_written() -> None:
    for view in VIEWS:
        named = tuple(thing.phrase for thing in view.things[:NAMED])
        told = Told(named, len(view.things), view.ground)
        assert read_caption(caption(view)) == told


@pytest.mark.parametrize("text", ["", "yes", "I see a red ring.", "A red ring on", "A ring.", "Two red rings.", "3"])
def test_other_texts_are_no_captions(text: str) -> None:
    assert read_caption(text) is None
    assert not caption_is_true(text, VIEW)


def test_a_caption_is_true_of_scenes_that_hold_the_same_only() -> None:
    for view, other in itertools.pairwise(VIEWS):
        assert caption_is_true(caption(view), view)
        same = (len(view.things), view.ground) == (len(other.things), other.ground)
        assert same or not caption_is_true(caption(view), other)
        assert not caption_is_true(caption(View(view.things, "no such ground", ())), view)
        if view.things:
            assert not caption_is_true(caption(View(view.things[1:], view.ground, ())), view)
            odd = Thing(view.things[0].label, "gray", (0, 0, 1000, 1000))
            assert not caption_is_true(caption(View((odd, *view.things[1:]), view.ground, ())), view)


def test_a_true_caption_may_name_the_things_in_any_order() -> None:
    assert caption_is_true("A red circle and an orange star on a white ground.", VIEW)
    assert not caption_is_true("A red circle and a red circle on a white ground.", VIEW)
    assert not caption_is_true("A red circle and one more shape on a white ground.", VIEW)


def test_a_listing_tells_all_things_in_reading_order() -> None:
    assert listing(VIEW) == "I see a red circle and an orange star."
    assert listing(EMPTY) == "I see nothing."
    for view in VIEWS:
        assert re.findall(r"an? (\w+ \w+)", listing(view)) == [thing.phrase for thing in view.things]


def test_the_chains_own_words_are_among_those_of_training() -> None:
    assert CAPTION in words.CAPTION
    assert READ in words.READ
    assert ONLY.format(labels="{}") in words.ONLY_THESE


def test_every_phrasing_has_a_place_for_its_detail() -> None:
    for kind, phrases in words.QUESTIONS.items():
        assert all(("{}" in phrase) == (kind != "count") for phrase in phrases)
    for phrase in (*words.ONLY_COLOR, *words.ONLY_THING, *words.ONLY_THESE, *words.ONLY_LABEL, *words.THINK):
        assert phrase.format("xyz").count("xyz") == 1
