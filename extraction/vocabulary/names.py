"""People, firms, addresses and papers of identity, by the names that schemas and paper give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extraction.vocabulary.concepts import Concept

NAMES: Final[Mapping[str, Concept]] = {
    "company": Concept.of(
        "text",
        "company|company name|merchant|merchant name|vendor|vendor name|store|store name|shop|shop name|seller|"
        "seller name|supplier|supplier name|business|business name|organization|organisation|organization name|issuer|"
        "issuer name|firm|restaurant|retailer|brand|employer|bank|bank name|sold by|from name|biller|institution",
        "sold by|seller|vendor|supplier|company name|company|organization|organisation|merchant name|merchant|"
        "store name|business name|issued by|bill from|billed by|firma|verkaufer|lieferant|absender|rechnungssteller|"
        "vendeur|fournisseur|societe|emetteur|vendedor|proveedor|emisor|empresa|razon social|venditore|fornitore|"
        "ditta|cedente|verkoper|leverancier|bedrijf|employer",
        term="company",
    ),
    "customer": Concept.of(
        "text",
        "customer|customer name|buyer|buyer name|client|client name|bill to|billed to|recipient|recipient name|"
        "bill to name|purchaser|account holder|payer|invoice to|sold to|account name|holder|customer full name|kunde|"
        "cardholder",
        "bill to|billed to|invoice to|invoiced to|sold to|customer name|customer|client name|client|buyer|purchaser|"
        "account holder|account name|payer|recipient|rechnung an|rechnungsempfanger|rechnungsadresse|kunde|"
        "kontoinhaber|empfanger|facture a|factures a|adresse de facturation|client e|destinataire|titulaire|"
        "facturar a|cliente|comprador|titular|fatturare a|destinatario|intestatario|acquirente|factuur aan|"
        "factuuradres|klant",
        term="customer",
    ),
    "ship_to": Concept.of(
        "text",
        "ship to|shipping address|delivery address|deliver to|ship to name|shipping name",
        "ship to|shipped to|deliver to|delivery address|shipping address|lieferadresse|lieferanschrift|livre a|"
        "adresse de livraison|enviar a|direccion de envio|spedire a|indirizzo di spedizione|afleveradres|verzendadres|"
        "lieferung an|livraison|livraison a|entrega a|entregar a|consegna a",
    ),
    "address": Concept.of(
        "text",
        "address|company address|merchant address|vendor address|store address|seller address|shop address|location|"
        "supplier address|postal address|street address|adresse|anschrift|mailing address|full address|"
        "business address|home address|residence",
        "postal address|street address|mailing address|home address|address|residence|adresse|anschrift|wohnort|"
        "domicile|direccion|domicilio|indirizzo|residenza|adres|endereco",
        term="address",
    ),
    "street": Concept.of(
        "text",
        "street|street name|street line|address line|address line 1|road",
        "street|strasse|rue|calle|via|straat",
        term="street",
    ),
    "postal_code": Concept.of(
        "code",
        "postal code|zip|zip code|postcode|post code|plz",
        "postal code|zip code|zip|postcode|plz|code postal|cap|cp",
        term="postal code",
    ),
    "city": Concept.of(
        "text",
        "city|town|place|ort|stadt|ville|ciudad",
        "city|town|ort|stadt|ville|ciudad|citta|plaats|stad",
        term="city",
    ),
    "country": Concept.of("text", "country|country name|land|pays", "country|land|pays|pais|paese", term="country"),
    "phone": Concept.of(
        "phone",
        "phone|phone number|telephone|telephone number|tel|mobile|mobile number|cell|cell phone|contact number|"
        "merchant phone|telefon|company phone|store phone|mobile phone|work phone|office phone|direct|direct line",
        "telephone number|phone number|contact number|telephone|phone|tel number|tel|ph|mobile number|mobile|mob|cell|"
        "telefon|telefonnummer|mobil|handy|fon|portable|telefono|movil|cellulare|telefoon|telefone|celular|direct|"
        "hotline|call us|hp",
        term="phone",
    ),
    "fax": Concept.of("phone", "fax|fax number|telefax", "fax number|fax|telefax|telecopie", term="fax"),
    "email": Concept.of(
        "email",
        "email|email address|e mail|mail|mail address",
        "email address|e mail address|email|e mail|mail|courriel|correo",
        term="email",
    ),
    "url": Concept.of(
        "url",
        "website|url|web|web site|homepage|site|web address|link|internet",
        "website|web site|web|homepage|internet|url|site web|sitio web|sito web|sito|www",
        term="url",
    ),
    "person": Concept.of(
        "text",
        "full name|person|person name|contact|contact name|contact person|name|holder name|employee name|"
        "applicant name|patient",
        "full name|contact person|contact name|contact|applicant name|patient name|employee name|name|ansprechpartner|"
        "nom et prenom|nombre completo|nombre y apellidos|nome e cognome|naam|nombre|nom complet|attention|attn|z hd|"
        "zu handen|a l attention de|atencion|alla cortese attenzione|t a v|c o",
    ),
    "given_names": Concept.of(
        "text",
        "given name|given names|first name|forename|firstname|vorname|prenom",
        "given names|given name|first name|forenames|forename|first names|vornamen|vorname|prenoms|prenom s|prenom|"
        "nombres|nome|voornamen|voornaam",
        term="first name",
    ),
    "surname": Concept.of(
        "text",
        "surname|last name|family name|lastname|nachname",
        "surname|last name|family name|nachname|familienname|nom de famille|apellidos|apellido|cognome|achternaam|nom",
        term="last name",
    ),
    "job_title": Concept.of(
        "text",
        "job title|job|position title|role|occupation|profession|job position|title of person",
        "job title|occupation|profession|role|beruf|berufsbezeichnung|fonction|cargo profesional|professione|functie",
    ),
    "department": Concept.of(
        "text",
        "department|dept|division",
        "department|dept|division|abteilung|departement|departamento|reparto|afdeling",
        term="department",
    ),
    "document_number": Concept.of(
        "code",
        "document number|id number|passport number|license number|licence number|identity number|card id|document id|"
        "identification number|id no",
        "document number|passport number|identity card number|id card number|id number|licence number|license number|"
        "driver license number|card number|document id|identification number|ausweisnummer|passnummer|"
        "dokumentennummer|numero de document|numero du document|numero de documento|numero documento|documentnummer|"
        "paspoortnummer|dni|licence|dl number|dl",
        term="document number",
    ),
    "nationality": Concept.of(
        "text",
        "nationality|citizenship",
        "nationality|citizenship|staatsangehorigkeit|nationalite|nacionalidad|cittadinanza|nationaliteit",
        term="nationality",
    ),
    "sex": Concept.of("text", "sex|gender|geschlecht", "sex|gender|geschlecht|sexe|sexo|sesso|geslacht", term="sex"),
    "birth_place": Concept.of(
        "text",
        "place of birth|birth place|birthplace|birth city",
        "place of birth|birthplace|birth place|geburtsort|lieu de naissance|lugar de nacimiento|luogo di nascita|"
        "geboorteplaats",
        term="birth place",
    ),
    "authority": Concept.of(
        "text",
        "issuing authority|authority|issued by|issuer of document",
        "issuing authority|authority|ausstellende behorde|behorde|autorite|autoridad|autorita|autoriteit",
        term="authority",
    ),
    "height": Concept.of(
        "text",
        "height|body height",
        "height|hgt|grosse|taille|estatura|statura|lengte",
        term="height",
    ),
    "eye_color": Concept.of(
        "text",
        "eye color|eye colour|eyes",
        "eye color|eye colour|eyes|augenfarbe",
        term="eye color",
    ),
    "personal_number": Concept.of(
        "code",
        "personal number|national number|social security number|ssn|national id|national identification number|"
        "tax payer number",
        "personal number|national number|social security number|social security|ssn|national id|"
        "national insurance number|personal id|personennummer|sozialversicherungsnummer|numero de securite sociale|"
        "numero personal|bsn|codice personale",
        term="personal number",
    ),
    "issuing_country": Concept.of(
        "text",
        "issuing country|issuing state|country of issue",
        "issuing country|issuing state|country of issue|code of issuing state|country code|state code",
    ),
    # --- what only keeps others from its words -----------------------------------------------------------------------
    "noise_total": Concept.of(
        "text",
        "",
        "total number of|total weight|total points|points total|total volume|sub total of|total page|total pages|"
        "total excluding|tax summary|gst summary|tax invoice|vat summary|total transactions|tax code|tax type|tax base",
    ),
    "noise_date": Concept.of("text", "", "date format|date of printing|print date|printed on|printed"),
}
