"""Invoices on a page of A4 or Letter: ``invoice``."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.documents.canvas import BLACK, Anchor, Canvas, Fact, Ink, Piece, plain
from tests.documents.fonts import PROPORTIONAL, Face
from tests.documents.invoice_labels import INVOICE_LABELS
from tests.documents.locales import Locale, Money, choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.truth import Sample
from tests.documents.vocabulary import Party, digits, goods, iban, party, person, work

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
        return self.rng.choice(INVOICE_LABELS[self.locale.language][key])

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

    Its value is one of ``extraction.schemas.documents.Invoice``.

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
    dates = {"invoice_date": (day, pattern), "due_date": (due, pattern)}
    y = _head(sheet, party(rng, where), dates)
    y = _buyer(sheet, party(rng, where), y)
    lines = _lines(sheet)
    y = _table(sheet, y, lines)
    y, total = _totals(sheet, lines, y)
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
    value["purchase_order"] = None
    if rng.random() < 0.6:
        order = digits(rng, rng.choice(["PO-#####", "########", "?##-###"]))
        value["purchase_order"] = order
        rows.append(("order", Fact(order, "identifier", order, "/purchase_order")))
    rng.shuffle(rows)
    style = rng.choice(["apart", "together", "stacked"])
    told = [(sheet.label(key), fact) for key, fact in rows]
    bold = sheet.face.at(sheet.size, bold=True)
    width = max(20.0 * sheet.size, *(bold.getlength(f"{label}  {fact.text}") for label, fact in told))
    begins = sheet.margin if swapped else sheet.right - width
    ends = begins + width
    y = top
    for position, (label, fact) in enumerate(told):
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


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of an invoice; ``rate`` is that of its tax, in percent."""

    name: str
    code: str
    quantity: int
    price: Decimal
    rate: str

    @property
    def amount(self) -> Decimal:
        """What it costs."""
        return self.price * self.quantity


def _lines(sheet: Sheet) -> list[_Line]:
    """What is sold."""
    rng = sheet.rng
    count = rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 14])
    language = sheet.locale.language
    names = work(rng, count) if language == "en" else goods(rng, language, count)
    rates = list(sheet.locale.tax[:2]) if rng.random() < 0.25 else [rng.choice(sheet.locale.tax)]
    pattern = rng.choice(["####", "?-####", "??###"])
    lines = []
    for name in names:
        cents = rng.choice([rng.randint(250, 60000), rng.choice([5000, 7500, 12000])])
        price = sheet.money.round(Decimal(cents) / 100)
        quantity = rng.choice([1, 1, 2, 3, 4, 5, 8, 10, 12, 20])
        lines.append(_Line(name, digits(rng, pattern), quantity, price, rng.choice(rates)))
    return lines


def _table(sheet: Sheet, y: float, lines: Sequence[_Line]) -> float:
    """The lines; gives where they end."""
    rng, canvas, size = sheet.rng, sheet.canvas, sheet.size
    y += sheet.leading * 1.4
    canvas.new_block()
    extra = rng.choice(["none", "none", "counted", "code"])
    rated = rng.random() < 0.3
    style = rng.choice(["rules", "grid", "stripes", "plain"])
    pitch = sheet.leading * rng.choice([1.15, 1.4])
    columns = {
        "description": sheet.margin + {"none": 0.6, "counted": 2.2, "code": 5.0}[extra] * size,
        "quantity": sheet.right - (19 if rated else 16) * size,
        "price": sheet.right - (12 if rated else 8.5) * size,
        "rate": sheet.right - 7 * size,
        "amount": sheet.right - 0.3 * size,
    }
    heads = {key: sheet.label(key) for key in columns if rated or key != "rate"}
    edges = [sheet.margin, sheet.right, columns["quantity"] - 4 * size, columns["quantity"] + 0.6 * size]
    edges += [columns["price"] + 0.6 * size, *([columns["rate"] + 0.6 * size] if rated else [])]
    if extra == "code":
        heads = {"code": sheet.label("code"), **heads}
    columns["code"] = sheet.margin + 0.5 * size
    top = y - sheet.leading
    filled = rng.random() < 0.5
    if filled:
        canvas.draw.rectangle((sheet.margin, top, sheet.right, y + size * 0.5), fill=sheet.accent)
    for key, head in heads.items():
        anchor: Anchor = "left" if key in {"code", "description"} else "right"
        sheet.put(head, columns[key], y, anchor=anchor, bold=True, ink=(250, 250, 250) if filled else BLACK)
    told = []
    for number, line in enumerate(lines):
        y += pitch
        if style == "stripes" and number % 2:
            canvas.draw.rectangle((sheet.margin, y - pitch * 0.7, sheet.right, y + pitch * 0.3), fill=(236, 238, 242))
        if style in {"rules", "grid"}:
            canvas.draw.line((sheet.margin, y - pitch * 0.7, sheet.right, y - pitch * 0.7), fill=(150, 150, 150))
        told.append(_row(sheet, line, number, columns, y, extra=extra, rated=rated))
    bottom = y + pitch * 0.4
    if style == "grid":
        for x in edges:
            canvas.draw.line((x, top, x, bottom), fill=(150, 150, 150))
        canvas.draw.line((sheet.margin, top, sheet.right, top), fill=(150, 150, 150))
    if style != "plain":
        canvas.draw.line((sheet.margin, bottom, sheet.right, bottom), fill=(120, 120, 120), width=2)
    sheet.value["items"] = told
    return bottom


