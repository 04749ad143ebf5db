"""Public names of a package that are imported when they are first used (PEP 562).

The heavy parts (torch, transformers, matplotlib, LangChain's chat models) then cost nothing until somebody needs them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of ``package``.

    Args:
        package: The package's ``__name__``.
        names: For each module, the names that the package takes from it.
    """
    homes = {name: module for module, provided in names.items() for name in provided}

    def getattr_(name: str) -> Any:
        if name not in homes:
            # The wording, `name` and `obj` are Python's own: its "Did you mean" works from them.
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)  # the next look-up finds it at once
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return getattr_, dir_
