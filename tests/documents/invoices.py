"""Invoices on a page of A4 or Letter: ``invoice``."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.documents.canvas import BLACK, Anchor, Canvas, Fact, Ink, Piece
from tests.documents.fonts import PROPORTIONAL, Face
from tests.documents.locales import Locale, Money, choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.truth import Sample
from tests.documents.vocabulary import Party, digits, goods, party, person, work

_ENGLISH: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("INVOICE", "Invoice", "TAX INVOICE", "Tax Invoice"),
    "number": ("Invoice No.", "Invoice #", "Invoice Number:", "Document no."),
    "date": ("Invoice Date", "Date:", "Date", "Issue date", "Date of issue"),
    "due": ("Due Date", "Payment due", "Due:", "Please pay by"),
    "order": ("PO Number", "Your order", "P.O. #", "Customer ref."),
    "to": ("Bill To", "BILL TO:", "Invoice to", "Customer", "Sold to"),
    "ship": ("Ship To", "Deliver to", "SHIP TO:"),
    "contact": ("Attn:", "Contact:", "c/o"),
    "description": ("Description", "Item", "Service", "DESCRIPTION"),
    "quantity": ("Qty", "Quantity", "QTY"),
    "price": ("Unit price", "Price", "Rate", "UNIT PRICE"),
    "amount": ("Amount", "Line total", "Total", "AMOUNT"),
    "subtotal": ("Subtotal", "Net amount", "SUBTOTAL", "Total excl. tax"),
    "total": ("Total", "TOTAL", "Total due", "Amount due", "Balance due", "Grand total"),
    "pay": ("Please pay {total} by {due}.", "Payment of {total} is due on {due}."),
    "thanks": ("Thank you for your business.", "We appreciate your prompt payment."),
    "bank": ("Bank details", "Payment to"),
}
_GERMAN: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("Rechnung", "RECHNUNG"),
    "number": ("Rechnungs-Nr.", "Rechnungsnummer:", "Beleg-Nr."),
    "date": ("Rechnungsdatum", "Datum:"),
    "due": ("Fällig am", "Zahlbar bis"),
    "order": ("Bestell-Nr.", "Ihre Bestellung"),
    "to": ("Rechnung an", "Kunde"),
    "ship": ("Lieferadresse", "Lieferung an"),
    "contact": ("z. Hd.", "Ansprechpartner:"),
    "description": ("Bezeichnung", "Leistung"),
    "quantity": ("Menge", "Anzahl"),
    "price": ("Einzelpreis", "E-Preis"),
    "amount": ("Gesamt", "Betrag"),
    "subtotal": ("Nettobetrag", "Zwischensumme"),
    "total": ("Gesamtbetrag", "Rechnungsbetrag", "Zu zahlen"),
    "pay": ("Bitte zahlen Sie {total} bis {due}.",),
    "thanks": ("Vielen Dank für Ihren Auftrag.",),
    "bank": ("Bankverbindung",),
}
_FRENCH: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("FACTURE", "Facture"),
    "number": ("Facture n°", "N° de facture :"),
    "date": ("Date de facture", "Date :"),
    "due": ("Échéance", "À régler avant le"),
    "order": ("Commande n°", "Votre réf."),
    "to": ("Facturé à", "Client"),
    "ship": ("Livré à", "Livraison"),
    "contact": ("À l'attention de",),
    "description": ("Désignation", "Prestation"),
    "quantity": ("Qté", "Quantité"),
    "price": ("Prix unitaire", "P.U. HT"),
    "amount": ("Montant", "Total HT"),
    "subtotal": ("Total HT", "Sous-total"),
    "total": ("Total TTC", "Net à payer"),
    "pay": ("Merci de régler {total} avant le {due}.",),
    "thanks": ("Merci de votre confiance.",),
    "bank": ("Coordonnées bancaires",),
}
_SPANISH: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("FACTURA", "Factura"),
    "number": ("Factura nº", "Nº de factura:"),
    "date": ("Fecha de factura", "Fecha:"),
    "due": ("Vencimiento", "Pagar antes del"),
    "order": ("Pedido nº", "Su pedido"),
    "to": ("Facturar a", "Cliente"),
    "ship": ("Enviar a", "Entrega"),
    "contact": ("A la atención de",),
    "description": ("Descripción", "Concepto"),
    "quantity": ("Cant.", "Cantidad"),
    "price": ("Precio unit.", "Precio"),
    "amount": ("Importe", "Total"),
    "subtotal": ("Base imponible", "Subtotal"),
    "total": ("Total", "Total a pagar"),
    "pay": ("Por favor, pague {total} antes del {due}.",),
    "thanks": ("Gracias por su confianza.",),
    "bank": ("Datos bancarios",),
}
_LABELS: Final = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
_ACCENTS: Final[tuple[Ink, ...]] = (BLACK, (30, 60, 120), (140, 40, 40), (20, 100, 80), (90, 90, 90), (200, 100, 20))


@dataclass(slots=True)
class Sheet:
    """The page: its look, and what its value is so far."""

    rng: random.Random
    locale: Locale
    money: Money
    face: Face
    size: int
    accent: Ink
    canvas: Canvas
    margin: int
    value: dict[str, Any] = field(default_factory=dict)

    @property
    def leading(self) -> float:
        """From line to line."""
        return self.size * 1.4

    @property
    def right(self) -> int:
        """The right edge of the text."""
        return self.canvas.size[0] - self.margin

    def label(self, key: str) -> str:
        """One of the words for ``key``."""
        return self.rng.choice(_LABELS[self.locale.language][key])

    def put(
        self,
        pieces: Piece | Sequence[Piece],
        x: float,
        y: float,
        *,
        anchor: Anchor = "left",
        bold: bool = False,
        ink: Ink = BLACK,
        larger: float = 1.0,
    ) -> None:
        """Prints one line."""
        font = self.face.at(round(self.size * larger), bold=bold)
        self.canvas.put(pieces, (x, y), font, anchor=anchor, ink=ink)

    def amount(self, amount: Decimal, pointer: str | None, *, symbol: bool = False, again: bool = False) -> Fact:
        """An amount as it is printed here."""
        text = self.money.with_symbol(amount) if symbol else self.money.number(amount)
        return Fact(text, "amount", str(self.money.round(amount)), pointer, again)


def invoice(seed: int, *, paper: Paper | None = None, locale: str | None = None) -> Sample:
    """One invoice of one page; the same one for the same arguments.

    Its value has ``invoice_number``, ``date``, ``due_date``, ``order_number``, ``seller`` and ``buyer`` (``name``,
    ``address``, ``phone``, ``tax_id``), ``currency``, ``items`` (``description``, ``quantity``, ``unit_price``,
    ``amount``), ``subtotal``, ``taxes`` (``rate`` in percent, ``amount``), ``total`` and ``iban``; None stands for
    what is not printed.

    Args:
        seed: Decides everything that is not given.
        paper: How the picture was taken; None for any way.
        locale: Like "en-US"; None for any.
    """
    rng = random.Random(f"invoice {seed}")
    where = choose_locale(rng, locale)
    face = rng.choice([one for one in PROPORTIONAL if not one.ascii or where.tag in {"en-US", "en-MY"}])
    size = rng.choice([17, 18, 20])
    canvas = Canvas((1100, 1556) if where.tag != "en-US" else (1120, 1449))
    sheet = Sheet(rng, where, rng.choice(where.money), face, size, rng.choice(_ACCENTS), canvas, rng.choice([60, 80]))
    day = date(2018, 1, 1) + timedelta(days=rng.randrange(2900))
    pattern = rng.choice(where.dates)
    due = day + timedelta(days=rng.choice([0, 10, 14, 30, 60]))
    dates = {"date": (day, pattern), "due_date": (due, pattern)}
    y = _head(sheet, party(rng, where), dates)
    y = _buyer(sheet, party(rng, where), y)
    y, net = _table(sheet, y)
    y, total = _totals(sheet, net, y)
    _foot(sheet, total, due, y)
    name = f"invoice {seed}"
    return finish(canvas, sheet.value, rng, name=name, language=where.tag, paper=paper)


def _head(sheet: Sheet, seller: Party, dates: Mapping[str, tuple[date, str]]) -> float:
    """The seller, the title, number and dates; gives where they end."""
    rng, canvas, value = sheet.rng, sheet.canvas, sheet.value
    y = sheet.margin + sheet.size * 1.5
    band = rng.random() < 0.3
    if band:
        canvas.draw.rectangle((0, 0, canvas.size[0], y + sheet.size), fill=sheet.accent)
    ink: Ink = (250, 250, 250) if band else sheet.accent
    value["seller"] = {"name": seller.name, "address": ", ".join(line.strip(",. ") for line in seller.address)}
    swapped = rng.random() < 0.3
    left, right = (sheet.right, sheet.margin) if swapped else (sheet.margin, sheet.right)
    anchors: tuple[Anchor, Anchor] = ("right", "left") if swapped else ("left", "right")
    sheet.put(
        Fact(seller.name, "text", seller.name, "/seller/name"),
        left,
        y,
        anchor=anchors[0],
        bold=True,
        ink=ink,
        larger=1.3,
    )
    sheet.put(sheet.label("invoice"), right, y, anchor=anchors[1], bold=True, ink=ink, larger=1.7)
    top = y + sheet.leading * 2
    canvas.new_block()
    small = sheet.face.at(sheet.size)
    address = Fact(" ".join(seller.address), "text", value["seller"]["address"], "/seller/address")
    y = canvas.put_lines(address, seller.address, (left, top), small, leading=sheet.leading, anchor=anchors[0])
    phone = Fact(seller.phone, "phone", seller.phone, "/seller/phone")
    sheet.put([f"{sheet.locale.label('phone', rng)} ", phone], left, y, anchor=anchors[0])
    tax = Fact(seller.tax_id, "identifier", seller.tax_id, "/seller/tax_id")
    sheet.put([f"{sheet.locale.label('tax_id', rng)} ", tax], left, y + sheet.leading, anchor=anchors[0])
    value["seller"].update(phone=seller.phone, tax_id=seller.tax_id)
    return max(_numbers(sheet, dates, top, swapped=swapped), y + sheet.leading * 2)


def _numbers(sheet: Sheet, dates: Mapping[str, tuple[date, str]], top: float, *, swapped: bool) -> float:
    """The number and the dates with their labels, beside the seller; gives where they end."""
    rng, canvas, value = sheet.rng, sheet.canvas, sheet.value
    canvas.new_block()
    number = digits(rng, rng.choice(["INV-####", "######", "####-###", "??####", "R-####/##"]))
    rows = [("number", Fact(number, "identifier", number, "/invoice_number"))]
    value["invoice_number"] = number
    for key, (day, pattern) in dates.items():
        value[key] = day.isoformat()
        fact = Fact(sheet.locale.date(day, pattern), "date", day.isoformat(), f"/{key}")
        rows.append(("due" if key == "due_date" else "date", fact))
    value["order_number"] = None
    if rng.random() < 0.6:
        order = digits(rng, rng.choice(["PO-#####", "########", "?##-###"]))
        value["order_number"] = order
        rows.append(("order", Fact(order, "identifier", order, "/order_number")))
    rng.shuffle(rows)
    ends = (sheet.margin + 20 * sheet.size) if swapped else sheet.right
    begins = sheet.margin if swapped else sheet.right - 20 * sheet.size
    style = rng.choice(["apart", "together", "stacked"])
    y = top
    for position, (key, fact) in enumerate(rows):
        label = sheet.label(key)
        if style == "apart":
            sheet.put(label, begins, y, bold=rng.random() < 0.5)
            sheet.put(fact, ends, y, anchor="right")
        elif style == "together":
            sheet.put([f"{label.rstrip(':')}: ", fact], begins, y)
        else:  # two columns of label above value
            x = begins + position % 2 * 10.5 * sheet.size
            sheet.put(label, x, y, ink=(110, 110, 110), larger=0.85)
            sheet.put(fact, x, y + sheet.leading)
            y += sheet.leading * 2.2 if position % 2 or position == len(rows) - 1 else 0
            continue
        y += sheet.leading
    return y


def _buyer(sheet: Sheet, buyer: Party, y: float) -> float:
    """Who buys, and where the goods go; gives where that ends."""
    rng, canvas = sheet.rng, sheet.canvas
    y += sheet.leading * 1.2
    address = ", ".join(line.strip(",. ") for line in buyer.address)
    sheet.value["buyer"] = {"name": buyer.name, "address": address}
    columns = [("to", sheet.margin, False)]
    if rng.random() < 0.35:
        columns.append(("ship", canvas.size[0] // 2, True))
    ends = []
    small = sheet.face.at(sheet.size)
    who = person(rng) if rng.random() < 0.4 else None
    for key, x, again in columns:
        canvas.new_block()
        sheet.put(sheet.label(key), x, y, bold=True, ink=sheet.accent)
        sheet.put(Fact(buyer.name, "text", buyer.name, "/buyer/name", again), x, y + sheet.leading)
        line = y + 2 * sheet.leading
        if who is not None and not again:
            sheet.put(f"{sheet.label('contact')} {who}", x, line)
            line += sheet.leading
        fact = Fact(" ".join(buyer.address), "text", address, "/buyer/address", again)
        ends.append(canvas.put_lines(fact, buyer.address, (x, line), small, leading=sheet.leading))
    return max(ends)


def _table(sheet: Sheet, y: float) -> tuple[float, Decimal]:
    """The lines; gives where they end, and what they add up to."""
    rng, canvas, size = sheet.rng, sheet.canvas, sheet.size
    y += sheet.leading * 1.4
    canvas.new_block()
    columns = {
        "description": (sheet.margin + (2.2 * size if (counted := rng.random() < 0.4) else 0.6 * size), "left"),
        "quantity": (sheet.right - 16 * size, "right"),
        "price": (sheet.right - 8.5 * size, "right"),
        "amount": (sheet.right - 0.3 * size, "right"),
    }
    style = rng.choice(["rules", "grid", "stripes", "plain"])
    filled = rng.random() < 0.5
    top = y - sheet.leading
    if filled:
        canvas.draw.rectangle((sheet.margin, top, sheet.right, y + size * 0.5), fill=sheet.accent)
    for key, (x, anchor) in columns.items():
        ink: Ink = (250, 250, 250) if filled else BLACK
        sheet.put(sheet.label(key), x, y, anchor="left" if anchor == "left" else "right", bold=True, ink=ink)
    count = rng.choice([1, 2, 3, 4, 5, 6, 8, 10])
    language = sheet.locale.language
    names = work(rng, count) if language == "en" else goods(rng, language, count)
    net, told = Decimal(0), []
    pitch = sheet.leading * rng.choice([1.15, 1.4])
    for number, name in enumerate(names):
        y += pitch
        if style == "stripes" and number % 2:
            canvas.draw.rectangle((sheet.margin, y - pitch * 0.7, sheet.right, y + pitch * 0.3), fill=(236, 238, 242))
        if style in {"rules", "grid"}:
            canvas.draw.line((sheet.margin, y - pitch * 0.7, sheet.right, y - pitch * 0.7), fill=(150, 150, 150))
        quantity = rng.choice([1, 1, 2, 3, 4, 5, 8, 10, 12, 20])
        price = sheet.money.round(Decimal(rng.choice([rng.randint(250, 60000), rng.choice([5000, 7500, 12000])])) / 100)
        at = f"/items/{number}"
        if counted:
            sheet.put(Fact(str(number + 1), "number", number + 1), sheet.margin + 0.5 * size, y)
        sheet.put(Fact(name, "text", name, f"{at}/description"), columns["description"][0], y)
        sheet.put(Fact(str(quantity), "number", quantity, f"{at}/quantity"), columns["quantity"][0], y, anchor="right")
        sheet.put(sheet.amount(price, f"{at}/unit_price"), columns["price"][0], y, anchor="right")
        sheet.put(sheet.amount(price * quantity, f"{at}/amount"), columns["amount"][0], y, anchor="right")
        told.append(
            {"description": name, "quantity": quantity, "unit_price": str(price), "amount": str(price * quantity)}
        )
        net += price * quantity
    bottom = y + pitch * 0.4
    if style == "grid":
        edges = [sheet.margin, sheet.right, *(sheet.right - part * size for part in (19, 15.2, 7.7))]
        for x in edges:
            canvas.draw.line((x, top, x, bottom), fill=(150, 150, 150))
        canvas.draw.line((sheet.margin, top, sheet.right, top), fill=(150, 150, 150))
    if style != "plain":
        canvas.draw.line((sheet.margin, bottom, sheet.right, bottom), fill=(120, 120, 120), width=2)
    sheet.value["items"] = told
    return bottom, net


def _totals(sheet: Sheet, net: Decimal, y: float) -> tuple[float, Decimal]:
    """What it adds up to; gives where that ends, and the total."""
    rng, value = sheet.rng, sheet.value
    sheet.canvas.new_block()
    y += sheet.leading * 1.3
    begins = float(sheet.right - 18 * sheet.size)
    rate = rng.choice(sheet.locale.tax)
    tax = sheet.money.round(net * Decimal(rate) / 100) if rng.random() < 0.85 else None
    total = net + (tax or Decimal(0))
    symbol = rng.random() < 0.5
    value.update(subtotal=str(net), taxes=[], total=str(total), iban=None)
    rows: list[tuple[Piece | Sequence[Piece], Fact]] = []
    rows.append((sheet.label("subtotal"), sheet.amount(net, "/subtotal", symbol=symbol)))
    if tax is not None:
        value["taxes"] = [{"rate": rate, "amount": str(tax)}]
        shown = Fact(rate.replace(".", sheet.money.decimal), "number", rate, "/taxes/0/rate")
        name = sheet.locale.label("tax", rng).removesuffix(" 6%")
        rows.append(([f"{name} (", shown, "%)"], sheet.amount(tax, "/taxes/0/amount", symbol=symbol)))
    for label, fact in rows:
        sheet.put(label, begins, y)
        sheet.put(fact, sheet.right - 0.3 * sheet.size, y, anchor="right")
        y += sheet.leading
    y += sheet.leading * 0.2
    larger = rng.choice([1.0, 1.2])
    value["currency"] = sheet.money.code
    label = sheet.label("total")
    fact = sheet.amount(total, "/total", symbol=True)
    width = sheet.face.at(round(sheet.size * larger), bold=True).getlength(f"{label} {fact.text}")
    begins = min(begins, sheet.right - width - 2 * sheet.size)
    sheet.put(label, begins, y, bold=True, larger=larger)
    sheet.put(fact, sheet.right - 0.3 * sheet.size, y, anchor="right", bold=True, larger=larger)
    return y + sheet.leading, total


def _foot(sheet: Sheet, total: Decimal, due: date, y: float) -> None:
    """How to pay: the total and the date again, in other forms."""
    rng, canvas = sheet.rng, sheet.canvas
    canvas.new_block()
    y += sheet.leading * 2
    if rng.random() < 0.5:
        before, _, rest = sheet.label("pay").partition("{total}")
        between, _, after = rest.partition("{due}")
        pattern = rng.choice(sheet.locale.dates)
        day = Fact(sheet.locale.date(due, pattern), "date", due.isoformat(), "/due_date", again=True)
        sheet.put(
            [before, sheet.amount(total, "/total", symbol=True, again=True), between, day, after], sheet.margin, y
        )
        y += sheet.leading
    if rng.random() < 0.6:
        iban = digits(
            rng, rng.choice(["DE## #### #### #### #### ##", "GB## ???? #### #### ####", "FR## #### #### #### ####"])
        )
        sheet.value["iban"] = iban
        sheet.put(f"{sheet.label('bank')}:", sheet.margin, y, bold=True)
        sheet.put(["IBAN ", Fact(iban, "identifier", iban, "/iban")], sheet.margin, y + sheet.leading)
        y += sheet.leading * 2
    if rng.random() < 0.6:
        sheet.put(sheet.label("thanks"), sheet.margin, y + sheet.leading * 0.5)
