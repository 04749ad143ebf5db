"""Optional parts: imported where they are needed, with an error that says what to install."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from extraction.errors import MissingExtraError


def import_extra(module: str, *, extra: str) -> ModuleType:
    """The module named ``module``, which the distribution's extra ``extra`` brings.

    Raises:
        MissingExtraError: It is not installed; the hint is the command that installs it.
        ModuleNotFoundError: It is installed, but something that it needs itself is not.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # Only the module itself or a parent of it: a broken installation of it is told by its own error.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise MissingExtraError(
            f"{module} is not installed", hint=f'pip install "langchain-extraction[{extra}]"'
        ) from error
