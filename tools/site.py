"""What mkdocs does for this site beyond its settings (hooks, called by it by name).

- Links to code, `../src/narae/layers/dense.py` say, lead to a page of the site that shows the file.
- A chapter's language switch leads to the same chapter, and Korean pages say that they are Korean.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {"en": "English", "ko": "한국어"}
LANGUAGE_OF = re.compile(r"^learn/(en|ko)/(.*)$")
ALTERNATE = re.compile(r'<link rel="?alternate"?[^>]*hreflang[^>]*>')
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
        for name, pages in section.items():
            if isinstance(pages, list):
                section[name] = [page for page in pages if (ROOT / "docs" / page).exists()]
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
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links to code into links to the pages that show it."""
    here = page.file.src_uri

    def shown(found: re.Match[str]) -> str:
        target = f"source/{code_file(here, found[1])}.md"
        return f"]({os.path.relpath(target, posixpath.dirname(here))})"

    return CODE_LINK.sub(shown, markdown)


def on_page_context(context: Any, page: Any, config: Any, **_: Any) -> Any:
    """Set where the language switch of this page leads."""
    found = LANGUAGE_OF.match(page.file.dest_uri)
    rest = found[2] if found else "index.html"
    config.extra["alternate"] = [
        {"name": name, "link": f"learn/{code}/{rest}", "lang": code}
        for code, name in LANGUAGES.items()
    ]
    return context


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Say of a Korean page that it is Korean."""
    # The theme's script would look for a map of each language's site, and find none.
    output = ALTERNATE.sub("", output)
    korean = page.file.src_uri.startswith("learn/ko/")
    return output.replace('<html lang="en"', '<html lang="ko"', 1) if korean else output
