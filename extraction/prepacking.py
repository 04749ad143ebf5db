"""Weights laid out for oneDNN beforehand: a pass over a few tokens then takes about as long as one over a single token.

Text that a grammar forces goes through the model together with the token before it, so that most passes of an answer are
over two to four tokens. torch multiplies so few rows by a float32 matrix on a CPU in 1.2 to 3.4 times the time of one row,
though the matrix is read from memory once either way. oneDNN, given the matrix beforehand, lays it out in blocks once,
and multiplies one to eight rows in about the same time; hundreds of rows (a prompt, a picture) take it 0.75 to 0.95 of torch's
time (``python -m benchmarks.prepacking``, one core of an AMD EPYC). It is what ``torch.compile`` does when it freezes
weights; here nothing is compiled. Answers are the same up to rounding.

The layers keep their own weights besides, since models look at them (types, tied embeddings, the narrowed head), so the
memory for linear layers is twice as large.
"""
# ruff: noqa: SLF001 - oneDNN's operators and the version of a tensor have no public names in torch

from __future__ import annotations

import functools
import logging
import math
from typing import Any

import torch

from extraction.errors import ModelLoadError

PREPACK_BYTES = 2**30
"""Largest second copy of the weights that is made without being asked for."""

SMALLEST = 100_000
"""Fewest numbers of a matrix that gains: smaller ones lie in a processor's cache, and the way to oneDNN takes longer."""

_ROWS = 4  # the block layout is chosen for so many; that of 2 to 64 is the same

_EXACT, _STEP, _WHOLE, _MANY = 16, 4, 64, 512
"""oneDNN keeps code of its own for every number of rows that a matrix is multiplied by (about half a megabyte for each shape of
matrix), and prompts are of all lengths. So that few numbers occur, rows are multiplied in parts of ``_WHOLE``, twice that ...
``_MANY`` rows, and what is left at once, with rows of nothing up to the next ``_STEP`` where it is ``_EXACT`` rows or more."""

_log = logging.getLogger(__name__)


class PrepackedLinear(torch.nn.Linear):
    """A linear layer that answers from a second copy of its weight, laid out in blocks.

    Wherever the copy does not serve (gradients, another type, weights that were changed or replaced meanwhile), and after
    it was pickled or copied, it is a plain linear layer. Only a change in place through ``weight.data`` goes unnoticed:
    torch does not count those.
    """

    _packed: torch.Tensor | None = None
    _source: torch.Tensor | None = None
    _address = _version = -1

    def pack(self) -> None:
        """Makes the copy."""
        self._source = self.weight.detach()  # kept: no other weight can come to lie at its address
        self._packed = torch.ops.mkldnn._reorder_linear_weight(self._source, _ROWS)
        self._address, self._version = self._source.data_ptr(), self.weight._version

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """``input`` times the weight, plus the bias; of shape ``(..., in_features)``, to ``(..., out_features)``."""
        # A pass has hundreds of layers, and ``self.weight`` looks the weight up in four places.
        parameters: Any = self._parameters
        weight = parameters["weight"]
        bias = parameters["bias"]
        if (
            self._packed is None
            or input.dtype is not torch.float32
            or not input.is_cpu
            or weight._version != self._version
            or weight.data_ptr() != self._address  # a weight that came later counts its changes from 0, too
            or torch.is_autocast_enabled("cpu")
            or (torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in (input, weight, bias)))
        ):
            return super().forward(input)
        count = math.prod(input.shape[:-1])
        if count < _EXACT:
            return _product(input, self._packed, bias)
        rows = input.reshape(count, input.shape[-1])
        if count < _WHOLE:
            return _padded_product(rows, self._packed, bias).view(*input.shape[:-1], -1)
        products = rows.new_empty((count, weight.shape[0]))
        start = 0
        while left := count - start:
            end = start + (left if left < _WHOLE else min(_MANY, 1 << left.bit_length() - 1))
            products[start:end] = _padded_product(rows[start:end], self._packed, bias)
            start = end
        return products.view(*input.shape[:-1], -1)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_packed", "_source")}


def _product(rows: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, packed, bias, "none", [], "")
    return product


def _padded_product(rows: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    missing = -len(rows) % _STEP if len(rows) > _EXACT else 0
    if not missing:
        return _product(rows, packed, bias)
    return _product(torch.nn.functional.pad(rows, (0, 0, 0, missing)), packed, bias)[: len(rows)]


def will_prepack(wanted: bool | None, device: str, weights: int, width: int | None) -> bool:
    """Whether a model that is not loaded yet will be prepacked, as far as that can be told.

    Args:
        wanted: As ``prepack`` takes it.
        device: The kind of device that it will be on.
        weights: Bytes of its weights.
        width: Bytes of one number of them; None where that is not known.
    """
    possible = device == "cpu" and width == torch.float32.itemsize and _has_onednn()
    return possible and (weights <= PREPACK_BYTES if wanted is None else wanted)


def prepack(model: torch.nn.Module, wanted: bool | None = None) -> int:
    """Prepacks the larger linear layers of a model in float32 on a CPU; it is changed in place.

    Args:
        model: The model; it only answers from now on.
        wanted: False changes nothing; None neither, where the second copy would outgrow ``PREPACK_BYTES`` or cannot be
            made.

    Returns:
        Bytes of the second copy.

    Raises:
        ModelLoadError: It is wanted and cannot be made.
    """
    if wanted is False:
        return 0
    possible: list[Any] = [layer for layer in model.modules() if _can_be_packed(layer)]
    if wanted and not (possible and _has_onednn()):
        raise ModelLoadError(
            "prepack=True needs linear layers in float32 on a CPU, and a torch that was built with oneDNN",
            hint="leave prepack out",
        )
    layers = [layer for layer in possible if layer.weight.numel() >= SMALLEST]
    size = sum(int(layer.weight.nbytes) for layer in layers)
    if wanted is None and size > PREPACK_BYTES:
        _log.info("linear layers of %d bytes are not prepacked: prepack=True does it all the same", size)
        return 0
    if not layers or not _has_onednn():
        return 0
    for layer in layers:
        layer.__class__ = PrepackedLinear
        layer.pack()
    _log.info("%d linear layers were prepacked, which takes %d bytes more", len(layers), size)
    return size


def _can_be_packed(layer: Any) -> bool:
    return bool(
        type(layer) is torch.nn.Linear  # a class of its own may multiply in another way
        and type(layer.weight.data) is torch.Tensor  # so may a weight of its own: quantized ones are called float32
        and layer.weight.dtype is torch.float32
        and layer.weight.device.type == "cpu"
        and layer.weight.is_contiguous()
        and not layer.weight.is_inference()  # such tensors do not tell whether they were changed
    )


@functools.cache
def _has_onednn() -> bool:
    """Whether this torch can do it, tried on a small matrix: its operators have no public name."""
    if not torch.backends.mkldnn.is_available():
        return False
    kind: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}  # another thread may have changed what torch makes
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        layer: Any = PrepackedLinear(24, 40, device="meta")  # which draws no random numbers
        layer.weight = torch.nn.Parameter(torch.linspace(-1, 1, 24 * 40, **kind).view(40, 24))
        layer.bias = torch.nn.Parameter(torch.linspace(-1, 1, 40, **kind))
        rows = torch.linspace(-1, 1, 3 * 24, **kind).view(3, 24)
        expected = layer(rows)
        try:
            layer.pack()
            return bool(torch.allclose(layer(rows), expected, atol=1e-4))
        except (RuntimeError, AttributeError) as error:
            _log.info("linear layers cannot be prepacked by this torch: %s", error)
            return False
