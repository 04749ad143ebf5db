"""Large pictures in overlapping tiles, for models that see small things badly."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableSequence
from PIL import Image
from pydantic_core import to_jsonable_python
from typing_extensions import TypeVar

from extraction.chains.pictures import split_input
from extraction.errors import OptionError, SchemaMismatchError, TruncatedOutputError
from extraction.images import Picture, load_image
from extraction.parsing import GroundedOutputParser
from extraction.reconciling import Reconciler, ViewValue
from extraction.schemas import json_schema_of
from extraction.tiling import TileWarning, View, merge, views_of
from extraction.validation import Validator, explain

T = TypeVar("T", default=Any)


def tiled(
    chain: Runnable[Any, T],
    schema: Any = None,
    *,
    tile: int | tuple[int, int] = 640,
    overlap: float = 0.2,
    iou: float = 0.5,
    overview: bool = True,
) -> Runnable[Any, T]:
    """A Runnable like ``chain`` that shows it a large picture in parts, and makes one value of what it finds in them.

    Its input is that of the chain. The parts go through the chain as one batch; boxes are pixels of the whole picture. A
    picture that is no larger than a tile goes through as it is.

    Of the lists of things with boxes each thing stays once, and whole where any part shows it whole; counts are counted
    anew; true and false are "in any part"; texts, choices and colours are those of the whole picture. A schema with
    anything else is refused. An answer for a part that was cut is what the chain makes of it (``on_truncation``); where only
    that for the whole picture raises, and no field needs it, a ``TileWarning`` says that the tiles alone count.

    Args:
        chain: From a picture to a value: ``extraction_chain``, ``detection_chain``, or a Runnable of one's own.
        schema: The schema of its values, for chains that do not end in this library's parser.
        tile: Side of a tile in pixels, or (width, height). A thing should be smaller than ``overlap`` of it, or be large
            enough to be seen in the whole picture.
        overlap: Share of a tile's side that it has in common with its neighbour.
        iou: Intersection over union above which two boxes of one label are one thing.
        overview: Whether the whole picture, reduced to the size of a tile, is shown too: for what no tile holds.

    Raises:
        OptionError: A number is out of range, or the schema is not known.
        SchemaError: The schema holds no list of things with boxes, or a field that several parts cannot agree on.
    """
    size = (tile, tile) if not isinstance(tile, tuple) else tile
    views_of((1, 1), tile=size, overlap=overlap, overview=overview)  # these raise where a number is out of range
    merge([], [], iou=iou)
    asking = _asking(chain, schema)
    reconciler = Reconciler(json_schema_of(asking.schema), overview=overview)

    def parts(input: Any) -> _Parts:
        source, instruction = split_input(input)
        picture = load_image(source)
        views = views_of(picture.size, tile=size, overlap=overlap, overview=overview)
        shown = [_shown(picture, view) for view in views]
        return _Parts(picture.size, views, [one if instruction is None else _asked(one, instruction) for one in shown])

    def invoke(input: Any, config: RunnableConfig) -> Any:
        taken = parts(input)
        return _made(asking, reconciler, taken, asking.chain.batch(taken.inputs, config), iou)

    async def ainvoke(input: Any, config: RunnableConfig) -> Any:
        taken = await asyncio.to_thread(parts, input)
        return _made(asking, reconciler, taken, await asking.chain.abatch(taken.inputs, config), iou)

    return RunnableLambda(invoke, afunc=ainvoke, name="tiled")


def _made(asking: _Asking, reconciler: Reconciler, parts: _Parts, answers: Sequence[Any], iou: float) -> Any:
    """The value that the answers for all parts come to."""
    values: list[ViewValue] = []
    views = parts.views
    for answer, view in zip(answers, views, strict=True):
        try:
            values.append(asking.read(answer, view))
        except TruncatedOutputError as error:
            # A model that tiles help loses its way in the whole of a crowded picture; large things are all that goes.
            if reconciler.needs_overview or len(views) == 1 or view.region != (0, 0, *parts.size):
                raise
            warnings.warn(f"only the tiles count, not the whole picture: {error}", TileWarning, stacklevel=2)
            views = views[:-1]
            break
    return asking.value(reconciler.reconcile(values, views, iou=iou))


@dataclass(frozen=True, slots=True)
class _Parts:
    """The size of a picture, its views, and what the chain is given for each."""

    size: tuple[int, int]
    views: list[View]
    inputs: list[Any]


@dataclass(frozen=True, slots=True)
class _Asking:
    """A chain as it is asked, and how its answers are read.

    Attributes:
        chain: From a picture to a message, where there is a parser behind it; else to a value.
        schema: The schema of the values.
        parser: Reads messages; they tell more than values, such as how sure the model was.
        validator: Makes a value of JSON.
    """

    chain: Runnable[Any, Any]
    schema: Any
    parser: GroundedOutputParser[Any] | None
    validator: Validator

    def read(self, answer: Any, view: View) -> ViewValue:
        """What was found in a view."""
        if self.parser is None or not isinstance(answer, AIMessage):
            return ViewValue(to_jsonable_python(answer, by_alias=True))
        try:
            parsed = self.parser.parse_message(answer)
        except Exception as error:
            error.add_note(f"in the part {view.region} of the picture")
            raise
        return ViewValue(parsed.data, parsed.confidence)

    def value(self, data: Any) -> Any:
        """The value of the whole picture.

        Raises:
            SchemaMismatchError: All that was found together does not fit the schema (a list may be too long for it).
        """
        try:
            return self.validator.validate(data)
        except ValueError as error:
            text = json.dumps(data, ensure_ascii=False)
            raise SchemaMismatchError(
                f"what was found in the parts of the picture does not fit together: {explain(error)}", llm_output=text
            ) from error


def _asking(chain: Runnable[Any, Any], schema: Any) -> _Asking:
    last = chain.last if isinstance(chain, RunnableSequence) else None
    if isinstance(last, GroundedOutputParser) and schema is None:
        steps = chain.steps[:-1] if isinstance(chain, RunnableSequence) else []
        asked = RunnableSequence(*steps) if len(steps) > 1 else steps[0]
        return _Asking(asked, last.target, last, Validator(last.target))
    if schema is None:
        raise OptionError("this chain does not tell the schema of its values", hint="name it: tiled(chain, schema)")
    return _Asking(chain, schema, None, Validator(schema))


def _shown(picture: Picture, view: View) -> Picture:
    image = picture.image if view.region == (0, 0, *picture.size) else picture.image.crop(view.region)
    if image.size != view.size:
        image = image.resize(view.size, Image.Resampling.LANCZOS)
    return Picture(image, source=f"{picture.source} {list(view.region)}")


def _asked(picture: Picture, instruction: str) -> dict[str, Any]:
    return {"image": picture, "instruction": instruction}
