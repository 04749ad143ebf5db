"""Made-up companies, people, streets and goods."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import Final

from tests.documents.locales import Locale

_NAMES: Final = """Alder Barton Calloway Denholm Eastgate Fairview Glenmore Harrow Ironwood Juniper Kingsley Larkspur
Meridian Northwind Oakhurst Pinecrest Quayside Redfern Sterling Thornbury Upland Valemont Westbrook Yarrow Zephyr
Bluebell Copper Silverline Maple Harbor Summit Lakeside Orchard Sunrise Golden Evergreen""".split()
_TRADES: Final = {
    "en-US": ("Market", "Diner", "Hardware", "Books", "Pharmacy", "Coffee Co.", "Grill", "Auto Parts", "Grocery"),
    "en-GB": ("Stores", "Tea Rooms", "Hardware", "Books", "Pharmacy", "Kitchen", "Garden Centre", "Bakery"),
    "en-MY": ("Trading", "Enterprise", "Restoran", "Mini Mart", "Stationery", "Hardware Trading", "Kopitiam"),
    "de-DE": ("Bäckerei", "Markt", "Buchhandlung", "Getränke", "Apotheke", "Gasthaus", "Baustoffe"),
    "fr-FR": ("Boulangerie", "Brasserie", "Librairie", "Marché", "Pharmacie", "Café"),
    "es-ES": ("Panadería", "Mercado", "Librería", "Farmacia", "Bar", "Ferretería"),
}
_FORMS: Final = {
    "en-US": ("", "", "Inc.", "LLC"),
    "en-GB": ("", "", "Ltd", "& Sons"),
    "en-MY": ("Sdn Bhd", "SDN BHD", "Sdn. Bhd.", ""),
    "de-DE": ("GmbH", "KG", "", "GmbH & Co. KG"),
    "fr-FR": ("SARL", "SAS", ""),
    "es-ES": ("S.L.", "S.A.", ""),
}
_STREETS: Final = {
    "en-US": ("Main Street", "Oak Avenue", "Elm St", "Lincoln Blvd", "Harbor Drive", "2nd Avenue", "Mill Road"),
    "en-GB": ("High Street", "Station Road", "Church Lane", "Victoria Road", "Mill Lane", "Castle Street"),
    "en-MY": ("Jalan Sri Damai", "Jalan Bukit Indah", "Jalan Tun Razak", "Lorong Seri 3", "Jalan SS 2/24"),
    "de-DE": ("Hauptstraße", "Bahnhofstr.", "Lindenweg", "Schillerplatz", "Am Markt"),
    "fr-FR": ("rue de la Gare", "avenue Victor Hugo", "place du Marché", "rue des Lilas"),
    "es-ES": ("Calle Mayor", "Avenida del Sol", "Plaza Nueva", "Calle del Río"),
}
_CITIES: Final = {
    "en-US": ("Springfield, IL", "Dayton, OH", "Portland, OR", "Austin, TX", "Albany, NY", "Boise, ID"),
    "en-GB": ("Exeter", "York", "Leeds", "Bath", "Norwich", "Chester"),
    "en-MY": ("Kuala Lumpur", "Petaling Jaya, Selangor", "Johor Bahru, Johor", "Ipoh, Perak", "Shah Alam, Selangor"),
    "de-DE": ("Ulm", "Freiburg", "Bremen", "Kassel", "Münster"),
    "fr-FR": ("Lyon", "Nantes", "Tours", "Dijon"),
    "es-ES": ("Sevilla", "Valencia", "Burgos", "León"),
}
_FIRST: Final = (
    "Anna Ben Carla David Emma Farid Grace Henry Ines Jack Kavya Liam Maria Noah Olga Peter Rosa Sam".split()
)
_LAST: Final = "Adler Brown Castro Dubois Evans Fischer Gupta Hughes Ivanov Jones Khan Lopez Meyer Novak Owens".split()

_GOODS: Final = {
    "en": """Milk 2L|Brown Bread|Free Range Eggs|Cheddar Cheese|Green Apples|Orange Juice|Dark Chocolate|Olive Oil|
        Pasta Penne|Tomato Sauce|Ground Coffee|Black Tea|Paper Towels|Dish Soap|AA Batteries|Light Bulb 60W|USB Cable|
        Notebook A5|Ballpoint Pen|Stapler|Copy Paper|Cheeseburger|French Fries|Caesar Salad|Iced Latte|Espresso|
        Club Sandwich|Pancakes|Chicken Soup|Lemonade|Wood Screws 4x40|Hammer|Paint Brush|Masking Tape|Sandpaper P120|
        Extension Cord|Garden Hose|Cough Syrup|Vitamin C 500|Hand Cream|Toothpaste|Shampoo|Greeting Card|Road Atlas|
        Nasi Lemak|Teh Tarik|Roti Canai|Mineral Water|Kaya Toast|Fried Rice""",
    "de": """Vollmilch 1L|Roggenbrot|Butter 250g|Bio-Eier|Apfelsaft|Mineralwasser|Käse Gouda|Kartoffeln|Brötchen|
        Kaffee Crema|Apfelkuchen|Schnitzel|Bratwurst|Spülmittel|Batterien AA|Kugelschreiber|Heft A4|Zahnpasta""",
    "fr": """Baguette|Croissant|Lait entier|Beurre doux|Fromage Comté|Pommes Gala|Jus d'orange|Café moulu|Thé vert|
        Savon|Cahier A5|Stylo bleu|Salade niçoise|Tarte aux pommes|Eau minérale""",
    "es": """Pan integral|Leche entera|Queso manchego|Aceite de oliva|Naranjas|Café molido|Agua mineral|Tomates|
        Jabón|Cuaderno A5|Bolígrafo|Tortilla|Bocadillo|Zumo natural|Galletas""",
}
_WORK: Final = """Design consultation|Website maintenance|Server hosting, monthly|Oak desk 160 x 80 cm|Office chair, black|
    Desk lamp|Network cable Cat6, 20 m|Printer paper A4, 5 reams|Toner cartridge HP-85A|Safety helmets|Work gloves, pair|
    Translation EN-DE, 1,200 words|Photography, half day|Conference badge printing|Steel brackets M8|Pump overhaul|
    Annual software licence|Training course, 2 days|Courier delivery|Copper pipe 15 mm|Window cleaning|Tax advice""".replace(
    "\n", ""
)


@dataclass(frozen=True, slots=True)
class Party:
    """A company with its address, as it is printed.

    Attributes:
        name: Its name.
        address: Its address in one to three lines.
        phone: Its telephone number.
        tax_id: Its number for taxes.
        website: Its address in the web.
    """

    name: str
    address: tuple[str, ...]
    phone: str
    tax_id: str
    website: str


def digits(rng: random.Random, pattern: str) -> str:
    """``pattern`` with a digit for each #, the first not 0, and a capital letter for each ?."""
    told: list[str] = []
    for char in pattern:
        if char == "#":
            told.append(rng.choice("0123456789" if any(one.isdigit() for one in told) else "123456789"))
        else:
            told.append(rng.choice(string.ascii_uppercase) if char == "?" else char)
    return "".join(told)


