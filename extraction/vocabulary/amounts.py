"""Amounts of money, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.vocabulary.concepts import Concept

AMOUNTS: Final[Mapping[str, Concept]] = {
    "total": Concept.of(
        "money",
        "total|total amount|amount total|grand total|total due|amount due|balance due|total price|invoice total|sum|"
        "total to pay|amount payable|total payable|payable|gross total|total gross|gross amount|total incl tax|"
        "total including tax|total with tax|bill total|order total|receipt total|final amount|final total|amount|"
        "net total payable|summe|gesamt|gesamtbetrag|betrag|montant total|importe total|totale",
        "grand total|amount due|balance due|total due|total amount due|total amount payable|amount payable|"
        "total payable|total to pay|net to pay|to pay|please pay|invoice total|order total|bill total|total rounded|"
        "rounded total|total rounding|nett total|net payable|total amount|amount total|total incl gst|total incl tax|"
        "total incl vat|total inclusive of gst|total inclusive gst|total including gst|total including tax|"
        "total including vat|total with tax|total gross|gross total|gross amount|total rm|total usd|total eur|"
        "total sales inclusive of gst|total sales inclusive gst|total sales incl gst|total sales|total price|"
        "final total|total|gesamtbetrag|endbetrag|rechnungsbetrag|gesamtsumme|bruttobetrag|zu zahlen|zahlbetrag|"
        "zahlungsbetrag|summe eur|gesamt eur|gesamt|summe|zu zahlender betrag|total ttc|montant ttc|montant total|"
        "net a payer|a payer|total a payer|total general|importe total|total a pagar|a pagar|total factura|"
        "totale complessivo|totale euro|totale fattura|totale documento|importo totale|importo pagato|da pagare|"
        "totale|totaal|te betalen|totaalbedrag|totaal te betalen|eindtotaal|jumlah besar|jumlah|valor total|"
        "total geral|amount",
        term="total",
    ),
    "subtotal": Concept.of(
        "money",
        "subtotal|sub total|net total|total net|net amount|amount before tax|total before tax|total excl tax|"
        "pre tax total|net|taxable amount|netto|zwischensumme|total excluding tax",
        "subtotal|sub total|sub ttl|net total|total net|net amount|amount before tax|total before tax|total excl gst|"
        "total excl tax|total excl vat|total excluding gst|total excluding tax|total excluding vat|"
        "total exclusive gst|total ex vat|total ex gst|total ex tax|taxable amount|taxable value|"
        "total sales excluding gst|total sales excl gst|goods total|items total|item total|merchandise|zwischensumme|"
        "nettobetrag|netto|summe netto|gesamt netto|warenwert|sous total|total ht|montant ht|base imponible|subtotale|"
        "imponibile|totale parziale|subtotaal|totaal excl btw|totaal exclusief btw|valor liquido|base imposable|suma|"
        "net",
        term="subtotal",
    ),
    "tax": Concept.of(
        "money",
        "tax|total tax|tax total|tax amount|vat|vat amount|gst|gst amount|sales tax|mwst|ust|steuer|iva|tva|btw|"
        "vat total|total vat|tax due|taxes",
        "total tax|tax total|tax amount|sales tax|vat amount|vat total|total vat|gst amount|total gst|gst total|"
        "gst payable|tax|vat|gst|hst|pst|sst|service tax|state tax|local tax|city tax|mehrwertsteuer|umsatzsteuer|"
        "mwst betrag|steuerbetrag|inkl mwst|incl mwst|zzgl mwst|enthaltene mwst|mwst|ust|montant tva|dont tva|"
        "total tva|tva|cuota iva|cuota|steuer|cukai|importe iva|di cui iva|totale iva|iva|btw bedrag|waarvan btw|btw|"
        "imposto|impuesto|impuestos|igv|itbis",
        term="tax",
    ),
    "tax_rate": Concept.of(
        "percent",
        "tax rate|vat rate|gst rate|tax percent|rate|tax percentage",
        "tax rate|vat rate|tax %|vat %|gst %|sst %|mwst %|ust %|tva %|iva %|btw %|tax percent|steuersatz|taux tva|"
        "tipo iva|aliquota",
        term="tax rate",
    ),
    "discount": Concept.of(
        "money",
        "discount|total discount|discount amount|savings|rebate|rabatt|reduction|coupon",
        "total discount|discount total|discount amount|discount|disc|savings|you saved|total savings|total saved|"
        "total saving|coupon|rebate|rabatt|nachlass|remise|reduction|descuento|sconto|korting|desconto|promo|"
        "promotion|dto|promo discount|member discount|less",
        term="discount",
    ),
    "tip": Concept.of(
        "money",
        "tip|gratuity|tip amount",
        "tip|gratuity|suggested tip|trinkgeld|pourboire|propina|mancia|fooi",
        term="tip",
    ),
    "service_charge": Concept.of(
        "money",
        "service charge|service fee|service",
        "service charge|serv charge|svc charge|svc chrg|service fee|bedienung|servicio|servizio|coperto",
    ),
    "shipping": Concept.of(
        "money",
        "shipping|shipping cost|delivery fee|freight|shipping amount|postage|shipping charge",
        "shipping and handling|shipping handling|shipping cost|shipping|delivery fee|delivery charge|freight|postage|"
        "versandkosten|versand|frais de port|frais de livraison|gastos de envio|envio|spese di spedizione|spedizione|"
        "verzendkosten|frete",
        term="shipping",
    ),
    "rounding": Concept.of(
        "money",
        "rounding|rounding adjustment|round off",
        "rounding adjustment|rounding adj|rounding amount|rounding|round off|round adj|round d|rundung|arrondi|"
        "redondeo|arrotondamento",
        term="rounding",
    ),
    "cash": Concept.of(
        "money",
        "amount paid|total paid|paid|cash|tendered|amount tendered|cash tendered|cash paid|paid cash|cash received|"
        "given|amount received|cash given",
        "cash tendered|amount tendered|tendered|cash tend|cash received|amount received|cash paid|payment received|"
        "paid|cash|card payment|bargeld|bar|gegeben|erhalten|especes|recu|efectivo|entregado|contanti|contante|"
        "pagamento contante|contant|tunai|ontvangen|dinheiro|visa|mastercard|master card|amex|debit card|credit card|"
        "debit|credit|ec karte|girocard|karte|carte bancaire|carte|tarjeta|carta|bancomat|pin|bankkaart|kaart|eftpos|"
        "total paid|amount paid",
    ),
    "change": Concept.of(
        "money",
        "change|change due|cash change|change given|change amount|returned|rueckgeld|wechselgeld",
        "change due|cash change|change given|total change|change amount|your change|change|ruckgeld|rueckgeld|"
        "wechselgeld|zuruck|zurueck|rendu|monnaie rendue|monnaie|cambio|vuelto|resto|wisselgeld|baki|terug|retour|"
        "troco|a rendre|devolucion|a devolver",
        term="change",
    ),
    "opening_balance": Concept.of(
        "money",
        "opening balance|start balance|starting balance|previous balance|beginning balance|balance forward|old balance",
        "opening balance|starting balance|beginning balance|previous balance|balance brought forward|brought forward|"
        "balance forward|balance b f|alter kontostand|anfangssaldo|saldovortrag|alter saldo|solde initial|"
        "ancien solde|saldo anterior|saldo inicial|saldo iniziale|beginsaldo",
        term="opening balance",
    ),
    "closing_balance": Concept.of(
        "money",
        "closing balance|end balance|ending balance|new balance|final balance|balance|current balance",
        "closing balance|ending balance|new balance|final balance|balance carried forward|carried forward|balance c f|"
        "current balance|neuer kontostand|endsaldo|neuer saldo|solde final|nouveau solde|saldo final|saldo finale|"
        "eindsaldo|kontostand|balance",
        term="closing balance",
    ),
    "unit_price": Concept.of(
        "money",
        "unit price|price per unit|price each|unit cost|rate|price|einzelpreis|cost",
        "harga|unit price|price per unit|price each|unit cost|u price|u p|price unit|price|rate|einzelpreis|"
        "stuckpreis|e preis|preis|ep|prix unitaire|prix unit|p u ht|pu|prix|precio unitario|precio unit|precio|"
        "prezzo unitario|prezzo unit|prezzo|prijs per stuk|stukprijs|prijs|preco unitario|preco|each|p u|p unit|unit|"
        "pr unit|prix u",
        term="unit price",
    ),
    "line_total": Concept.of(
        "money",
        "line total|total price|amount|total|line amount|item total|extended price|subtotal|price|net amount|sum|cost",
        "jumlah|line total|total price|ext price|extended price|extended|line amount|net amount|amount|total|"
        "gesamtpreis|gesamt|betrag|summe|g preis|gp|prix total|montant ht|montant|total ht|importe|total linea|"
        "importo|totale|bedrag|totaal|valor total|valor|price|preis|prix|precio|prezzo|prijs|amt|ttl",
    ),
}
