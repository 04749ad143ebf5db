"""Documents made up from a seed, with the exact truth about every word, value and place on them."""

from tests.documents.invoices import invoice
from tests.documents.receipts import receipt
from tests.documents.truth import Leaf, Place, Sample

__all__ = ["Leaf", "Place", "Sample", "invoice", "receipt"]
