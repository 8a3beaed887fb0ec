"""What mkdocs does for this site beyond its settings (hooks, called by it by name).

- Links to code, `../src/narae/layers/dense.py` say, lead to a page of the site that shows the file.
- A chapter's language switch leads to the same chapter; around a Korean page the site's own words are Korean too.
- Each chapter has a notebook beside it, with a link at its top; blocks that readers don't see are left out.
- Formulas, $x^2$, become MathML: browsers and screen readers know it, no script draws it.
"""

from __future__ import annotations

import html
import os
import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File
from tools import notebooks, pages

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {"en": "English", "ko": "한국어"}
LANGUAGE_OF = re.compile(r"^learn/(en|ko)/(.*)$")
ALTERNATE = re.compile(r'<link rel="?alternate"?[^>]*hreflang[^>]*>')
CHAPTER = re.compile(r"^learn/(en|ko)/(\d[\w-]*)\.md$")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
DOWNLOAD = {"en": "Download as a notebook", "ko": "노트북으로 내려받기"}
# The site's own words where the theme has none for them, as mkdocs.yml has them and in Korean.
KOREAN = {
    "Home": "홈",
    "Guides": "안내서",
    "Reference": "레퍼런스",
    "Decisions": "설계 결정",
    "Changes": "바뀐 것",
    "Dark": "어둡게",
    "Light": "밝게",
}
CODE_LINK = re.compile(r"\]\(((?:\.\./)+(?:src|examples)/[\w/.-]+\.py)\)")


def code_file(page: str, link: str) -> str:
    """The file that a page's link leads to, from the repository's root.

    >>> code_file("learn/en/1-first-look.md", "../../../examples/first_network.py")
    'examples/first_network.py'
    """
    return posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))


def on_config(config: Any) -> Any:
    """Leave out of the navigation what the parts of this checkout do not have."""
    for section in config.nav:
        for name, inside in section.items():
            if isinstance(inside, list):
                section[name] = [page for page in inside if (ROOT / "docs" / page).exists()]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each file of code that some page links to."""
    wanted = {
        code_file(file.src_uri, link)
        for file in files.documentation_pages()
        for link in CODE_LINK.findall(file.content_string)
    }
    for path in sorted(wanted):
        text = (ROOT / path).read_text(encoding="utf-8")
        page = f'# {path}\n\n````` {{ .python linenums="1" }}\n{text}`````\n'
        files.append(File.generated(config, f"source/{path}.md", content=page))
    for file in list(files.documentation_pages()):
        if CHAPTER.match(file.src_uri):
            name = file.src_uri.removesuffix(".md") + ".ipynb"
            text = notebooks.written(ROOT / "docs" / file.src_uri)
            files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Leave out hidden blocks, offer the notebook, turn links to code into links to the pages that show it."""
    here = page.file.src_uri
    markdown = pages.visible(markdown)
    if chapter := CHAPTER.match(here):
        link = f"[{DOWNLOAD[chapter[1]]}]({chapter[2]}.ipynb){{ .notebook download }}"
        markdown = re.sub(r"\n\n(?=\S)", f"\n\n{link}\n\n", markdown, count=1)

    def shown(found: re.Match[str]) -> str:
        target = f"source/{code_file(here, found[1])}.md"
        return f"]({os.path.relpath(target, posixpath.dirname(here))})"

    return CODE_LINK.sub(shown, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Formulas as MathML."""
    return FORMULA.sub(formula, html)


def formula(found: re.Match[str]) -> str:
    """A formula in TeX, as MathML: a `div` is one that stands alone.

    >>> "<msup>" in formula(FORMULA.search('<span class="arithmatex">\\\\(x^2\\\\)</span>'))
    True
    """
    display = "block" if found[1] == "div" else "inline"
    return convert(html.unescape(found[2]).strip(), display=display)


def on_page_context(context: Any, page: Any, config: Any, nav: Any, **_: Any) -> Any:
    """Set where the language switch of this page leads, and the language of the words around it."""
    korean = page.file.src_uri.startswith("learn/ko/")
    config.theme["language"] = "ko" if korean else "en"
    for item in nav.items:
        item.title = _word(item.title, korean)
    for palette in config.theme["palette"]:
        palette["toggle"]["name"] = _word(palette["toggle"]["name"], korean)
    found = LANGUAGE_OF.match(page.file.dest_uri)
    rest = found[2] if found else "index.html"
    config.extra["alternate"] = [
        {"name": name, "link": f"learn/{code}/{rest}", "lang": code}
        for code, name in LANGUAGES.items()
    ]
    return context


def _word(word: str, korean: bool) -> str:
    """A word of the navigation in the language of the page."""
    english = {there: here for here, there in KOREAN.items()}
    return KOREAN.get(word, word) if korean else english.get(word, word)


def on_post_page(output: str, **_: Any) -> str:
    """Leave out what says that each language has a site of its own."""
    # The theme's script would look for a map of each language's site, and find none.
    return ALTERNATE.sub("", output)
