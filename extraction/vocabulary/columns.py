"""The columns of tables, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.vocabulary.concepts import Concept

COLUMNS: Final[Mapping[str, Concept]] = {
    "quantity": Concept.of(
        "number",
        "quantity|qty|count|units|amount of units|menge|anzahl",
        "kuantiti|quantity|qty|units|hours|hrs|menge|anzahl|stuck|stk|quantite|qte|cantidad|cant|ud|uds|quantita|qta|"
        "q ta|aantal|quantidade|qtd|pcs",
        term="quantity",
    ),
    "description": Concept.of(
        "text",
        "description|item|name|product|product name|item name|article|details|text|item description|service|what|"
        "particulars|bezeichnung|beschreibung|artikel|title|label|designation",
        "barang|keterangan|item description|product description|description of goods|description of services|"
        "description|item name|product name|product|item|items|article|details|particulars|service|activity|"
        "bezeichnung|beschreibung|artikel|leistung|position|produkt|designation|libelle|produit|descripcion|concepto|"
        "articulo|producto|descrizione|articolo|prodotto|omschrijving|descricao|produto|transaction|"
        "transaction details|buchungstext|verwendungszweck|vorgang|operation",
        term="description",
    ),
    "item_code": Concept.of(
        "code",
        "item code|sku|product code|code|article number|item number|part number|product id|item id|ean|barcode",
        "item code|item number|product code|article number|part number|sku|art number|artikel number|artikelnummer|"
        "ean|barcode|code|reference article|codigo|codice|artikelnr|code article",
    ),
    "position": Concept.of(
        "integer",
        "position|line number|pos|row|line|index",
        "pos number|pos|line number|line|number|lfd number|sr|sl",
    ),
    "unit": Concept.of(
        "text",
        "unit|unit of measure|uom",
        "unit of measure|uom|unit|einheit|einh|unite|unidad|unita|eenheid",
        term="unit",
    ),
    "debit": Concept.of(
        "money",
        "debit|withdrawal|paid out|money out|withdrawals|out",
        "withdrawals|withdrawal|paid out|money out|debits|debit|soll|belastung|cargo|cargos|addebiti|uscite|af",
        term="debit",
    ),
    "credit": Concept.of(
        "money",
        "credit|deposit|paid in|money in|deposits|in",
        "deposits|deposit|paid in|money in|credits|credit|haben|gutschrift|abono|abonos|accrediti|entrate|bij",
        term="credit",
    ),
    "running_balance": Concept.of(
        "money",
        "balance|running balance|balance after|saldo",
        "running balance|balance|saldo|solde",
        term="balance",
    ),
}
