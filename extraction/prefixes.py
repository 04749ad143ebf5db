"""The key-value caches of prompts that a model has read, kept so that no beginning is read twice.

They form a tree, as the prompts do: what several have in common is kept once. The tokens of a picture count as equal only
where its pixels are, so that prompts which differ in nothing but these part before the picture.
What is kept is copied in and copied out, so that nothing that a model does to its cache can reach it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Layers = Sequence[tuple[torch.Tensor, torch.Tensor]]
    """Keys and values of one row, layer by layer, each of shape (heads, tokens, dimension)."""
    Keys = NDArray[np.int64]

MIN_TOKENS = 32
"""Shortest beginning worth taking from the store: a pass over fewer tokens costs hardly more than one over one token."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """One picture of a prompt, or all of them where they cannot be told apart.

    Attributes:
        inputs: The model's inputs that are made of it.
        digest: 32 bytes that stand for them.
        weight: Its share of the tokens that stand for pictures.
    """

    inputs: Mapping[str, torch.Tensor]
    digest: bytes
    weight: int = 1


def pixels_of(inputs: Mapping[str, torch.Tensor], number: int) -> list[Pixels]:
    """The pictures of a prompt, in order.

    Args:
        inputs: All inputs that are made of its pictures.
        number: How many there are.
    """
    if not inputs:
        return []
    parts, weights = [inputs], [1]
    pixels, grid = inputs.get("pixel_values"), inputs.get("image_grid_thw")
    if number > 1 and pixels is not None:
        if inputs.keys() == {"pixel_values"} and pixels.dim() == 4 and pixels.shape[0] == number:
            parts, weights = [{"pixel_values": one} for one in pixels.split(1)], [1] * number
        elif inputs.keys() == {"pixel_values", "image_grid_thw"} and grid is not None and grid.shape[0] == number:
            weights = grid.prod(dim=-1).tolist()  # patches of a picture, one below the other
            pairs = zip(pixels.split(weights), grid.split(1), strict=True)
            parts = [{"pixel_values": one, "image_grid_thw": size} for one, size in pairs]
    return [Pixels(part, digest(part), int(weight)) for part, weight in zip(parts, weights, strict=True)]


def keys_of(tokens: Sequence[int], *, placeholders: Collection[int], pictures: Sequence[Pixels]) -> Keys:
    """What a prompt is compared by: its tokens; from a picture's first token to its last, negative numbers drawn from both.

    Where it is not certain which tokens belong to which picture, no picture begins.

    Args:
        tokens: The prompt.
        placeholders: Tokens that stand for a piece of a picture.
        pictures: Its pictures, in order.
    """
    keys = np.asarray(tokens, dtype=np.int64)
    places = np.flatnonzero(np.isin(keys, list(placeholders)))
    total = sum(one.weight for one in pictures)
    if not places.size or any(one.weight * places.size % total for one in pictures):
        return keys
    stop = 0
    for one in pictures:
        start, stop = stop, stop + one.weight * places.size // total
        first, last = int(places[start]), int(places[stop - 1]) + 1
        chunks = np.frombuffer(one.digest, dtype=np.uint64) >> np.uint64(4)  # four of 60 bits, all of them compared
        numbers = np.resize(chunks.astype(np.int64), last - first) ^ keys[first:last]
        keys[first:last] = -2 - 2 * numbers
        keys[first] += 1  # odd where a picture begins
    return keys


def beginnings(keys: Keys) -> int:
    """How many pictures begin among some keys."""
    return int(np.count_nonzero((keys < 0) & (keys % 2 == 1)))


def digest(pictures: Mapping[str, torch.Tensor]) -> bytes:
    """32 bytes that stand for a picture: every input of a model that is made of it."""
    import torch

    total = hashlib.sha256()
    for name, value in sorted(pictures.items()):
        total.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.digest()


def common(left: Keys, right: Keys) -> int:
    """How many keys two prompts have in common at their beginning."""
    length = min(left.size, right.size)
    different = np.flatnonzero(left[:length] != right[:length])
    return int(different[0]) if different.size else length


def boundary(keys: Keys, length: int) -> int:
    """The longest beginning of at most ``length`` keys that splits no picture."""
    if length >= keys.size or keys[length] >= 0:
        return length
    return int(np.flatnonzero((keys[: length + 1] < 0) & (keys[: length + 1] % 2 == 1))[-1])


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a prompt that was read before.

    Attributes:
        length: Its tokens.
        layers: Keys and values, not to be written to; empty for no token.
    """

    length: int = 0
    layers: Layers = ()

    def cut(self, length: int) -> Prefix:
        """Its first ``length`` tokens."""
        return Prefix(length, [(keys[:, :length], values[:, :length]) for keys, values in self.layers])


NOTHING = Prefix()
"""The beginning of a prompt of which nothing was read before."""


