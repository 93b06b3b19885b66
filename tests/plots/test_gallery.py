"""The gallery: each picture has its command, and what is shown is what the commands write."""

import hashlib
import importlib.util
import re
import shlex

import pytest
from project import ROOT

from gpuprop.cli.plot import KINDS

PAGE = ROOT / "docs" / "gallery.md"


@pytest.fixture
def gallery():
    spec = importlib.util.spec_from_file_location("gallery_make", ROOT / "docs/gallery/make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands(gallery):
    whole = [block.replace("\\\n", " ") for block in gallery.blocks()]
    return [shlex.split(line) for block in whole for line in block.splitlines()]


def test_every_kind_is_shown_and_every_picture_has_its_command(gallery):
    calls = commands(gallery)
    written = {call[call.index("-o") + 1] for call in calls}
    assert len(written) == len(calls)
    assert set(gallery.shown()) <= written
    # what is not shown is read by another command
    assert all(any(name in call[2:4] for call in calls) for name in written - set(gallery.shown()))
    assert {call[2] for call in calls if call[1] == "plot"} == set(KINDS)
    assert ["gpuprop", "view", "starlink-gen1", "guowang", "qianfan", "honghu-3"] in [
        call[:6] for call in calls
    ]
    # each picture stands below its own command
    text = PAGE.read_text()
    for name in gallery.shown():
        assert text.index(f"-o {name}") < text.index(f"gallery/pictures/{name}")


def test_the_frame_of_the_globe_is_where_sphinx_puts_a_download():
    """sphinx.environment.adapters.asset: _downloads/ and the MD5 of the path."""
    digest = hashlib.md5(b"gallery/pictures/globe.html", usedforsecurity=False).hexdigest()
    assert re.findall(r'src="([^"]+)"', PAGE.read_text()) == [f"_downloads/{digest}/globe.html"]


@pytest.mark.slow
def test_a_page_is_built_from_its_blocks(gallery, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n```sh\ngpuprop export iridium -o some.csv\n"
        "gpuprop plot shells some.csv -o s.svg\n```\n\n"
        "![Shells](gallery/pictures/s.svg)\n\n```console\n$ gpuprop nothing\n```\n"
    )
    monkeypatch.setattr(gallery, "PAGE", page)
    made = gallery.build(tmp_path / "pictures")
    assert made == [tmp_path / "pictures" / "s.svg"] and made[0].read_bytes().startswith(b"<?xml")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["s.svg"]
    page.write_text(page.read_text() + "\n![Other](gallery/pictures/t.svg)\n")
    with pytest.raises(RuntimeError, match=r"shows t\.svg, which no command writes"):
        gallery.build(tmp_path / "pictures")
    page.write_text("```sh\ngpuprop plot shells nothing -o t.svg\n```\n")
    with pytest.raises(RuntimeError, match="there is no file 'nothing'"):
        gallery.build(tmp_path / "pictures")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["s.svg"]
