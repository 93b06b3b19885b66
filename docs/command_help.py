"""Sphinx extension: the directive `{command-help}` writes what `gpuprop COMMAND --help` prints.

One section for each command, with the options as definitions, so that the page cannot differ from
the program.
"""

import re
from io import StringIO
from typing import Any

from docutils import nodes
from rich.console import Console
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gpuprop.cli.app import COMMANDS, app

ENTRY = re.compile(r"  (?P<name>\S.*?)(: (?P<meaning>.*))?")  # "  --frame CHOICE: The frame ..."
WIDTH = 100_000  # no line of the help is wrapped


def help_of(command: str) -> str:
    """Return the help of a command, with a line for each option."""
    text, formatter = StringIO(), app.help_formatter
    app.help_formatter = "plain"
    try:
        app.help_print([command], console=Console(file=text, width=WIDTH, color_system=None))
    finally:
        app.help_formatter = formatter
    return text.getvalue()


def plain(text: str) -> nodes.Text:
    """Return text in which `--start` and quotes stay as they are: they may be copied."""
    found = nodes.Text(text)
    found.support_smartquotes = False  # type: ignore[attr-defined]  # is read by Sphinx
    return found


def section(command: str) -> nodes.section:
    """Make the section of a command: usage, meaning, and its options in their groups."""
    lines = help_of(command).splitlines()
    found = nodes.section(ids=[f"gpuprop-{command}"])
    found += nodes.title(text=f"gpuprop {command}")
    found += nodes.literal_block(text=lines[0].removeprefix("Usage: "), language="text")
    for line in filter(None, lines[1:]):
        entry = ENTRY.fullmatch(line)
        if not entry:
            group = line.endswith(":") and not line.startswith(" ")
            child = nodes.strong(text=line[:-1]) if group else plain(line)
            found += nodes.paragraph("", "", child)
            continue
        if not isinstance(found[-1], nodes.definition_list):
            found += nodes.definition_list()
        term = nodes.term("", "", nodes.literal(text=entry["name"]))
        meaning = nodes.definition("", nodes.paragraph("", "", plain(entry["meaning"] or "")))
        found[-1].append(nodes.definition_list_item("", term, meaning))
    return found


class CommandHelp(SphinxDirective):
    """The help of every command, in the order of `gpuprop --help`."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each command."""
        return [section(command) for command in sorted(COMMANDS)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
