"""What paper and schemas call things."""

from __future__ import annotations

import pytest

from extraction.rules.labels import Labels, normal
from extraction.rules.naming import words_of
from extraction.rules.sheet import sheet_of
from extraction.rules.wanted import Group, Leaf, leaves, wanted
from extraction.vocabulary.concepts import concepts
from tests.extraction.rules.typed import typed


def named(text: str, *phrases: str) -> list[set[str]]:
    return [{name for name, _ in label.names} for label in Labels([sheet_of(typed(text))], phrases)]


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Total: 5.00", "total"),
        ("T0TAL 5.00", "total"),
        ("TotalAmount5.00", "total"),
        ("TOTALEUR 5.00", "total"),
        ("Sub-Total 5.00", "subtotal"),
        ("Zwischensumme 5,00", "subtotal"),
        ("V.A.T. 20% 1.00", "tax"),
        ("Rechnungs-Nr.: 4711", "invoice_number"),
        ("N. ticket 4711", "receipt_number"),
        ("Ticket n° 4711", "receipt_number"),
        ("Invoice № 4711", "invoice_number"),
        ("№ ticket 4711", "receipt_number"),
        ("Fällig am 1.5.2024", "due_date"),
        ("Date d'échéance 1.5.2024", "due_date"),
        ("Date of birth 1.5.2000", "birth_date"),
        ("USt-IdNr. DE123", "vat_id"),
    ],
)
def test_words_on_paper(text: str, concept: str) -> None:
    (names,) = named(text)
    assert concept in names


def test_the_longest_words_count() -> None:
    assert all("total" not in names for names in named("Subtotal 5.00"))
    assert all("date" not in names for names in named("Due date 1 May 2024"))
    assert named("Totally new") == []


def test_the_schemas_own_words_are_labels_too() -> None:
    assert named("Policy No. 44X", "policy number") == [{"own:policy number"}]
    assert all("own:policy number" not in names for names in named("Policy No. 44X"))


def test_normal_keeps_the_length() -> None:
    assert normal("Straße Nº 5 ÉTÉ") == "straße nº 5 ete"
    assert normal("12.50 0.10") == "12.50 0.10"


def test_every_label_is_written_as_it_is_compared() -> None:
    for name, concept in concepts().items():
        for label in concept.labels:
            assert normal(label) == label, (name, label)


@pytest.mark.parametrize(
    ("field", "form", "concept", "kind"),
    [
        ("totalAmount", {"type": "number"}, "total", "money"),
        ("invoice_total", {"type": "number"}, "total", "money"),
        ("amount_paid", {"type": "number"}, "cash", "money"),
        ("vat_rate", {"type": "number"}, "tax_rate", "percent"),
        ("invoice_date", {"type": "string", "format": "date"}, "date", "date"),
        ("date", {"type": "string"}, "date", "date"),
        ("vendor_phone", {"type": "string"}, "phone", "phone"),
        ("tax_id", {"type": "string"}, "vat_id", "code"),
        ("merchant", {"type": "string"}, "company", "text"),
        ("item_count", {"type": "integer"}, "count", "integer"),
    ],
)
def test_names_of_fields(field: str, form: dict[str, str], concept: str, kind: str) -> None:
    (leaf,) = leaves(wanted({"type": "object", "properties": {field: form}}))
    assert leaf.concepts[0] == concept
    assert leaf.kind == kind


@pytest.mark.parametrize("field", ["insurance_date", "policy_number", "account_type", "comment"])
def test_names_that_say_more_than_a_concept_are_none(field: str) -> None:
    (leaf,) = leaves(wanted({"type": "object", "properties": {field: {"type": "string"}}}))
    assert leaf.concepts == ()
    assert " ".join(words_of(field)) in leaf.phrases


def test_a_schema_that_holds_itself_ends() -> None:
    node = {"type": "object", "properties": {"name": {"type": "string"}, "child": {"$ref": "#/$defs/node"}}}
    tree = wanted({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert isinstance(tree, Group)
    child = tree.fields[1].node
    assert isinstance(child, Leaf)
    assert child.nullable
