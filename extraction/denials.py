"""What models say in plain words instead of places: that there is nothing, or that they will not answer.

Both lists are short on purpose. "Nothing" is a result, so only a sentence that can mean nothing else counts, and only
as the first one of a short answer; that a picture is missing is no such sentence. A sentence that is on neither list is
junk, which costs a repetition and no wrong result.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

_LONGEST: Final = 400
_PICTURE: Final = "(?:images?|pictures?|photos?|photographs?|scenes?|screenshots?|pages?|documents?|videos?|frames?)"
_SEEN: Final = "(?:found|detected|visible|present|shown|seen|depicted|located|spotted)"
_IN_PICTURE: Final = rf"(?: {_SEEN})?(?: in| on) (?:the|this|that|your) (?:\w+ )?{_PICTURE}"

_SORRY = re.compile(
    r"(?:(?:i'm|i am|we're|we are) )?(?:very |so )?(?:sorry|afraid)(?:,? but|,? that|[,:.])? |unfortunately,? "
)
_SORRY_CHINESE = re.compile("(?:\u975e\u5e38|\u5f88)?(?:\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u9057\u61be)[,.\u3002! ]*")
_SENTENCE_END = re.compile("(?<=[.!?])(?: |$)|(?<=\u3002)")

_NO_PICTURE = re.compile(
    rf"\b(?:no|any|an|the) (?:input |uploaded )?{_PICTURE} (?:was |is |were |has been |have been )?"
    r"(?:attached|provided|uploaded|given|here|available|not|in this|in our|yet)"
    rf"|\bno (?:input )?{_PICTURE}(?: |[.,!]|$)(?!of )|\b(?:see|view|access|open) (?:any |an |the )?{_PICTURE}(?:[.,! ]|$)"
    r"|\bupload|\battach"
)

_DO_NOT: Final = "(?:can't|cannot|can not|don't|do not|couldn't|could not|didn't|did not)"
_CANNOT: Final = "(?:can't|cannot|can not|won't|will not)"
_UNABLE: Final = "(?:i'm|i am) (?:unable|not able|not allowed|not permitted|not programmed|not designed) to"
_HELP: Final = (
    "(?:help|assist|provide|comply|answer|fulfil|fulfill|do that|do this|process|perform|respond|continue|give|generate"
    "|create|recogni[sz]e|analy[sz]e|describe|identify|support|discuss|engage|share|draw|output)"
)
_IN_PICTURE_CHINESE: Final = "(?:\u56fe|\u56fe\u7247|\u56fe\u50cf|\u753b\u9762|\u7167\u7247)(?:\u4e2d|\u91cc)"
_FOUND_CHINESE: Final = "(?:\u627e\u5230|\u68c0\u6d4b\u5230|\u53d1\u73b0)"
_HELP_CHINESE: Final = "(?:\u63d0\u4f9b|\u534f\u52a9|\u5e2e\u52a9|\u56de\u7b54|\u8bc6\u522b|\u5904\u7406|\u5b8c\u6210)"
_FOR_YOU_CHINESE: Final = "(?:\u4e3a\u60a8|\u4e3a\u4f60|\u5e2e\u60a8|\u5e2e\u4f60)"

_NOTHING: Final = tuple(
    re.compile(rf"(?:{pattern})[.!\u3002]?")
    for pattern in (
        rf"(?:there are|there is|there's) none(?: {_SEEN})?(?:{_IN_PICTURE})?",
        r"(?:there are|there is|there's|there were|there was) (?:no|not any|nothing) ?[^.!?]{0,200}",
        rf"(?:no|none of the) [^.!?,;]{{1,80}} (?:(?:were|was|are|is|could be|can be) )?{_SEEN}(?:{_IN_PICTURE})?",
        rf"(?:none|nothing)(?: was| were| is| are)?(?: {_SEEN})?(?:{_IN_PICTURE})?",
        rf"not {_SEEN}(?:{_IN_PICTURE})?",
        rf"no (?:such )?(?:objects?|matches|match|instances?|results?|detections?)(?:{_IN_PICTURE})?",
        rf"(?:this|it|that|they|these|the [^.!?,;]{{1,60}}) (?:isn't|aren't|is not|are not){_IN_PICTURE}",
        rf"(?:i|we) {_DO_NOT} (?:see|find|detect|locate|spot) any [^.!?]{{1,200}}",
        rf"{_IN_PICTURE_CHINESE}(?:\u6ca1\u6709|\u672a)[^.\u3002!?]{{1,60}}",  # 图片中没有 ..
        rf"(?:\u6ca1\u6709|\u672a){_FOUND_CHINESE}[^.\u3002!?]{{0,60}}",  # 没有找到 ..
    )
)
_REFUSED: Final = tuple(
    re.compile(rf"(?:as an? (?:ai|(?:ai |large )?language model|ai model|(?:ai )?assistant),? )?(?:but )?(?:{pattern})")
    for pattern in (
        rf"(?:i|we) {_CANNOT} {_HELP}\b",
        rf"{_UNABLE}\b",
        r"(?:i|we) (?:must|have to|need to) (?:decline|refuse)\b",
        r"(?:i|we) (?:decline|refuse) to\b",
        rf"\u6211?(?:\u65e0\u6cd5|\u4e0d\u80fd){_FOR_YOU_CHINESE}?{_HELP_CHINESE}",  # 我无法提供 ..
    )
)


def denial_in(text: str, *, ended: bool = True) -> Literal["nothing", "refused"] | None:
    """What an answer without places says instead: that there is nothing, or that the model will not say; else None.

    Args:
        text: The answer.
        ended: Whether the model ended it. Where it was cut, the word that turns "nothing" round may be missing.
    """
    start = unicodedata.normalize("NFKC", text[: 2 * _LONGEST]).replace("\u2019", "'").replace("\u2018", "'")
    start = " ".join(start.lower().split())
    for sorry in (_SORRY, _SORRY_CHINESE):
        if match := sorry.match(start):
            start = start[match.end() :]
    sentence = _SENTENCE_END.split(start, maxsplit=1)[0]
    nothing = any(pattern.fullmatch(sentence) for pattern in _NOTHING)
    if nothing and ended and len(start) <= _LONGEST and not _NO_PICTURE.search(start):
        return "nothing"
    return "refused" if any(pattern.match(start) for pattern in _REFUSED) else None
