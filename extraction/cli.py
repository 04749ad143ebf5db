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
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from extraction import __version__
from extraction.console import (
    STDIN,
    ProgressBar,
    check_output,
    complain,
    ending_in_one_line,
    json_bytes,
    plot_files,
    print_pairs,
    print_table,
    write_file,
)
from extraction.errors import OptionError
from extraction.named_models import chat_model, local_model

if TYPE_CHECKING:
    from extraction.outcomes import Outcome
    from extraction.schemas import Schema

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
        help="pocket, which comes with the package; ocr, which is no model but rules; or a hub id; or a folder.",
    ),
]
ImagesArgument = Annotated[list[str], typer.Argument(metavar="IMAGE", help="Pictures; - is standard input.")]
TokensOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="Longest answer, in tokens.")]
TruncationOption = Annotated[
    Literal["raise", "salvage", "continue"] | None,
    typer.Option(
        help="An answer that the tokens cut: an error (pictures), what is complete of it, or the rest of it (documents)."
    ),
]
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
            help="What to extract: a name from 'extraction schemas', module:Class, file.py:Class, or a JSON Schema file.",
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
    on_truncation: TruncationOption = None,
    min_pixels: LeastOption = None,
    max_pixels: MostOption = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Makes sampled answers repeatable.")] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, metavar="T", help="0 takes the likeliest answer, more varies it.")
    ] = None,
    checks: Annotated[
        bool, typer.Option("--checks", help="Put what does not add up into the JSON, too: {value, checks}.")
    ] = False,
    sources: Annotated[
        bool,
        typer.Option("--sources", help="Find every value on the page: its places go into the JSON, and onto the plot."),
    ] = False,
    pages: Annotated[
        str | None, typer.Option("--pages", metavar="1-3,7", help="Which pages of documents; else all.")
    ] = None,
    dpi: Annotated[float | None, typer.Option(min=1, metavar="N", help="Pixels per inch of a PDF's pages.")] = None,
    window: Annotated[int, typer.Option(min=1, metavar="N", help="Pages of a document that are shown at once.")] = 1,
    provenance: Annotated[
        bool,
        typer.Option("--provenance", help="Put a document's report into the JSON: pages, conflicts, what is missing."),
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Extract a value from each picture or document (PDF, TIFF of several pages).

    One gives its value; several give a list of {"image", "value"}, or {"image", "error"} for one that failed. What does
    not add up in a document is told on standard error. The password of encrypted PDFs is taken from EXTRACTION_PASSWORD.
    """
    options = {"family": family, "max_tokens": max_tokens, "seed": seed, "temperature": temperature}
    options |= {"min_pixels": min_pixels, "max_pixels": max_pixels}
    from extraction import aextract_document
    from extraction.chains import extraction_chain
    from extraction.document_runs import Reading, check_engine, run_outcomes, sources_of
    from extraction.outcomes import located, telling_chain
    from extraction.prompts import has_geometry
    from extraction.schemas import json_schema_of, load_schema

    # Standard output is kept for the result: a schema's module, or a model's own code, may print.
    with ending_in_one_line(debug=debug), redirect_stdout(sys.stderr):
        # What can be wrong is looked at before anything large is loaded.
        target = load_schema(schema)
        plots = _checked_files(images, out, plot)
        if plots and not sources and not has_geometry(json_schema_of(target)):
            complain("the schema asks for no boxes, so the plot shows none (--sources draws where the values stand)")
        given, reading = sources_of(images), Reading(pages, dpi, window, provenance)
        if sources:
            check_engine(given, reading)
        llm = chat_model(model, options)
        told: dict[str, Any] = {"instruction": instruction, "family": family}
        told |= {} if on_truncation is None else {"on_truncation": on_truncation}
        asking = telling_chain if sources and model == "ocr" else extraction_chain  # rules tell where values stand
        more = told | {"on_error": "report" if provenance else "raise"}  # what is missing stands in the report
        reader = partial(aextract_document, llm, schema=target, window=window, sources=sources, **more)
        found = partial(run_outcomes, asking(llm, target, **told), reader, given, reading)
        entries, well = _extracted(partial(located, found, target) if sources else found, images, plots, target, debug)
    well &= _delivered(entries, out, more={"checks": checks, "report": provenance, "sources": sources})
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
        if model == "ocr":
            raise OptionError("--model ocr loads no weights and counts no tokens: there is nothing to plan")
        found = planned(local_model(model, options), sources, target)
        for outcome in found:
            if outcome.error is not None:
                complain(outcome.error, about=outcome.name, debug=debug)
        entries = [outcome.entry() for outcome in found]
    well = all(outcome.error is None for outcome in found)
    raise typer.Exit(0 if _delivered(entries, None) and well else 1)


@app.command()
def schemas(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCHEMA]", help="The one to show: a name, module:Class, file.py:Class, or a JSON Schema file."
        ),
    ] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="Show the form that a model is given to fill in.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Tell what in it will hurt; exit code 1 for errors.")] = False,
    family: FamilyOption = None,
    debug: DebugOption = False,
) -> None:
    """List the schemas, or show one as JSON Schema."""
    from extraction import schema_listing

    with ending_in_one_line(debug=debug), redirect_stdout(sys.stderr):  # a schema's module may print
        if prompt and check:
            raise OptionError("--prompt and --check are two questions: ask one at a time")
        if name is None and (prompt or check or family):
            raise OptionError("--prompt, --check and --family are about one schema: name it")
        if name and family and not (prompt or check):
            raise OptionError("--family goes with --prompt and --check: JSON Schema is the same for every model")
        text: str | bytes
        well = True
        if name is None:
            text = schema_listing.names()
        elif check:
            text, well = schema_listing.findings(name, family)
        elif prompt:
            text = schema_listing.form(name, family)
        else:
            text = json_bytes(schema_listing.document(name))
    typer.echo(text, nl=False)
    raise typer.Exit(0 if well else 1)


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
        typer.echo(json_bytes(told if name is None else told[0]), nl=False)
    elif name is None:
        print_table(listing.COLUMNS, map(listing.as_row, families), spare=listing.SPARE)
    else:
        print_pairs(families[0].name, listing.in_full(families[0]))


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
    found: Callable[..., Iterator[Outcome]],
    images: Sequence[str],
    plots: Sequence[Path],
    target: Schema,
    debug: bool,
) -> tuple[list[dict[str, Any]], bool]:
    """An entry for each picture, and whether all went well; plots are written on the way."""
    entries: list[dict[str, Any]] = []
    well = True
    try:
        with ProgressBar(len(images)) as bar:
            for outcome in found({"callbacks": [bar]}):
                entries.append(outcome.entry())
                bar.show(len(entries))
                for told in (*outcome.checks, *outcome.notes):
                    complain(told, about=outcome.name)
                well &= outcome.whole
                if outcome.error is not None:
                    complain(outcome.error, about=outcome.name, debug=debug)
                elif plots:
                    well &= _plotted(outcome, target, plots[len(entries) - 1])
    except KeyboardInterrupt:
        complain(f"interrupted when {len(entries)} of {len(images)} pictures were done; no result was written")
        raise typer.Exit(130) from None
    return entries, well


def _plotted(outcome: Outcome, target: Schema, path: Path) -> bool:
    """Whether the plot of a value could be written."""
    try:
        for name, data in outcome.plots(target, path):
            write_file(name, data)
    except OSError as error:
        complain(f"{path} cannot be written: {error.strerror or error}")
        return False
    return True


def _delivered(entries: Sequence[dict[str, Any]], out: Path | None, more: Mapping[str, bool] | None = None) -> bool:
    """Whether the result is where it belongs; what a file cannot take goes to standard output, so that it is not lost.

    Of one picture the result is its bare value, or its value with what ``more`` is wanted, and there is none where it failed.
    """
    if len(entries) == 1 and "error" in entries[0]:
        return False
    more = more or {}
    hidden = {"image"} if len(entries) == 1 else set()
    hidden |= {key for key in ("checks", "report", "sources") if not more.get(key)}
    told = [{key: one for key, one in entry.items() if key not in hidden} for entry in entries]
    result = told if len(told) > 1 else told[0] if any(more.values()) else told[0]["value"]
    data = json_bytes(result)
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


def main() -> None:
    """Runs the command."""
    app()
