"""How a picture lies on the canvas that a model is given, and the steps that put it there: resize, pad, crop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Size = tuple[int, int]  # (width, height) in pixels


@dataclass(frozen=True, slots=True)
class View:
    """How one picture lies on the canvas that the model was given.

    The canvas is what one picture became in ``pixel_values``. Padding that only makes pictures of one call equally large
    is masked from the model and is not part of it. Of a model that sees tiles and the whole picture, it is the whole
    picture; of one that sees tiles only, the tiles put together.

    Attributes:
        size: (width, height) of the canvas in pixels.
        content: Where the whole upright original would lie: (left, top, right, bottom) in pixels of the canvas. The
            canvas itself where the picture was stretched, inside it where it was padded, beyond it where it was cropped.
    """

    size: Size
    content: tuple[float, float, float, float]

    @classmethod
    def whole(cls, size: Size) -> View:
        """A picture that fills its canvas."""
        return cls(size, (0.0, 0.0, float(size[0]), float(size[1])))

    def resized(self, size: Size) -> View:
        """The canvas, with all that is on it, stretched to ``size``."""
        (x, y), (old_x, old_y) = size, self.size
        left, top, right, bottom = self.content
        return View((int(x), int(y)), (left * x / old_x, top * y / old_y, right * x / old_x, bottom * y / old_y))

    def placed(self, left: int, top: int, size: Size) -> View:
        """The canvas laid on one of ``size``, its corner at (``left``, ``top``); what hangs over is cut off."""
        x0, y0, x1, y1 = self.content
        return View((int(size[0]), int(size[1])), (x0 + left, y0 + top, x1 + left, y1 + top))

    def squared(self) -> View:
        """Padded to a square, in its middle."""
        side = max(self.size)
        return self.placed((side - self.size[0]) // 2, (side - self.size[1]) // 2, (side, side))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a picture processor, as far as it tells where pictures went.

    Attributes:
        image_processor: The picture processor.
        inputs: What the call returned.
        settings: The settings that the call overrode.
        sizes: (width, height) of each picture that it was given.
    """

    image_processor: Any
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    sizes: Sequence[Size]

    def __getitem__(self, name: str) -> Any:
        """The setting that was used."""
        if name in self.settings:
            return self.settings[name]
        return getattr(self.image_processor, name, None)

    def rule(self, name: str) -> Callable[..., Any]:
        """A function of the module that defines the processor or one of its bases, the most basic one first."""
        for cls in reversed(type(self.image_processor).__mro__):
            found = getattr(sys.modules.get(cls.__module__), name, None)
            if callable(found):
                return found  # type: ignore[no-any-return]
        raise AttributeError(f"{type(self.image_processor).__name__} has no rule {name!r}")

    def sides(self, name: str) -> dict[str, int]:
        """A setting that is a size, as transformers' names for its sides; {} where it is not set."""
        value = self[name]
        if isinstance(value, int | list | tuple):
            square = name != "size" or self["default_to_square"] is not False
            value = self.rule("get_size_dict")(value, default_to_square=square)
        return {side: length for side, length in dict(value or {}).items() if length is not None}

    def fixed(self, name: str = "size") -> Size:
        """A setting that names width and height.

        Raises:
            KeyError: It names something else.
        """
        sides = self.sides(name)
        return sides["width"], sides["height"]

    def rows(self, key: str, width: int, *, one_a_picture: bool = True) -> list[list[int]]:
        """Returned numbers as rows of ``width``.

        Raises:
            KeyError: They were not returned.
            ValueError: They are not one row a picture, where they have to be.
        """
        rows: list[list[int]] = np.asarray(self.inputs[key]).reshape(-1, width).tolist()
        if one_a_picture and len(rows) != len(self.sizes):
            raise ValueError(f"{len(rows)} rows of {key} for {len(self.sizes)} pictures")
        return rows

    def own(self, key: str, index: int) -> np.ndarray[Any, Any]:
        """What was returned of one picture.

        Raises:
            KeyError: It was not returned.
            ValueError: It was not returned once a picture.
        """
        if len(self.inputs[key]) != len(self.sizes):
            raise ValueError(f"{len(self.inputs[key])} of {key} for {len(self.sizes)} pictures")
        return np.asarray(self.inputs[key][index])

    def shown(self, index: int) -> Size | None:
        """(width, height) of the returned pixels of one picture; None where they are patches, or several sizes."""
        return self._shown(self.inputs.get("pixel_values"), index, 4)

    def _shown(self, value: Any, index: int, axes: int) -> Size | None:
        shape = getattr(value, "shape", None)
        if shape is not None:
            return (int(shape[-1]), int(shape[-2])) if len(shape) >= axes and shape[-3] == 3 else None
        if not isinstance(value, list | tuple) or not value:
            return None
        if len(value) in (1, len(self.sizes)):
            return self._shown(value[0 if len(value) == 1 else index], index, 3)
        sizes = {self._shown(part, index, 3) for part in value}
        return sizes.pop() if len(sizes) == 1 else None

    def agreed(self, view: View, index: int) -> View | None:
        """The view, or None where the returned pixels have another size."""
        return view if self.shown(index) in (None, view.size) else None


def resized(call: Call, view: View, *, always: bool = False) -> View:
    """Resized as the base class of all picture processors does, where the call does."""
    if not (call["do_resize"] or always):
        return view
    sides, (width, height) = call.sides("size"), view.size
    if "shortest_edge" in sides and "longest_edge" in sides:
        rule = call.rule("get_size_with_aspect_ratio")
        height, width = rule((height, width), sides["shortest_edge"], sides["longest_edge"])
    elif "shortest_edge" in sides:
        width, height = shortest_edge_size(call, view.size, sides["shortest_edge"])
    elif "max_height" in sides and "max_width" in sides:
        rule = call.rule("get_image_size_for_max_height_width")
        height, width = rule((height, width), sides["max_height"], sides["max_width"])
    else:
        width, height = sides["width"], sides["height"]
    return view.resized((width, height))


def shortest_edge_size(call: Call, size: Size, shortest_edge: int) -> Size:
    """The size that has ``shortest_edge`` and the same aspect, as transformers rounds it."""
    rule = call.rule("get_resize_output_image_size")
    height, width = rule(blank(size), size=shortest_edge, default_to_square=False, input_data_format="channels_first")
    return width, height


def blank(size: Size) -> np.ndarray[Any, Any]:
    """A picture that has a shape (1 x height x width) and takes no memory: transformers' rules ask for pictures."""
    return np.broadcast_to(np.uint8(0), (1, size[1], size[0]))


def cropped(call: Call, view: View) -> View:
    """Cut, or padded, around its middle as the base class of all picture processors does, where the call does."""
    if not call["do_center_crop"]:
        return view
    size = call.fixed("crop_size")
    left, top = (_first_pixel(call, have, keep) for have, keep in zip(view.size, size, strict=True))
    return view.placed(left, top, size)


def _first_pixel(call: Call, have: int, keep: int) -> int:
    """Where the first pixel of a side of ``have`` pixels lies on one of ``keep`` pixels around the same middle."""
    if have >= keep:
        return -((have - keep) // 2)
    # The two backends put an odd pixel of padding on different sides.
    return (keep - have + (0 if call["backend"] == "torchvision" else 1)) // 2
