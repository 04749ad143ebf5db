"""The vocabulary: what labels and single words mean, told once."""

from __future__ import annotations

from extraction.vocabulary.concepts import concepts
from extraction.vocabulary.words import WORDS, term_of, unaccented


def test_words_mean_one_thing_and_are_written_as_they_are_compared() -> None:
    words = [word for told in WORDS.values() for word in told.split()]
    assert len(words) == len(set(words))
    assert [word for word in words if unaccented(word) != word] == []


def test_no_name_stands_twice_in_a_list() -> None:
    for name, concept in concepts().items():
        assert len(concept.fields) == len(set(concept.fields)), name
        assert len(concept.labels) == len(set(concept.labels)), name


def test_no_word_is_told_that_a_concept_tells() -> None:
    told: dict[str, tuple[str, ...]] = {}
    for concept in concepts().values():
        for label in concept.labels if concept.term else ():
            told.setdefault(label, concept.term)
    again = [word for term, words in WORDS.items() for word in words.split() if told.get(word) == tuple(term.split())]
    assert again == []


def test_labels_of_one_word_mean_what_their_concept_says() -> None:
    assert term_of("trinkgeld") == ("tip",)
    assert term_of("rueckgeld") == ("change",)
    assert term_of("vorname") == ("first", "name")


def test_words_of_several_concepts_mean_what_is_common_to_them() -> None:
    assert term_of("preis") == ("price",)  # a label of unit prices and of totals of lines
    assert term_of("facture") == ("invoice",)  # a label of the invoice's number
    assert term_of("visa") is None


def test_words_without_accents() -> None:
    assert unaccented("R\u00fcckgeld") == unaccented("Ru\u0308ckgeld") == "ruckgeld"
