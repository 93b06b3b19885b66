"""Settings of the site: `python -m sphinx -W -n --keep-going docs build/site`.

Nothing is fetched: pages, scripts and fonts come from the installed packages.
"""

import importlib.util
import sys
from pathlib import Path

from sphinx.application import Sphinx

from gpuprop.version import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "gpuprop"
author = "the authors of gpuprop"
version = release = __version__
html_title = f"gpuprop {release}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "command_help",  # of this folder: the directive that writes the help of the commands
]
exclude_patterns = ["gallery/*.md", "**/.ipynb_checkpoints"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}  # autosummary writes .rst

# Headings get anchors as on the pages of a repository, so that [text](page.md#a-heading) works.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

# Types are in the docstrings' Parameters, as prose with units: no types in signatures.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = True
numpydoc_show_class_members = False
# Names of other libraries: their pages are not fetched, so they cannot be linked.
# In docstrings `text` is the name of an object, and a link where there is one. Words are no names.
default_role = "py:obj"
smartquotes = False  # text in quotes may be copied
nitpick_ignore_regex = [("py:.*", r"(?!gpuprop).*"), ("py:obj", r"gpuprop|.* .*")]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 5,  # more do not fit beside the search in 1,280 pixels
    "secondary_sidebar_items": ["page-toc"],
    "logo": {"text": html_title},
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without pages below them need no list of these.
_ALONE = ("start", "gallery", "race", "glossary", "architecture", "decisions", "changelog")
html_sidebars: dict[str, list[str]] = {page: [] for page in _ALONE}
html_context = {"default_mode": "auto"}
project_copyright = f"gpuprop {release}, Apache-2.0"


def build_gallery(_: Sphinx) -> None:
    """Draw the pictures of gallery.md into gallery/pictures, if gallery/make.py is there."""
    make = HERE / "gallery" / "make.py"
    if not make.exists():
        return
    spec = importlib.util.spec_from_file_location("gallery_make", make)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(HERE / "gallery" / "pictures")


def setup(app: Sphinx) -> None:
    """Connect what is made before the pages are read."""
    app.connect("builder-inited", build_gallery)
