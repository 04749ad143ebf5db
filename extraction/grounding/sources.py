"""``Sources``: for every leaf of a value, where on the pages it was found.

That something like the value stands somewhere (located) and that exactly this value stands there (equal) are different
facts: an invoice number with one digit wrong is located, and is not equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from extraction.schemas.geometry import Box, Polygon
from extraction.schemas.pointers import leaves_of, pointer

Match: TypeAlias = Literal["exact", "equal", "fuzzy"]
"""``exact``: the same characters, but for case, white space and outer punctuation. ``equal``: the same number, amount,
date or telephone number, written otherwise. ``fuzzy``: similar text, which may be another value."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a value stands.

    Attributes:
        page: The page's number, from 1.
        box: Around the value itself, not its whole line; pixels of that page's picture.
        text: The text that stands there.
        match: How it agrees with the value.
        score: How alike they are, 0 to 1; 1 where they are exact or equal.
        quad: Its four corners clockwise, beginning with the top left one of the text, where that is turned or slanted; None
            where the box says it all.
    """

    page: int
    box: Box
    text: str
    match: Match
    score: float = 1.0
    quad: Polygon | None = None

    @property
    def equal(self) -> bool:
        """Whether exactly this value stands there, in whatever form; a fuzzy match is only alike."""
        return self.match != "fuzzy"


@dataclass(frozen=True, slots=True)
class Verification:
    """A value read again from its own piece of the page, by the OCR engine and by the model.

    Attributes:
        engine: What the engine read there; None where it read nothing, or was not asked.
        model: What the model read there; None where its answer could not be read, or it was not asked.
        engine_match: How the engine's reading agrees with the value; None where it says something else.
        model_match: How the model's does.
    """

    engine: str | None = None
    model: str | None = None
    engine_match: Match | None = None
    model_match: Match | None = None

    @property
    def agreed(self) -> bool:
        """Whether there is a reading, and all that there are say exactly this value, in whatever form."""
        readings = ((self.engine, self.engine_match), (self.model, self.model_match))
        matches = [match for text, match in readings if text is not None]
        return bool(matches) and all(match in ("exact", "equal") for match in matches)


@dataclass(frozen=True, slots=True)
class Sources(Mapping[str, tuple[Source, ...]]):
    """Where each leaf of a value stands, by JSON pointer (RFC 6901): ``sources["/total"][0].box``.

    Attributes:
        places: Of every leaf that was looked for, its places, the best first; empty where it stands nowhere.
        unlooked: Leaves that no page can show: null, true and false, empty texts, colours and the numbers of boxes; and
            choices (of an enum) whose word is not on the page, which are conclusions.
        verified: Of each leaf that was read again, what was read; empty without ``verify``.
    """

    places: Mapping[str, tuple[Source, ...]]
    unlooked: tuple[str, ...] = field(default=())
    verified: Mapping[str, Verification] = field(default_factory=dict)

    def __getitem__(self, pointer: str) -> tuple[Source, ...]:
        """The places of a leaf, the best first; empty where it was looked for and stands nowhere.

        Raises:
            KeyError: The pointer names no leaf that was looked for.
        """
        return self.places[pointer]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def not_found(self) -> tuple[str, ...]:
        """Pointers of the leaves that stand nowhere: what the model says there, it has not read."""
        return tuple(pointer for pointer, places in self.places.items() if not places)

    @property
    def unequal(self) -> tuple[str, ...]:
        """Pointers of the leaves for which only something similar was found."""
        return tuple(pointer for pointer, places in self.places.items() if places and not places[0].equal)

    @property
    def disagreed(self) -> tuple[str, ...]:
        """Pointers of the leaves that were read again and said to be something else."""
        return tuple(pointer for pointer, told in self.verified.items() if not told.agreed)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """The places as JSON: ``{pointer: [{"page", "box", "text", "match", "score"}]}``, boxes as four numbers."""
        return {
            pointer: [
                {
                    "page": one.page,
                    "box": [round(edge, 2) for edge in one.box.xyxy],
                    "text": one.text,
                    "match": one.match,
                    "score": one.score,
                }
                for one in places
            ]
            for pointer, places in self.places.items()
        }

    def with_verified(self, verified: Mapping[str, Verification]) -> Sources:
        """The same places with what was read there again."""
        return replace(self, verified=verified)


def told_sources(metadata: Mapping[str, Any], data: Any) -> Sources | None:
    """The places that a message tells itself, in ``response_metadata["sources"]``, as ``ChatOCR``'s do; None where it tells none.

    Args:
        metadata: The ``response_metadata``.
        data: The message's value as JSON: leaves of it that were looked for and have no place stand nowhere.
    """
    told = metadata.get("sources")
    if not isinstance(told, Mapping):
        return None
    places = {
        at: tuple(Source(**{**one, "box": Box.model_validate(one["box"])}) for one in found)
        for at, found in told.items()
    }
    leaves = {pointer(path): leaf for path, leaf in leaves_of(data)}
    unlooked = tuple(
        at
        for at, leaf in leaves.items()
        if at not in places and not isinstance(leaf, str) and (leaf is None or isinstance(leaf, bool) or _in_list(at))
    )
    absent = {at: () for at in leaves if at not in places and at not in unlooked}
    return Sources(places | absent, unlooked)


def _in_list(pointer: str) -> bool:
    """Whether a leaf is an item of a list: a bare number there is one of a box's."""
    return pointer.rpartition("/")[2].isdigit()
