"""How a country writes amounts and dates, and what it calls things on paper: ``Locale``."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": tuple("January February March April May June July August September October November December".split()),
    "de": tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),
    "fr": tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    "es": tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
}


@dataclass(frozen=True, slots=True)
class Money:
    """A currency and how its amounts are written.

    Attributes:
        code: By ISO 4217.
        symbol: As it is printed.
        digits: After the decimal mark.
        decimal: The decimal mark.
        group: Between thousands.
        after: Whether the symbol stands behind the number.
        spaced: Whether a blank stands between.
    """

    code: str
    symbol: str
    digits: int = 2
    decimal: str = "."
    group: str = ","
    after: bool = False
    spaced: bool = False

    @property
    def unit(self) -> Decimal:
        """The smallest coin."""
        return Decimal(1).scaleb(-self.digits)

    def round(self, amount: Decimal) -> Decimal:
        """``amount`` in the smallest coin."""
        return amount.quantize(self.unit, ROUND_HALF_UP)

    def number(self, amount: Decimal) -> str:
        """The number alone: "1,234.50"."""
        whole, _, coins = f"{self.round(amount):,}".partition(".")
        whole = whole.replace(",", self.group)
        return f"{whole}{self.decimal}{coins}" if coins else whole

    def with_symbol(self, amount: Decimal) -> str:
        """The number with the currency: "$1,234.50", "1.234,50 €"."""
        gap = " " if self.spaced else ""
        number = self.number(abs(amount))
        text = f"{number}{gap}{self.symbol}" if self.after else f"{self.symbol}{gap}{number}"
        return f"-{text}" if amount < 0 else text


@dataclass(frozen=True, slots=True)
class Locale:
    """A language with a country.

    Attributes:
        tag: "en-US".
        money: The ways to write its amounts.
        dates: The ways to write its dates; ``strftime`` without the system's locale: %B and %b are names in its
            language.
        times: Likewise.
        labels: By a key, what may be printed for it.
        tax: Its rates in percent.
    """

    tag: str
    money: tuple[Money, ...]
    dates: tuple[str, ...]
    times: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    tax: tuple[str, ...]

    @property
    def language(self) -> str:
        """Without the country."""
        return self.tag.partition("-")[0]

    def label(self, key: str, rng: random.Random) -> str:
        """One of the words for ``key``."""
        return rng.choice(self.labels[key])

    def date(self, day: date, pattern: str) -> str:
        """``day`` as ``pattern`` has it."""
        month = _MONTHS[self.language][day.month - 1]
        short = month[:3] if self.language in {"en", "de", "es"} else month[:4]
        told = pattern.replace("%B", month).replace("%b", short).replace("%-d", str(day.day))
        return day.strftime(told.replace("%-m", str(day.month)))

    def time(self, moment: time, pattern: str) -> str:
        """``moment`` as ``pattern`` has it."""
        half = "AM" if moment.hour < 12 else "PM"
        return moment.strftime(pattern.replace("%p", half))


_ENGLISH: Final = {
    "date": ("Date", "DATE", "Date:", "DATE:", "Dt:"),
    "time": ("Time", "TIME:", "Time:"),
    "receipt": ("Receipt #", "Receipt No:", "Bill No.", "Trans #:", "Doc No:", "Check #"),
    "cashier": ("Cashier:", "Served by:", "Server:", "Clerk:"),
    "phone": ("Tel:", "Tel.", "Phone:", "TEL :", "Ph:"),
    "quantity": ("Qty", "QTY", "Qty."),
    "item": ("Item", "Description", "ITEM", "Product"),
    "price": ("Price", "U.Price", "Each"),
    "amount": ("Amount", "Total", "Amt", "AMOUNT"),
    "subtotal": ("Subtotal", "SUBTOTAL", "Sub Total", "Sub-total:", "Net total"),
    "discount": ("Discount", "DISCOUNT", "Less:", "Savings"),
    "tax": ("Tax", "Sales Tax", "TAX"),
    "total": ("TOTAL", "Total", "Grand Total", "TOTAL DUE", "Total:", "Amount Due", "BALANCE DUE"),
    "cash": ("Cash", "CASH", "Cash tendered", "Paid cash"),
    "change": ("Change", "CHANGE", "Change due"),
    "card": ("VISA", "Mastercard", "Debit card", "Card payment", "AMEX"),
    "thanks": ("Thank you!", "THANK YOU FOR SHOPPING WITH US", "Please come again", "Have a nice day", "Thank you"),
    "count": ("Items:", "No. of items", "ITEM COUNT"),
}
_US: Final = Money("USD", "$")
_AMERICA: Final = Locale(
    "en-US",
    (_US,),
    ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%b %-d, %Y", "%B %-d, %Y", "%Y-%m-%d"),
    ("%H:%M", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S"),
    {**_ENGLISH, "tax_id": ("Tax ID:", "EIN:")},
    ("6.25", "7", "8.875"),
)
_BRITAIN: Final = Locale(
    "en-GB",
    (Money("GBP", "£"), Money("EUR", "€")),
    ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d %b %Y", "%-d %B %Y", "%d.%m.%Y"),
    ("%H:%M", "%H:%M:%S", "%I:%M %p"),
    {**_ENGLISH, "tax": ("VAT", "V.A.T."), "tax_id": ("VAT No:", "VAT Reg No.")},
    ("20", "5"),
)
_MALAYSIA: Final = Locale(
    "en-MY",
    (Money("MYR", "RM"), Money("MYR", "RM", spaced=True)),
    ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%b-%Y", "%d %b %Y", "%Y-%m-%d"),
    ("%H:%M", "%H:%M:%S", "%I:%M:%S %p"),
    {
        **_ENGLISH,
        "tax": ("GST 6%", "SST", "Service Tax", "GST"),
        "tax_id": ("GST ID:", "GST Reg No:", "SST No."),
        "total": ("TOTAL", "Total", "Grand Total", "Total Sales (Incl. GST)", "JUMLAH", "Total Amount", "NETT TOTAL"),
        "cash": ("CASH", "Cash", "TUNAI", "Amount Paid"),
        "change": ("CHANGE", "Change", "BAKI"),
        "thanks": ("TERIMA KASIH", "Thank you, please come again", "GOODS SOLD ARE NOT RETURNABLE"),
    },
    ("6",),
)
_GERMANY: Final = Locale(
    "de-DE",
    (
        Money("EUR", "€", decimal=",", group=".", after=True, spaced=True),
        Money("EUR", "EUR", decimal=",", group=".", after=True, spaced=True),
    ),
    ("%d.%m.%Y", "%d.%m.%y", "%-d. %B %Y"),
    ("%H:%M", "%H:%M Uhr", "%H:%M:%S"),
    {
        "date": ("Datum", "Datum:", "DATUM"),
        "time": ("Uhrzeit:", "Zeit"),
        "receipt": ("Bon-Nr.", "Beleg-Nr.:", "Rechnung Nr."),
        "cashier": ("Kasse:", "Bediener:", "Es bediente Sie:"),
        "phone": ("Tel.:", "Telefon:"),
        "quantity": ("Menge", "Anz."),
        "item": ("Artikel", "Bezeichnung"),
        "price": ("Preis", "E-Preis"),
        "amount": ("Betrag", "Gesamt", "Wert"),
        "subtotal": ("Zwischensumme", "Netto"),
        "discount": ("Rabatt", "Nachlass"),
        "tax": ("MwSt.", "MwSt", "USt."),
        "total": ("SUMME", "Summe", "Gesamtbetrag", "Zu zahlen", "Gesamt"),
        "cash": ("Bar", "BAR", "Gegeben"),
        "change": ("Rückgeld", "Zurück"),
        "card": ("EC-Karte", "Girocard", "VISA"),
        "thanks": ("Vielen Dank für Ihren Einkauf!", "Auf Wiedersehen", "Danke für Ihren Besuch"),
        "tax_id": ("USt-IdNr.:", "St.-Nr."),
        "count": ("Posten:", "Anzahl Artikel"),
    },
    ("19", "7"),
)
_FRANCE: Final = Locale(
    "fr-FR",
    (
        Money("EUR", "€", decimal=",", group=" ", after=True, spaced=True),
        Money("EUR", "€", decimal=",", group=" ", after=True),
    ),
    ("%d/%m/%Y", "%d/%m/%y", "%-d %B %Y", "%d-%m-%Y"),
    ("%H:%M", "%Hh%M", "%H:%M:%S"),
    {
        "date": ("Date", "Date :", "Le"),
        "time": ("Heure", "Heure :"),
        "receipt": ("Ticket n°", "Facture n°", "No. ticket"),
        "cashier": ("Caisse :", "Servi par"),
        "phone": ("Tél. :", "Tél"),
        "quantity": ("Qté", "QTE"),
        "item": ("Article", "Désignation"),
        "price": ("Prix", "P.U."),
        "amount": ("Montant", "Total"),
        "subtotal": ("Sous-total", "Total HT"),
        "discount": ("Remise", "Réduction"),
        "tax": ("TVA",),
        "total": ("TOTAL", "Total TTC", "TOTAL À PAYER", "Net à payer"),
        "cash": ("Espèces", "ESPECES"),
        "change": ("Rendu", "A rendre"),
        "card": ("Carte bancaire", "CB"),
        "thanks": ("Merci de votre visite", "Merci et à bientôt"),
        "tax_id": ("TVA intra :", "SIRET :"),
        "count": ("Articles :", "Nb articles"),
    },
    ("20", "10", "5.5"),
)
_SPAIN: Final = Locale(
    "es-ES",
    (
        Money("EUR", "€", decimal=",", group=".", after=True, spaced=True),
        Money("EUR", "€", decimal=",", group=".", after=True),
    ),
    ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%-d de %B de %Y"),
    ("%H:%M", "%H:%M:%S"),
    {
        "date": ("Fecha", "Fecha:", "FECHA"),
        "time": ("Hora:", "Hora"),
        "receipt": ("Ticket nº", "Factura:", "N. ticket"),
        "cashier": ("Cajero:", "Le atendió:"),
        "phone": ("Tel.", "Teléfono:"),
        "quantity": ("Cant.", "Uds"),
        "item": ("Artículo", "Descripción"),
        "price": ("Precio", "P.Unit"),
        "amount": ("Importe", "Total"),
        "subtotal": ("Subtotal", "Base imponible"),
        "discount": ("Descuento", "Dto."),
        "tax": ("IVA", "I.V.A."),
        "total": ("TOTAL", "Total a pagar", "IMPORTE TOTAL"),
        "cash": ("Efectivo", "Entregado"),
        "change": ("Cambio", "Devolución"),
        "card": ("Tarjeta", "VISA"),
        "thanks": ("Gracias por su visita", "¡Vuelva pronto!"),
        "tax_id": ("CIF:", "NIF:"),
        "count": ("Artículos:", "Num. art."),
    },
    ("21", "10"),
)

LOCALES: Final = (_AMERICA, _BRITAIN, _MALAYSIA, _GERMANY, _FRANCE, _SPAIN)
_WEIGHTS: Final = (8, 5, 5, 2, 1, 1)


def choose_locale(rng: random.Random, tag: str | None = None) -> Locale:
    """The locale of that tag, or any: mostly an English one."""
    if tag is None:
        return rng.choices(LOCALES, _WEIGHTS)[0]
    return next(one for one in LOCALES if one.tag == tag)
