"""README, docs/, the changelog, help and docstrings use plain words and short sentences.

A sentence ends at a full stop, a colon or a semicolon here, so that lists may be long. Code,
tables, headings and formulas are not prose, and are left out.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import PAGES, without_blocks
from project import ROOT

MOST_WORDS = 30
MOST_WORDS_OF_DOCSTRINGS = 36
# A turn, and what to write.
TURNS = {
    # those of the first versions of these texts
    r"rooms? (is|are) entered": "modules are imported",
    r"taken up again|begun anew|\banew\b": "resumed, new",
    r"lost its machine|found the disk full": "if a job dies",
    r"(done|work) ahead\b|so much of it": "bounded prefetching",
    r"\bdear(er|est)?\b": "expensive",
    r"\b(of|no) use\b": "useful, useless",
    r"next to nothing": "trivial, almost nothing",
    r"\bin hand\b|\bat hand\b": "unfinished, here",
    r"\bto go on:": "resume with",
    r"wait for its end": "wait for it to finish",
    r"\bmended\b": "repaired, corrected",
    r"\bseen[_ ]from[_ ]frame\b|\bseen_from\b": "to_frame",
    r"order_of_work": "execution_order",
    r"least elevation": "minimum elevation",
    r"\bnodes? of the table": "knots",
    # words that a reader has to look up
    r"\b(whilst|amongst|thereof|therein|thereby|whereby|wherein|hence|thus|upon|lest|albeit)\b": "",
    r"\b(hitherto|henceforth|aforementioned|notwithstanding|hereby|heretofore|ere|nigh)\b": "",
    r"\b(save for|save that|as it were|must needs|not least|by and large|to and fro)\b": "",
    r"\b(cease|commence|endeavou?r|ascertain|elucidate|ameliorate|plethora|myriad)s?\b": "",
    # words that say nothing
    r"\b(utili[sz]e|leverage|facilitate|streamline|empower|delve)[sd]?\b": "use, help",
    r"\b(in order to|prior to|due to the fact|it should be noted)\b": "to, before ...",
    r"\b(seamless|effortless|powerful|blazing|robust|cutting-edge|state-of-the-art)(ly)?\b": "",
    r"\b(simply|obviously|of course|basically|needless to say|please note)\b": "",
}
# What a page has besides prose: tables, headings, formulas (indented), pictures.
NOT_PROSE = re.compile(r"^(\||#+ |\s{4,}\S|!\[).*$", re.MULTILINE)
NEXT = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*:]|\d+\.)\s)")  # a paragraph, or an item of a list
ENDS = re.compile(r"(?<=[.!?:;])[)*\"]*\s+")
FILES = re.compile(r"^\S+(, \S+)*  +\S.*(\n +\S.*)*$", re.MULTILINE)  # a line of a list of files
WORD = re.compile(r"[A-Za-z][\w'-]*")


def plain(text: str) -> str:
    """A page without what is not prose; code is one word, `code`."""
    text = NOT_PROSE.sub("", without_blocks(text))
    text = re.sub(r"!?\[(.*?)\]\([^)]*\)", r"\1", text, flags=re.DOTALL)
    return re.sub(r"(`+)[^`]+?\1", "code", text)


def sentences(text: str) -> Iterator[str]:
    for paragraph in NEXT.split(plain(text)):
        yield from ENDS.split(" ".join(paragraph.split()))


def docstrings(path: Path) -> str:
    """The docstrings of a module, without the headings of numpydoc and lists of files."""
    parts = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node) or ""
            text = re.sub(r"^(\w[\w ]*)\n-+$", r"# \1", text, flags=re.MULTILINE)
            parts.append(FILES.sub("", text))
    return "\n\n".join(parts)


def texts(path: Path) -> Iterator[str]:
    """The strings of a module that are not single words."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


CODE = sorted((ROOT / "gpuprop").rglob("*.py"))


def too_long(text: str, most: int) -> list[str]:
    return [
        f"{len(words)} words: {sentence}"
        for sentence in sentences(text)
        if len(words := WORD.findall(sentence)) > most
    ]


@pytest.mark.parametrize("page", PAGES)
def test_sentences_are_short(page):
    long = too_long(PAGES[page], MOST_WORDS)
    assert not long, f"{page}\n" + "\n".join(long)


def test_sentences_of_docstrings_are_short():
    long = [
        f"{path.relative_to(ROOT)}: {sentence}"
        for path in CODE
        for sentence in too_long(docstrings(path), MOST_WORDS_OF_DOCSTRINGS)
    ]
    assert not long, "\n".join(long)


def turns(text: str) -> list[str]:
    flat = " ".join(plain(text).split())
    return [
        f"{flat[max(0, found.start() - 30) : found.end() + 30]!r}: write {instead or 'other words'}"
        for turn, instead in TURNS.items()
        for found in re.finditer(turn, flat, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_words_of_pages(page):
    assert not turns(PAGES[page]), f"{page}\n" + "\n".join(turns(PAGES[page]))


def test_words_of_docstrings_and_help():
    """Help is made of docstrings, and of texts in the files of cli/."""
    found = []
    for path in CODE:
        text = docstrings(path)
        if path.parent.name == "cli":
            text += "\n\n".join(texts(path))
        found += [f"{path.relative_to(ROOT)}: {turn}" for turn in turns(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "The dear tiles come first.",
        "A run begun anew.",
        "It is " + "very " * 30 + "long.",
    ],
)
def test_the_check_finds_what_it_should(text):
    assert turns(text) or too_long(text, MOST_WORDS)


def test_the_check_leaves_out_what_is_not_prose():
    page = "# Of use\n\n```sh\ndear\n```\n\n| dear |\n\nA `dear` [name](anew.md).\n\n    dear = 1\n"
    assert not turns(page)
