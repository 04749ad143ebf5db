from __future__ import annotations

from typing import Any

import pytest

from extraction.errors import OptionError
from extraction.options import call_options
from extraction.sampling import Sampling

DEFAULTS = {"model": "m", "max_tokens": 1024, "temperature": None, "stop": ["END"]}


def test_a_call_overrides_the_fields() -> None:
    options = call_options(
        DEFAULTS, {"temperature": 0.5, "max_new_tokens": 7, "top_k": 3, "seed": 1, "model_name": "n"}
    )
    assert (options.model, options.max_tokens, options.stops) == ("n", 7, ("END",))
    assert options.sampling == Sampling(0.5, None, 3, None, 1)


def test_a_call_without_options_has_those_of_the_fields() -> None:
    options = call_options(DEFAULTS, {})
    assert (options.model, options.max_tokens, options.sampling) == ("m", 1024, Sampling())


@pytest.mark.parametrize(("stop", "expected"), [("x", ("x",)), ([], ()), (["", "y"], ("y",)), (None, ())])
def test_stop_strings(stop: Any, expected: tuple[str, ...]) -> None:
    assert call_options(DEFAULTS, {"stop": stop}).stops == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"temprature": 1}, "temprature: Extra inputs are not permitted"),
        ({"temperature": -1}, "temperature: .*greater than or equal to 0"),
        ({"temperature": float("nan")}, "temperature: .*finite"),
        ({"top_p": 1.5}, "top_p: .*less than or equal to 1"),
        ({"max_tokens": 0}, "max_tokens: .*greater than 0"),
        ({"seed": -1}, "seed: "),
        ({"stop": [1]}, r"stop\.0: "),
    ],
)
def test_options_that_are_unknown_or_out_of_range_raise(given: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        call_options(DEFAULTS, given)
    assert "known options: confidence, continue_from, family, follow_instructions, max_depth, max_items" in str(
        caught.value
    )


SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}, (SCHEMA, True)),
        ({"type": "json_object"}, ({"type": "object"}, False)),
        ({"type": "json_object", "schema": SCHEMA}, (SCHEMA, True)),
    ],
)
def test_response_formats(given: Any, expected: Any) -> None:
    assert call_options(DEFAULTS, {"response_format": given}).schema_format == expected


@pytest.mark.parametrize("given", [{"type": "yaml"}, {"type": "json_schema"}, {}, {"schema": SCHEMA}])
def test_other_response_formats_raise(given: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="is not understood"):
        _ = call_options(DEFAULTS, {"response_format": given}).schema_format
