"""The application and the list of its commands.

Each command is a function in a file of its own; both have the name of the command. cyclopts imports
the file when the command is called. So `gpuprop --help` and `gpuprop --version` need neither numpy
nor pyarrow; the texts that help prints about commands are here, for the same reason.
"""

from contextvars import ContextVar

from cyclopts import App

from ..version import __version__
from .console import err, help
from .options import OPTIONS

COMMANDS = {  # propagate first: errors list the commands in this order
    "propagate": "Compute where every satellite is at every instant, and write it to files.",
    "access": "Find when satellites pass over sites: rise, culmination and set.",
    "completion": "Print a script that completes gpuprop's commands and options in a shell: "
    'eval "$(gpuprop completion bash)" in ~/.bashrc.',
    "constellations": "List the known constellations; with NAME (or your own TOML file), show its "
    "shells, sources, conflicts and assumptions.",
    "coverage": "Compute how many satellites every place on Earth and every country has in view, "
    "and the gaps; draw a map.",
    "doctor": "Show which engines run here, and why the others do not; check each against the "
    "committed digest.",
    "export": "Write element sets as TLE or OMM; reading the file gives the same element sets.",
    "fetch": "Download element sets from CelesTrak, at most once in two hours; until then "
    "from a cache.",
    "info": "Show what a catalogue holds, or a directory of snapshots, of passes or of a "
    "screening.",
    "merge": "Merge the shards in a directory into one run, or say which are missing.",
    "plot": "Draw pictures: coverage, ground tracks, the sky over a site, shells, the race.",
    "screen": "Find all close approaches: of all satellites to each other, or of some to all.",
    "shells": "Show which shells the satellites of a catalogue fill: inclination, altitude, "
    "planes. With --against, show how much of a filing they fill.",
    "verify": "Compare files with their manifest: report what is missing or damaged, and how to "
    "write it again. The exit code is 1 if a file is missing or damaged.",
    "view": "Show satellites on the globe as they move: one HTML file that needs no network.",
}
# commands with a module NAME_run, which help does not need: it imports numpy and pyarrow
RUNS = ("access", "coverage", "plot", "propagate", "screen", "view")
GROUPS = ("plot",)  # commands with commands of their own
# for commands that take any number of SOURCEs; cyclopts writes the other usage lines
USAGE = {
    "access": "Usage: gpuprop access SOURCE... (--site NAME,LAT,LON,KM | --sites FILE.csv)... "
    "-o FILE|DIR [OPTIONS]",
    "coverage": "Usage: gpuprop coverage SOURCE... -o FILE [OPTIONS]",
    "export": "Usage: gpuprop export SOURCE... -o FILE [OPTIONS]",
    "propagate": "Usage: gpuprop propagate SOURCE... -o DIR [OPTIONS]",
    "screen": "Usage: gpuprop screen SOURCE... -o DIR|FILE [OPTIONS]",
    "shells": "Usage: gpuprop shells CATALOGUE... [OPTIONS]",
    "view": "Usage: gpuprop view SOURCE...|DIR -o FILE [OPTIONS]",
}
# the command line as it was given, for the manifest of a run
COMMAND_LINE: ContextVar[list[str]] = ContextVar("COMMAND_LINE")

app = App(
    name="gpuprop",
    help="Propagate whole constellations with SGP4. Write positions to Apache Arrow files, or "
    "find passes, coverage and close approaches, draw pictures, or show satellites on a globe.",
    version=__version__,
    version_flags=["--version", "-V"],
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
    console=help,
    error_console=err,
    group_parameters=OPTIONS,
)
for name, meaning in COMMANDS.items():
    usage = {"usage": USAGE[name]} if name in USAGE else {}
    app.command(f"{__package__}.{name}:{name}", help=meaning, **usage)
