"""`livestats shell`: question after question, with history and completion by prompt_toolkit.

Not here: asking and showing (asking.py), what is offered after TAB (shell_words.py).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from pipelines.cli import screen, shell_words
from pipelines.cli.options import Refused, opened
from pipelines.cli.signals import CAME, Ending, Terminated
from resources.errors import LivestatsError
from resources.serving.formats import FORMATS, LAYOUTS
from resources.sql import interrupts

STYLES = (*LAYOUTS, *(name for name, one in FORMATS.items() if one.is_text))
HISTORY = ".livestats_history"  # in the folder of the user, as other shells have theirs

_HELP = f"""\
A statement ends with ; and may take several lines. The dialect is DuckDB's.
  .tables [NAME]    tables and marts, or the columns of one
  .examples         ready-made questions
  .example NAME     ask one of them
  .format FORMAT    {", ".join(STYLES)}
  .rows NUMBER      how many rows are shown
  .help  .quit      Ctrl-D ends too, Ctrl-C ends a statement"""


@click.command()
@click.option("--format", "style", type=click.Choice(STYLES), default="table", show_default=True)
@click.option(
    "--rows",
    "most_rows",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows that are shown.",
)
def shell(style: str, most_rows: int) -> None:
    r"""Ask question after question, with history and completion of tables and columns.

    Every statement is asked of the newest served copy, read-only, as by `livestats query`. Reads
    from stdin where that is no terminal. In a terminal it needs a package that the default install
    does not have; the message says how to get it. The history is in ~/.livestats_history. Not in a
    terminal, it exits with 1 if one of the statements failed.

    \b
    Examples:
      livestats shell
      livestats shell --format line
      livestats shell < questions.sql
    """
    is_terminal = sys.stdin.isatty()
    read = _prompt() if is_terminal else _from_stdin()
    context = click.get_current_context()
    loop = Shell(read, style, most_rows, context.meta.get(CAME, Ending()))
    loop.run()
    if loop.failures and not is_terminal:  # a script has no other way to see it
        context.exit(1)


def is_complete(text: str) -> bool:
    """True if Enter ends the input: after a semicolon, a command with a dot, or nothing at all.

    A semicolon in quotes or in a comment ends nothing; a comment may stand after it.
    """
    import duckdb

    if not text.strip() or text.lstrip().startswith("."):
        return True
    tokens = [at for at, kind in duckdb.tokenize(text) if kind is not duckdb.token_type.comment]
    return bool(tokens) and text.encode()[tokens[-1] :].startswith(b";")


@dataclass
class Shell:
    """The loop: reads a statement, answers it, and goes on whatever went wrong with it."""

    read: Callable[[], str]  # the next input; EOFError at the end
    style: str
    most_rows: int
    ending: Ending = field(default_factory=Ending)
    failures: int = 0  # statements without an answer

    def run(self) -> None:
        """Until the end of the input or `.quit`."""
        while True:
            try:
                text = self.read().strip()
            except EOFError:
                return
            except KeyboardInterrupt as interrupt:
                self._go_on(interrupt)
                continue
            if text in (".quit", ".exit"):
                return
            try:
                # Reading from the terminal has taken away what tells DuckDB of a signal.
                with interrupts.by_signals({signal.SIGINT, signal.SIGTERM, signal.SIGHUP}):
                    self.answer(text)
            except (click.ClickException, LivestatsError, RuntimeError) as error:
                self.failures += 1
                if self.ending.number is not None:  # DuckDB raised it in the place of Terminated
                    self._go_on(Terminated(self.ending.number))
                    screen.note("Interrupted.")
                elif isinstance(error, RuntimeError):
                    raise
                else:
                    told = error.message if isinstance(error, click.ClickException) else error
                    screen.note(f"Error: {told}")
            except KeyboardInterrupt as interrupt:
                self._go_on(interrupt)
                screen.note("Interrupted.")

    def _go_on(self, interrupt: KeyboardInterrupt) -> None:
        """Raise it again if it is not of Ctrl-C, after which the shell goes on."""
        if isinstance(interrupt, Terminated) and interrupt.number != signal.SIGINT:
            raise interrupt
        self.ending.number = None

    def answer(self, text: str) -> None:
        """Do what one input asks for. Raises LivestatsError and click's errors."""
        from pipelines.cli.asking import Question, answer

        if not text:
            return
        if text.startswith("."):
            self._command(*text.removesuffix(";").split())
        else:
            answer(Question(sql=text), self.style, None, self.most_rows)

    def _command(self, name: str, *words: str) -> None:
        from pipelines.cli import main

        match name, words:
            case ".help", ():
                screen.say(_HELP)
            case (".tables", _):
                main.main(["tables", *words], standalone_mode=False)
            case ".examples", ():
                main.main(["query", "--examples"], standalone_mode=False)
            case ".example", (example,):
                words = ("--format", self.style, "--rows", str(self.most_rows))
                main.main(["query", "--example", example, *words], standalone_mode=False)
            case ".format", (style,) if style in STYLES:
                self.style = style
            case ".rows", (number,) if number.isdecimal() and int(number) > 0:
                self.most_rows = int(number)
            case _:
                raise Refused(f"{' '.join((name, *words))} is no command of the shell.\n{_HELP}")


def _from_stdin() -> Callable[[], str]:
    """Reads up to the line that ends a statement."""

    def read() -> str:
        text = ""
        for line in sys.stdin:
            text += line
            if is_complete(text):
                return text
        if text.strip():
            return text
        raise EOFError

    return read


def _prompt() -> Callable[[], str]:
    """Reads from the terminal, with history and completion."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.application import get_app
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.history import FileHistory, InMemoryHistory
    except ImportError as error:
        raise Refused(
            "The shell needs a package that the default install does not have. In the checkout: "
            ".venv/bin/python -m pip install --no-build-isolation --editable '.[shell]'. Without it: "
            "livestats query, or any client of DuckDB on served/livestats.duckdb in the home."
        ) from error
    with opened().reading() as connection:
        tables = shell_words.tables_of(connection)

    class Names(Completer):  # type: ignore[misc]
        def get_completions(self, document: Any, _event: Any) -> Any:
            begun, names = shell_words.offered(document.text_before_cursor, tables, STYLES)
            yield from (Completion(name, -len(begun)) for name in names)

    place = _history()
    session = PromptSession[str](
        "livestats> ",
        completer=Names(),
        history=FileHistory(str(place)) if place else InMemoryHistory(),
        multiline=Condition(lambda: not is_complete(get_app().current_buffer.text)),
        prompt_continuation="      ...> ",
    )
    screen.note("Read-only, on the newest served copy. .help, .tables, .examples; Ctrl-D ends.")
    read: Callable[[], str] = session.prompt
    return read


def _history() -> Path | None:
    """The file of earlier statements, for the user alone; None where none can be kept."""
    try:
        place = Path.home() / HISTORY
        place.touch(0o600)
    except (OSError, RuntimeError):  # the latter: there is no home
        return None
    return place
