"""The command ``extraction``: pictures and a schema in, JSON and plots out.

    extraction run photo.jpg --schema scene --out photo.json --plot photo.boxes.png
    extraction plan photo.jpg --schema scene --model Qwen/Qwen2.5-VL-3B-Instruct --max-pixels 1000000
    extraction schemas scene --prompt
    extraction models Qwen/Qwen3-VL-8B-Instruct

Standard output holds the result and nothing else; problems are one line each on standard error. Exit codes: 0 all went
well, 1 some pictures failed, 2 wrong usage or nothing could begin, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from extraction import __version__
from extraction.console import (
    STDIN,
    ProgressBar,
    check_output,
    complain,
    ending_in_one_line,
    plot_files,
    print_pairs,
    print_table,
    write_file,
)
from extraction.errors import OptionError

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from extraction.chat_model import ChatTransformers
    from extraction.outcomes import Outcome
    from extraction.schemas import Schema

# A list of numbers over several lines; inside strings of JSON there are no line breaks.
_NUMBERS = re.compile(r"\[\n\s+[-+.\w]+(?:,\n\s+[-+.\w]+)*\n\s+\]")

# Typer has moved this class from one version to the next.
_UsageError: Any = typer.BadParameter.__bases__[0]


class _Commands(TyperGroup):
    """The commands; a call that cannot be understood is told in one line, like every other problem."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except _UsageError as error:
            # Without a message, the help has been shown instead.
            if message := error.format_message():
                command = error.ctx.command_path if error.ctx else "extraction"
                complain(f"{message.rstrip('.')} (see {command} --help)")
            code = 2
        except (KeyboardInterrupt, typer.Abort):
            code = 130
        sys.exit(code)


