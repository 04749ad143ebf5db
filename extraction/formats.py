"""The formats of JSON Schema as regular expressions that a grammar can hold, none wider than what Pydantic reads.

Days exist (no 30th of February), hours end at 23, seconds at 59, and every repetition has an end.
"""

from __future__ import annotations

from typing import Final

_YEAR: Final = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR: Final = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DATE: Final = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_OFFSET: Final = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_COUNT: Final = r"[0-9]{1,4}"
_DURATION_TIME: Final = rf"T(?:{_COUNT}H(?:{_COUNT}M)?(?:{_COUNT}S)?|{_COUNT}M(?:{_COUNT}S)?|{_COUNT}S)"
_DURATION_DATE: Final = rf"(?:{_COUNT}Y(?:{_COUNT}M)?(?:{_COUNT}D)?|{_COUNT}M(?:{_COUNT}D)?|{_COUNT}D)"
_HEX: Final = "[0-9a-fA-F]"
_LABEL: Final = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_TOP_LABEL: Final = "[a-zA-Z]{2,24}"
_HOST: Final = rf"(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9]|-[a-zA-Z0-9]){{0,30}}\.){{1,8}}{_TOP_LABEL}|localhost)"
_PATH_TEXT: Final = r"(?:[a-zA-Z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})"
_AFTER_HOST: Final = (
    rf"(?::[1-9][0-9]{{0,3}})?(?:/{_PATH_TEXT}{{0,1500}})?(?:\?{_PATH_TEXT}{{0,400}})?(?:#{_PATH_TEXT}{{0,100}})?"
)
_WEB: Final = rf"https?://{_HOST}{_AFTER_HOST}"
_OTHER_SCHEMES: Final = "urn|mailto|tel|data|doi|geo|s3|gs|git|news|tag"
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_BASE64: Final = "(?:[A-Za-z0-9+/]{4}){0,512}(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"


def _uuid(version: str) -> str:
    return f"{_HEX}{{8}}-{_HEX}{{4}}-{version}{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}"


WEB_ADDRESS: Final = f"^{_WEB}$"
"""What Pydantic's ``HttpUrl`` and ``AnyHttpUrl`` take. The schema of the one says "uri" of at most ``WEB_ADDRESS_LENGTH``
characters, that of the other "uri" of at least one."""
WEB_ADDRESS_LENGTH: Final = 2083

FORMATS: Final[dict[str, str]] = {
    "date": f"^{_DATE}$",
    "time": f"^{_CLOCK}{_OFFSET}$",
    "date-time": f"^{_DATE}T{_CLOCK}{_OFFSET}$",
    "duration": f"^P(?:{_DURATION_DATE}(?:{_DURATION_TIME})?|{_DURATION_TIME}|{_COUNT}W)$",
    "uuid": f"^{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}$",
    **{f"uuid{version}": f"^{_uuid(str(version))}$" for version in range(1, 9)},
    "uri": f"^(?:{_WEB}|ftp://{_HOST}{_AFTER_HOST}|(?:{_OTHER_SCHEMES}):[a-zA-Z0-9]{_PATH_TEXT}{{0,500}})$",
    "url": WEB_ADDRESS,
    "iri": f"^{_WEB}$",
    "uri-reference": f"^(?:{_WEB}|(?:/[a-zA-Z0-9_~.-]{{1,60}}){{1,20}}|[a-zA-Z0-9_.-]{{1,60}})$",
    "email": rf"^[a-zA-Z0-9](?:[a-zA-Z0-9_+-]|\.[a-zA-Z0-9_+-]){{0,30}}@(?:{_LABEL}\.){{1,3}}{_TOP_LABEL}$",
    "hostname": rf"^(?:{_LABEL}\.){{0,3}}{_LABEL}$",
    "ipv4": f"^{_IPV4}$",
    "ipvanyaddress": f"^{_IPV4}$",
    "ipv4network": f"^{_IPV4}/32$",
    "ipv4interface": f"^{_IPV4}/(?:3[0-2]|[12]?[0-9])$",
    "ipv6network": f"^(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}/128$",
    "ipv6interface": f"^(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])$",
    "ipvanyinterface": f"^{_IPV4}/(?:3[0-2]|[12]?[0-9])$",
    "ipvanynetwork": f"^{_IPV4}/32$",
    "base64": f"^{_BASE64}$",
    "byte": f"^{_BASE64}$",
    "json-pointer": "^(?:/(?:[^~/\\x00-\\x1f]|~[01]){0,60}){0,20}$",
    "relative-json-pointer": "^(?:0|[1-9]{1,3})(?:#|(?:/(?:[^~/\\x00-\\x1f]|~[01]){0,60}){1,20})$",
    "color": "^#[0-9a-fA-F]{6}$",
}
"""A regular expression per format, anchored. ``_`` stands nowhere in host names: not every reader takes it."""

OPEN_FORMATS: Final = frozenset({"binary", "password", "path", "file-path", "directory-path", "text", "textarea"})
"""Formats that say how a text is meant and forbid none."""

BUILT_IN_FORMATS: Final = frozenset({"ipv6"})
"""Formats that llguidance knows, and that need no narrowing."""