def _row(
    sheet: Sheet, line: _Line, number: int, columns: Mapping[str, float], y: float, *, extra: str, rated: bool
) -> dict[str, Any]:
    """Prints one line of the table, and gives its value."""
    at = f"/items/{number}"
    facts = {
        "description": Fact(line.name, "text", line.name, f"{at}/description"),
        "quantity": Fact(str(line.quantity), "number", str(line.quantity), f"{at}/quantity"),
        "unit_price": sheet.amount(line.price, f"{at}/unit_price"),
        "amount": sheet.amount(line.amount, f"{at}/amount"),
    }
    if extra == "counted":
        sheet.put(Fact(str(number + 1), "number", str(number + 1)), columns["code"], y)
    if extra == "code":
        facts = {"product_code": Fact(line.code, "identifier", line.code, f"{at}/product_code"), **facts}
    if rated:
        text = line.rate.replace(".", sheet.money.decimal)
        facts["tax_rate"] = Fact(text, "number", line.rate, f"{at}/tax_rate")
    names = {"product_code": "code", "unit_price": "price", "tax_rate": "rate"}
    for key, fact in sorted(facts.items(), key=lambda one: columns[names.get(one[0], one[0])]):
        anchor: Anchor = "left" if key in {"product_code", "description"} else "right"
        sheet.put([fact, "%"] if key == "tax_rate" else fact, columns[names.get(key, key)], y, anchor=anchor)
    return {key: fact.value for key, fact in facts.items()}


def _totals(sheet: Sheet, lines: Sequence[_Line], y: float) -> tuple[float, Decimal]:
    """What it adds up to; gives where that ends, and the total."""
    rng, value = sheet.rng, sheet.value
    sheet.canvas.new_block()
    y += sheet.leading * 1.3
    symbol = rng.random() < 0.5
    net = sum((line.amount for line in lines), Decimal(0))
    rows: list[tuple[Piece | Sequence[Piece], Fact]] = []
    rows.append((sheet.label("subtotal"), sheet.amount(net, "/subtotal", symbol=symbol)))
    value.update(subtotal=str(net), shipping=None, taxes=[], iban=None, currency=sheet.money.code)
    total = net
    if rng.random() < 0.2:
        shipping = sheet.money.round(Decimal(rng.choice([495, 990, 1250, 2500])) / 100)
        value["shipping"] = str(shipping)
        rows.append((sheet.label("shipping"), sheet.amount(shipping, "/shipping", symbol=symbol)))
        total += shipping
    if rng.random() < 0.85:
        name = sheet.locale.label("tax", rng).removesuffix(" 6%")
        for number, rate in enumerate(sorted({line.rate for line in lines}, key=Decimal, reverse=True)):
            base = sum((line.amount for line in lines if line.rate == rate), Decimal(0))
            tax = sheet.money.round(base * Decimal(rate) / 100)
            total += tax
            value["taxes"].append({"rate": rate, "amount": str(tax)})
            at = f"/taxes/{number}"
            shown = Fact(rate.replace(".", sheet.money.decimal), "number", rate, f"{at}/rate")
            rows.append(([f"{name} (", shown, "%)"], sheet.amount(tax, f"{at}/amount", symbol=symbol)))
    value["total"] = str(total)
    rows.append((sheet.label("total"), sheet.amount(total, "/total", symbol=True)))
    larger = rng.choice([1.0, 1.2])
    fonts = [sheet.face.at(sheet.size)] * (len(rows) - 1) + [sheet.face.at(round(sheet.size * larger), bold=True)]
    width = max(font.getlength(plain(label) + fact.text) for font, (label, fact) in zip(fonts, rows, strict=True))
    begins = sheet.right - max(width + 2 * sheet.size, 15.0 * sheet.size)
    for number, (label, fact) in enumerate(rows):
        last = number == len(rows) - 1
        y += sheet.leading * 0.3 if last else 0
        sheet.put(label, begins, y, bold=last, larger=larger if last else 1.0)
        edge = sheet.right - 0.3 * sheet.size
        sheet.put(fact, edge, y, anchor="right", bold=last, larger=larger if last else 1.0)
        y += sheet.leading
    return y, total


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
        number = iban(rng, sheet.locale)
        sheet.value["iban"] = number
        sheet.put(f"{sheet.label('bank')}:", sheet.margin, y, bold=True)
        sheet.put(["IBAN ", Fact(number, "identifier", number, "/iban")], sheet.margin, y + sheet.leading)
        y += sheet.leading * 2
    if rng.random() < 0.6:
        sheet.put(sheet.label("thanks"), sheet.margin, y + sheet.leading * 0.5)
    if rng.random() < 0.5:  # the small print at the bottom of the page
        canvas.new_block()
        bottom = canvas.size[1] - sheet.margin
        canvas.draw.line(
            (sheet.margin, bottom - sheet.size * 3, sheet.right, bottom - sheet.size * 3), fill=(160, 160, 160)
        )
        sheet.put(sheet.label("terms"), canvas.size[0] / 2, bottom - sheet.size, anchor="centre", larger=0.8)
        name = Fact(sheet.value["seller"]["name"], "text", sheet.value["seller"]["name"], "/seller/name", again=True)
        sheet.put(name, canvas.size[0] / 2, bottom + sheet.size * 0.4, anchor="centre", larger=0.8)