def party(rng: random.Random, locale: Locale) -> Party:
    """A company of that country."""
    tag = locale.tag
    first = rng.choice(_NAMES)
    names = (
        [first, rng.choice(_TRADES[tag])]
        if rng.random() < 0.7
        else [first, rng.choice(_NAMES), rng.choice(_TRADES[tag])]
    )
    name = " ".join(part for part in [*names, rng.choice(_FORMS[tag])] if part)
    street, city, number = rng.choice(_STREETS[tag]), rng.choice(_CITIES[tag]), str(rng.randint(1, 299))
    match tag:
        case "en-US":
            address = (f"{number} {street}", f"{city} {digits(rng, '#####')}")
            phone = digits(rng, rng.choice(["(###) 555-####", "###-555-####", "+1 ### 555 ####"]))
            tax = digits(rng, "##-#######")
        case "en-GB":
            address = (f"{number} {street}", f"{city} {digits(rng, '??# #??')}")
            phone = digits(rng, rng.choice(["0#### ######", "+44 #### ######", "0## #### ####"]))
            tax = digits(rng, "GB ### #### ##")
        case "en-MY":
            address = (f"No. {number}, {street},", f"{digits(rng, '#####')} {city}.")
            phone = digits(rng, rng.choice(["03-#### ####", "0#-### ####", "+603-########"]))
            tax = digits(rng, "00##########")
        case "de-DE":
            address = (f"{street} {number}", f"{digits(rng, '#####')} {city}")
            phone = digits(rng, rng.choice(["0### ######", "0###/######", "+49 ### ######"]))
            tax = digits(rng, "DE#########")
        case "fr-FR":
            address = (f"{number} {street}", f"{digits(rng, '#####')} {city}")
            phone = digits(rng, rng.choice(["0# ## ## ## ##", "0#.##.##.##.##"]))
            tax = digits(rng, "FR## #########")
        case _:
            address = (f"{street}, {number}", f"{digits(rng, '#####')} {city}")
            phone = digits(rng, rng.choice(["9## ### ###", "+34 9## ## ## ##"]))
            tax = digits(rng, "B########")
    website = f"www.{first.lower()}-{rng.choice(['shop', 'online', 'group'])}.example"
    return Party(name, address, phone, tax, website)


def iban(rng: random.Random, locale: Locale) -> str:
    """The number of a bank account, in groups of four, its check digits right (ISO 13616)."""
    country, pattern = {"de-DE": ("DE", "#" * 18), "fr-FR": ("FR", "#" * 23), "es-ES": ("ES", "#" * 20)}.get(
        locale.tag, ("GB", "????" + "#" * 14)
    )
    account = digits(rng, pattern)
    number = int("".join(str(int(char, 36)) for char in f"{account}{country}00"))
    whole = f"{country}{98 - number % 97:02}{account}"
    return " ".join(whole[begin : begin + 4] for begin in range(0, len(whole), 4))


def person(rng: random.Random) -> str:
    """A first and a last name."""
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def goods(rng: random.Random, language: str, count: int) -> list[str]:
    """Names of goods in a shop, all different as long as there are enough."""
    return _some(rng, _GOODS[language], count)


def work(rng: random.Random, count: int) -> list[str]:
    """What companies sell to each other, all different as long as there are enough."""
    return _some(rng, _WORK, count)


def _some(rng: random.Random, names: str, count: int) -> list[str]:
    all_names = [name.strip() for name in names.split("|")]
    return rng.sample(all_names, count) if count <= len(all_names) else rng.choices(all_names, k=count)
