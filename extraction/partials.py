"""Values as far as they have come: instances of the user's own classes in which what is not written yet is absent."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, ClassVar

from pydantic import BaseModel, RootModel


class Growing:
    """A value as far as it has come.

    LangChain adds up what a stream gives, for traces and where streams flow together. Each of these values holds all
    that came before, so that the sum of two is the later one.
    """

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Does nothing: what a user's class does for its subclasses is not meant for its growing form."""

    def __add__(self, later: Any) -> Any:
        return later


class GrowingList(Growing, list[Any]):
    """A list as far as it has come. With what is no later form of it, it adds up as lists do."""

    def __add__(self, later: Any) -> Any:
        if isinstance(later, list) and later[: len(self)] != self:
            return list(self) + later
        return later


class GrowingDict(Growing, dict[str, Any]):
    """A dict as far as it has come."""


def growing_form(value: Any) -> Any:
    """A whole value as far as it has come, in a form that can be added up."""
    if isinstance(value, list):
        return GrowingList(value)
    return GrowingDict(value) if isinstance(value, dict) else value


class GrowingModel(Growing):
    """What a growing form of a Pydantic class adds to it."""

    __slots__ = ()

    form_of: ClassVar[type[BaseModel]]

    def __eq__(self, other: object) -> bool:
        kind = other.form_of if isinstance(other, GrowingModel) else type(other)
        return kind is self.form_of and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        if name in self.form_of.model_fields:
            raise AttributeError(f"{self.form_of.__name__}.{name} is not complete yet")
        return super().__getattr__(name)  # type: ignore[misc]

    def __reduce__(self) -> tuple[Any, ...]:
        return _instance, (self.form_of, self.__dict__)


def growing_class(cls: type[BaseModel]) -> type[BaseModel]:
    """A subclass for instances of ``cls`` that have some of their fields; Pydantic makes no schema for it."""
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    made: Any = ABCMeta.__new__(
        type(cls), cls.__name__, (GrowingModel, cls), {**names, "__slots__": (), "form_of": cls}
    )
    return made  # type: ignore[no-any-return]


def growing_instance(growing: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """An instance with these fields and no others, not even defaults, which are no answers.

    Args:
        growing: What ``growing_class`` made.
        values: The fields, validated; they are not copied.
    """
    instance = growing.__new__(growing)
    object.__setattr__(instance, "__dict__", values)
    object.__setattr__(instance, "__pydantic_fields_set__", set(values))
    if not issubclass(growing, RootModel):
        extra: dict[str, Any] | None = {} if growing.model_config.get("extra") == "allow" else None
        object.__setattr__(instance, "__pydantic_extra__", extra)
        object.__setattr__(instance, "__pydantic_private__", None)
    return instance


def _instance(cls: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    return growing_instance(growing_class(cls), values)
