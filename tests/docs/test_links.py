"""Links between pages lead to a page and a heading, and the files that pages name are there."""

import importlib
import os
import re
from operator import attrgetter

import pytest
from documents import PAGES, anchors, links, without_blocks
from project import ROOT

# A file of the project in a sentence: `bench/speed.py --help` names one, too.
NAMED = re.compile(
    r"`((?:bench|docs|examples|gpuprop|kernels|tests|\.ci)/[\w./*{}-]+|[\w-]+\.md)[ `]"
)
# Written by a build, and the files that a page tells how to add.
ABSENT = {
    "docs/gallery/pictures",
    "kernels/links.cuh",
    "kernels/links_cpu.cuh",
    "kernels/links_gpu.cuh",
}


def is_entry(anchor: str) -> bool:
    """Whether an anchor is that of an entry of the reference: `gpuprop.Elements.select`."""
    module, _, name = anchor.partition(".")
    try:
        attrgetter(name)(importlib.import_module(module))
    except (AttributeError, ImportError, TypeError):
        return False
    return module == "gpuprop"


@pytest.mark.parametrize("page", PAGES)
def test_links(page):
    for path, anchor in links(PAGES[page]):
        if path.startswith("gallery/pictures/"):
            continue  # the build of the site makes it, and warns if not
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert (ROOT / target).exists(), f"{page} links to {target}"
        known = anchors(PAGES[target]) if anchor and target in PAGES else set()
        assert not anchor or anchor in known or is_entry(anchor), f"{page} links to {path}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named(page):
    for name in NAMED.findall(without_blocks(PAGES[page])):
        places = (ROOT, ROOT / page.rpartition("/")[0], ROOT / "bench")
        if name.rstrip("/") not in ABSENT:
            assert any(list(place.glob(name)) for place in places), f"{page} names {name}"


def test_pages_are_in_the_site():
    """Each page of docs/ can be reached from the index: Sphinx says which cannot, and this test
    finds them without it.
    """
    pages = {name for name in PAGES if name.startswith("docs/") and "/gallery/" not in name}
    reached, new = set(), {"docs/index.md"}
    while new:
        page = new.pop()
        reached.add(page)
        entries = [
            entry.strip()
            for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", PAGES[page], re.M | re.S)
            for entry in tree.splitlines()
            if entry.strip() and not entry.startswith(":")
        ]
        for entry in entries:
            found = list((ROOT / page).parent.glob(f"{entry}.md"))
            assert found, f"{page} lists {entry}"
            new |= {str(path.relative_to(ROOT)) for path in found} - reached
    assert reached == pages
