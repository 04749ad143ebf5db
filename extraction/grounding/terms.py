"""Whether words on a page name a field: ``Summe`` and ``total``, ``Inv. No.`` and ``invoice_number``.

Names are taken apart into terms. Words of several languages that documents use for the same are one term; all others
stand for themselves, and are compared with some tolerance for misreading, so that a field of any name finds its label.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz

_TERMS = {
    "total": "total totaal totale totals summe gesamt gesamtsumme suma somme jumlah ttl ttc endsumme insgesamt geral",
    "total amount": "gesamtbetrag endbetrag rechnungsbetrag totaalbedrag",
    "total price": "gesamtpreis",
    "amount": "amount amt betrag montant importe importo bedrag valor amounts",
    "subtotal": "subtotal ht zwischensumme netto net nett subtotale subtotaal imponible imponibile",
    "due": "due payable pay owed owing zahlen zahlbar payer pagar pagare betalen regler vence vencer",
    "paid": "paid bezahlt paye pagado pagato betaald pago",
    "tax": "tax taxes vat gst sst mwst ust mehrwertsteuer umsatzsteuer tva iva btw steuer impuesto imposto taxe",
    "tax rate": "steuersatz",
    "rate": "rate satz taux tasa tipo aliquota tarief taxa",
    "discount": "discount rabatt nachlass remise descuento sconto korting desconto savings less saved reduction",
    "cash": "cash bar espèces especes efectivo contanti contant dinheiro tunai gegeben tendered",
    "change": "change rückgeld rueckgeld zurück rendu cambio resto wisselgeld troco baki",
    "quantity": "quantity qty quant menge anz anzahl qte quantite cantidad cant quantita qta aantal quantidade qtd units count",
    "price": "price preis prix precio prezzo prijs preco cost each einzelpreis",
    "unit": "unit einzel unitaire unitario stuk per",
    "unit price": "einzelpreis stückpreis epreis uprice upreis pu eprice unitprice stuksprijs",
    "description": "description desc item article artikel bezeichnung beschreibung designation descripcion descrizione "
    "omschrijving descricao articulo articolo artigo product produkt produit producto prodotto particulars details "
    "position leistung concepto detail text verwendungszweck buchungstext libelle transaction",
    "date": "date datum fecha data dt dated tag",
    "date invoice": "rechnungsdatum factuurdatum",
    "date due": "fälligkeit fällig faellig echeance vencimiento scadenza vervaldatum vencimento zahlungsziel",
    "date delivery": "lieferdatum leverdatum",
    "date birth": "geburtsdatum dob geboren naissance nacimiento nascita geboortedatum nascimento",
    "time": "time uhrzeit zeit heure hora ora tijd",
    "number": "number no nr num numero numéro nummer n° nº # id ref nbr reference referenz",
    "invoice": "invoice inv rechnung rechnungs facture factura fattura factuur fatura bill",
    "invoice number": "rechnungsnummer rechnungsnr factuurnummer",
    "receipt": "receipt bon beleg ticket quittung reçu recu recibo scontrino ricevuta kassenbon check",
    "receipt number": "belegnr belegnummer bonnr",
    "customer": "customer client kunde kunden cliente klant buyer recipient empfänger destinataire destinatario holder",
    "customer number": "kundennummer kundennr klantnummer",
    "order": "order bestellung commande pedido ordine bestelling purchase po",
    "order number": "bestellnummer bestellnr",
    "account": "account acct konto compte cuenta conto rekening conta",
    "account number": "kontonummer kontonr rekeningnummer",
    "phone": "phone telephone tel telefon téléphone telefono teléfono telefoon telefone ph mobile mobil fon telno",
    "fax": "fax telefax",
    "email": "email mail",
    "name": "name nom nombre nome naam",
    "address": "address adresse anschrift dirección direccion indirizzo adres endereço endereco addr",
    "company": "company firma société societe empresa società bedrijf merchant store shop vendor seller supplier",
    "cashier": "cashier kasse kassierer bediener caisse caissier cajero cassiere server clerk served bediente servi",
    "table": "table tisch mesa tavolo tafel",
    "page": "page seite página pagina",
    "opening": "opening anfangssaldo alter previous beginning brought initial",
    "closing": "closing endsaldo neuer ending final new",
    "balance": "balance saldo solde kontostand",
    "debit": "debit debits soll withdrawal withdrawals lastschrift ausgang débit dare débito out",
    "credit": "credit credits haben deposit deposits gutschrift eingang crédit avere crédito in",
    "currency": "currency währung devise moneda valuta moeda",
    "payment": "payment zahlung zahlart zahlungsart paiement pago pagamento betaling card karte",
    "method": "method art mode",
    "iban": "iban",
    "bic": "bic swift",
    "tax id": "ustid ustidnr steuernummer",
}
_TERM_OF = {
    unicodedata.normalize("NFC", word): tuple(term.split()) for term, words in _TERMS.items() for word in words.split()
}
_ALIASES = (
    (frozenset(("total",)), frozenset(("amount", "due"))),
    (frozenset(("total",)), frozenset(("total", "due"))),
    (frozenset(("total",)), frozenset(("balance", "due"))),
    (frozenset(("total",)), frozenset(("due",))),
    (frozenset(("total",)), frozenset(("total", "amount"))),
    (frozenset(("total",)), frozenset(("grand", "total"))),
    (frozenset(("amount",)), frozenset(("total",))),
    (frozenset(("amount",)), frozenset(("total", "price"))),
    (frozenset(("subtotal",)), frozenset(("subtotal", "total"))),
    (frozenset(("total",)), frozenset(("subtotal", "total"))),  # "nett total", where a country says so
    (frozenset(("unit", "price")), frozenset(("price",))),
    (frozenset(("tax", "number")), frozenset(("tax", "id"))),
    (frozenset(("cash",)), frozenset(("amount", "paid"))),
)
"""Terms that stand for one another only together."""

_IGNORED = frozenset(
    "the of a an for to and or der die das des den von für und im in de la le les du des el los las del di il dello e y "
    "et op per eur usd gbp chf rm zzgl zu da te by please bitte your our ihr ihre is with on avant bis entro antes before".split()
)
_PARTED_SUBTOTAL = re.compile(r"\b(?:sub|sous|sotto|zwischen)[\s.-]*(?:total\w*|ttl|summe)", re.IGNORECASE)
_TO_CUSTOMER = re.compile(
    r"\b(?:(?:bill|billed|invoice|invoiced|sold|charge)\s+to|rechnung\s+an|factur[eé]e?\s+[àa]|facturar\s+a)\b",
    re.IGNORECASE,
)
_WITHOUT = frozenset("excl exclusive excluding ohne exkl hors sin senza zonder before ex".split())
_WITH = frozenset("incl inclusive including inkl inklusive comprise incluido inclus inclusa inclusief dont".split())
_WORD = re.compile(r"[^\W\d_]+|[#]|n°|nº")
_ALIAS = 0.95
_ALIKE = 84.0
"""Likeness of two words, of 100, from which one is taken for a misread form of the other."""


@lru_cache(maxsize=65536)
def terms(text: str) -> frozenset[str]:
    """The terms of a name or a label: ``invoiceNumber``, ``Invoice No.:`` and ``Rechnungsnummer`` are the same two."""
    parted = _TO_CUSTOMER.sub("customer", text)
    parted = _PARTED_SUBTOTAL.sub("subtotal", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parted))
    words = [word.casefold() for word in _WORD.findall(parted)]
    found: set[str] = set()
    for word in words:
        plain = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
        known = _TERM_OF.get(word) or _TERM_OF.get(plain)
        if known:
            found.update(known)
        elif plain not in _IGNORED and (len(plain) > 1 or len(words) == 1):
            found.add(plain)
    if "tax" in found and not _WITHOUT.isdisjoint(words):  # "total excl. tax"
        return frozenset({"subtotal"} | (found - {"tax", "total", "amount", *_WITHOUT}))
    if "tax" in found and not _WITH.isdisjoint(words):  # "total incl. tax"
        found -= {"tax", *_WITH}
    return frozenset(found)


@lru_cache(maxsize=262144)
def named(name: frozenset[str], label: frozenset[str]) -> float:
    """How well a label names a field, 0 to 1: which share of the terms of both they have in common."""
    if not name or not label:
        return 0.0
    if name == label:
        return 1.0
    shared = name & label
    common = float(len(shared))
    left, right = name - shared, set(label - shared)
    for term in left:
        best = max(right, key=lambda other: _alike(term, other), default=None)
        if best is not None and (likeness := _alike(term, best)):
            common += likeness
            right.discard(best)
    score = 2 * common / (len(name) + len(label))
    for one, other in _ALIASES:
        if (one == name and other == label) or (one == label and other == name):
            return max(score, _ALIAS)
    return score


def _alike(one: str, other: str) -> float:
    """How surely two words are the same, 0 to 1: misread, shortened, or one the beginning of the other."""
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short) and len(short) * 2 >= len(long):
        return 0.8
    if len(short) >= 4 and (score := fuzz.ratio(short, long, score_cutoff=_ALIKE)):
        return score / 100
    return 0.0
