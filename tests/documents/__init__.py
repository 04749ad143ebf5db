"""Documents made up from a seed, with the exact truth about every word, value and place on them.

truth          Sample, Leaf, Place: what a generated page says and where
receipts, invoices, forms, cards, statements, columns   the documents
sales, vocabulary, locales, invoice_labels, fonts   what they are made of
canvas, till   printing that remembers what stands where
paper          scans and photographs of what was printed
places         where every leaf of a value stands, and what only looks like it
pdf            the same pages as PDFs with a text layer
"""

from tests.documents.cards import card
from tests.documents.columns import columns
from tests.documents.forms import form
from tests.documents.invoices import invoice
from tests.documents.paper import turned
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
    "columns",
    "form",
    "invoice",
    "receipt",
    "searchable_pdf",
    "statement",
    "turned",
]
