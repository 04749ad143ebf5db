"""Where picture processors put pictures: one function per way, for one picture of one call.

What a call returns is believed first. What it does not tell is computed with transformers' own rules and the settings
of the call, and compared with the pixels that were returned; where they contradict, nothing is known.
"""

from __future__ import annotations

import math

import numpy as np

from extraction.view_steps import Call, Size, View, blank, cropped, resized, shortest_edge_size

# --- one size, or one aspect, for all pictures -------------------------------------------------------------------------


def standard(call: Call, index: int) -> View | None:
    """Resized, cropped around the middle, padded to the right and below: the steps of the base class."""
    views = [cropped(call, resized(call, View.whole(size))) for size in call.sizes]
    view = views[index]
    if call["do_pad"]:
        largest = max(view.size[0] for view in views), max(view.size[1] for view in views)
        view = view.placed(0, 0, call.fixed("pad_size") if call.sides("pad_size") else largest)
    return call.agreed(view, index)


def only_resized(call: Call, index: int) -> View | None:
    """Resized as the base class does; neither cropped nor padded."""
    return call.agreed(resized(call, View.whole(call.sizes[index])), index)


def llava(call: Call, index: int) -> View | None:
    """Padded to a square where that is asked for, then resized and cropped as the base class does."""
    view = View.whole(call.sizes[index])
    view = view.squared() if call["do_pad"] else view
    return call.agreed(cropped(call, resized(call, view)), index)


def letterbox(call: Call, index: int) -> View | None:
    """The longer side made to fit a square, then padded to it on both sides."""
    return call.agreed(_letterboxed(call, View.whole(call.sizes[index]), call.fixed()[1]), index)


def letterbox_twice(call: Call, index: int) -> View | None:
    """First for the eye of high resolution, and from there for the other one, whose view this is."""
    view = View.whole(call.sizes[index])
    if call["do_resize"]:
        view = _letterboxed(call, view, call.fixed("high_res_size")[1])
        view = _letterboxed(call, view, call.fixed()[1])
    return call.agreed(view, index)


def _letterboxed(call: Call, view: View, side: int) -> View:
    if call["do_resize"]:
        scale = side / max(view.size)
        width, height = (max(round(length * scale), call["min_size"]) for length in view.size)
        view = view.resized((width, height))
    return view.squared() if call["do_pad"] else view


