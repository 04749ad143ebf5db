"""Amounts, dates, numbers of things and the columns of tables, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.rules.vocabulary import Concept

AMOUNTS: Final[Mapping[str, Concept]] = {
    "total": Concept.of(
        "money",
        "total|total amount|amount total|grand total|total due|amount due|balance due|total price|invoice total|sum|"
        "total to pay|amount payable|total payable|payable|gross total|total gross|gross amount|total incl tax|"
        "total including tax|total with tax|bill total|order total|receipt total|final amount|final total|amount|"
        "net total payable|summe|gesamt|gesamtbetrag|betrag|montant total|importe total|totale",
        "grand total|amount due|balance due|total due|total amount due|total amount payable|amount payable|total payable|"
        "total to pay|net to pay|to pay|please pay|invoice total|order total|bill total|total rounded|rounded total|"
        "total rounding|nett total|net payable|total amount|amount total|total incl gst|total incl tax|total incl vat|"
        "total inclusive of gst|total inclusive gst|total including gst|total including tax|total including vat|"
        "total with tax|total gross|gross total|gross amount|total rm|total usd|total eur|total sales inclusive of gst|"
        "total sales inclusive gst|total sales incl gst|total sales|total price|final total|total|"
        "gesamtbetrag|endbetrag|rechnungsbetrag|gesamtsumme|bruttobetrag|zu zahlen|zahlbetrag|zahlungsbetrag|"
        "summe eur|gesamt eur|gesamt|summe|zu zahlender betrag|total ttc|montant ttc|montant total|net a payer|a payer|"
        "total a payer|total general|importe total|total a pagar|a pagar|total factura|totale complessivo|totale euro|"
        "totale fattura|totale documento|importo totale|importo pagato|da pagare|totale|totaal|te betalen|totaalbedrag|"
        "totaal te betalen|eindtotaal|jumlah besar|jumlah|valor total|total geral|amount",
    ),
    "subtotal": Concept.of(
        "money",
        "subtotal|sub total|net total|total net|net amount|amount before tax|total before tax|total excl tax|pre tax total|"
        "net|taxable amount|netto|zwischensumme|total excluding tax",
        "subtotal|sub total|sub ttl|net total|total net|net amount|amount before tax|total before tax|total excl gst|"
        "total excl tax|total excl vat|total excluding gst|total excluding tax|total excluding vat|total exclusive gst|"
        "total ex vat|total ex gst|total ex tax|taxable amount|taxable value|total sales excluding gst|"
        "total sales excl gst|goods total|items total|item total|merchandise|zwischensumme|nettobetrag|netto|summe netto|"
        "gesamt netto|warenwert|sous total|total ht|montant ht|base imponible|subtotale|imponibile|totale parziale|"
        "subtotaal|totaal excl btw|totaal exclusief btw|valor liquido|base imposable|suma|net",
    ),
    "tax": Concept.of(
        "money",
        "tax|total tax|tax total|tax amount|vat|vat amount|gst|gst amount|sales tax|mwst|ust|steuer|iva|tva|btw|vat total|"
        "total vat|tax due|taxes",
        "total tax|tax total|tax amount|sales tax|vat amount|vat total|total vat|gst amount|total gst|gst total|gst payable|"
        "tax|vat|gst|hst|pst|sst|service tax|state tax|local tax|city tax|mehrwertsteuer|umsatzsteuer|mwst betrag|"
        "steuerbetrag|inkl mwst|incl mwst|zzgl mwst|enthaltene mwst|mwst|ust|montant tva|dont tva|total tva|tva|"
        "cuota iva|cuota|steuer|cukai|importe iva|di cui iva|totale iva|iva|btw bedrag|waarvan btw|btw|imposto|impuesto|impuestos|igv|itbis",
    ),
    "tax_rate": Concept.of(
        "percent",
        "tax rate|vat rate|gst rate|tax percent|rate|tax percentage",
        "tax rate|vat rate|"
        "tax %|vat %|gst %|sst %|mwst %|ust %|tva %|iva %|btw %|tax percent|steuersatz|taux tva|tipo iva|aliquota",
    ),
    "discount": Concept.of(
        "money",
        "discount|total discount|discount amount|savings|rebate|rabatt|reduction|coupon",
        "total discount|discount total|discount amount|discount|disc|savings|you saved|total savings|total saved|"
        "total saving|coupon|rebate|rabatt|nachlass|remise|reduction|descuento|sconto|korting|desconto|promo|promotion|"
        "dto|promo discount|disc|member discount|"
        "less",
    ),
    "tip": Concept.of(
        "money", "tip|gratuity|tip amount", "tip|gratuity|suggested tip|trinkgeld|pourboire|propina|mancia|fooi"
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
    ),
    "rounding": Concept.of(
        "money",
        "rounding|rounding adjustment|round off",
        "rounding adjustment|rounding adj|rounding amount|rounding|round off|round adj|round d|rundung|arrondi|redondeo|"
        "arrotondamento",
    ),
    "cash": Concept.of(
        "money",
        "amount paid|total paid|paid|cash|tendered|amount tendered|cash tendered|cash paid|paid cash|cash received|given|amount received|cash given",
        "cash tendered|amount tendered|tendered|cash tend|cash received|amount received|cash paid|payment received|paid|cash|"
        "card payment|bargeld|bar|gegeben|erhalten|especes|recu|efectivo|entregado|contanti|contante|pagamento contante|"
        "contant|tunai|ontvangen|dinheiro|visa|mastercard|master card|amex|debit card|credit card|debit|credit|ec karte|"
        "girocard|karte|carte bancaire|carte|tarjeta|carta|bancomat|pin|bankkaart|kaart|eftpos|total paid|amount paid",
    ),
    "change": Concept.of(
        "money",
        "change|change due|cash change|change given|change amount|returned|rueckgeld|wechselgeld",
        "change due|cash change|change given|total change|change amount|your change|change|ruckgeld|rueckgeld|wechselgeld|"
        "zuruck|zurueck|rendu|monnaie rendue|monnaie|cambio|vuelto|resto|wisselgeld|baki|terug|retour|troco|"
        "a rendre|devolucion|a devolver",
    ),
    "opening_balance": Concept.of(
        "money",
        "opening balance|start balance|starting balance|previous balance|beginning balance|balance forward|old balance",
        "opening balance|starting balance|beginning balance|previous balance|balance brought forward|brought forward|"
        "balance forward|balance b f|alter kontostand|anfangssaldo|saldovortrag|alter saldo|solde initial|ancien solde|"
        "saldo anterior|saldo inicial|saldo iniziale|beginsaldo",
    ),
    "closing_balance": Concept.of(
        "money",
        "closing balance|end balance|ending balance|new balance|final balance|balance|current balance",
        "closing balance|ending balance|new balance|final balance|balance carried forward|carried forward|balance c f|"
        "current balance|neuer kontostand|endsaldo|neuer saldo|solde final|nouveau solde|saldo final|saldo finale|"
        "eindsaldo|kontostand|balance",
    ),
    "unit_price": Concept.of(
        "money",
        "unit price|price per unit|price each|unit cost|rate|price|einzelpreis|cost",
        "harga|unit price|price per unit|price each|unit cost|u price|u p|price unit|price|rate|einzelpreis|stuckpreis|e preis|"
        "preis|ep|prix unitaire|prix unit|p u ht|pu|prix|precio unitario|precio unit|precio|prezzo unitario|prezzo unit|"
        "prezzo|prijs per stuk|stukprijs|prijs|preco unitario|preco|each|"
        "p u|"
        "p unit|unit|pr unit|prix u",
    ),
    "line_total": Concept.of(
        "money",
        "line total|total price|amount|total|line amount|item total|extended price|subtotal|price|net amount|sum|cost",
        "jumlah|line total|total price|ext price|extended price|extended|line amount|net amount|amount|total|gesamtpreis|"
        "gesamt|betrag|summe|g preis|gp|prix total|montant ht|montant|total ht|importe|total linea|importo|totale|"
        "bedrag|totaal|valor total|valor|price|preis|prix|precio|prezzo|prijs|"
        "amt|ttl",
    ),
    # --- dates and times ---------------------------------------------------------------------------------------------
    "date": Concept.of(
        "date",
        "date|invoice date|receipt date|transaction date|purchase date|date of purchase|issue date|issued|issued at|"
        "date issued|date of issue|order date|bill date|document date|billing date|purchased|purchased at|datum|fecha|data|"
        "rechnungsdatum|issued on|payment date|sale date|day|statement date",
        "dt|tarikh|date of issue|date issued|issue date|invoice date|inv date|receipt date|transaction date|trans date|purchase date|"
        "date of purchase|bill date|billing date|document date|doc date|order date|sale date|business date|tax point|"
        "statement date|date of statement|date time|date and time|date|dated|issued on|issued|rechnungsdatum|belegdatum|"
        "ausstellungsdatum|auszugsdatum|datum uhrzeit|datum|date de facturation|date de facture|date facture|"
        "date d emission|date du releve|fecha de factura|fecha factura|fecha de emision|fecha de expedicion|fecha emision|"
        "fecha|data fattura|data emissione|data documento|data di emissione|data|factuurdatum|data de emissao|datum factuur|"
        "data operazione",
    ),
    "due_date": Concept.of(
        "date",
        "due date|payment due|payment due date|due|pay by|due by|payable by|faelligkeit",
        "payment due date|due date|date due|payment due by|payment due|pay by|due by|due on|payable by|please pay by|due|"
        "fallig am|faellig am|fallig bis|zahlbar bis|zahlungsziel|falligkeit|falligkeitsdatum|date d echeance|echeance|"
        "fecha de vencimiento|fecha vencimiento|vencimiento|data scadenza|data di scadenza|scadenza|vervaldatum|"
        "te betalen voor|data de vencimento",
    ),
    "delivery_date": Concept.of(
        "date",
        "delivery date|ship date|shipping date|date of delivery|service date|date of supply",
        "delivery date|date of delivery|ship date|shipping date|service date|date of supply|supply date|lieferdatum|"
        "leistungsdatum|date de livraison|fecha de entrega|data consegna|leverdatum|value date|valuta",
    ),
    "birth_date": Concept.of(
        "date",
        "birth date|date of birth|birthdate|dob|birthday|born|geburtsdatum",
        "date of birth|birth date|birthdate|dob|d o b|born|geburtsdatum|geburtstag|geboren am|date de naissance|"
        "ne e le|fecha de nacimiento|data di nascita|geboortedatum|data de nascimento",
    ),
    "expiry_date": Concept.of(
        "date",
        "expiry date|expiration date|date of expiry|expires|valid until|expiry|expiration|valid to|valid thru",
        "date of expiry|expiry date|expiration date|expires on|expires|expiry|exp date|exp|valid until|valid to|"
        "valid thru|valid through|gultig bis|ablaufdatum|date d expiration|valable jusqu au|fecha de caducidad|"
        "fecha de expiracion|valido hasta|data di scadenza documento|valido fino al|geldig tot|data de validade",
    ),
    "id_issue_date": Concept.of(
        "date",
        "valid from|issue date of document",
        "valid from|gultig ab|valable a partir du|valido desde|valido dal|geldig vanaf|ausgestellt am",
    ),
    "period_start": Concept.of(
        "date",
        "period start|start date|from date|period from|begin date|date from|from",
        "period start|period from|start date|from date|date from|from|vom|von|du|desde|dal|zeitraum|period|"
        "statement period|billing period|abrechnungszeitraum|periode|periodo|periode du",
    ),
    "period_end": Concept.of(
        "date",
        "period end|end date|to date|period to|date to|until|to",
        "period end|period to|end date|to date|date to|until|bis|au|hasta|al|tot|through",
    ),
    "time": Concept.of(
        "time",
        "time|time of day|purchase time|transaction time|uhrzeit|hora|heure",
        "masa|time of day|transaction time|time|uhrzeit|zeit|heure|hora|ora|tijd|tijdstip",
    ),
    # --- numbers of things -------------------------------------------------------------------------------------------
    "invoice_number": Concept.of(
        "code",
        "invoice number|invoice id|bill number|invoice|rechnungsnummer|document number of invoice",
        "tax invoice number|invoice number|invoice id|inv number|bill number|doc number|document number of|"
        "rechnungsnummer|rechnungs number|rechnung number|re number|belegnummer|numero de facture|facture number|"
        "numero de factura|factura number|fattura number|numero fattura|factuurnummer|factuur number|nota fiscal number|"
        "invoice|rechnung|facture|factura|fattura|factuur",
    ),
    "receipt_number": Concept.of(
        "code",
        "receipt number|receipt id|transaction number|transaction id|ticket number|receipt|check number|slip number|"
        "bon number|reference|reference number|document number",
        "receipt number|receipt id|transaction number|transaction id|trans number|trx number|trn|trans id|ticket number|"
        "check number|slip number|bill number|invoice number|doc number|document number|ref number|reference number|"
        "reference|ref|beleg number|belegnummer|bon number|bonnummer|bonnr|kassenbon|numero de ticket|ticket number|"
        "ticket|recu number|scontrino number|scontrino|documento number|doc|factura simplificada|chk|receipt|trans|rcpt",
    ),
    "order_number": Concept.of(
        "code",
        "order number|order id|purchase order|po number|purchase order number|order|order reference",
        "purchase order number|purchase order|order number|order id|po number|p o number|sales order|your order|order ref|"
        "order|bestellnummer|bestell number|auftragsnummer|auftrag number|numero de commande|commande number|"
        "numero de pedido|pedido number|pedido|numero ordine|ordine number|ordine|bestelnummer|ordernummer|"
        "customer ref|customer reference|your ref|your reference|client ref|ihr zeichen|ihre bestellung|votre reference|votre commande|su referencia|su pedido|vostro ordine|referentie",
    ),
    "customer_number": Concept.of(
        "code",
        "customer number|customer id|client number|client id|member number|member id|membership number",
        "customer number|customer id|cust number|client number|client id|member number|member id|membership number|"
        "kundennummer|kunden number|kunden id|numero client|numero de client|code client|numero de cliente|cliente number|"
        "codice cliente|klantnummer",
    ),
    "account_number": Concept.of(
        "code",
        "account number|account|account no|bank account|kontonummer|acct",
        "account number|acct number|account id|bank account|konto number|kontonummer|numero de compte|compte number|"
        "numero de cuenta|cuenta number|numero conto|rekeningnummer|account|konto",
    ),
    "iban": Concept.of("iban", "iban|account iban", "iban"),
    "bic": Concept.of("code", "bic|swift|swift code|bic code", "bic swift|swift bic|swift code|bic|swift"),
    "vat_id": Concept.of(
        "code",
        "vat id|vat number|vat registration number|tax id|tax number|gst number|gst id|gst registration number|"
        "tax identification number|tin|ust id|uid|tax registration number|vat|abn|ein|company tax id|steuernummer|"
        "merchant tax id|registration number|siret|cif|nif|partita iva",
        "sst registration number|sst reg number|sst number|sst id|service tax number|vat registration number|vat reg number|vat reg|vat number|vat id|vat identification number|gst registration number|"
        "gst reg number|gst reg|gst id|gst number|gstin|tax identification number|tax registration number|tax reg number|"
        "tax id|tax number|tin|ein|abn|ust idnr|ust id number|ust id|ustid|umsatzsteuer id|steuernummer|steuer number|"
        "st number|uid number|uid|numero de tva|tva intracommunautaire|tva intracom|tva number|tva intra|nif cif|cif nif|"
        "nif|cif|partita iva|p iva|piva|p i|codice fiscale|btw nummer|btw number|btw id|cnpj|rfc|sales tax id",
    ),
    "registration_number": Concept.of(
        "code",
        "company registration number|company number|register number|commercial register|trade register",
        "company registration number|company reg number|company number|co reg number|co number|reg number|roc number|"
        "registration number|handelsregister|hrb|siret|siren|rcs|kvk|kvk nummer|crn",
    ),
    "cashier": Concept.of(
        "text",
        "cashier|operator|served by|server|waiter|clerk|salesperson|staff",
        "served by|you were served by|cashier|operator|server|waiter|clerk|salesperson|sales person|staff|host|kassierer|"
        "es bediente sie|bediener|bedient von|caissier|cajero|le atendio|cassiere|operatore|kassier|medewerker|attendant",
    ),
    "terminal": Concept.of(
        "code",
        "terminal|register|pos|till|terminal id|register number|table|table number|store number|shop number",
        "terminal number|terminal id|terminal|register number|register|reg|pos number|pos|till number|till|kasse|kasse number|"
        "caisse|caja|cassa|kassa|table number|table|tisch|mesa|tavolo|tafel|counter|station|lane|store number|store|"
        "shop number|filiale|branch|guests|covers|pax",
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
    ),
    "count": Concept.of(
        "integer",
        "item count|items sold|number of items|total items|total quantity|total qty|article count|items count|count",
        "number of items sold|number of items|items sold|item count|items count|total items|total item|total qty|total quantity|"
        "total pieces|number items|items|anzahl artikel|artikel anzahl|anzahl positionen|nombre d articles|articles|"
        "numero de articulos|articulos|articoli|aantal artikelen|tot qty|qty total",
    ),
    "points": Concept.of(
        "number", "points|loyalty points", "points earned|points balance|bonus points|total points|points"
    ),
    # --- lines of tables ---------------------------------------------------------------------------------------------
    "quantity": Concept.of(
        "number",
        "quantity|qty|count|units|amount of units|menge|anzahl",
        "kuantiti|quantity|qty|units|hours|hrs|menge|anzahl|stuck|stk|quantite|qte|cantidad|cant|ud|uds|quantita|qta|q ta|aantal|"
        "quantidade|qtd|pcs",
    ),
    "description": Concept.of(
        "text",
        "description|item|name|product|product name|item name|article|details|text|item description|service|what|"
        "particulars|bezeichnung|beschreibung|artikel|title|label|designation",
        "barang|keterangan|item description|product description|description of goods|description of services|description|item name|"
        "product name|product|item|items|article|details|particulars|service|activity|bezeichnung|beschreibung|artikel|"
        "leistung|position|produkt|designation|libelle|produit|descripcion|concepto|articulo|producto|descrizione|"
        "articolo|prodotto|omschrijving|descricao|produto|transaction|transaction details|buchungstext|verwendungszweck|"
        "vorgang|operation",
    ),
    "item_code": Concept.of(
        "code",
        "item code|sku|product code|code|article number|item number|part number|product id|item id|ean|barcode",
        "item code|item number|product code|article number|part number|sku|art number|artikel number|artikelnummer|"
        "ean|barcode|code|reference article|codigo|codice|artikelnr|code article",
    ),
    "position": Concept.of(
        "integer", "position|line number|pos|row|line|index", "pos number|pos|line number|line|number|lfd number|sr|sl"
    ),
    "unit": Concept.of(
        "text", "unit|unit of measure|uom", "unit of measure|uom|unit|einheit|einh|unite|unidad|unita|eenheid"
    ),
    "debit": Concept.of(
        "money",
        "debit|withdrawal|paid out|money out|withdrawals|out",
        "withdrawals|withdrawal|paid out|money out|debits|debit|soll|belastung|cargo|cargos|addebiti|uscite|af",
    ),
    "credit": Concept.of(
        "money",
        "credit|deposit|paid in|money in|deposits|in",
        "deposits|deposit|paid in|money in|credits|credit|haben|gutschrift|abono|abonos|accrediti|entrate|bij",
    ),
    "running_balance": Concept.of(
        "money", "balance|running balance|balance after|saldo", "running balance|balance|saldo|solde"
    ),
}
