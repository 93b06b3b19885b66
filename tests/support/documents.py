"""The pages of the project: README, CHANGELOG, CONTRIBUTING, those of docs/, and their parts."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from project import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        ROOT / "bench" / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
}
FENCE = re.compile(r"^(`{3,}|:{3,})(.*?)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """Find the fenced blocks of a page, in order."""
    text = PAGES[page]
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, found[2].strip(), found[3])


def without_blocks(text: str) -> str:
    """Return the text of a page with its fenced blocks and comments as empty lines."""
    blank = lambda found: "\n" * found[0].count("\n")  # noqa: E731
    return re.sub(r"<!--.*?-->", blank, FENCE.sub(blank, text), flags=re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return the names under which repositories and the site link the headings of a page."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", without_blocks(text), re.MULTILINE):
        bare = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", bare).replace(" ", "-"))
    return found


def links(text: str) -> list[tuple[str, str]]:
    """Return the links and pictures of a page: (path, anchor), without those to other sites."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_blocks(text))
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    return [(path, anchor) for path, _, anchor in (target.partition("#") for target in local)]


def flowing(text: str) -> str:
    """Return a text with the lines of each paragraph joined; tables and blocks keep theirs."""
    return re.sub(r"(?<=[^\n|])\n *(?=[^\s|`#*:>-])", " ", text)
