"""Dates and times, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.vocabulary.concepts import Concept

DATES: Final[Mapping[str, Concept]] = {
    "date": Concept.of(
        "date",
        "date|invoice date|receipt date|transaction date|purchase date|date of purchase|issue date|issued|issued at|"
        "date issued|date of issue|order date|bill date|document date|billing date|purchased|purchased at|datum|fecha|"
        "data|rechnungsdatum|issued on|payment date|sale date|day|statement date",
        "dt|tarikh|date of issue|date issued|issue date|invoice date|inv date|receipt date|transaction date|"
        "trans date|purchase date|date of purchase|bill date|billing date|document date|doc date|order date|sale date|"
        "business date|tax point|statement date|date of statement|date time|date and time|date|dated|issued on|issued|"
        "rechnungsdatum|belegdatum|ausstellungsdatum|auszugsdatum|datum uhrzeit|datum|date de facturation|"
        "date de facture|date facture|date d emission|date du releve|fecha de factura|fecha factura|fecha de emision|"
        "fecha de expedicion|fecha emision|fecha|data fattura|data emissione|data documento|data di emissione|data|"
        "factuurdatum|data de emissao|datum factuur|data operazione|booked|booked on|booking date|posted|posting date|"
        "buchungstag|buchungsdatum",
        term="date",
    ),
    "due_date": Concept.of(
        "date",
        "due date|payment due|payment due date|due|pay by|due by|payable by|faelligkeit",
        "payment due date|due date|date due|payment due by|payment due|pay by|due by|due on|payable by|please pay by|"
        "due|fallig am|faellig am|fallig bis|zahlbar bis|zahlungsziel|falligkeit|falligkeitsdatum|date d echeance|"
        "echeance|fecha de vencimiento|fecha vencimiento|vencimiento|data scadenza|data di scadenza|scadenza|"
        "vervaldatum|te betalen voor|data de vencimento",
        term="due date",
    ),
    "delivery_date": Concept.of(
        "date",
        "delivery date|ship date|shipping date|date of delivery|service date|date of supply",
        "delivery date|date of delivery|ship date|shipping date|service date|date of supply|supply date|lieferdatum|"
        "leistungsdatum|date de livraison|fecha de entrega|data consegna|leverdatum|value date|valuta",
        term="delivery date",
    ),
    "birth_date": Concept.of(
        "date",
        "birth date|date of birth|birthdate|dob|birthday|born|geburtsdatum",
        "date of birth|birth date|birthdate|dob|d o b|born|geburtsdatum|geburtstag|geboren am|date de naissance|"
        "ne e le|fecha de nacimiento|data di nascita|geboortedatum|data de nascimento",
        term="birth date",
    ),
    "expiry_date": Concept.of(
        "date",
        "expiry date|expiration date|date of expiry|expires|valid until|expiry|expiration|valid to|valid thru",
        "date of expiry|expiry date|expiration date|expires on|expires|expiry|exp date|exp|valid until|valid to|"
        "valid thru|valid through|gultig bis|ablaufdatum|date d expiration|valable jusqu au|fecha de caducidad|"
        "fecha de expiracion|valido hasta|data di scadenza documento|valido fino al|geldig tot|data de validade",
        term="expiry date",
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
        term="time",
    ),
}
