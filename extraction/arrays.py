"""The lists of a schema in the form that a grammar can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extraction.bounds import capped
from extraction.merging import Facts, Part

if TYPE_CHECKING:
    from extraction.relaxing import Translator


def array_schema(facts: Facts, translator: Translator) -> Any:
    """The schema of a list; False where there is none of its lengths.

    Args:
        facts: What the list must be.
        translator: Describes its items, and takes note of what is not enforced.
    """
    lists = [_list_of(part, facts) for part in facts.parts]
    shortest = max(facts.shortest.get("minItems", 0), *(_contained(part, translator) for part in facts.parts))
    longest = facts.longest.get("maxItems")
    for first, rest in lists:
        if rest is not None and rest.node is False:
            longest = _least(longest, len(first))
    first_items, longest = _first_items(lists, longest, translator)
    item: Any = False
    if longest is None or longest > len(first_items):
        item = translator.location(rest for _, rest in lists if rest is not None)
    if item is False:
        longest = _least(longest, len(first_items))
    for part in facts.parts[1:]:
        if part.node.get("unevaluatedItems", True) is not True:  # it does not see what stands around it
            translator.note("unevaluatedItems", part.path)
    unique = [part for part in facts.parts if part.read("uniqueItems", bool)]
    if unique and isinstance(item, dict) and "enum" in item and not first_items:
        longest = _least(longest, len(item["enum"]))
    longest, is_cap = translator.caps.length(shortest, longest)
    if shortest > longest:
        return False
    if longest > 1:
        for part in unique:
            translator.note("uniqueItems", part.path)
    result = {"type": "array", "minItems": shortest, "maxItems": longest, "items": item}
    if first_items[:longest]:
        result["prefixItems"] = first_items[:longest]
    return capped(result, is_cap)


def _least(longest: int | None, other: int) -> int:
    return other if longest is None else min(longest, other)


def _first_items(
    lists: list[tuple[list[Part], Part | None]], longest: int | None, translator: Translator
) -> tuple[list[Any], int | None]:
    """The schemas of the items that have one of their own, and the longest list that they leave."""
    result: list[Any] = []
    for index in range(max((len(first) for first, _ in lists), default=0)):
        spoken = [first[index] if index < len(first) else rest for first, rest in lists]
        item = translator.location(part for part in spoken if part is not None)
        if item is False:
            return result, _least(longest, index)
        result.append(item)
    return result, longest


def _list_of(part: Part, facts: Facts) -> tuple[list[Part], Part | None]:
    """The schemas of a list's first items, and of all others (None where a part does not speak of them)."""
    node = part.node
    first = part.below("prefixItems")
    if isinstance(node.get("items"), list):  # drafts before 2020-12
        return part.below("items"), part.one("additionalItems")
    rest = part.one("items")
    alone = not any("items" in other.node or "prefixItems" in other.node for other in facts.parts)
    if rest is None and (alone or (node.get("unevaluatedItems") is False and "prefixItems" in node)):
        rest = part.one("unevaluatedItems")
    return first, rest


def _contained(part: Part, translator: Translator) -> int:
    """How many items ``contains`` asks for at least."""
    if "contains" not in part.node:
        return 0
    least = part.read("minContains", (int, float))
    if least != 0 or "maxContains" in part.node:
        translator.note("contains", part.path)
    return 1 if least is None else int(least)
