"""The catalogue of messages: what the code marks, its translations, and the compiled file.

    python tools/catalogue.py            each narae.po gets what is marked and loses what is not; each narae.mo anew
    python tools/catalogue.py --missing  the same, then print what has no translation yet

The .mo files are committed: a clone that is installed in place, and a wheel, have them without a step of their own.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "narae"
LOCALE = SOURCES / "base" / "locale"
KEYWORDS = {"tr": None, "trn": (1, 2), "mark": None}
HEAD = """\
# Messages of narae.
# A particle that follows a value is written in its double form, 을(를): what is put in decides.
# Terms are those of docs/learn/glossary.csv."""


def languages() -> list[str]:
    """Those that have a folder."""
    return sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


def path_of(language: str, ending: str) -> Path:
    """A language's file."""
    return LOCALE / language / "LC_MESSAGES" / f"narae.{ending}"


def extracted() -> Catalog:
    """What the code marks, in the order of its files."""
    found = Catalog(project="narae")
    for path in sorted(SOURCES.rglob("*.py")):
        if marks(path):
            where = [(path.relative_to(ROOT).as_posix(), 0)]
            for _, message, comments, _ in extract_from_file(
                "python", path, KEYWORDS, ("Translators:",)
            ):
                found.add(message, locations=where, auto_comments=comments)
    return found


def marks(path: Path) -> bool:
    """Whether a module's `tr` and `mark` are those of narae.base.language."""
    return path.name == "language.py" or "from narae.base.language import" in path.read_text(
        "utf-8"
    )


def read(language: str) -> Catalog:
    """A language's translations as they are in its .po file; an empty catalogue without one."""
    path = path_of(language, "po")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return read_po(io.StringIO(text), locale=language)


def updated(language: str) -> Catalog:
    """Its translations, of what is marked now."""
    known, found = read(language), extracted()
    fresh = Catalog(locale=language, project="narae", header_comment=HEAD, fuzzy=False)
    for message in found:
        if message.id:
            old = known.get(message.id)
            fresh.add(
                message.id,
                "" if old is None else old.string,
                locations=sorted({(name, 0) for name, _ in message.locations}),
                auto_comments=message.auto_comments,
            )
    return fresh


def po_of(catalogue: Catalog) -> bytes:
    """The text of a .po file: no dates and no numbers of lines, which would change with every edit."""
    out = io.BytesIO()
    write_po(out, catalogue, width=110, include_lineno=False, omit_header=True)
    plural = catalogue.plural_forms
    head = (
        f'{HEAD}\nmsgid ""\nmsgstr ""\n"Language: {catalogue.locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def mo_of(language: str) -> bytes:
    """The compiled file of a .po file."""
    out = io.BytesIO()
    write_mo(out, read(language))
    return out.getvalue()


def untranslated(catalogue: Catalog) -> list[Message]:
    """Messages without a translation, in whole or in one of their forms."""
    return [
        m
        for m in catalogue
        if m.id and not all([m.string] if isinstance(m.string, str) else m.string)
    ]


def main() -> None:
    """Bring all languages up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="print what has no translation")
    asked = parser.parse_args()
    for language in languages():
        path_of(language, "po").write_bytes(po_of(updated(language)))
        path_of(language, "mo").write_bytes(mo_of(language))
        missing = untranslated(read(language))
        print(f"{language}: {len(missing)} of {len(read(language))} messages have no translation")
        if asked.missing:
            for message in missing:
                print(f"{message.locations[0][0]}: {message.id!r}")


if __name__ == "__main__":
    main()
