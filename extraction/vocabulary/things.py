"""Numbers of things and what else a paper says of itself, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.vocabulary.concepts import Concept

THINGS: Final[Mapping[str, Concept]] = {
    "invoice_number": Concept.of(
        "code",
        "invoice number|invoice id|bill number|invoice|rechnungsnummer|document number of invoice",
        "tax invoice number|invoice number|invoice id|inv number|bill number|doc number|document number of|"
        "rechnungsnummer|rechnungs number|rechnung number|re number|belegnummer|numero de facture|facture number|"
        "numero de factura|factura number|fattura number|numero fattura|factuurnummer|factuur number|"
        "nota fiscal number|invoice|rechnung|facture|factura|fattura|factuur",
    ),
    "receipt_number": Concept.of(
        "code",
        "receipt number|receipt id|transaction number|transaction id|ticket number|receipt|check number|slip number|"
        "bon number|reference|reference number|document number",
        "receipt number|receipt id|transaction number|transaction id|trans number|trx number|trn|trans id|"
        "ticket number|check number|slip number|bill number|invoice number|doc number|document number|ref number|"
        "reference number|reference|ref|beleg number|belegnummer|bon number|bonnummer|bonnr|kassenbon|"
        "numero de ticket|ticket|recu number|scontrino number|scontrino|documento number|doc|factura simplificada|chk|"
        "receipt|trans|rcpt",
    ),
    "order_number": Concept.of(
        "code",
        "order number|order id|purchase order|po number|purchase order number|order|order reference",
        "purchase order number|purchase order|order number|order id|po number|p o number|sales order|your order|"
        "order ref|order|bestellnummer|bestell number|auftragsnummer|auftrag number|numero de commande|"
        "commande number|numero de pedido|pedido number|pedido|numero ordine|ordine number|ordine|bestelnummer|"
        "ordernummer|customer ref|customer reference|your ref|your reference|client ref|ihr zeichen|ihre bestellung|"
        "votre reference|votre commande|su referencia|su pedido|vostro ordine|referentie",
        term="order number",
    ),
    "customer_number": Concept.of(
        "code",
        "customer number|customer id|client number|client id|member number|member id|membership number",
        "customer number|customer id|cust number|client number|client id|member number|member id|membership number|"
        "kundennummer|kunden number|kunden id|numero client|numero de client|code client|numero de cliente|"
        "cliente number|codice cliente|klantnummer",
        term="customer number",
    ),
    "account_number": Concept.of(
        "code",
        "account number|account|account no|bank account|kontonummer|acct",
        "account number|acct number|account id|bank account|konto number|kontonummer|numero de compte|compte number|"
        "numero de cuenta|cuenta number|numero conto|rekeningnummer|account|konto",
        term="account number",
    ),
    "iban": Concept.of("iban", "iban|account iban", "iban", term="iban"),
    "bic": Concept.of("code", "bic|swift|swift code|bic code", "bic swift|swift bic|swift code|bic|swift", term="bic"),
    "vat_id": Concept.of(
        "code",
        "vat id|vat number|vat registration number|tax id|tax number|gst number|gst id|gst registration number|"
        "tax identification number|tin|ust id|uid|tax registration number|vat|abn|ein|company tax id|steuernummer|"
        "merchant tax id|registration number|siret|cif|nif|partita iva",
        "sst registration number|sst reg number|sst number|sst id|service tax number|vat registration number|"
        "vat reg number|vat reg|vat number|vat id|vat identification number|gst registration number|gst reg number|"
        "gst reg|gst id|gst number|gstin|tax identification number|tax registration number|tax reg number|tax id|"
        "tax number|tin|ein|abn|ust idnr|ust id number|ust id|ustid|umsatzsteuer id|steuernummer|steuer number|"
        "st number|uid number|uid|numero de tva|tva intracommunautaire|tva intracom|tva number|tva intra|nif cif|"
        "cif nif|nif|cif|partita iva|p iva|piva|p i|codice fiscale|btw nummer|btw number|btw id|cnpj|rfc|sales tax id",
        term="tax id",
    ),
    "registration_number": Concept.of(
        "code",
        "company registration number|company number|register number|commercial register|trade register",
        "company registration number|company reg number|company number|co reg number|co number|reg number|roc number|"
        "registration number|handelsregister|hrb|siret|siren|rcs|kvk|kvk nummer|crn",
        term="registration number",
    ),
    "cashier": Concept.of(
        "text",
        "cashier|operator|served by|server|waiter|clerk|salesperson|staff",
        "served by|you were served by|cashier|operator|server|waiter|clerk|salesperson|sales person|staff|host|"
        "kassierer|es bediente sie|bediener|bedient von|caissier|cajero|le atendio|cassiere|operatore|kassier|"
        "medewerker|attendant",
        term="cashier",
    ),
    "terminal": Concept.of(
        "code",
        "terminal|register|pos|till|terminal id|register number|table|table number|store number|shop number",
        "terminal number|terminal id|terminal|register number|register|reg|pos number|pos|till number|till|kasse|"
        "kasse number|caisse|caja|cassa|kassa|table number|table|tisch|mesa|tavolo|tafel|counter|station|lane|"
        "store number|store|shop number|filiale|branch|guests|covers|pax",
    ),
    "payment_method": Concept.of(
        "text",
        "payment method|method of payment|payment type|paid by|paid with|payment|tender|payment means|zahlungsart",
        "payment method|method of payment|payment type|payment mode|paid by|paid with|tender type|zahlungsart|zahlart|"
        "bezahlt mit|zahlung|mode de paiement|moyen de paiement|reglement|forma de pago|metodo de pago|"
        "metodo di pagamento|modalita di pagamento|pagamento|betaalwijze|betaalmethode|forma de pagamento",
    ),
    "card_number": Concept.of(
        "code",
        "card number|card|card last four|last four|last 4|card last 4|last four digits|masked card number",
        "card number|card no|account card|kartennummer|karten number|numero de carte|numero de tarjeta|numero carta|"
        "kaartnummer",
    ),
    "payment_terms": Concept.of(
        "text",
        "payment terms|terms",
        "payment terms|terms of payment|terms|zahlungsbedingungen|conditions de paiement|condiciones de pago|"
        "condizioni di pagamento|betalingsvoorwaarden",
    ),
    "currency": Concept.of(
        "currency",
        "currency|currency code|currency iso|waehrung|moneda|devise|valuta",
        "currency|wahrung|devise|moneda|divisa|valuta",
        term="currency",
    ),
    "count": Concept.of(
        "integer",
        "item count|items sold|number of items|total items|total quantity|total qty|article count|items count|count",
        "number of items sold|number of items|items sold|item count|items count|total items|total item|total qty|"
        "total quantity|total pieces|number items|items|anzahl artikel|artikel anzahl|anzahl positionen|"
        "nombre d articles|articles|numero de articulos|articulos|articoli|aantal artikelen|tot qty|qty total",
    ),
    "points": Concept.of(
        "number",
        "points|loyalty points",
        "points earned|points balance|bonus points|total points|points",
    ),
}
