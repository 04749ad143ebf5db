"""Makes any model want to write a given document, so that all methods of a benchmark write the same object.

Random weights write random documents, and which ones depends on the rules of each method; times of different documents
do not compare. A hook behind the model's ``forward`` raises the scores of the few tokens that go on with the document
from where the answer stands: the model's own next token most, then others, longer ones first. What a method's rules
forbid it still cannot write, so that each splits the text into tokens as its rules have it. The hook costs every method
the same: a look-up and one small addition per pass.
"""

from __future__ import annotations

from typing import Any

import torch
from llguidance import LLTokenizer

_STRONG = 1000.0
_LONGEST = 32


class Dictation:
    """The hook of one model.

    Attributes:
        passes: Passes of the model since ``begin``.
    """

    def __init__(self, model: Any, tokenizer: Any, tokens: LLTokenizer) -> None:
        """Sets the hook, which does nothing until a document begins.

        Args:
            model: A model of transformers.
            tokenizer: Its tokenizer.
            tokens: llguidance's view of it, which knows every token's bytes.
        """
        ids = range(len(tokenizer))
        self._tokenizer = tokenizer
        self._bytes = [tokens.decode_bytes([token]) for token in ids]
        special = set(tokenizer.all_special_ids)
        self._by_bytes = {self._bytes[token]: token for token in ids if token not in special}
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._active = False
        self._prompt = self._seen = self._place = self.passes = 0
        model.register_forward_hook(self._after_pass, with_kwargs=True)

    def learn(self, text: str) -> None:
        """Prepares a document, so that nothing of it is worked out while a method is timed."""
        data = text.encode()
        own: dict[int, int] = {}
        place = 0
        for token in self._tokenizer.encode(text, add_special_tokens=False):
            own[place] = token
            place += len(self._bytes[token])
        assert place == len(data), "a tokenizer that changes text"
        self._steps = [self._step(data, place, own.get(place)) for place in range(len(data))]
        end = torch.tensor([self._tokenizer.eos_token_id])
        self._steps.append((end, torch.tensor([_STRONG])))

    def begin(self, prompt: int) -> None:
        """An answer begins behind a prompt of so many tokens."""
        self._prompt = prompt
        self._seen = self._place = self.passes = 0
        self._active = True

    def end(self) -> None:
        """Leaves the model alone."""
        self._active = False

    def liked(self, place: int) -> list[int]:
        """The tokens that may go on with the document from a byte of it, the most wanted one first."""
        tokens, strengths = self._steps[place]
        return [int(tokens[index]) for index in strengths.argsort(descending=True)]

    def length(self, token: int) -> int:
        """How many bytes a token has."""
        return len(self._bytes[token])

    def _step(self, data: bytes, place: int, own: int | None) -> tuple[torch.Tensor, torch.Tensor]:
        pieces = [data[place : place + length] for length in range(1, _LONGEST)]
        tokens = sorted({self._by_bytes[piece] for piece in pieces if piece in self._by_bytes})
        strengths = [_STRONG * 2 if token == own else _STRONG + 20.0 * self.length(token) for token in tokens]
        return torch.tensor(tokens), torch.tensor(strengths)

    def _after_pass(self, _: Any, __: Any, inputs: dict[str, Any], output: Any) -> None:
        if not self._active or output.past_key_values is None:  # no answer, but a try of the head
            return
        self.passes += 1
        written = output.past_key_values.get_seq_length() - self._prompt
        if new := written - self._seen:
            self._place += sum(len(self._bytes[token]) for token in inputs["input_ids"][0, -new:].tolist())
            self._seen = written
        if self._place < len(self._steps):
            tokens, strengths = self._steps[self._place]
            output.logits[0, -1, tokens] += strengths.to(output.logits.dtype)
