"""The documents that people have on paper, as schemas: what ``--schema receipt`` and its like ask for.

Amounts are ``Decimal`` beside one ISO ``currency``, dates are ``date``, and what is not printed is None. ``checks()`` tells
what does not add up.
"""

from extraction.schemas.cards import BusinessCard, IdentityDocument
from extraction.schemas.checks import Check, DocumentSchema, checks_of
from extraction.schemas.sales import Invoice, InvoiceItem, Party, Receipt, ReceiptItem, Tax
from extraction.schemas.statement import BankStatement, Transaction
from extraction.schemas.tables import Chart, Checkbox, DataPoint, Form, FormField, Series, Table

__all__ = [
    "BankStatement",
    "BusinessCard",
    "Chart",
    "Check",
    "Checkbox",
    "DataPoint",
    "DocumentSchema",
    "Form",
    "FormField",
    "IdentityDocument",
    "Invoice",
    "InvoiceItem",
    "Party",
    "Receipt",
    "ReceiptItem",
    "Series",
    "Table",
    "Tax",
    "Transaction",
    "checks_of",
]
