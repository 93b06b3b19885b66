"""The application and the list of its commands.

Each command is a function in a file of its own; both have the command's name. cyclopts imports the
file when the command is called. So `gpuprop --help`, `gpuprop --version` and a mistyped command
need neither numpy nor pyarrow. What the list of commands says of each is therefore written here.
"""

from contextvars import ContextVar

from cyclopts import App, Group

from ..version import __version__
from .console import err, help

COMMANDS = {  # propagate first, since it is what most people look for
    "propagate": "Write where every satellite is, at every instant.",
    "completion": "Print a script with which a shell completes gpuprop's commands and options: "
    'eval "$(gpuprop completion bash)" in ~/.bashrc.',
    "constellations": "The constellations known; of NAME (or of a TOML file of yours) the shells, "
    "sources, conflicts and assumptions.",
    "doctor": "What runs here and why not more; proves each engine against the committed digest.",
    "export": "Write element sets as TLE or OMM, so that reading the file gives the same again.",
    "fetch": "Download element sets from CelesTrak, at most once in two hours: in between the "
    "cache answers.",
    "info": "What a catalogue or a snapshot directory holds.",
    "merge": "Merge the shards in a directory into one run, or say which are missing.",
    "shells": "The shells that satellites really fill: inclination, altitude, planes; against a "
    "filing, how much of it is filled.",
    "verify": "Compare files with their manifest: report what is missing or damaged, and how to "
    "write it again. Exit code 1 if there is any.",
}
# of commands that take any number of SOURCEs; cyclopts writes the others
USAGE = {
    "export": "Usage: gpuprop export SOURCE... -o FILE [OPTIONS]",
    "propagate": "Usage: gpuprop propagate SOURCE... -o DIR [OPTIONS]",
    "shells": "Usage: gpuprop shells CATALOGUE... [OPTIONS]",
}
# the command line as it was given, for the manifest of a run
COMMAND_LINE: ContextVar[list[str]] = ContextVar("COMMAND_LINE")

app = App(
    name="gpuprop",
    help="Propagate whole constellations with SGP4 and write position snapshots to Apache Arrow "
    "files.",
    version=__version__,
    version_flags=["--version", "-V"],
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
    console=help,
    error_console=err,
    group_parameters=Group("Options"),
)
for name, meaning in COMMANDS.items():
    usage = {"usage": USAGE[name]} if name in USAGE else {}
    app.command(f"{__package__}.{name}:{name}", help=meaning, **usage)
