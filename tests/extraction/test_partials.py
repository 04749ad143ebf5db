from __future__ import annotations

import copy
import pickle
from operator import add
from typing import Any

import pytest
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel
from pydantic import BaseModel, ConfigDict, RootModel, computed_field

from extraction.parsing import GroundedOutputParser
from extraction.partials import GrowingDict, GrowingList, growing_class, growing_instance

SUBCLASSES: list[str] = []


class Told(BaseModel):
    """What subclasses it has, it says."""

    model_config = ConfigDict(frozen=True, extra="allow")

    a: int
    b: list[int] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SUBCLASSES.append(cls.__name__)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        SUBCLASSES.append(cls.__name__)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return 2 * self.a

    def shout(self) -> str:
        return f"{self.a}!"


class Names(RootModel[list[str]]):
    pass


def test_an_instance_in_which_fields_are_absent() -> None:
    part: Any = growing_instance(growing_class(Told), {"a": 1})
    assert Told in type(part).__mro__
    assert (part.a, part.double, part.shout(), part.model_fields_set) == (1, 2, "1!", {"a"})
    assert not hasattr(part, "b")
    with pytest.raises(AttributeError, match=r"Told\.b is not complete yet"):
        _ = part.b
    with pytest.raises(AttributeError, match="'Told' object has no attribute 'c'"):
        _ = part.c
    assert repr(part) == "Told(a=1, double=2)"
    assert part.model_dump() == {"a": 1, "double": 2}
    assert part.model_dump_json() == '{"a":1,"double":2}'
    assert SUBCLASSES == []


def test_it_is_equal_to_what_holds_the_same() -> None:
    whole = Told(a=1, b=[2])
    part: Any = growing_instance(growing_class(Told), {"a": 1, "b": [2]})
    assert part == whole
    assert whole == part
    assert part == growing_instance(growing_class(Told), {"a": 1, "b": [2]})
    assert part != growing_instance(growing_class(Told), {"a": 1})
    assert part != whole.shout()
    names = growing_instance(growing_class(Names), {"root": ["x"]})
    assert names == Names(["x"])
    assert Names(["x"]) == names


def test_it_can_be_copied_and_pickled() -> None:
    part = growing_instance(growing_class(Told), {"a": 1})
    for twin in (copy.copy(part), copy.deepcopy(part), pickle.loads(pickle.dumps(part)), part.model_copy()):
        assert twin == part
        assert isinstance(twin, Told)
        assert not hasattr(twin, "b")


def test_a_sum_is_the_later_one() -> None:
    one, two = (growing_instance(growing_class(Told), {"a": 1, "b": [2] * count}) for count in (1, 2))
    assert add(one, two) is two
    assert add(GrowingList([1]), [1, 2]) == [1, 2]
    assert add(GrowingList([1]), [3, 4]) == [1, 3, 4]
    assert add(GrowingList([1]), {1, 2}) == {1, 2}
    assert add(GrowingDict(a=1), {"a": 1, "b": 2}) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("target", "text"), [(Told, '{"a": 1, "b": [2, 3]}'), (list[int], "[1, 2]"), (dict[str, int], '{"a": 1, "b": 2}')]
)
def test_streams_that_flow_together_keep_all(target: Any, text: str) -> None:
    def write(_: Any) -> Any:
        yield from text

    parser = GroundedOutputParser(target=target)
    both = RunnableParallel(value=RunnableGenerator(write) | parser, other=RunnableLambda(lambda _: "x"))
    chain: Any = both | RunnableLambda(lambda values: values)
    assert list(chain.stream("?"))[-1] == {"value": parser.invoke(text), "other": "x"} == chain.invoke("?")
