"""What single words of labels and of fields' names mean: ``Summe``, ``totale`` and ``total`` are one term."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from extraction.vocabulary.concepts import concepts

WORDS: Final[Mapping[str, str]] = {
    "total": "totals suma somme ttl ttc endsumme insgesamt geral",
    "total amount": "gesamtbetrag endbetrag rechnungsbetrag totaalbedrag",
    "total price": "gesamtpreis",
    "amount": "amount amounts amt betrag montant importe importo bedrag valor",
    "subtotal": "ht nett imponible",
    "due": "due payable pay owed owing zahlen zahlbar payer pagar pagare betalen regler vence vencer",
    "paid": "paid bezahlt paye pagado pagato betaald",
    "tax": "taxes taxe",
    "tax id": "ustidnr",
    "rate": "rate satz taux tasa tipo aliquota tarief taxa",
    "discount": "saved",
    "cash": "cash bar especes efectivo contanti contant dinheiro tunai gegeben tendered",
    "quantity": "quant anz count",
    "price": "price preis prix precio prezzo prijs preco cost each",
    "unit": "unit einzel unitaire unitario stuk per",
    "unit price": "epreis uprice upreis eprice unitprice stuksprijs",
    "description": "desc artigo detail text",
    "date": "tag",
    "invoice date": "rechnungsdatum factuurdatum",
    "due date": "fallig faellig vencimento",
    "birth date": "geboren naissance nacimiento nascita nascimento",
    "number": "number no nr num numero nummer n° nº № # id ref nbr reference referenz referentie",
    "invoice": "invoice inv rechnung rechnungs facture factura fattura factuur fatura bill",
    "invoice number": "rechnungsnummer rechnungsnr factuurnummer",
    "receipt": "receipt bon beleg ticket quittung recu recibo scontrino ricevuta kassenbon check",
    "receipt number": "belegnr belegnummer bonnr bonnummer",
    "customer": "kunden holder",
    "customer number": "kundennr",
    "order": "order bestellung commande pedido ordine bestelling purchase po",
    "order number": "bestellnr",
    "account": "account acct konto compte cuenta conto rekening conta",
    "account number": "kontonr",
    "phone": "telno",
    "name": "name nom nombre nome naam",
    "address": "addr",
    "company": "societa store shop",
    "cashier": "kasse caisse served bediente servi",
    "table": "table tisch mesa tavolo tafel",
    "page": "page seite pagina",
    "opening": "opening anfangssaldo alter previous beginning brought initial",
    "closing": "closing endsaldo neuer ending final new",
    "balance": "balance kontostand",
    "debit": "lastschrift ausgang dare debito out",
    "credit": "eingang avere credito in",
    "currency": "valuta moeda",
    "payment": "payment pago zahlung zahlart zahlungsart paiement pagamento betaling card karte",
    "method": "method art mode",
    "service": "service servicio servizio",
    "direct": "direct",
    "via": "via",
    "ein": "ein",
}
"""Words by what they mean, in lower case and without accents: parts of names, and short forms.

They come before the labels of concepts, which say by their ``term`` what those of one word mean. So a word stands here
where it is a part of several concepts' names ("price", "amount"), or would be taken for a label that it is not.
"""


@cache
def _terms() -> Mapping[str, tuple[str, ...]]:
    found = {word: tuple(term.split()) for term, words in WORDS.items() for word in words.split()}
    for concept in concepts().values():
        if concept.term:
            for label in concept.labels:
                found.setdefault(label, concept.term)
    return found


def term_of(word: str) -> tuple[str, ...] | None:
    """What a word means, in the English words for it; None where the vocabulary does not say.

    Args:
        word: In lower case and without accents, as ``unaccented`` makes it.
    """
    return _terms().get(word)


@lru_cache(maxsize=65536)
def unaccented(text: str) -> str:
    """A text in lower case without accents: ``Zurück`` is ``zuruck``."""
    parted = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in parted if not unicodedata.combining(char))
