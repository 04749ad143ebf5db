"""The ways to an answer that ``benchmarks/decoding.py`` compares: ours, plain ``generate``, and others' grammars in it."""

from __future__ import annotations

import copy
import functools
import importlib
import json
import unittest.mock
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from llguidance import LLTokenizer

from benchmarks.dictation import Dictation
from benchmarks.documents import Task
from extraction import closing, grammar, local_model
from extraction.content import Turn
from extraction.decoding import DecodingLoop
from extraction.grammar import Constraint, build_grammar
from extraction.images import load_image
from extraction.jobs import Job, Request
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.matching import Grammars, Matcher
from extraction.prepacking import PrepackedLinear

PICTURE = Path(__file__).parents[1] / "examples" / "scene.png"
LONGEST = 1500
"""Most tokens of an answer; no document of ``benchmarks.documents`` needs as many."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a method wrote.

    Attributes:
        text: Its text.
        tokens: Tokens of it, an end token included.
    """

    text: str
    tokens: int


class Method(Protocol):
    """A way from a picture to a text."""

    def compile(self, task: Task) -> None:
        """Makes a schema ready to be used, from nothing but what is made once per tokenizer."""

    def compile_again(self, task: Task) -> None:
        """As ``compile``, for a schema that was compiled before."""

    def write(self, task: Task) -> Written:
        """The answer to a task whose schema was compiled."""


class Workbench:
    """One model with everything that the methods share: the picture, the prompt, and the dictated document.

    Attributes:
        backend: The library's own backend of the model.
        model: The model.
        tokenizer: Its tokenizer.
        dictation: What makes it want to write the document.
        prepacked: Its prepacked layers; none where torch cannot do it.
    """

    def __init__(self, folder: str) -> None:
        self.backend = TransformersBackend(ModelKey(folder, device="cpu", dtype="float32"))
        self.model = self.backend._loaded()
        self.prepacked = [layer for layer in self.model.modules() if type(layer) is PrepackedLinear]
        self.tokenizer = self.backend._checkpoint.tokenizer
        self.rows = int(self.model.get_output_embeddings().weight.shape[0])
        self._picture = load_image(PICTURE)
        tokens: LLTokenizer = self.backend._grammars._tokenizer
        self.dictation = Dictation(self.model, self.tokenizer, tokens)

    def prepack(self, prepacked: bool) -> None:
        """Makes the model's linear layers prepacked ones, as ``ChatTransformers`` has them, or torch's own."""
        kind: Any = PrepackedLinear if prepacked else torch.nn.Linear
        for layer in self.prepacked:
            layer.__class__ = kind

    def request(self, task: Task, *, narrow_head: bool = False) -> Request:
        """A task as the library's own backend takes it."""
        turn = Turn("user", (self._picture, task.prompt))
        constraint = Constraint.of(task.schema)
        return Request((turn,), constraint=constraint, max_tokens=LONGEST, narrow_head=narrow_head)

    def inputs(self, task: Task) -> tuple[dict[str, Any], int]:
        """The model's inputs, made of the picture and the prompt, and the length of the prompt in tokens."""
        encoded = self.backend._layout.encode(self.request(task).turns)
        return encoded.inputs, encoded.length

    def generated(self, task: Task, *, tokens: int | None = None, processor: Any = None) -> Written:
        """What plain ``generate`` writes.

        Args:
            task: What is asked.
            tokens: Exactly how many tokens; None for as many as it takes.
            processor: A logits processor that holds it to a grammar.
        """
        inputs, _ = self.inputs(task)
        config = copy.deepcopy(self.model.generation_config)
        config.update(do_sample=False, max_new_tokens=tokens or LONGEST)
        if tokens is not None:
            config.update(eos_token_id=None)
        with torch.inference_mode():
            output = self.model.generate(
                **inputs, generation_config=config, logits_processor=None if processor is None else [processor]
            )
        new = output[0, inputs["input_ids"].shape[1] :]
        return Written(str(self.tokenizer.decode(new, skip_special_tokens=True)), len(new))

    def floor(self, task: Task, decisions: int) -> None:
        """The passes that no method can do without: the prompt's, and one over a single token per further decision."""
        inputs, _ = self.inputs(task)
        token = torch.tensor([[self.dictation.liked(0)[0]]])
        with torch.inference_mode():
            output = self.model(**inputs, use_cache=True, logits_to_keep=1)
            for _ in range(decisions - 1):
                cache = output.past_key_values
                output = self.model(input_ids=token, past_key_values=cache, use_cache=True, logits_to_keep=1)

    def decisions(self, task: Task) -> int:
        """How many tokens of the document the grammar leaves open."""
        matcher: Matcher = self.backend._grammars.matcher(build_grammar(Constraint.of(task.schema), self._dialect))
        place = count = 0
        while True:
            place += sum(map(self.dictation.length, matcher.forced()))
            if matcher.complete:
                return count
            allowed = matcher.allowed(self.rows)
            assert allowed is not None
            may = set(allowed.tolist())
            token = next(token for token in self.dictation.liked(place) if token in may)
            count += len(may) > 1
            matcher.accept(token)
            place += self.dictation.length(token)

    @property
    def _dialect(self) -> Any:
        return self.backend.dialect()


