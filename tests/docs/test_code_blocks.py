"""Every block of `python` and `sh` in README and docs/ runs, in the order of its page.

A page has a directory of its own, with the catalogues of document_files.py. A block of Python
begins with no names defined, so it can be copied alone; the files of the blocks before it are
there. Blocks of `console` are only shown: they need a network, a cluster, Docker or more rights.
The commands of gpuprop in them must be right, though.

The recipes are cells of notebooks, which run as such. The build of the site runs the commands of
the gallery (test_site.py).
"""

import os
import shlex
import shutil
import subprocess
import sys

import document_files
import matplotlib
import pytest
from documents import PAGES, Block, blocks
from project import ROOT

from gpuprop.cli.app import app

GALLERY = "docs/gallery.md"
DOCUMENTS = [
    page
    for page in PAGES
    if page == "README.md"
    or (page.startswith("docs/") and not page.startswith("docs/recipes/") and page != GALLERY)
]
# Blocks of README that .ci/run executes to the letter, in a clean copy.
IN_CI = ("python3 -m venv .venv && .venv/bin/pip install",)
# Commands that take long as written: the test adds a shorter window.
SHORTER = {
    ("README.md", "gpuprop coverage starlink-gen1 guowang"): "--duration 2min",
    ("docs/race.md", "gpuprop coverage starlink-gen1 guowang"): "--duration 2min",
    ("docs/index.md", "gpuprop coverage starlink-gen1 guowang"): "--duration 2min",
}
SHOWN = {"console", "text", "sql"}  # also directives of MyST: {toctree}


@pytest.fixture(scope="session")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    document_files.make(folder)
    return folder


@pytest.fixture
def place(given, tmp_path, monkeypatch):
    """An empty directory with the given catalogues, which is the current one."""
    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GPUPROP_ENGINE", raising=False)
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("MPLBACKEND", "agg")
    matplotlib.use("agg")
    return tmp_path


def of(language: str, page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == language]


def runnable(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language in ("python", "sh")]


def run(block: Block) -> None:
    where = f"{block.page}:{block.line}"
    if block.language == "python":
        text = "\n" * block.line + block.text  # errors name the line of the page
        exec(compile(text, str(ROOT / block.page), "exec"), {"__name__": "__main__"})
        return
    text = block.text
    for (page, begin), options in SHORTER.items():
        if page == block.page and text.startswith(begin):
            text = f"{text.rstrip()} {options}\n"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", text], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{where}\n{text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in DOCUMENTS if runnable(page)])
def test_blocks_run(page, place):
    for block in runnable(page):
        if not (page == "README.md" and block.text.startswith(IN_CI)):
            run(block)


def test_every_block_says_what_it_is():
    for page in PAGES:
        for block in blocks(page):
            known = block.language in ({"python", "sh"} | SHOWN) or block.language[:1] == "{"
            assert known, f"{page}:{block.line}: {block.language!r}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_lines_fit_the_page(page):
    for block in blocks(page):
        if block.language in {"python", "sh", "console"}:
            assert all(len(line) <= 108 for line in block.text.splitlines()), f"{page}:{block.line}"


def test_exceptions_are_used():
    ci = (ROOT / ".ci" / "run").read_text()
    texts = [block.text for block in of("sh", "README.md")]
    here = [text for text in texts if text.startswith(IN_CI)]
    assert len(here) == 2 and all(f"command_under '{name}'" in ci for name in ("Run it", "Test it"))
    for page, begin in SHORTER:
        assert sum(block.text.startswith(begin) for block in of("sh", page)) == 1


def commands(block: Block) -> list[list[str]]:
    """The commands of gpuprop in a block: the words after `gpuprop`, up to a pipe or `&`."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
        lexer.whitespace_split = True
        words = list(lexer)
        if "gpuprop" in words:
            words = words[words.index("gpuprop") + 1 :]
            end = next((i for i, word in enumerate(words) if set(word) <= set("&|;<>")), None)
            found.append(words[:end])
    return found


SHOWN_COMMANDS = [
    pytest.param(words, id=f"{page}:{block.line}: {' '.join(words)[:40]}")
    for page in PAGES
    for block in of("console", page)
    for words in commands(block)
    if words and words[0] in app and not words[0].startswith("-")
]


@pytest.mark.parametrize("words", SHOWN_COMMANDS)
def test_commands_that_are_only_shown(words, place):
    app.parse_args(words, exit_on_error=False, print_error=False)
