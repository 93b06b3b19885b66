"""The site builds offline without a warning, names its version, and loads nothing from others."""

import re
import subprocess
import sys

import pytest
from project import ROOT

import gpuprop

# Sphinx in a process that cannot open a connection.
OFFLINE = """
import socket, sys
def refuse(*_, **__): raise OSError("the site must build offline")
socket.socket.connect = socket.getaddrinfo = refuse
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)\""
    r"|<link[^>]*rel=\"(?:stylesheet|preload|icon|modulepreload)\"[^>]*\shref=\"([^\"]+)\""
    r"|<link[^>]*\shref=\"([^\"]+)\"[^>]*rel=\"(?:stylesheet|preload|icon|modulepreload)\""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    options = ("-W", "-n", "-q", "--keep-going", "-d", str(folder / "trees"))
    command = [sys.executable, "-c", OFFLINE, *options, str(ROOT / "docs"), str(folder / "html")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
def test_pages_name_their_version(site):
    files = {"_static", "_downloads"}  # of the theme; the globe, which has a title of its own
    pages = [page for page in site.rglob("*.html") if not files & set(page.parts)]
    assert len(pages) > 15
    for page in pages:
        title = re.search(r"<title>(.*?)</title>", page.read_text(), re.DOTALL)
        assert f"gpuprop {gpuprop.__version__}" in title[1], page


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        for found in LOADED.findall(page.read_text()):
            address = next(filter(None, found))
            assert not re.match(r"(https?:)?//", address), f"{page.name} loads {address}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text()), style
