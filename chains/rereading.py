"""Values of a document read again: which of them on which pages, and what their readings come to."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from extraction.chains.page_words import leaf_origins
from extraction.chains.verify import Piece, Verifier, cut_pieces, value_at
from extraction.chains.windows import Batch
from extraction.documents.paging import Shown
from extraction.documents.result import Merged, Origin, Window
from extraction.grounding.sources import Match, Sources, Verification
from extraction.written_numbers import numbers_as_text

_WORST: Final[Sequence[Match]] = ("fuzzy", "equal", "exact")


def read_again(
    verifier: Verifier | None,
    windows: list[Window],
    shown: Iterable[Shown],
    wanted: Mapping[int, frozenset[str] | None],
) -> Generator[Batch, list[Any], list[Window]]:
    """The windows, with what was read again of their wanted leaves; what the model is to read is given out.

    Args:
        verifier: Who reads; None where nothing is wanted.
        windows: The windows.
        shown: The pages of those that have wanted leaves, of which only one window's are needed at a time.
        wanted: JSON pointers of the leaves by the number of the window; None for all.

    Raises:
        ImageError: A page cannot be read any more.
        ExtractionError: The model has failed.
    """
    if verifier is None or not wanted:
        return windows
    pieces = {
        number: _pieces(windows[number], pages, leaves)
        for (number, leaves), pages in zip(wanted.items(), shown, strict=True)
    }
    together = [piece for found in pieces.values() for piece in found]
    texts = verifier.engine_texts(together)
    answers: list[Any] = [None] * len(together)
    if verifier.chain is not None and together:
        answers = yield Batch(verifier.chain, [piece.image for piece in together])
    readings = iter(zip(texts, answers, strict=True))
    told = {}
    for number, found in pieces.items():
        mine = [next(readings) for _ in found]
        verified = verifier.verified(found, [text for text, _ in mine], [answer for _, answer in mine])
        sources = windows[number].sources
        assert sources is not None
        told[number] = replace(windows[number], sources=sources.with_verified(verified))
    return [told.get(number, window) for number, window in enumerate(windows)]


def _pieces(window: Window, shown: Shown, wanted: frozenset[str] | None) -> list[Piece]:
    if shown.error is not None:
        raise shown.error
    assert window.sources is not None
    pictures = {page.number: page.picture for page in shown.pages}
    return cut_pieces(window.sources, numbers_as_text(window.data), pictures, wanted)


def wanted_leaves(merged: Merged, windows: Sequence[Window]) -> dict[int, frozenset[str]]:
    """The leaves of each window, by its number, that are to be read again for the leaves of a document's value.

    Args:
        merged: The document's value.
        windows: The windows, with sources.
    """
    wanted: dict[int, set[str]] = {}
    for at, origins in leaf_origins(merged):
        for origin in _read_for(at, origins, merged, windows):
            wanted.setdefault(origin.window, set()).add(origin.pointer)
    return {number: frozenset(leaves) for number, leaves in sorted(wanted.items())}


def merged_readings(merged: Merged, windows: Sequence[Window]) -> Mapping[str, Verification]:
    """What was read again of a document's value.

    Args:
        merged: The value.
        windows: The windows, with what was read again of each.
    """
    found = {}
    for at, origins in leaf_origins(merged):
        readings = [
            sources.verified[origin.pointer]
            for origin in _read_for(at, origins, merged, windows)
            if (sources := windows[origin.window].sources) is not None and origin.pointer in sources.verified
        ]
        if readings:
            found[at] = readings[0] if len(readings) == 1 else _together(readings)
    return found


def _read_for(at: str, origins: Sequence[Origin], merged: Merged, windows: Sequence[Window]) -> Sequence[Origin]:
    """Where a leaf is read again: at its first place, or where it was put together of pieces, at that of each."""
    located = [one for one in origins if _is_located(windows[one.window].sources, one.pointer)]
    if located and value_at(windows[located[0].window].data, located[0].pointer) == value_at(merged.data, at):
        return located[:1]
    return located


def _is_located(sources: Sources | None, pointer: str) -> bool:
    return sources is not None and bool(sources.get(pointer))


def _together(readings: Sequence[Verification]) -> Verification:
    """The readings of the pieces of one value: it is agreed where each of them is."""
    engine, model = (_joined(one.engine for one in readings), _joined(one.model for one in readings))
    return Verification(
        engine, model, _worst([one.engine_match for one in readings]), _worst([one.model_match for one in readings])
    )


def _joined(texts: Iterator[str | None]) -> str | None:
    return " ".join(text for text in texts if text is not None) or None


def _worst(matches: Sequence[Match | None]) -> Match | None:
    told = [match for match in matches if match is not None]
    return min(told, key=_WORST.index) if len(told) == len(matches) else None
