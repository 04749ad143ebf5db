"""Documents made up from a seed, with the exact truth about every word, value and place on them."""

from tests.documents.cards import card
from tests.documents.forms import form
from tests.documents.invoices import invoice
from tests.documents.pdf import searchable_pdf
from tests.documents.receipts import receipt
from tests.documents.statements import Part, Statement, statement
from tests.documents.truth import Leaf, Place, Sample

__all__ = [
    "Leaf",
    "Part",
    "Place",
    "Sample",
    "Statement",
    "card",
    "form",
    "invoice",
    "receipt",
    "searchable_pdf",
    "statement",
]
