"""PDF files by hand, for what no writer of PDFs at hand makes: forms, odd boxes, broken fonts, passwords."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")  # PDF 1.7, algorithm 2
_IDENTIFIER = bytes(range(16))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: its content stream, and further keys of its dictionary, with references counted from ``extra``."""

    content: bytes = b""
    keys: bytes = b""
    box: tuple[float, float, float, float] = (0, 0, 300, 200)


def text(words: str, x: float, y: float, *, size: float = 12, font: str = "F1", before: str = "") -> bytes:
    """The content that writes ``words`` with the baseline's left end at (x, y); ``before`` stands in the text object."""
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {before} {x} {y} Td ({escaped}) Tj ET\n".encode("cp1252")


def pdf(
    sheets: Sequence[Sheet],
    *,
    extra: Sequence[bytes] = (),
    fonts: bytes = b"",
    catalog: bytes = b"",
    inherited: bytes = b"",
    password: bytes | None = None,
) -> bytes:
    """A PDF file.

    Args:
        sheets: Its pages.
        extra: Further objects; the first is object 3, and so on.
        fonts: Further entries of the font resources, beside F1, which is Helvetica.
        catalog: Further keys of the catalog.
        inherited: Further keys of the node above the pages.
        password: What opens it; encrypted with RC4 of 40 bits, as PDF 1.1 does.
    """
    first = 3 + len(extra)
    kids = b" ".join(b"%d 0 R" % (first + 2 * place) for place in range(len(sheets)))
    objects = [b"<</Type/Catalog/Pages 2 0 R %b>>" % catalog]
    resources = b"/Resources<</Font<</F1 %b %b>>>>" % (HELVETICA, fonts)
    objects.append(b"<</Type/Pages/Count %d/Kids[%b]%b%b>>" % (len(sheets), kids, resources, inherited))
    objects.extend(extra)
    key = None if password is None else _file_key(password)
    for place, sheet in enumerate(sheets):
        number = first + 2 * place
        box = "/MediaBox[{} {} {} {}]".format(*sheet.box).encode()
        objects.append(b"<</Type/Page/Parent 2 0 R/Contents %d 0 R%b%b>>" % (number + 1, box, sheet.keys))
        objects.append(stream(sheet.content if key is None else _encrypted(sheet.content, key, number + 1)))
    return _written(objects, b"" if password is None else _encryption(password))


def stream(content: bytes, keys: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), keys, content)


def _written(objects: Sequence[bytes], trailer: bytes) -> bytes:
    file = bytearray(b"%PDF-1.7\n")
    places = []
    for number, told in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, told)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(file)


def _owner(password: bytes) -> bytes:
    """The entry /O for an owner without a password of his own (PDF 1.7, algorithm 3)."""
    return _rc4(hashlib.md5(_padded(password)).digest()[:5], _padded(password))


def _file_key(password: bytes) -> bytes:
    """The key of 40 bits (PDF 1.7, algorithm 2, revision 2)."""
    permissions = (-4).to_bytes(4, "little", signed=True)
    return hashlib.md5(_padded(password) + _owner(password) + permissions + _IDENTIFIER).digest()[:5]


def _encryption(password: bytes) -> bytes:
    user = _rc4(_file_key(password), _PADDING)
    told = b"/Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>" % (_owner(password).hex().encode(), user.hex().encode())
    identifier = _IDENTIFIER.hex().encode()
    return b"/Encrypt<<%b>>/ID[<%b><%b>]" % (told, identifier, identifier)


def _encrypted(content: bytes, key: bytes, number: int) -> bytes:
    """A stream's bytes, encrypted for its object (PDF 1.7, algorithm 1)."""
    return _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], content)


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _rc4(key: bytes, content: bytes) -> bytes:
    state = list(range(256))
    other = 0
    for place in range(256):
        other = (other + state[place] + key[place % len(key)]) % 256
        state[place], state[other] = state[other], state[place]
    result, one, other = bytearray(), 0, 0
    for byte in content:
        one = (one + 1) % 256
        other = (other + state[one]) % 256
        state[one], state[other] = state[other], state[one]
        result.append(byte ^ state[(state[one] + state[other]) % 256])
    return bytes(result)
