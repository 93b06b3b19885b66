"""Text from outside is never markup or a control character on the terminal, and never makes a job
fail.
"""

import ast
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE_S

import gpuprop
from gpuprop import Elements, open_snapshots
from gpuprop.catalogs.read import read_elements
from gpuprop.cli.console import Output
from gpuprop.dataset.entries import RunFacts
from gpuprop.dataset.resume_command import CAUTION, command_to_resume, quoted
from gpuprop.messages import printable
from gpuprop.snapshots import UnmergedError, merge_snapshots
from gpuprop.snapshots.contents import SNAPSHOTS
from gpuprop.version import __version__

PACKAGE = Path(gpuprop.__file__).parent
JOB = (
    "propagate",
    "walker:53:24/3/1@600",
    "--duration",
    "10min",
    "--engine",
    "numpy",
    "--threads",
    "1",
)
HOSTILE = [
    "x[/x]",
    "x[red]y",
    "[bold]",
    "[link=x]",
    "x\\[y",
    ":x:",
    ":warning:",
    "x\x1b[31my",
    "x\x1b]0;title\x07y",
    "x\ry",
    "x\ngpuprop: y",
    "x\ty",
    "x\x08\x7fy",
    "x\x9b31my",
    "x\u202ey",
    "x\u2066y",
    "x\u2028y",
    "x\u00a0y",
    "x\udcffy",
    "x\u00e9\U0001f6f0",
    "x $(touch injected) `y` 'z'",
]


@pytest.fixture
def run(run):
    """The same, and what is printed has no control characters."""

    def call(*arguments):
        code, *printed = run(*arguments)
        for text in printed:
            assert all(line.isprintable() for line in text.split("\n")), text
            assert "Traceback" not in text
        return code, *printed

    return call


