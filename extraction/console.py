"""What the command says and writes: problems in one line each, a progress bar, and files that are whole or not there."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import compress
from pathlib import Path
from typing import Any, Final, Self

import typer
from langchain_core.callbacks import BaseCallbackHandler

from extraction.errors import ExtractionError, OptionError
from extraction.sources import shorten

STDIN: Final = "-"
"""What stands for standard input among the pictures."""
PLOT_FORMATS: Final = ("png", "jpg", "jpeg", "webp", "pdf", "svg")

_LONGEST_LINE: Final = 2000
_UNBOUND: Final = 1000
_WIDE: Final = 140

# A list of numbers over several lines; inside strings of JSON there are no line breaks.
_NUMBERS: Final = re.compile(r"\[\n\s+[-+.\w]+(?:,\n\s+[-+.\w]+)*\n\s+\]")


def complain(problem: object, *, about: str = "", debug: bool = False) -> None:
    """One line on standard error.

    Args:
        problem: The error, or a text.
        about: What the problem is about; a picture's name.
        debug: Show the traceback of an error before the line.
    """
    if debug and isinstance(problem, BaseException):
        typer.echo("".join(traceback.format_exception(problem)), err=True, nl=False)
    text = str(problem)
    if isinstance(problem, Exception) and not isinstance(problem, ExtractionError):
        text = f"{type(problem).__name__}: {text}"  # not ours: its text was not written to stand alone
    if about and not text.startswith(f"{about}:"):
        text = f"{about}: {text}"
    typer.echo(shorten(" ".join(f"extraction: {text}".split()), _LONGEST_LINE), err=True)


@contextmanager
def ending_in_one_line(*, debug: bool = False) -> Iterator[None]:
    """Turns an error of the library that ends the whole command into one line and exit code 2."""
    try:
        yield
    except ExtractionError as error:
        complain(error, debug=debug)
        raise typer.Exit(2) from error


def check_output(path: Path, pictures: Sequence[str]) -> None:
    """Returns when a file can be written to ``path`` that is none of the pictures.

    Raises:
        OptionError: It cannot.
    """
    folder = path.parent
    if path.is_dir():
        raise OptionError(f"{path} is a folder, not a file")
    if not folder.is_dir():
        raise OptionError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(path if _is_special(path) else folder, os.W_OK):
        raise OptionError(f"{path} cannot be written: permission denied")
    if path.resolve() in _resolved(pictures):
        raise OptionError(f"{path} is one of the pictures and would be overwritten")


def plot_files(target: str, pictures: Sequence[str]) -> list[Path]:
    """Where the plot of each picture goes.

    Args:
        target: A file for one picture; a folder, made if need be, for one or several.
        pictures: Their names. In a folder ``photo.jpg`` gives ``photo.boxes.png``, a second one ``photo-2.boxes.png``.

    Raises:
        OptionError: The target is a file for several pictures, of an unknown format, or cannot be written.
    """
    path = Path(target)
    looks_like_file = path.suffix.lower().removeprefix(".") in PLOT_FORMATS and not path.is_dir()
    if len(pictures) == 1 and not path.is_dir() and not target.endswith(("/", os.sep)):
        if not looks_like_file:
            raise OptionError(f"{path} is no plot: its name must end in .{', .'.join(PLOT_FORMATS)}, a folder's in /")
        check_output(path, pictures)
        return [path]
    if looks_like_file or (path.exists() and not path.is_dir()):
        raise OptionError(f"the plots of several pictures need a folder, and {path} is a file")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise OptionError(f"the folder {path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise OptionError(f"nothing can be written into {path}: permission denied")
    return _unique_names(path, pictures)


def _unique_names(folder: Path, pictures: Sequence[str]) -> list[Path]:
    # Some file systems do not tell "A" from "a".
    taken = {path.name.casefold() for path in _resolved(pictures) if path.parent == folder.resolve()}
    result = []
    for picture in pictures:
        stem = "stdin" if picture == STDIN else Path(picture).stem or "picture"
        name, number = f"{stem}.boxes.png", 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}.boxes.png"
        taken.add(name.casefold())
        result.append(folder / name)
    return result


def _resolved(pictures: Sequence[str]) -> set[Path]:
    return {Path(picture).resolve() for picture in pictures if picture != STDIN and "\0" not in picture}


def _is_special(path: Path) -> bool:
    """Whether it is there and no plain file: a device such as /dev/null, a pipe. Replacing it would destroy it."""
    return path.exists() and not path.is_file()


def write_file(path: Path, data: bytes) -> None:
    """Puts ``data`` into ``path`` at once: whoever looks sees the old file or the whole new one.

    Raises:
        OSError: It cannot be written; the old file is as it was.
    """
    if _is_special(path):
        path.write_bytes(data)
        return
    path = path.resolve()  # a link stays a link
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with fresh.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def json_bytes(value: Any) -> bytes:
    """JSON text in UTF-8, whatever the terminal's own encoding is; a file name that is not UTF-8 is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    text = _NUMBERS.sub(lambda match: " ".join(match[0].split()).replace("[ ", "[").replace(" ]", "]"), text)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, spare: Collection[str] = ()) -> None:
    """A table on standard output: as wide as the terminal, or as it needs to be where the output goes elsewhere.

    Args:
        columns: Their names; the first one's cells are not folded.
        rows: Their cells.
        spare: Columns that a narrow terminal does without.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNBOUND)
    shown_columns = [name not in spare or console.width >= _WIDE for name in columns]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in compress(columns, shown_columns):
        table.add_column(name, no_wrap=name == columns[0], overflow="fold")
    for row in rows:
        table.add_row(*map(Text, compress(row, shown_columns)))
    with console.capture() as shown:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in shown.get().splitlines()).strip("\n"))


def print_pairs(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """What is known of one thing, on standard output: a line each, in two columns; what is empty is left out."""
    lines = [title, *(f"  {name:<14}{value}" for name, value in pairs if value)]
    typer.echo("\n".join(lines).encode())  # in UTF-8, whatever the terminal's own encoding is


class ProgressBar(BaseCallbackHandler):
    """A bar on standard error that counts pictures, where several are to do and somebody watches.

    As a LangChain callback it moves whenever the model has done with a picture.
    """

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        hidden = total == 1 or not sys.stderr.isatty()
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden)
        self._task = self._bar.add_task("Pictures", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int) -> None:
        """So many are done: those that never reached the model count, too."""
        if done > self._bar.tasks[0].completed:
            self._bar.update(self._task, completed=done)

    def on_llm_end(self, *args: object, **kwargs: object) -> None:
        """One more is done."""
        self._bar.advance(self._task)

    def on_llm_error(self, *args: object, **kwargs: object) -> None:
        """One more is done, if not well."""
        self._bar.advance(self._task)
