"""How Sphinx builds the documentation site from the pages in this folder.

`sphinx-build -W -n docs OUT` needs the extra ``docs``. The site asks nothing of any server, and its search
works from a folder. What does not live here: the pages themselves, which read well without Sphinx too.
"""

import re

from sphinx.application import Sphinx

from ods_pipeline import __version__

project = "ods_pipeline"
author = "ods_pipeline"
release = version = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
# Headings get the anchors that they have on a code host, so that links work in both.
myst_heading_anchors = 3
exclude_patterns = ["notebooks/*"]
html_theme = "furo"
html_title = "The NHS organisation register as tables"
html_show_sourcelink = False
html_copy_source = False
# No day of the build in the pages: the same text gives the same site.
html_last_updated_fmt = None
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5f6b", "color-brand-content": "#0b5f6b"},
    "dark_css_variables": {"color-brand-primary": "#6cc5d0", "color-brand-content": "#6cc5d0"},
}

# Pages outside this folder are named, not linked: they are not part of the site.
_OUTSIDE = re.compile(r"\[[^\]]+\]\(\.\./([^)#]+)[^)]*\)")


def name_pages_outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn links to files of the repository that are not pages of the site into their names."""
    source[0] = _OUTSIDE.sub(r"`\1`", source[0])


def setup(app: Sphinx) -> None:
    """Register what this configuration adds to Sphinx."""
    app.connect("source-read", name_pages_outside)