def process(*arguments, env=None, **options):
    """The command line in a process of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    environ = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")
    }
    return subprocess.run(
        [sys.executable, "-m", "gpuprop", *arguments],
        env=environ | (env or {}),
        check=False,
        timeout=PATIENCE_S,
        **options,
    )


# --- names of files ---
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_directory_is_written_and_named_as_it_is(run, name):
    # an error may have lines, the others are indented
    shown, lines = printable(name), "\n  ".join(map(printable, name.split("\n")))
    code, out, err = run(*JOB, "-o", name)
    assert code == 0 and out.startswith(f"wrote {shown}: 24 satellites x 10 instants")
    assert (
        Path(name).is_dir() and len(list(Path().iterdir())) == 1 and open_snapshots(name).complete
    )
    code, out, _ = run(*JOB, "-o", name, "--resume", "--json", "--quiet")
    assert code == 0 and json.loads(out)["path"] == name
    code, out, err = run(*JOB, "-o", name)
    assert code == 2 and f"gpuprop: {lines} already holds snapshots" in err
    code, out, _ = run("verify", name)
    assert code == 0 and out.startswith(f"{shown}: 2 files")
    code, out, _ = run("verify", name, "--json")
    assert json.loads(out)["path"] == name
    code, out, _ = run("merge", name)
    assert code == 0 and out.startswith(f"{shown}: a whole run")
    code, out, _ = run("merge", name, "--json")
    assert json.loads(out)["path"] == name
    code, out, _ = run("info", name)
    assert code == 0 and "frame" in out
    next(Path(name, "snapshots").iterdir()).unlink()
    code, out, _ = run("verify", name)
    assert (
        code == 1
        and f"{CAUTION}\n  gpuprop propagate" in out
        and f" -o {printable(quoted(name))} --resume\n" in out
    )
    assert run("info", name)[0] == 1


@pytest.mark.parametrize(
    "name",
    [
        name if number % 3 == 0 else pytest.param(name, marks=pytest.mark.slow)
        for number, name in enumerate(HOSTILE)
    ],
)
def test_a_hostile_argument_is_repeated_as_it_is(run, name):
    """Each command with a wrong name as its argument: every call fails with an error message."""
    for arguments in (
        [name],
        ["propagate", name, "-o", "out"],
        ["propagate", f"./{name}.csv", "-o", "out"],
        ["propagate", f"{name}@550/53", "-o", "out"],
        ["propagate", f"walker:{name}", "-o", "out"],
        [*JOB, "-o", "out", f"--{name}"],
        [*JOB, "-o", "out", "--frame", name],
        [*JOB, "-o", "out", "--start", name],
        [*JOB, "-o", "out", "--step", name],
        [*JOB, "-o", "out", "--select", name],
        [*JOB, "-o", "out", "--select", f"@{name}"],
        [*JOB, "-o", "out", "--where", name],
        [*JOB, "-o", "out", "--where", f"name == '{name}'"],
        [*JOB, "-o", "out", "--shard", name],
        [*JOB, "-o", "out", "--eop", f"./{name}", "--frame", "itrs"],
        [*JOB, "-o", "out", "--threads", name],
        [*JOB, "-o", f"no-such-scheme{name}://bucket/out"],
        ["info", name],
        ["info", f"./{name}.csv"],
        ["verify", name],
        ["merge", name],
        ["shells", f"./{name}.csv"],
        ["shells", "walker:53:24/3/1@600", "--against", name],
        ["export", "walker:53:24/3/1@600", "-o", f"{name}.unknown"],
        ["export", "walker:53:24/3/1@600", "-o", f"no/such/{name}.csv"],
        ["constellations", name],
        ["fetch", f"ftp://{name}", "-o", "x.csv"],
        ["completion", name],
    ):
        code, out, err = run(*arguments, *(["--quiet"] if "propagate" in arguments else []))
        assert code in (1, 2) and out == "" and err.startswith("gpuprop: "), arguments
        assert all(line.startswith("  ") for line in err.splitlines()[1:]), err
    # a scheme that is not one makes a directory
    assert [path.name for path in Path().iterdir()] in ([], ["out"])


def named(names):
    """A shell whose satellites have these names, again and again."""
    elements = gpuprop.walker("53:240/12/1", altitude_km=550.0)
    return Elements(
        elements.fields
        | {"OBJECT_NAME": [names[number % len(names)] for number in range(len(elements))]}
    )


def test_hostile_names_of_satellites(run):
    """In lists of rejects and losses they are escaped; the written file has them unchanged."""
    names = [*HOSTILE, "x"]
    elements = named(names)
    records = [
        {
            "OBJECT_NAME": name,
            "NORAD_CAT_ID": 1 + number,
            "EPOCH": "2026-01-01T00:00:00",
            "MEAN_MOTION": 15.0,
            "ECCENTRICITY": 0.0,
        }
        | dict.fromkeys(
            ("INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY", "BSTAR"), 1.0
        )
        for number, name in enumerate(elements.name)
    ]
    Path("some.json").write_text(json.dumps(records))
    Path("bad.json").write_text(
        json.dumps([record | {"MEAN_MOTION": record["OBJECT_NAME"]} for record in records])
    )
    facts = json.loads(run("info", "some.json", "--json")[1])
    unreadable = len(facts["rejected"])
    assert facts["satellites"] + unreadable == len(elements) and unreadable < len(elements) / 2
    assert set(read_elements("some.json", on_error="skip").name) > {"x[/x]", ":x:", "[bold]"}
    for arguments in (["info", "some.json"], ["shells", "some.json", "--on-error", "skip"]):
        assert run(*arguments)[0] == 0
    for arguments in (
        ["export", "some.json", "-o", "some.3le"],
        ["propagate", "bad.json", "-o", "out"],
        ["info", "bad.json"],
    ):
        code, out, err = run(*arguments)
        assert code == 1 and out == "" and err.startswith("gpuprop: ")
    Path("mixed.json").write_text(
        json.dumps(
            [
                record | ({"MEAN_MOTION": record["OBJECT_NAME"]} if number % 2 else {})
                for number, record in enumerate(records)
            ]
        )
    )
    code, _, err = run("propagate", "mixed.json", "-o", "out", "--on-error", "skip", *JOB[2:])
    assert code == 0 and err.startswith("skipped 120 element sets"), err


def test_a_table_has_names_as_they_are(run):
    gpuprop.write_elements(named([":x:[/x]", "[red]:x:"]), "some.csv")
    code, out, _ = run("shells", "some.csv")
    assert code == 0 and ":x: 50 %" in out
    code, out, _ = run("shells", "some.csv", "--json")
    assert json.loads(out)["shells"][0]["names"] == {":x:": 120}


# --- streams ---
@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_stream_cannot_encode_is_escaped(tmp_path, encoding):
    name = "out\u00e9\u0416\udcff"
    done = process(
        *JOB,
        "-o",
        name,
        cwd=tmp_path,
        env={"PYTHONIOENCODING": f"{encoding}:strict", "LC_ALL": "C.UTF-8"},
    )
    shown = printable(name).encode(encoding, "backslashreplace").decode(encoding)
    assert done.returncode == 0 and done.stdout.decode(encoding).startswith(f"wrote {shown}: "), (
        done.stderr
    )
    assert open_snapshots(tmp_path / name).complete


@pytest.mark.slow
def test_the_c_locale(tmp_path):
    done = process(
        *JOB,
        "-o",
        "out\u00e9\udcff",
        cwd=tmp_path,
        env={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert done.returncode == 0 and done.stdout.startswith(b"wrote out"), done.stderr
    assert done.stdout.decode("ascii") and len(list(tmp_path.iterdir())) == 1
    assert process("--help", env={"PYTHONIOENCODING": "ascii:strict"}).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["0", "1", "1000000000", "\u00b2", "9" * 5000])
def test_any_width_of_the_terminal(columns):
    done = process("propagate", "--help", env={"COLUMNS": columns, "LINES": columns})
    assert (done.returncode, done.stderr) == (0, b"") and b"--overwrite" in done.stdout
    assert len(done.stdout) < 1_000_000
    if columns not in ("0", "1"):
        return
    done = process("propagate", "--no-such-option", env={"COLUMNS": columns})
    assert (
        done.returncode == 2
        and b"--no-such-option" in done.stderr
        and b"Traceback" not in done.stderr
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_nobody_reads_does_not_make_a_job_fail(tmp_path, stream):
    reading, writing = os.pipe()
    os.close(reading)
    done = process(*JOB, "-o", "out", cwd=tmp_path, **{stream: writing})
    os.close(writing)
    assert done.returncode == 0, done.stderr
    assert open_snapshots(tmp_path / "out").complete and b"Traceback" not in (done.stderr or b"")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="shells of POSIX")
def test_streams_that_are_closed_or_full(tmp_path):
    command = f"{sys.executable} -m gpuprop"
    for redirection, code in (
        (">&-", 0),
        ("2>&-", 0),
        (">&- 2>&-", 0),
        ("> /dev/full", 1),
        ("2> /dev/full", 0),
    ):
        if "full" in redirection and not os.path.exists("/dev/full"):
            continue
        done = subprocess.run(
            ["bash", "-c", f"{command} constellations {redirection}"],
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (
            done.returncode == code
            and b"Traceback" not in done.stderr
            and b"Exception ignored" not in done.stderr
        ), redirection
        if redirection == "> /dev/full":
            assert done.stderr.startswith(b"gpuprop: ") and b"cannot write to stdout" in done.stderr


def on_a_terminal(columns, *arguments, cwd):
    """What the command line prints on stderr, where that is a terminal."""
    ours, theirs = pty.openpty()
    done = process(
        *arguments,
        cwd=cwd,
        stderr=theirs,
        env={"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(theirs)
    printed = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        printed += data
    os.close(ours)
    return done.returncode, printed.decode().replace("\r\n", "\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_lines_are_wrapped_at_the_width_of_a_terminal_not_cut(tmp_path):
    arguments = (
        "propagate",
        "guowang",
        "honghu-3",
        "--duration",
        "10min",
        "--frame",
        "itrs",
        "-o",
        "x" * 100,
        "--dry-run",
    )
    code, err = on_a_terminal(50, *arguments, "--verbose", cwd=tmp_path)
    assert code == 0 and max(map(len, err.splitlines())) <= 50 and "\u2026" not in err
    words = " ".join(err.split())
    assert (
        "nodes and phases are taken as TEME at the epoch" in words
        and "22,992 satellites" not in words
    )
    elements = gpuprop.constellation("guowang")
    for note in elements.notes:
        assert "".join(note.split()) in "".join(err.split())
    code, err = on_a_terminal(50, *arguments[:-1], cwd=tmp_path)  # with a progress bar
    assert (
        code == 0
        and "22,992 satellites x 10 instants = 229,920 rows" in " ".join(err.split())
        and "Traceback" not in err
    )


# --- one way to print ---
def test_nothing_else_prints():
    """console.py alone has consoles and the streams."""
    for file in PACKAGE.rglob("*.py"):
        if file.name in ("console.py", "digest.py"):  # the digest is a program for developers
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = (
                node.id
                if isinstance(node, ast.Name)
                else node.attr
                if isinstance(node, ast.Attribute)
                else ""
            )
            if named in (
                "Console",
                "stdout",
                "stderr",
                "from_markup",
                "get_console",
            ) and not isinstance(getattr(node, "ctx", None), ast.Store):
                value = getattr(node, "value", None)
                assert named != "Console" and getattr(value, "id", "") != "sys", (
                    f"{file}:{node.lineno} uses {named}"  # type: ignore[attr-defined]
                )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "rprint"), f"{file}:{node.lineno} prints"


def test_texts_given_to_rich_are_escaped_too(capsys):
    from rich.table import Table
    from rich.text import Text

    table = Table("a[red]", title="[bold]t\x1b")
    table.add_row("[/x]\nb\x1b[2J")
    out = Output("stdout", 60)
    out.print(Text("x\x1b[31m\u202ey"), table, ":x:", "[/z]")
    printed = capsys.readouterr().out
    assert all(line.isprintable() for line in printed.split("\n"))
    for text in ("x\\x1b[31m\\u202ey", "[bold]t\\x1b", "a[red]", "[/x]\\nb\\x1b[2J", ":x: [/z]"):
        assert text in printed


# --- commands that are given to be copied ---
@pytest.mark.skipif(sys.platform == "win32", reason="shells of POSIX")
def test_a_shell_reads_quoted_words_as_they_were(tmp_path):
    words = [*HOSTILE, "", "-x", "a b", "'", '"', "\\", "$HOME", "\x01f", "x\x1bA\\n"]
    script = "printf '%s\\0' " + " ".join(map(quoted, words))
    assert all(part.isprintable() for part in map(quoted, words))
    read = subprocess.run(
        ["bash", "-c", script], capture_output=True, cwd=tmp_path, check=True
    ).stdout
    assert read == b"".join(os.fsencode(word) + b"\0" for word in words)
    assert not list(tmp_path.iterdir())
    assert quoted("\ud800") == "$'\\xed\\xa0\\x80'"


def test_commands_from_a_manifest_come_with_a_warning(run):
    """A command other than gpuprop propagate is never printed; a gpuprop command comes after a
    warning.
    """
    ours = "write_snapshots(..., resume=True)"
    for command in (
        ["curl", "x"],
        ["gpuprop", "fetch"],
        [],
        ["gpuprop"],
        None,
    ):
        assert command_to_resume(RunFacts(command=command), SNAPSHOTS) == ours
    satellites, times = (
        gpuprop.walker("53:24/3/1", 600.0),
        gpuprop.time_grid("2026-01-01", duration="1min"),
    )
    foreign = [
        "gpuprop",
        "propagate",
        "x\x1b[2J\ny; rm -rf z",
        "--cluster",
        "tcp://evil:1",
        "--overwrite=true",
        "--dry-run",
        "--shard=1/2",
    ]
    for number, command in enumerate((["curl", "http://x", "-o", "y"], foreign)):
        out = f"out{number}"
        gpuprop.write_snapshots(
            out, gpuprop.Propagator(satellites, "numpy", threads=1), times, command=command
        )
        next(Path(out, "snapshots").iterdir()).unlink()
        code, text, _ = run("verify", out)
        (finding,) = json.loads(run("verify", out, "--json")[1])["findings"]
        assert code == 1 and "part-000000.arrow is missing" in text
        if number == 0:
            assert text.endswith(f"\ncontinue with: {ours}\n") and (
                finding["command"],
                finding["command_in_manifest"],
            ) == (ours, None)
        else:
            claim = "gpuprop propagate $'x\\x1b[2J\\x0ay; rm -rf z' --cluster tcp://evil:1 --resume"
            assert (
                text.endswith(f"{CAUTION}\n  {claim}\n")
                and text.count(claim) == 1
                and "continue with:" not in text
            )
            assert (finding["command"], finding["command_in_manifest"]) == (None, claim)
    assert (
        command_to_resume(RunFacts(command=foreign, directory="/tmp/a b"), SNAPSHOTS)
        == f"cd '/tmp/a b' && {claim}"
    )


def test_commands_from_a_manifest_come_with_a_warning_in_merge_too(run):
    assert run(*JOB, "-o", "out", "--shard", "1/2")[0] == 0
    code, out, err = run("merge", "out")
    assert (
        (code, out) == (1, "")
        and f"{CAUTION}\n  gpuprop propagate" in err
        and "  shard 2/2 is not there\n" in err
    )
    with pytest.raises(UnmergedError) as caught:
        merge_snapshots("out")
    assert str(caught.value).splitlines()[:2] == [
        "out cannot be merged yet:",
        "  shard 2/2 is not there",
    ]


# --- signals ---
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("module", "number", "code", "word"),
    [
        ("gpuprop.cli", signal.SIGINT, 130, "interrupted"),
        ("gpuprop.cli.run", signal.SIGTERM, 143, "terminated"),
        ("cyclopts", signal.SIGINT, 130, "interrupted"),
        ("numpy", signal.SIGINT, 130, "interrupted"),
        ("pyarrow.lib", signal.SIGINT, 130, "interrupted"),
        ("gpuprop.cli.propagate_run", signal.SIGTERM, 143, "terminated"),
    ],
)
def test_a_signal_while_modules_are_imported(tmp_path, module, number, code, word):
    program = (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from gpuprop.__main__ import main\n"
        f"sys.exit(main({[*JOB, '-o', 'out']!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"gpuprop: {word}\n")
    assert not list(tmp_path.iterdir())


def test_only_built_in_modules_are_imported_before_signals_are_handled():
    """With -S, Python's own start imports none of the modules that this package must not need."""
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(gpuprop.__file__).parent.parent)!r})\n"
        "before = set(sys.modules)\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        print(name)\n"
        "from gpuprop import __main__ as ours\n"
        "print(*sorted(set(sys.modules) - before - set(sys.builtin_module_names)))\n"
        "sys.meta_path.insert(0, Finder())\n"
        "enter = ours._Signals.__enter__\n"
        "def entered(signals):\n"
        "    enter(signals)\n"
        "    raise SystemExit\n"
        "ours._Signals.__enter__ = entered\n"
        "ours.main([])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stdout == "gpuprop gpuprop.__main__ gpuprop.version\n"  # a constant, and no import


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_end_changes_nothing(number):
    program = (
        "import atexit, os, sys\n"
        f"atexit.register(os.kill, os.getpid(), {int(number)})\n"
        "from gpuprop.__main__ import main, script\n"
        "import signal\n"
        "before = [*map(signal.getsignal, (signal.SIGINT, signal.SIGTERM))]\n"
        "main(['--version'])\n"
        "assert before == [*map(signal.getsignal, (signal.SIGINT, signal.SIGTERM))]\n"
        "sys.argv[1:] = ['--version']\n"
        "script()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n" * 2, "")
