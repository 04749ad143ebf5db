"""The output head on a part of its rows: scores of the tokens that a grammar allows, and of no others.

With a large vocabulary the head is a third of a pass, and at most places a grammar leaves a handful of tokens. Whether a
model lets its head be narrowed is tried out, once per model: whatever it does to its scores behind the head (scaling,
capping) may stay, as long as the score of one token does not depend on those of others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

Allowed = Sequence["npt.NDArray[np.int64] | None"]
"""Per row of a batch the tokens whose scores matter; None where all do."""

LARGEST_SHARE = 1 / 16
"""Allowed rows are first copied together, which takes longer than the whole head once they outgrow a processor's cache."""

_TRIED = 16  # a head is tried out on one token of so many


class Head:
    """The output head of one model.

    Attributes:
        whole: Why it always computes the scores of all tokens; None where it need not.
        most: Most tokens of which scores are computed alone; of more than that, all are.
    """

    def __init__(self, model: Any) -> None:
        """Tries the head out with two passes over one token.

        Args:
            model: A model of transformers; nothing else may use it meanwhile, and it must not be in the middle of an
                answer.
        """
        self._linear = model.get_output_embeddings()
        self.whole = _why_unusual(model, self._linear)
        self.most = 0 if self.whole else int(self._linear.weight.shape[0] * LARGEST_SHARE)
        if self.whole is None:
            self.whole = self._why_not(model)

    @contextlib.contextmanager
    def narrowed(self, allowed: Allowed) -> Iterator[None]:
        """Within it, a pass gives every row's scores of its newest token alone, -inf for what is not allowed.

        Args:
            allowed: What matters to each row of the pass.
        """
        if self.whole is not None or all(tokens is None for tokens in allowed):
            yield
            return
        self._linear.forward = _narrow(self._linear, allowed)
        try:
            yield
        finally:
            del self._linear.forward

    def _why_not(self, model: Any) -> str | None:
        """Compares a narrowed pass with a whole one."""
        import numpy as np
        import torch

        linear = self._linear
        ids = torch.zeros((1, 1), dtype=torch.long, device=linear.weight.device)
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "use_cache": False, "return_dict": True}
        tokens = np.arange(0, linear.weight.shape[0], _TRIED)
        try:
            with torch.inference_mode():
                whole = model(**inputs).logits[0, -1]
                with self.narrowed([tokens]):
                    narrow = model(**inputs).logits[0, -1]
        except Exception as error:  # a model that cannot be tried this way answers as it always did, and says so
            return f"trying it failed: {type(error).__name__}: {error}"
        if narrow.shape != whole.shape or torch.equal(narrow[1::_TRIED], whole[1::_TRIED]):
            return "scores that are not the head's"
        kept, expected = narrow[::_TRIED].float(), whole[::_TRIED].float()
        slack = 1e-4 if whole.dtype == torch.float32 else 2e-2
        if not torch.allclose(kept, expected, rtol=slack, atol=slack * float(expected.abs().max())):
            return "scores that depend on each other"
        return None


def _why_unusual(model: Any, linear: Any) -> str | None:
    """Why a head is not even tried."""
    import torch

    from extraction.prepacking import PrepackedLinear

    if model.config.is_encoder_decoder:
        return "encoder-decoder"
    if type(linear) not in (torch.nn.Linear, PrepackedLinear) or type(linear.weight.data) is not torch.Tensor:
        return f"a head of {type(linear).__name__}"
    return "a head that others have changed" if "forward" in vars(linear) else None


def _narrow(linear: Any, allowed: Allowed) -> Callable[[torch.Tensor], torch.Tensor]:
    """What stands in for the head's ``forward``: states of rows x tokens x width to scores of rows x 1 x vocabulary."""
    import torch

    weight, bias = linear.weight, linear.bias
    whole = [row for row, tokens in enumerate(allowed) if tokens is None]

    def forward(states: torch.Tensor) -> torch.Tensor:
        newest = states[:, -1]
        if newest.shape != (len(allowed), weight.shape[1]):
            raise ValueError(f"the head was given states of shape {tuple(states.shape)}")
        scores = newest.new_full((len(allowed), weight.shape[0]), float("-inf"))
        if whole:
            scores[whole] = type(linear).forward(linear, newest[whole])
        for row, tokens in enumerate(allowed):
            if tokens is not None:
                index = torch.from_numpy(tokens[tokens < weight.shape[0]]).to(weight.device)
                few = weight.index_select(0, index)
                some = None if bias is None else bias.index_select(0, index)
                scores[row, index] = torch.nn.functional.linear(newest[row : row + 1], few, some)[0]
        return scores[:, None]

    return forward
