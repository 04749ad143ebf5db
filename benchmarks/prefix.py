"""What it saves to read the beginning of a prompt once: ``python -m benchmarks.prefix``.

Three uses, each with and without the kept prompts, in turns; times are CPU seconds of one core, medians. Ratios say more:

* ``shared text``: system text and a large schema of about 1,000 tokens together before a picture that is always another;
* ``one picture``: a picture and about as much text before it is asked about again, with another schema each time;
* ``4 samples``: one prompt, four sampled answers in one batch, nothing known of it before.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Sequence

from PIL import Image

from benchmarks.documents import FLAT, INVOICE, SCENE
from benchmarks.shared import Timed, answered, backend_of, interleaved, options
from extraction.content import Turn
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import PREFIX_CACHE_BYTES, Answer, Request
from extraction.loading import POCKET
from extraction.local_model import TransformersBackend
from extraction.sampling import Sampling

RULES = 1000
"""Tokens of the text that prompts share."""
BAR = 2.5
"""How many times as fast a prompt with so much shared text must be."""
_SCHEMAS = tuple(
    {
        "type": "object",
        "properties": dict.fromkeys(names, kind),
        "required": list(names),
        "additionalProperties": False,
    }
    for kind, names in (
        ({"enum": ["yes", "no", "unknown"]}, ("is_paid", "is_signed", "has_a_logo", "is_a_copy")),
        ({"type": "integer", "minimum": 0, "maximum": 99}, ("number_of_pages", "number_of_lines", "number_of_names")),
        (
            {"enum": ["red", "green", "blue", "white"]},
            ("colour_of_the_paper", "colour_of_the_ink", "colour_of_the_stamp"),
        ),
    )
)


def pictures() -> Iterator[Picture]:
    """Pictures of one size, each another."""
    for number in itertools.count():
        image = Image.linear_gradient("L").resize((224, 224)).convert("RGB")
        image.paste((number * 37 % 256, number * 101 % 256, number % 256), (20, 20, 200, 90))
        yield Picture(image)


def rules(backend: TransformersBackend) -> str:
    """The words of some schemas, as many times as it takes to about ``RULES`` tokens."""
    words = [json.dumps(task.schema) for task in (INVOICE, SCENE, FLAT)]
    text = "You are a careful analyst of documents. Answer with one JSON object that follows a schema.\n"
    pieces = itertools.cycle(piece for one in words for piece in one.split(" "))
    while len(backend.token_ids(text)) < RULES:
        text += " ".join(itertools.islice(pieces, 5)) + " "
    return text


def asked(parts: Sequence[str | Picture], number: int) -> Request:
    """A request for an object of one of the schemas."""
    return Request((Turn("user", tuple(parts)),), constraint=Constraint.of(_SCHEMAS[number % 3]), max_tokens=200)


def uses(backend: TransformersBackend, name: str) -> dict[str, Callable[[int], list[Request]]]:
    """From the number of a repeat to the requests of one batch, by the use's name."""
    text, seen = rules(backend), list(itertools.islice(pictures(), 64))
    ends = "What is there?"

    def samples(number: int) -> list[Request]:
        one = asked([text, seen[number], ends], 0)
        return [dataclasses.replace(one, sampling=Sampling(1.0, seed=seed)) for seed in range(4)]

    result: dict[str, Callable[[int], list[Request]]] = {
        "shared text": lambda number: [asked([text, seen[number], ends], 0)],
        "one picture": lambda number: [asked([seen[0], text, f"Question {number}: {ends}"], number)],
        "4 samples": samples,
    }
    if name == POCKET:
        del result["shared text"]  # its template puts the picture first, so that texts before it are behind it
    return result


def compared(
    backend: TransformersBackend, requests: Callable[[int], list[Request]], repeats: int, *, cold: bool
) -> dict[str, Timed]:
    """A use without and with kept prompts; what both answer must be the same.

    Args:
        backend: The model.
        requests: From the number of a repeat to the requests of one batch.
        repeats: How often each way is timed.
        cold: Whether nothing is known from repeat to repeat.
    """
    told: dict[tuple[str, int], list[Answer]] = {}

    def way(name: str, keep: int) -> Callable[[int], list[Answer]]:
        def answer(number: int) -> list[Answer]:
            if cold:
                backend._prefixes.clear()
            told[name, number] = answered(backend, requests(number), keep=keep)
            return told[name, number]

        return answer

    backend._prefixes.clear()
    result = interleaved({"without": way("without", 0), "with": way("with", PREFIX_CACHE_BYTES)}, repeats)
    for number in range(repeats + 1):
        texts = [[answer.text for answer in told[name, number]] for name in ("without", "with")]
        assert texts[0] == texts[1], texts
    return result


def main() -> None:
    """Prints a line for each model and use."""
    given = options(str(__doc__).splitlines()[0], models=(POCKET, "llava-50k", "qwen-50k"))
    # ruff: noqa: T201 - a benchmark prints
    print("| model | use | prompt tokens | not read again | without, s | with, s | ratio | bar |")
    print("|-|-|-:|-:|-:|-:|-:|-:|")
    for name in given.models:
        backend = backend_of(name)
        for use, requests in uses(backend, name).items():
            timed = compared(backend, requests, given.repeats, cold=use == "4 samples")
            answers = timed["with"].answers
            prompt = sum(answer.input_tokens for answer in answers)
            reused = sum(answer.effort.reused_tokens for answer in answers if answer.effort is not None)
            ratio = timed["without"].seconds / timed["with"].seconds
            bar = f"{BAR}" if use == "shared text" else ""
            seconds = f"{timed['without'].seconds:.2f} | {timed['with'].seconds:.2f}"
            print(f"| {name} | {use} | {prompt} | {reused} | {seconds} | {ratio:.2f} | {bar} |", flush=True)
        backend.close()


if __name__ == "__main__":
    main()