app = typer.Typer(
    cls=_Commands,
    help="Pictures and a schema in, JSON with pixel boxes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FamilyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How the model writes boxes, where that is not known: relative-1000, pixel, or one of 'extraction models'.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        envvar="EXTRACTION_MODEL",
        metavar="MODEL",
        help="pocket, which comes with the package; or a hub id; or a folder.",
    ),
]
ImagesArgument = Annotated[list[str], typer.Argument(metavar="IMAGE", help="Pictures; - is standard input.")]
TokensOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="Longest answer, in tokens.")]
LeastOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Least pixels that the model sees of a picture.")
]
MostOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Most pixels that the model sees of a picture.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"langchain-extraction {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(  # noqa: PLR0913, PLR0917 - the options of a command
    images: ImagesArgument,
    schema: Annotated[
        str,
        typer.Option(
            "--schema",
            "-s",
            metavar="SCHEMA",
            help="What to extract: a name from 'extraction schemas', module:Class, or a JSON Schema file.",
        ),
    ],
    model: ModelOption = "pocket",
    instruction: Annotated[
        str | None, typer.Option("--instruction", "-i", metavar="TEXT", help="What to look for, in words.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where the JSON goes; else to standard output.")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option("--plot", "-p", metavar="PATH", help="Draw the boxes: a file, or a folder for several pictures."),
    ] = None,
    family: FamilyOption = None,
    max_tokens: TokensOption = None,
    min_pixels: LeastOption = None,
    max_pixels: MostOption = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Makes sampled answers repeatable.")] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, metavar="T", help="0 takes the likeliest answer, more varies it.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Extract a value from each picture.

    One picture gives its value; several give a list of {"image", "value"}, or {"image", "error"} for one that failed.
    """
    options = {"family": family, "max_tokens": max_tokens, "seed": seed, "temperature": temperature}
    options |= {"min_pixels": min_pixels, "max_pixels": max_pixels}
    from extraction.chains import extraction_chain
    from extraction.schemas import load_schema

    # Standard output is kept for the result: a schema's module, or a model's own code, may print.
    with ending_in_one_line(debug=debug), redirect_stdout(sys.stderr):
        # What can be wrong is looked at before anything large is loaded.
        target = load_schema(schema)
        plots = _checked_files(images, out, plot)
        chain = extraction_chain(chat_model(model, options), target, instruction=instruction, family=family)
        entries, well = _extracted(chain, images, plots, target, debug=debug)
    well &= _delivered(entries, out)
    raise typer.Exit(0 if well else 1)


@app.command()
def plan(
    images: ImagesArgument,
    schema: Annotated[
        str | None, typer.Option("--schema", "-s", metavar="SCHEMA", help="What would be extracted; else free text.")
    ] = None,
    model: ModelOption = "pocket",
    family: FamilyOption = None,
    max_tokens: TokensOption = None,
    min_pixels: LeastOption = None,
    max_pixels: MostOption = None,
    debug: DebugOption = False,
) -> None:
    """Tell what each picture will take: the size that the model sees, tokens, memory. No weights are loaded."""
    options = {"family": family, "max_tokens": max_tokens, "min_pixels": min_pixels, "max_pixels": max_pixels}
    from extraction.outcomes import planned
    from extraction.schemas import load_schema

    with ending_in_one_line(debug=debug), redirect_stdout(sys.stderr):
        _checked_files(images, None, None)
        target = None if schema is None else load_schema(schema)
        sources = [(name, sys.stdin.buffer if name == STDIN else name) for name in images]
        found = planned(chat_model(model, options), sources, target)
        for outcome in found:
            if outcome.error is not None:
                complain(outcome.error, about=outcome.name, debug=debug)
        entries = [outcome.entry() for outcome in found]
    well = all(outcome.error is None for outcome in found)
    raise typer.Exit(0 if _delivered(entries, None) and well else 1)


@app.command()
def schemas(
    name: Annotated[
        str | None, typer.Argument(metavar="[SCHEMA]", help="The one to show: a name, module:Class, or a file.")
    ] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="Show the form that a model is given to fill in.")] = False,
    family: FamilyOption = None,
    debug: DebugOption = False,
) -> None:
    """List the schemas, or show one as JSON Schema."""
    with ending_in_one_line(debug=debug):
        if name is not None:
            if family and not prompt:
                raise OptionError("--family goes with --prompt: JSON Schema is the same for every model")
            _show_schema(name, prompt=prompt, family=family)
        elif prompt or family:
            raise OptionError("--prompt and --family are about one schema: name it")
        else:
            _list_schemas()


@app.command()
def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The one to show in full: a family, a hub id, or a folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    debug: DebugOption = False,
) -> None:
    """List the families of models and how they write boxes, or show one in full."""
    from extraction import listing

    with ending_in_one_line(debug=debug):
        families = listing.listed() if name is None else [listing.family_called(name)]
    if as_json:
        told = [listing.as_json(family) for family in families]
        typer.echo(_json(told if name is None else told[0]), nl=False)
    elif name is None:
        print_table(listing.COLUMNS, map(listing.as_row, families), spare=listing.SPARE)
    else:
        print_pairs(families[0].name, listing.in_full(families[0]))


def chat_model(model: str, options: Mapping[str, Any]) -> ChatTransformers:
    """The chat model that a command asks for; an option that is None is left to it.

    Raises:
        OptionError: An option is out of range.
    """
    from pydantic import ValidationError

    from extraction.chat_model import ChatTransformers

    try:
        return ChatTransformers(model=model, **{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise OptionError("; ".join(problems)) from error


def _checked_files(images: Sequence[str], out: Path | None, plot: str | None) -> list[Path]:
    """The files of the plots; none without ``plot``.

    Raises:
        OptionError: A file cannot be written, or a picture or another result would be overwritten.
    """
    if images.count(STDIN) > 1:
        raise OptionError("standard input holds one picture: - can stand only once")
    if out is not None:
        check_output(out, images)
    plots = plot_files(plot, images) if plot is not None else []
    if out is not None and out.resolve() in {path.resolve() for path in plots}:
        raise OptionError(f"{out} cannot be both the JSON and a plot")
    return plots


def _extracted(
    chain: Runnable[Any, Any], images: Sequence[str], plots: Sequence[Path], target: Schema, *, debug: bool
) -> tuple[list[dict[str, Any]], bool]:
    """An entry for each picture, and whether all went well; plots are written on the way."""
    from extraction.outcomes import outcomes

    sources = [(name, sys.stdin.buffer if name == STDIN else name) for name in images]
    entries: list[dict[str, Any]] = []
    well = True
    try:
        with ProgressBar(len(images)) as bar:
            for outcome in outcomes(chain, sources, {"callbacks": [bar]}):
                entries.append(outcome.entry())
                bar.show(len(entries))
                if outcome.error is not None:
                    complain(outcome.error, about=outcome.name, debug=debug)
                    well = False
                elif plots:
                    well &= _plotted(outcome, target, plots[len(entries) - 1])
    except KeyboardInterrupt:
        complain(f"interrupted when {len(entries)} of {len(images)} pictures were done; no result was written")
        raise typer.Exit(130) from None
    return entries, well


def _plotted(outcome: Outcome, target: Schema, path: Path) -> bool:
    """Whether the plot of a value could be written."""
    try:
        write_file(path, outcome.plot(target, path.suffix.lower().removeprefix(".")))
    except OSError as error:
        complain(f"{path} cannot be written: {error.strerror or error}")
        return False
    return True


def _delivered(entries: Sequence[dict[str, Any]], out: Path | None) -> bool:
    """Whether the result is where it belongs; what a file cannot take goes to standard output, so that it is not lost.

    Of one picture the result is its bare value, and there is none where it failed.
    """
    if len(entries) == 1 and "error" in entries[0]:
        return False
    data = _json(entries[0]["value"] if len(entries) == 1 else entries)
    if out is not None:
        try:
            write_file(out, data)
        except OSError as error:
            complain(f"{out} cannot be written: {error.strerror or error}; the result goes to standard output")
        else:
            return True
    try:
        typer.echo(data, nl=False)
    except BrokenPipeError:  # whoever read it has gone; the command ends as others do
        raise
    except OSError as error:
        complain(f"the result cannot be written to standard output: {error.strerror or error}")
        with contextlib.suppress(OSError, ValueError):  # what is left in its buffer would fail once more at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return out is None


def _json(value: Any) -> bytes:
    """JSON text in UTF-8, whatever the terminal's own encoding is; a file name that is not UTF-8 is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    text = _NUMBERS.sub(lambda match: " ".join(match[0].split()).replace("[ ", "[").replace(" ]", "]"), text)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _list_schemas() -> None:
    from extraction.schemas import registered_schemas

    for name, schema in registered_schemas().items():
        first_line = (schema.__doc__ or "").strip().partition("\n")[0]
        typer.echo(f"{name:<12}{schema.__name__:<18}{first_line}")


def _show_schema(spec: str, *, prompt: bool, family: str | None) -> None:
    from extraction.families import find_family
    from extraction.prompts import schema_text
    from extraction.schemas import json_schema_of, load_schema

    with redirect_stdout(sys.stderr):
        schema = json_schema_of(load_schema(spec))
    if prompt:
        typer.echo(schema_text(schema, find_family(None, "", family or "pocket").boxes))
    else:
        typer.echo(_json(schema), nl=False)


def main() -> None:
    """Runs the command."""
    app()
