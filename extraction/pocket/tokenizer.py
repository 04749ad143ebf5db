"""The pocket model's tokenizer: a byte-level BPE learnt from its own tasks, in which every number up to 1000 by fives is one token."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from extraction.pocket.dataset import Truth
from extraction.pocket.model import CONTEXT
from extraction.pocket.tasks import Task, question_task, random_task, standard_task
from extraction.pocket.views import STEP, View
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS
from extraction.pocket.words import GENERAL
from extraction.schemas import json_schema_of
from extraction.schemas.scene import Scene

SPECIAL = ("<pad>", "<bos>", "<image>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|end|>")
VOCABULARY = 1536

# The picture comes first whatever the order of the blocks, so that its patches always stand at the same positions.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for m in messages %}{% if m['content'] is not string %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% endif %}{% endfor %}{% endif %}{% endfor %}"
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' }}"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% for call in m['tool_calls'] or [] %}"
    "{{ '<tool_call>' + call['function'] | tojson + '</tool_call>' }}{% endfor %}"
    "{{ '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

# Punctuation takes the blank behind it, words the blank before it, digits stay together up to four.
_PIECES = r"(?:[^\s\d\w]+ ?)+| ?[^\W\d]+|\d{1,4}|\s+"


def prompt_text(task: Task) -> str:
    """A task's conversation up to its answer as ``CHAT_TEMPLATE`` writes it, without the beginning and the picture."""
    turns = [("system", task.system)] if task.system else []
    turns += [*task.before, ("user", task.prompt)]
    return "".join(f"<|{role}|>{text}<|end|>" for role, text in turns) + "<|assistant|>"


def build_tokenizer(seed: int = 0, tasks: int = 8000) -> PreTrainedTokenizerFast:
    """The tokenizer with its chat template; the same for the same seed."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(seed, tasks), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<|end|>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
        padding_side="left",
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def _corpus(seed: int, tasks: int) -> Iterator[str]:
    rng = random.Random(seed)
    schema = json_schema_of(Scene)
    for i in range(tasks):
        view = View.of(_random_truth(rng))
        task = standard_task(view, schema) if i % 10 == 0 else random_task(view, rng)
        for one in (task, question_task(view, rng)):
            yield from (text for text in (one.system, one.prompt, one.answer) if text)
    for number in (*range(0, 1001, STEP), *range(40)):
        yield from [f"[{number}, {number}]"] * 60
    for word in GENERAL:
        yield from [word, f" {word}"] * 30


def _random_truth(rng: random.Random) -> Truth:
    rows = []
    for _ in range(rng.randint(0, 8)):
        x, y = sorted(rng.random() for _ in range(2)), sorted(rng.random() for _ in range(2))
        rows.append([rng.randrange(len(LABELS)), rng.randrange(len(COLORS)), x[0], y[0], x[1], y[1]])
    dominant = tuple(rng.sample(range(len(GROUND_COLORS)), 2))
    return Truth(np.array(rows, np.float32).reshape(-1, 6), rng.randrange(len(GROUND_COLORS)), dominant)
