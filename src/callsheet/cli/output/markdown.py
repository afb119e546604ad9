"""Markdown in a terminal: emphasis in colours, and commands that can be copied as they are."""

from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.text import Text
from rich.theme import Theme

_THEME: Final = Theme(
    {"markdown.strong": "bold red", "markdown.em": "yellow", "markdown.code": "cyan", "markdown.h3": "bold"}
)


def print_markdown(text: str) -> None:
    """Print ``text``, folded at the edge of the terminal, with blocks of code unfolded."""
    Console(theme=_THEME).print(_Markdown(text), crop=False)


class _Block(CodeBlock):
    """A block of code whose lines only the terminal folds, so that they stay whole when copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().split("\n"):
            yield Text(f"    {line}", style="dim", no_wrap=True, overflow="ignore")


class _Markdown(Markdown):
    elements = {**Markdown.elements, "fence": _Block}  # noqa: RUF012  # as its parent has it