@dataclass(eq=False, slots=True)
class _Node:
    """A stretch of one or more prompts between two places where they part."""

    keys: Keys
    layers: Layers
    parent: _Node | None
    children: dict[int, _Node] = field(default_factory=dict)
    used: int = 0

    @property
    def bytes(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in self.layers)


class PrefixStore:
    """Prompts that were read, the least recently used let go of first. For one model, and for one thread.

    Attributes:
        bytes: What is kept now.
    """

    def __init__(self, bound: int = 0) -> None:
        """An empty store of at most ``bound`` bytes."""
        self._bound = bound
        self._clock = 0
        self.clear()

    @property
    def bound(self) -> int:
        """Most bytes that are kept; a lower one lets go of what is too much at once."""
        return self._bound

    @bound.setter
    def bound(self, bytes_: int) -> None:
        self._bound = bytes_
        self._shrink(bytes_)

    def clear(self) -> None:
        """Lets go of everything."""
        self._root = _Node(np.empty(0, dtype=np.int64), (), None)
        self.bytes = 0

    def find(self, keys: Keys, *, longest: int) -> Prefix:
        """The longest beginning of a prompt that is kept, of ``MIN_TOKENS`` or more; never a part of a picture.

        Args:
            keys: The whole prompt, as of ``keys_of``.
            longest: Most tokens that are wanted.
        """
        self._clock += 1
        node, length, parts = self._root, 0, list[_Node]()
        while length < longest and (child := node.children.get(int(keys[length]))) is not None:
            same = common(child.keys, keys[length:longest])
            parts.append(child)
            length += same
            node = child
            if same < child.keys.size:
                break
        length = boundary(keys, length)
        if length < MIN_TOKENS:
            return NOTHING
        for part in parts:
            part.used = self._clock
        return Prefix(length, [_joined(pairs, length) for pairs in zip(*(part.layers for part in parts), strict=True)])

    def put(self, keys: Keys, read: Callable[[int, int], Layers], *, bytes_per_token: int) -> None:
        """Keeps a prompt, or as much of its beginning as the bound allows; a failure leaves everything as it was.

        Args:
            keys: The prompt, as of ``keys_of``.
            read: Its keys and values from one token up to another, in tensors of their own.
            bytes_per_token: What one token takes.
        """
        stop = boundary(keys, min(keys.size, self._bound // bytes_per_token))
        self._clock += 1
        node, start = self._root, 0
        while start < stop and (child := node.children.get(int(keys[start]))) is not None:
            same = common(child.keys, keys[start:stop])
            child.used = self._clock
            if same < child.keys.size:
                if start + same == stop:
                    return
                child = self._split(child, same)
            start += same
            node = child
        if start == stop:
            return
        self._shrink(self._bound - (stop - start) * bytes_per_token, spared=node)
        new = _Node(keys[start:stop].copy(), read(start, stop), node, used=self._clock)
        node.children[int(keys[start])] = new
        self.bytes += new.bytes

    def _split(self, node: _Node, length: int) -> _Node:
        """A node's first ``length`` keys as a node of their own; copies, since a view would keep the memory of both."""
        assert node.parent is not None
        head = _Node(node.keys[:length], _copied(_sliced(node.layers, 0, length)), node.parent, used=node.used)
        layers = _copied(_sliced(node.layers, length, node.keys.size))
        node.parent.children[int(node.keys[0])] = head
        head.children[int(node.keys[length])] = node
        node.keys, node.layers, node.parent = node.keys[length:], layers, head
        return head

    def _shrink(self, bytes_: int, *, spared: _Node | None = None) -> None:
        """Lets go of the ends of prompts until no more than ``bytes_`` are kept; what goes on in others stays."""
        while self.bytes > bytes_:
            ends = [node for node in self._nodes() if not node.children and node is not spared]
            if not ends:
                return
            oldest = min(ends, key=lambda node: node.used)
            assert oldest.parent is not None
            del oldest.parent.children[int(oldest.keys[0])]
            self.bytes -= oldest.bytes

    def _nodes(self) -> Iterator[_Node]:
        waiting = [*self._root.children.values()]
        while waiting:
            node = waiting.pop()
            waiting += node.children.values()
            yield node


def row_layers(cache: Any, row: int, columns: torch.Tensor) -> Layers:
    """Keys and values of a row of a model's cache at some of its columns, copied."""
    return [
        (layer.keys[row].index_select(1, columns), layer.values[row].index_select(1, columns)) for layer in cache.layers
    ]


def _sliced(layers: Layers, start: int, stop: int) -> Layers:
    return [(keys[:, start:stop], values[:, start:stop]) for keys, values in layers]


def _copied(layers: Layers) -> Layers:
    return [(keys.clone(), values.clone()) for keys, values in layers]


def _joined(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]], length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """One layer of successive stretches as one, cut to ``length`` tokens."""
    import torch

    keys, values = (
        tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim=1) for tensors in zip(*pairs, strict=True)
    )
    return keys[:, :length], values[:, :length]
