"""A JSON document as a value of what was asked for: a Pydantic type, or a JSON schema."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema

from extraction.errors import SchemaError
from extraction.schemas.json_schema import Schema, reference_in, resolve_reference
from extraction.written_numbers import decimals_as_text, plain_numbers

_MAX_PROBLEMS = 5
_MAX_REFERENCES = 200_000
_references_left: ContextVar[list[int]] = ContextVar("references that one validation may still follow")
_MAX_MESSAGE = 200


class Validator:
    """Makes values of one target: a type that Pydantic knows, or a JSON schema, whose values are JSON."""

    def __init__(self, target: Schema) -> None:
        self.target = target
        self._adapter: TypeAdapter[Any] | None = None
        self._checker: Any = None

    def __reduce__(self) -> tuple[type[Validator], tuple[Schema]]:
        return Validator, (self.target,)

    def validate(self, data: Any) -> Any:
        """The value of a JSON document.

        Keys are those of the schema: a field with an alias is not found under its name, which the model was not told.

        Args:
            data: The document as a JSON value.

        Raises:
            ValueError: It does not fit; ``explain`` says what is wrong.
        """
        if isinstance(self.target, Mapping):
            _references_left.set([_MAX_REFERENCES])
            problems = sorted(self._problems(data), key=lambda problem: list(map(str, problem.path)))
            if problems:
                raise ValueError(_joined([_line(problem.path, problem.message) for problem in problems]))
            return plain_numbers(data)
        if self._is_old:
            return self.target.parse_obj(plain_numbers(data))  # type: ignore[union-attr]
        text = json.dumps(self.settled(data), allow_nan=False)
        return self._typed.validate_json(text, by_alias=True, by_name=False)

    def settled(self, data: Any) -> Any:
        """A document with plain floats, and as text what only a Decimal holds.

        For a JSON schema it stays as it was written: another schema may know what becomes of its numbers.

        Args:
            data: The document as a JSON value, perhaps with ``WrittenNumber``.
        """
        if isinstance(self.target, Mapping):
            return data
        if self._is_old:
            return plain_numbers(data)
        return decimals_as_text(data, self._typed.core_schema)

    @property
    def _is_old(self) -> bool:
        """Whether the target is a class of pydantic.v1."""
        return hasattr(self.target, "parse_obj") and not hasattr(self.target, "model_validate")

    @property
    def _typed(self) -> TypeAdapter[Any]:
        if self._adapter is None:
            form: Any = self.target
            self._adapter = TypeAdapter(form)
        return self._adapter

    def validate_part(self, data: Any, form: Any) -> Any:
        """A part of a document, by the part of the JSON schema that holds for it; references lead into the whole one.

        Raises:
            ValueError: It does not fit.
        """
        _references_left.set([_MAX_REFERENCES])
        if not self._json_checker().evolve(schema=form).is_valid(data):
            raise ValueError("a part does not fit its schema")
        return plain_numbers(data)

    def _problems(self, data: Any) -> Any:
        return self._json_checker().iter_errors(data)

    def _json_checker(self) -> Any:
        if self._checker is None:
            from jsonschema import Draft202012Validator, validators

            assert isinstance(self.target, Mapping)
            dialect = validators.validator_for(self.target, default=Draft202012Validator)
            extend: Any = validators.extend
            followed = functools.partial(_follow_reference, dialect.VALIDATORS["$ref"])
            checks = {"multipleOf": _check_multiple, "pattern": _check_pattern, "$ref": followed}
            exact = extend(dialect, checks)
            self._checker = exact(self.target, format_checker=dialect.FORMAT_CHECKER)
        return self._checker


def found(pattern: str, text: str) -> bool:
    """Whether a regular expression of a schema matches somewhere in a text.

    In time linear in the text (Rust's engine, by way of Pydantic), for schemas by others hold catastrophic expressions.
    Only look-around and back-references, which that engine lacks, are left to Python's. A pattern that neither can read
    excludes nothing.
    """
    validator = _compiled(pattern)
    if validator is not None:
        return validator.isinstance_python(text)
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except PatternError:
        return None


def _check_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Exception]:
    from jsonschema.exceptions import ValidationError as Problem

    if isinstance(instance, str) and not found(pattern, instance):
        yield Problem(f"{instance!r:.100} does not match {pattern!r:.100}")


def _follow_reference(
    follow: Callable[..., Any], validator: Any, reference: str, instance: Any, schema: Any
) -> Iterator[Exception]:
    """``$ref``, a bounded number of times: schemas of some lines can send a validator 2 to the power of 40 ways."""
    left = _references_left.get()
    left[0] -= 1
    if left[0] < 0:
        raise SchemaError(f"the document cannot be checked: the schema refers to itself in over {_MAX_REFERENCES} ways")
    yield from follow(validator, reference, instance, schema) or ()


def _check_multiple(validator: Any, step: float, instance: Any, _schema: Any) -> Iterator[Exception]:
    """``multipleOf`` by decimal digits: for jsonschema 19.99 is no multiple of 0.01, by the rounding of floats."""
    from jsonschema.exceptions import ValidationError as Problem

    if validator.is_type(instance, "number") and Fraction(repr(instance)) % Fraction(repr(step)) != 0:
        yield Problem(f"{instance!r} is not a multiple of {step!r}")


def explain(error: ValueError) -> str:
    """What is wrong with a document, in one line: places and reasons, the first few of them."""
    if isinstance(error, ValidationError):
        return _joined([_line(problem["loc"], problem["msg"]) for problem in error.errors(include_url=False)])
    return str(error)


def _line(path: Any, message: str) -> str:
    return f"{'/'.join(map(str, path)) or '(root)'}: {message:.{_MAX_MESSAGE}}"


def _joined(lines: list[str]) -> str:
    more = f" (and {len(lines) - _MAX_PROBLEMS} more)" if len(lines) > _MAX_PROBLEMS else ""
    return "; ".join(lines[:_MAX_PROBLEMS]) + more


def takes_text(schema: Any) -> bool:
    """Whether a bare text can be a value of a JSON schema: string is one of its types, or a text one of its values."""
    waiting, passed = [schema], set[int]()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping) or id(node) in passed:
            continue
        passed.add(id(node))
        kinds = node.get("type", ())
        values = [*node.get("enum", ()), node.get("const")]
        if "string" in ((kinds,) if isinstance(kinds, str) else kinds) or any(isinstance(one, str) for one in values):
            return True
        waiting += [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
        if (reference := reference_in(node)) is not None:
            waiting.append(resolve_reference(schema, reference))
    return False