class Ours:
    """The library's loop, through its backend."""

    def __init__(self, bench: Workbench, *, force: bool = True, narrow_head: bool = False) -> None:
        self._bench = bench
        self._force = force
        self._narrow_head = narrow_head

    def compile(self, task: Task) -> None:
        """Forgets all grammars before."""
        grammar._built.cache_clear()
        closing.reach.cache_clear()
        self._grammars._compiled.clear()
        self._grammars._smallest.clear()
        self.compile_again(task)

    def compile_again(self, task: Task) -> None:
        """The grammar's text and its automaton are both kept."""
        self._grammars.smallest(build_grammar(Constraint.of(task.schema), self._bench.backend.dialect()))

    def write(self, task: Task) -> Written:
        """One job, in this thread."""
        job = Job(self._bench.request(task, narrow_head=self._narrow_head), prefix_cache_bytes=0)
        loop = functools.partial(DecodingLoop, force=self._force)
        with unittest.mock.patch.object(local_model, "DecodingLoop", loop):
            self._bench.backend.run([job])
        answer = job.future.result(timeout=0)
        if self._narrow_head and (answer.effort is None or not answer.effort.narrow_passes):
            raise RuntimeError(f"the head was not narrowed: {answer.effort}")
        return Written(answer.text, answer.output_tokens)

    @property
    def _grammars(self) -> Grammars:
        return self._bench.backend._grammars


class Unconstrained:
    """Plain ``generate`` of as many tokens as our loop writes."""

    def __init__(self, bench: Workbench, tokens: Callable[[], int]) -> None:
        self._bench = bench
        self._tokens = tokens

    def compile(self, task: Task) -> None:
        """There is nothing to compile."""

    def compile_again(self, task: Task) -> None:
        """There is nothing to compile."""

    def write(self, task: Task) -> Written:
        """So many tokens, whatever they say."""
        return self._bench.generated(task, tokens=self._tokens())


class Outlines:
    """outlines with the backend that it takes by default for JSON schemas, in plain ``generate``."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._backends = importlib.import_module("outlines.backends")
        self._model = importlib.import_module("outlines").from_transformers(bench.model, bench.tokenizer)
        self._processors: dict[str, Any] = {}

    def compile(self, task: Task) -> None:
        """As ``outlines.Generator`` does it: the vocabulary is prepared anew for every schema."""
        schema = json.dumps(task.schema)
        self._processors[task.name] = self._backends.get_json_schema_logits_processor(None, self._model, schema)

    def compile_again(self, task: Task) -> None:
        """A processor is kept by its user."""

    def write(self, task: Task) -> Written:
        """With the processor set back to its beginning."""
        processor = self._processors[task.name]
        processor.reset()
        return self._bench.generated(task, processor=processor)


class XGrammar:
    """xgrammar's logits processor for transformers, in plain ``generate``, compiled by one thread."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._xgrammar = importlib.import_module("xgrammar")
        self._hf = importlib.import_module("xgrammar.contrib.hf")
        info = self._xgrammar.TokenizerInfo.from_huggingface(bench.tokenizer, vocab_size=bench.rows)
        self._compiler = self._xgrammar.GrammarCompiler(info, max_threads=1)
        self._compiled: dict[str, Any] = {}

    def compile(self, task: Task) -> None:
        """Forgets all grammars before."""
        self._compiler.clear_cache()
        self.compile_again(task)

    def compile_again(self, task: Task) -> None:
        """The compiler keeps what it compiled."""
        self._compiled[task.name] = self._compiler.compile_json_schema(json.dumps(task.schema))

    def write(self, task: Task) -> Written:
        """With a processor of its own, which can be used only once."""
        return self._bench.generated(task, processor=self._hf.LogitsProcessor(self._compiled[task.name]))
