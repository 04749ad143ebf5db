"""Receipts, as tills print them: ``receipt``."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal

from PIL import ImageFont

from tests.documents.canvas import Anchor, Canvas, Fact, Piece
from tests.documents.fonts import MONO, PROPORTIONAL, Face
from tests.documents.locales import Locale, Money, choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.sales import Item, Sale, make_sale
from tests.documents.till import Till
from tests.documents.truth import Sample
from tests.documents.vocabulary import Party, digits, party, person


def receipt(seed: int, *, paper: Paper | None = None, locale: str | None = None) -> Sample:
    """One receipt; the same one for the same arguments.

    Its value is one of ``extraction.schemas.documents.Receipt``.

    Args:
        seed: Decides everything that is not given.
        paper: How the picture was taken; None for any way.
        locale: Like "en-US"; None for any.
    """
    rng = random.Random(f"receipt {seed}")
    where = choose_locale(rng, locale)
    money = rng.choice(where.money)
    faces = [face for face in (MONO if rng.random() < 0.6 else PROPORTIONAL) if _prints(face, where)]
    size = rng.choice([18, 20, 22, 24])
    face = rng.choice(faces)
    width = round(size * (0.6 * rng.choice([34, 38, 42]) if face.mono else rng.choice([17, 20])) + 2 * size)
    till = Till(rng, where, money, face, size, Canvas((width, 3600)), size, size * 2.2, rng.random() < 0.35)
    _header(till, party(rng, where))
    _meta(till)
    style = rng.choice(["dashed", "dashed", "single", "double", "none"])
    till.rule(style)
    sold = make_sale(rng, where, money)
    _items(till, sold.items)
    till.rule(style)
    _totals(till, sold)
    _footer(till)
    till.canvas.crop(round(till.y + size))
    squeeze = rng.choice([1.0, 1.0, 0.85, 0.78])
    name = f"receipt {seed}"
    return finish(till.canvas, till.value, rng, name=name, language=where.tag, paper=paper, squeeze=squeeze)


def _prints(face: Face, locale: Locale) -> bool:
    """Whether a face has all characters of that country."""
    return not face.ascii or locale.tag in {"en-US", "en-MY"}


def _header(till: Till, shop: Party) -> None:
    """Who sells."""
    rng = till.rng
    anchor: Anchor = rng.choice(["centre", "centre", "centre", "left"])
    name = shop.name.upper() if rng.random() < 0.4 else shop.name
    till.value.update(company=name, address=", ".join(line.strip(",. ") for line in shop.address))
    if rng.random() < 0.2:
        _logo(till, shop.name[0])
    larger = rng.choice([1.0, 1.3, 1.5])
    font = till.face.at(round(till.size * larger), bold=True)
    lines = [name]
    if font.getlength(name) > till.right - till.margin:
        words = name.split()
        lines = [" ".join(words[: len(words) // 2 + 1]), " ".join(words[len(words) // 2 + 1 :])]
        larger = min(larger, 1.2)
        font = till.face.at(round(till.size * larger), bold=True)
        wide = max(font.getlength(line) for line in lines) / (till.right - till.margin)
        if wide > 1:
            font = till.face.at(int(font.size / wide), bold=True)
    x = till.canvas.size[0] / 2 if anchor == "centre" else till.margin
    company = Fact(name, "text", name, "/company")
    lines = [line for line in lines if line]
    leading = till.leading * larger
    till.y = till.canvas.put_lines(company, lines, (x, till.y), font, leading=leading, anchor=anchor)
    till.y -= leading - till.leading
    small = till.face.at(till.size)
    address = Fact(" ".join(shop.address), "text", till.value["address"], "/address")
    till.y = till.canvas.put_lines(address, shop.address, (x, till.y), small, leading=till.leading, anchor=anchor)
    label = till.locale.label("phone", rng)
    if rng.random() < 0.8:
        till.put([f"{label} ", till.tell("phone", shop.phone, "phone")], anchor=anchor)
    if rng.random() < 0.5:
        till.put(
            [f"{till.locale.label('tax_id', rng)} ", till.tell("tax_id", shop.tax_id, "identifier")], anchor=anchor
        )
    if rng.random() < 0.2:
        till.put(shop.website, anchor=anchor)
    for key in ("phone", "tax_id"):
        till.value.setdefault(key, None)
    till.y += till.leading * 0.4
    till.canvas.new_block()


def _logo(till: Till, letter: str) -> None:
    """A mark above the name; it counts as a picture, not as text, so it has none."""
    middle, reach = till.canvas.size[0] / 2, till.size * 1.3
    top = till.y - till.size * 1.2
    till.canvas.draw.ellipse((middle - reach, top, middle + reach, top + 2 * reach), outline=(20, 20, 20), width=3)
    inner = reach * 0.45
    centre = top + reach
    points = [(middle - inner, centre + inner), (middle, centre - inner), (middle + inner, centre + inner)]
    till.canvas.draw.polygon(points, fill=(20, 20, 20) if letter < "M" else (120, 120, 120))
    till.y = top + 2 * reach + till.leading


def _meta(till: Till) -> None:
    """When, by whom, which number."""
    rng, locale = till.rng, till.locale
    day = date(2016, 1, 1) + timedelta(days=rng.randrange(3600))
    moment = time(rng.randint(7, 22), rng.randint(0, 59), rng.randint(0, 59))
    till.y += till.leading * rng.choice([0.0, 0.5])
    printed = Fact(locale.date(day, rng.choice(locale.dates)), "date", day.isoformat(), "/date")
    till.value["date"] = day.isoformat()
    clock = rng.choice(locale.times)
    shown = moment if "%S" in clock else moment.replace(second=0)
    timed = Fact(locale.time(shown, clock), "time", shown.isoformat(), "/time")
    till.value["time"] = shown.isoformat()
    number = digits(rng, rng.choice(["####", "######", "??-#####", "#-####-##", "00####", "#########"]))
    numbered = till.tell("receipt_number", number, "identifier")
    label = locale.label("receipt", rng)
    match rng.choice(["rows", "rows", "line", "apart", "bare"]):
        case "rows":
            till.row(locale.label("date", rng), printed)
            till.row(locale.label("time", rng), timed)
            till.row(label, numbered)
        case "line":
            till.put([f"{label} ", numbered])
            till.put([f"{locale.label('date', rng).rstrip(':')}: ", printed, "  ", timed])
        case "apart":
            till.row([f"{label} ", numbered], timed)
            till.put([f"{locale.label('date', rng)} ", printed])
        case _:
            till.row(printed, timed)
            till.put([f"{label} ", numbered])
    if rng.random() < 0.5:
        till.put(f"{locale.label('cashier', rng)} {person(rng)}")
    if rng.random() < 0.15:  # the same date once more, in another form
        other = next(text for text in (locale.date(day, one) for one in locale.dates) if text != printed.text)
        till.put(Fact(other, "date", day.isoformat(), "/date", again=True), anchor="right")


def _items(till: Till, items: Sequence[Item]) -> None:
    """What was sold, in one of the usual layouts."""
    rng = till.rng
    layout = rng.choice(["amounts", "before", "table", "below", "below"])
    if any(item.weighed for item in items):
        layout = "below"
    if layout == "table":
        _heads(till)
    upper = till.face.mono and rng.random() < 0.5
    between, times = rng.choice([" ", " x ", "  "]), rng.choice([" x ", " @ "])
    told = []
    for number, item in enumerate(items):
        at = f"/items/{number}"
        reach = {"table": 12.3, "before": 6.5, "amounts": 5.5}.get(layout, 1.0) * till.size
        width = till.right - till.margin - reach
        name = _fitting(item.description.upper() if upper else item.description, till.face.at(till.size), width)
        described = Fact(name, "text", name, f"{at}/description")
        quantity = Fact(_count(item, till.money), "number", str(item.quantity), f"{at}/quantity")
        price = till.amount(item.price, f"{at}/unit_price", symbol=False)
        amount = till.amount(item.amount, f"{at}/amount", symbol=False if layout == "table" else None)
        shown = {"description": described, "amount": amount}
        match layout:
            case "amounts":
                till.row(described, amount)
            case "before":
                shown |= {"quantity": quantity}
                till.row([quantity, between, described], amount)
            case "table":
                shown |= {"quantity": quantity, "unit_price": price}
                _cells(till, described, quantity, price, amount)
            case _:
                shown |= {"quantity": quantity, "unit_price": price}
                till.put(described)
                unit = " kg" if item.weighed else ""
                till.row(["  ", quantity, f"{unit}{times}", price], amount)
        absent = dict.fromkeys(("description", "quantity", "unit_price", "amount"))
        told.append(absent | {key: fact.value for key, fact in shown.items()})
    till.value["items"] = told


def _count(item: Item, money: Money) -> str:
    """How many, as it is printed."""
    return str(item.quantity).replace(".", money.decimal)


def _heads(till: Till) -> None:
    """The heads of the columns."""
    heads = [till.locale.label(key, till.rng) for key in ("item", "quantity", "price", "amount")]
    heads[0] = _fitting(heads[0], till.face.at(till.size, bold=True), till.right - till.margin - 12.3 * till.size)
    _cells(till, *heads, bold=True)


def _cells(till: Till, left: Piece, *others: Piece, bold: bool = False) -> None:
    """A row of a table of four columns."""
    font = till.face.at(till.size, bold=bold)
    till.canvas.put(left, (till.margin, till.y), font)
    for piece, reach in zip(others, (9.6, 5.2, 0.0), strict=True):
        till.canvas.put(piece, (till.right - reach * till.size, till.y), font, anchor="right")
    till.y += till.leading


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """``text``, cut off as a till cuts it where it is too long."""
    while font.getlength(text) > width:
        text = text[:-1].rstrip()
    return text


def _totals(till: Till, sale: Sale) -> None:
    """What it adds up to."""
    rng, locale, value = till.rng, till.locale, till.value
    absent = "subtotal discount service_charge tax tip rounding total payment_method amount_paid change".split()
    value.update(dict.fromkeys(absent))
    label = locale.label("tax", rng)
    if "%" not in label and rng.random() < 0.6:
        label = f"{label} {sale.rate.replace('.', till.money.decimal)}%"
    added = [sale.discount, sale.service, sale.tip, sale.rounding, None if sale.inclusive else sale.tax]
    if any(one is not None for one in added) or rng.random() < 0.5:
        _total_row(till, "subtotal", locale.label("subtotal", rng), sale.subtotal)
    _total_row(till, "discount", locale.label("discount", rng), sale.discount, minus=True)
    _total_row(till, "service_charge", "Service Charge 10%", sale.service)
    if not sale.inclusive:
        _total_row(till, "tax", label, sale.tax)
    _total_row(till, "tip", rng.choice(["Tip", "Gratuity", "TIP"]), sale.tip)
    _total_row(till, "rounding", rng.choice(["Rounding", "Rounding Adj", "ROUNDING"]), sale.rounding)
    value["total"] = str(till.money.round(sale.total))
    symbol = till.symbols or rng.random() < 0.4
    value["currency"] = till.money.code if symbol else None
    till.y += till.leading * rng.choice([0.0, 0.3])
    total = till.amount(sale.total, "/total", symbol=symbol)
    larger = rng.choice([1.0, 1.0, 1.25, 1.4])
    till.row(locale.label("total", rng), total, bold=rng.random() < 0.7, larger=larger)
    _payment(till, sale)
    if sale.inclusive and sale.tax is not None:
        till.y += till.leading * 0.4
        till.canvas.new_block()
        _tax_inside(till, sale, sale.tax, label)


def _total_row(till: Till, key: str, label: str, amount: Decimal | None, *, minus: bool = False) -> None:
    """A row of the totals, where there is such an amount; ``minus`` prints one before it."""
    if amount is None:
        return
    till.value[key] = str(till.money.round(amount))
    text = (
        till.money.with_symbol(-amount if minus else amount)
        if till.symbols
        else till.money.number(-amount if minus else amount)
    )
    till.row(label, Fact(text, "amount", till.value[key], f"/{key}"))


def _payment(till: Till, sale: Sale) -> None:
    """How it was paid."""
    rng, locale, value = till.rng, till.locale, till.value
    if sale.cash is None and rng.random() < 0.15:
        return
    value["payment_method"] = "card" if sale.cash is None else "cash"
    method = locale.label(value["payment_method"], rng)
    paid = sale.total if sale.cash is None else sale.cash
    value["amount_paid"] = str(till.money.round(paid))
    till.row(Fact(method, "choice", value["payment_method"], "/payment_method"), till.amount(paid, "/amount_paid"))
    if sale.cash is not None:
        value["change"] = str(till.money.round(sale.cash - sale.total))
        till.row(locale.label("change", rng), till.amount(sale.cash - sale.total, "/change"))
    elif rng.random() < 0.4:
        till.put(f"{rng.choice(['Card', 'Acct', 'XXXX XXXX XXXX'])} {digits(rng, '####')}")


def _tax_inside(till: Till, sale: Sale, tax: Decimal, label: str) -> None:
    """The tax that is in the prices already."""
    rate = f"{sale.rate.replace('.', till.money.decimal)}%"
    till.value["tax"] = str(till.money.round(tax))
    shown = till.amount(tax, "/tax", symbol=False)
    if till.rng.random() < 0.5:
        till.row(label, shown)
        return
    net = till.amount(sale.total - tax - (sale.rounding or 0), None, symbol=False)
    gross = till.amount(sale.total - (sale.rounding or 0), None, symbol=False)
    heads = {
        "de": ("MwSt", "Netto", "Steuer", "Brutto"),
        "fr": ("TVA", "HT", "TVA", "TTC"),
        "es": ("IVA", "Base", "Cuota", "Total"),
    }
    _cells(till, *heads.get(till.locale.language, ("Rate", "Net", till.locale.labels["tax"][-1], "Gross")))
    _cells(till, Fact(rate, "number", sale.rate), net, shown, gross)


def _footer(till: Till) -> None:
    """What tills say at the end."""
    rng = till.rng
    till.y += till.leading * 0.5
    till.canvas.new_block()
    if rng.random() < 0.3:
        count = len(till.value["items"])
        till.put([f"{till.locale.label('count', rng)} ", Fact(str(count), "number", count)])
    if rng.random() < 0.8:
        till.put(till.locale.label("thanks", rng), anchor="centre")
    if rng.random() < 0.3:
        _barcode(till)


def _barcode(till: Till) -> None:
    """Bars, and the receipt's number below them."""
    left, right, top = till.canvas.size[0] * 0.2, till.canvas.size[0] * 0.8, till.y - till.size
    x = left
    while x < right:
        width = till.rng.choice([1, 2, 3])
        till.canvas.draw.rectangle((x, top, x + width, top + till.size * 2.2), fill=(15, 15, 15))
        x += width + till.rng.choice([2, 3, 5])
    till.y = top + till.size * 2.2 + till.leading
    number = till.value["receipt_number"]
    till.put(Fact(number, "identifier", number, "/receipt_number", again=True), anchor="centre")
    till.y += till.leading * 0.3