def page(call: Call, index: int) -> View | None:
    """A page in the middle of a sheet; unknown where it was turned or its margins were cut, which pixels decide."""
    view, (width, height) = View.whole(call.sizes[index]), call.fixed()
    turned = call["do_align_long_axis"] and (view.size[0] - view.size[1]) * (width - height) < 0
    if call["do_crop_margin"] or turned:
        return None
    if call["do_resize"]:
        view = view.resized(shortest_edge_size(call, view.size, min(width, height)))
    if call["do_thumbnail"]:
        view = view.resized(_thumbnail(view.size, (width, height)))
    if call["do_pad"]:
        view = view.placed((width - view.size[0]) // 2, (height - view.size[1]) // 2, (width, height))
    return call.agreed(cropped(call, view), index)


def _thumbnail(size: Size, limit: Size) -> Size:
    width, height = min(size[0], limit[0]), min(size[1], limit[1])
    if (width, height) == size:
        return size
    if size[1] > size[0]:
        width = int(size[0] * height / size[1])
    elif size[0] > size[1]:
        height = int(size[1] * width / size[0])
    return width, height


# --- pictures of any size, in patches ----------------------------------------------------------------------------------


def grid(call: Call, index: int) -> View | None:
    """``image_grid_thw`` or ``image_grid_hw``: patches of the picture, which fills them."""
    width = 3 if "image_grid_thw" in call.inputs else 2
    grids = call.rows("image_grid_thw" if width == 3 else "image_grid_hw", width)
    patch = call["patch_size"]
    patches = call.inputs.get("pixel_values")
    if patches is not None and (
        len(patches) != sum(math.prod(grid) for grid in grids) or math.prod(patches.shape[1:]) % (3 * patch * patch)
    ):
        return None
    return View.whole((grids[index][-1] * patch, grids[index][-2] * patch))


def grid_glm5(call: Call, index: int) -> View | None:
    """Patches that the picture fills from their top left corner; only one that is too small is enlarged."""
    canvas = grid(call, index)
    if canvas is None or not call["do_resize"]:
        return canvas
    width, height = call.sizes[index]
    scale = min(canvas.size[0] / width, canvas.size[1] / height)
    if width * height >= (call["patch_size"] * call["merge_size"]) ** 2 * call["min_image_tokens"]:
        scale = min(1.0, scale)
    fitted = [
        max(1, min(most, math.floor(side * scale))) for side, most in zip((width, height), canvas.size, strict=True)
    ]
    return View.whole((width, height)).resized((fitted[0], fitted[1])).placed(0, 0, canvas.size)


def grid_kimi(call: Call, index: int) -> View | None:
    """Patches that the picture, which is never enlarged, fills from their top left corner."""
    canvas = grid(call, index)
    if canvas is None or not call["do_resize"]:
        return canvas
    width, height = call.sizes[index]
    (new_height, new_width), (padded_height, padded_width) = call.rule("navit_resize")(
        height, width, call["patch_size"], call["merge_size"], call["max_patches"], call.sides("size")["max_height"]
    )
    view = View.whole((width, height)).resized((new_width, new_height)).placed(0, 0, (padded_width, padded_height))
    return view if view.size == canvas.size else None


def pieces(call: Call, index: int) -> View | None:
    """Inkling: whole pieces of one size, the last ones padded."""
    view, (piece, _) = View.whole(call.sizes[index]), call.fixed()
    if (factor := call["rescale_image_frac"]) is not None:
        longest = max(view.size)
        limit = call["rescale_image_max_upscaled_long_edge"]
        wanted = longest * factor if limit is None else min(longest * factor, max(limit, longest))
        width, height = (math.floor(side * wanted / longest + 0.5) for side in view.size)
        view = view.resized((width, height))
    width, height = (math.ceil(side / piece) * piece for side in view.size)
    view = view.placed(0, 0, (width, height))
    if "image_grid_thw" in call.inputs and call.rows("image_grid_thw", 3)[index][1:] != [
        height // piece,
        width // piece,
    ]:
        return None
    return view


def positions(call: Call, index: int) -> View | None:
    """``image_position_ids``: x and y of every patch, -1 where there is none."""
    columns, rows = (int(last) + 1 for last in call.own("image_position_ids", index).max(axis=0))
    return View.whole((columns * call["patch_size"], rows * call["patch_size"])) if columns and rows else None


def pooled_positions(call: Call, index: int) -> View | None:
    """The same, counted in groups of patches."""
    view, pool = positions(call, index), call["pooling_kernel_size"]
    return None if view is None else View.whole((view.size[0] * pool, view.size[1] * pool))


def flattened(call: Call, index: int) -> View | None:
    """``flattened_patches``: each begins with its row and its column, counted from 1. A header would push them down."""
    if call["is_vqa"]:
        return None
    rows, columns = call.own("flattened_patches", index)[:, :2].max(axis=0)
    patch_width, patch_height = call.fixed("patch_size")
    size = int(columns) * patch_width, int(rows) * patch_height
    told = [call.rows(key, 1)[index][0] for key in ("width", "height") if key in call.inputs]
    return View.whole(size) if told in ([], [*size]) else None


def spatial_shapes(call: Call, index: int) -> View | None:
    """``spatial_shapes``: patches as (rows, columns), which the picture fills."""
    height, width = call.rows("spatial_shapes", 2)[index]
    return View.whole((width * call["patch_size"], height * call["patch_size"]))


def lfm2(call: Call, index: int) -> View | None:
    """The whole picture, which is the last part of each where there are tiles."""
    patch, (width, height) = call["encoder_patch_size"], call.sizes[index]
    names = ("downsample_factor", "min_image_tokens", "max_image_tokens", "encoder_patch_size")
    size = call.image_processor.smart_resize(height, width, **{name: call[name] for name in names})
    shapes = call.rows("spatial_shapes", 2, one_a_picture=False)
    whole = call["use_thumbnail"] or len(shapes) == len(call.sizes)
    return View.whole(size) if whole and [size[1] // patch, size[0] // patch] in shapes else None


def minicpm(call: Call, index: int) -> View | None:
    """``target_sizes``: patches of the whole picture, then of its slices, picture after picture."""
    shapes = call.rows("target_sizes", 2, one_a_picture=False)
    firsts = [0]
    for width, height in call.sizes:
        grid = None
        if call["slice_mode"]:
            grid = call.image_processor.get_sliced_grid(
                (height, width), call["max_slice_nums"], call["scale_resolution"]
            )
        firsts.append(firsts[-1] + 1 + (math.prod(grid) if grid else 0))
    columns = call["patch_size"] * sum(math.prod(shape) for shape in shapes)
    if firsts[-1] != len(shapes) or call.inputs["pixel_values"].shape[-1] != columns:
        return None
    height, width = shapes[firsts[index]]
    return View.whole((width * call["patch_size"], height * call["patch_size"]))


# --- pictures of any size, in pixels -----------------------------------------------------------------------------------


def resized_sizes(call: Call, index: int) -> View | None:
    """``image_sizes`` as (height, width) of the resized picture; the padding beyond is for its neighbours' sake."""
    height, width = call.rows("image_sizes", 2)[index]
    shown = call.shown(index)
    if call["do_center_crop"] or (shown is not None and (shown[0] < width or shown[1] < height)):
        return None
    return View.whole((width, height))


def masked(call: Call, index: int) -> View | None:
    """Idefics2: ``pixel_attention_mask`` tells the picture from what was padded for its neighbours' sake."""
    parts = 5 if call["do_image_splitting"] else 1  # four quarters, then the whole
    if "pixel_attention_mask" not in call.inputs:
        shown = call.shown(index)
        return View.whole(shown) if shown and len(call.sizes) == parts == 1 else None
    mask = np.asarray(call.inputs["pixel_attention_mask"])
    mask = mask.reshape(-1, *mask.shape[-2:])
    if len(mask) != parts * len(call.sizes):
        return None
    own = mask[parts * index + parts - 1]
    return View.whole((int(own[0].sum()), int(own[:, 0].sum())))


def fuyu(call: Call, index: int) -> View | None:
    """Shrunk to fit a sheet, never enlarged, and padded to whole patches to the right and below."""
    sheet, patch = call.fixed(), call.fixed("patch_size")
    views = []
    for size in call.sizes:
        view = View.whole(size)
        if call["do_resize"] and (size[0] > sheet[0] or size[1] > sheet[1]):
            scale = min(sheet[1] / size[1], sheet[0] / size[0])
            view = view.resized((int(size[0] * scale), int(size[1] * scale)))
        most = sheet if call["do_pad"] else view.size
        width, height = (min(most[i], math.ceil(view.size[i] / patch[i]) * patch[i]) for i in range(2))
        views.append(view.placed(0, 0, (width, height)))
    patches = call.inputs.get("image_patches", call.inputs.get("pixel_values"))
    expected = sum(math.prod(view.size) for view in views) // math.prod(patch)
    return views[index] if patches is None or len(patches) == expected else None


# --- tiles -------------------------------------------------------------------------------------------------------------


def overview(call: Call, index: int) -> View | None:
    """The whole picture, stretched to the size of a tile."""
    return call.agreed(View.whole(call.sizes[index]).resized(call.fixed()), index)


def overview_if_tiled(call: Call, index: int) -> View | None:
    """The whole picture beside its tiles; without tiles, resized as the base class does."""
    tiled = call["crop_to_patches"] and call["max_patches"] > 1
    return overview(call, index) if tiled else only_resized(call, index)


def ovis2(call: Call, index: int) -> View | None:
    """The same, and cropped after that."""
    view = View.whole(call.sizes[index])
    if call["crop_to_patches"] and call["max_patches"] > 1:
        view = view.resized(call.fixed())
    return call.agreed(cropped(call, resized(call, view)), index)


def largest_side(call: Call, index: int) -> View | None:
    """Idefics3 and SmolVLM: the whole picture as a square, with or without tiles."""
    side = call.sides("max_image_size")["longest_edge"]
    return call.agreed(View.whole((side, side)), index)


def tile_side(call: Call, index: int) -> View | None:
    """The whole picture, stretched to a square tile."""
    view = View.whole(call.sizes[index])
    return call.agreed(view.resized((call["tile_size"],) * 2) if call["do_resize"] else view, index)


def llava_next(call: Call, index: int) -> View | None:
    """The first part is the whole picture, stretched; a part that is alone is one of several pictures, letterboxed."""
    sides, view = call.sides("size"), View.whole(call.sizes[index])
    pixels = call.inputs.get("pixel_values")
    parts = None if pixels is None else len(pixels[index])
    if parts == 1:
        view = view.squared()
    else:
        edge = sides.get("shortest_edge", 0)
        view = view.resized((sides.get("width", edge), sides.get("height", edge)))
    return call.agreed(cropped(call, resized(call, view)), index)


def deepseek_ocr(call: Call, index: int) -> View | None:
    """The whole picture, letterboxed, beside its tiles."""
    side = call.fixed()[1] if call["crop_to_patches"] else call["tile_size"]
    return call.agreed(_fitted(View.whole(call.sizes[index]), side).squared(), index)


def unlimited_ocr(call: Call, index: int) -> View | None:
    """The whole picture beside its tiles: letterboxed, or stretched where it is small and alone."""
    side = max(call.fixed())
    view = View.whole(call.sizes[index])
    if not call["crop_to_patches"] and side <= call["maximum_pad_value"]:
        return call.agreed(view.resized((side, side)), index)
    return call.agreed(_fitted(view, side).squared(), index)


def _fitted(view: View, side: int) -> View:
    scale = side / max(view.size)
    return view.resized((round(view.size[0] * scale), round(view.size[1] * scale)))


def mllama(call: Call, index: int) -> View | None:
    """Tiles put together, filled from the top left corner; ``aspect_ratio_ids`` tells how many there are."""
    tile, (width, height) = call.fixed()[1], call.sizes[index]
    arrangements = call.rule("get_all_supported_aspect_ratios")(call["max_image_tiles"])
    rows, columns = arrangements[call.rows("aspect_ratio_ids", 1)[index][0] - 1]
    new_height, new_width = call.rule("get_image_size_fit_to_canvas")(height, width, rows * tile, columns * tile, tile)
    view = View.whole((width, height)).resized((int(new_width), int(new_height)))
    return view.placed(0, 0, (columns * tile, rows * tile)) if call.shown(index) in (None, (tile, tile)) else None


def aria(call: Call, index: int) -> View | None:
    """Padded to the right and below; or, where it is split, tiles put together, with the picture in their middle."""
    view, side = View.whole(call.sizes[index]), call["max_image_size"]
    if call["split_image"]:
        best = call.rule("select_best_resolution")(view.size[::-1], call["split_resolutions"])
        height, width = call.rule("get_patch_output_size")(blank(view.size), best, input_data_format="channels_first")
        return view.resized((width, height)).placed((best[1] - width) // 2, (best[0] - height) // 2, best[::-1])
    scale = side / max(view.size)
    width, height = (max(int(length * scale), call["min_image_size"]) for length in view.size)
    view = view.resized((side, height) if view.size[0] >= view.size[1] else (width, side))
    return call.agreed(view.placed(0, 0, (side, side)), index)


def llama4(call: Call, index: int) -> View | None:
    """The whole picture, stretched, beside its tiles; one that fits into a tile is that tile, filled from its corner."""
    tile, view = call.fixed(), View.whole(call.sizes[index])
    if call["resize_to_max_canvas"] or view.size[0] > tile[0] or view.size[1] > tile[1]:
        return call.agreed(view.resized(tile), index)
    height, width = call.rule("get_max_res_without_distortion")(view.size[::-1], tile[::-1])
    return call.agreed(view.resized((max(width, 1), max(height, 1))).placed(0, 0, tile), index)


def phi4(call: Call, index: int) -> View | None:
    """``image_sizes`` as (height, width) of the tiles put together, filled from the top left corner."""
    canvas_height, canvas_width = call.rows("image_sizes", 2)[index]
    width, height = call.sizes[index]
    scale = min(canvas_width / width, canvas_height / height)
    narrow = canvas_width / width < canvas_height / height
    fitted = (canvas_width, int(height * scale)) if narrow else (int(width * scale), canvas_height)
    return View.whole((width, height)).resized(fitted).placed(0, 0, (canvas_width, canvas_height))


def step3(call: Call, index: int) -> View | None:
    """The whole picture, stretched; one that is too thin is first padded to a square, to the right and below."""
    view = View.whole(call.sizes[index])
    width, height = view.size
    if min(width, height) < 32 and max(width / height, height / width) > 4:
        view = view.placed(0, 0, (max(width, height),) * 2)
    return call.agreed(view.resized(call.fixed()), index)
