"""The numbers of the second stage of training."""

from __future__ import annotations

from dataclasses import dataclass, field

from extraction.pocket.model import ModelConfig


@dataclass(frozen=True)
class TrainConfig:
    """One run of the second stage.

    Attributes:
        steps: Optimiser steps; the learning rate falls to 2 % over the last ``decay`` of them.
        batch: Scenes per step and worker.
        forms: Forms to fill in, packed behind each picture; the first is the standard one with chance ``standard``, and
            the standard one with another instruction with chance ``told``.
        questions: Questions in plain words, packed behind the forms.
        balance: How much the tokens of short answers count more: (60 / tokens) to this power, times their ``emphasis``.
        learning_rate: For the text model (Muon and AdamW alike); the tower takes ``tower_rate`` times this.
        softness: Standard deviation, in units of 0..1000, of the soft targets around a box's number.
        dense_weight: Weight of the dense head's loss.
        max_tokens: Longest row, patches included; longer questions are left out.
    """

    steps: int = 6000
    batch: int = 12
    forms: int = 2
    standard: float = 0.12
    told: float = 0.3
    questions: int = 4
    balance: float = 0.6
    learning_rate: float = 4e-3
    tower_rate: float = 0.5
    softness: float = 8.0
    dense_weight: float = 0.5
    decay: float = 0.5
    max_tokens: int = 800
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
