"""The language of messages: English, as they are written in the code, or that of a catalogue of gettext's.

`tr` translates a message and puts its values in by their names, `trn` one that counts, `mark` only marks one that is
translated later. `make catalogue` collects what is marked (locale/ko/LC_MESSAGES/narae.po). What programs read stays
English: classes of errors, keys of logs and of JSON, symptoms of findings.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from narae.base import settings

if TYPE_CHECKING:
    from gettext import GNUTranslations

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ko")
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "narae"
_spoken: ContextVar[str | None] = ContextVar("narae language", default=None)


def language() -> str:
    """The language of messages, "en" or "ko": what `set_language` was given, else NARAE_LANG, else the locale's.

    The locale is the first of LC_ALL, LC_MESSAGES and LANG that says something, and LANGUAGE before it, as gettext
    has it.

    >>> set_language("ko")
    >>> language()
    'ko'
    >>> set_language(None)
    """
    here = _spoken.get()
    if here is not None:
        return here
    chosen = settings._values["language"]
    return str(chosen) if chosen is not None else _of_environment()


def set_language(language: str | None) -> None:
    """Choose the language of messages, for this process.

    Args:
        language: "en" or "ko"; None: as NARAE_LANG or the locale says.

    Raises:
        ValueError: it is another one.

    >>> set_language("en")
    >>> set_language(None)
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(
            tr(
                "language is one of {languages}, or None; got {got!r}",
                languages=", ".join(LANGUAGES),
                got=language,
            )
        )
    settings._values["language"] = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it messages are of this language, in this thread or task: a server's answer to one of its pages.

    >>> with speaking("ko"):
    ...     language()
    'ko'
    """
    token = _spoken.set(_known(language) or ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(token)


def _of_environment() -> str:
    given = os.environ.get("NARAE_LANG")
    if given:
        return _known(given) or ENGLISH
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((said for name in names if (said := os.environ.get(name))), "C")
    if locale.partition(".")[0] in ("C", "POSIX"):
        return ENGLISH
    wished = [one for one in os.environ.get("LANGUAGE", "").split(":") if one]
    return next((known for one in wished if (known := _known(one))), _known(locale) or ENGLISH)


def _known(name: str) -> str | None:
    """A language that there is a catalogue of, of a name such as ko_KR.UTF-8.

    >>> _known("ko_KR.UTF-8"), _known("en-GB"), _known("fr_FR")
    ('ko', 'en', None)
    """
    head = re.split(r"[_.@-]", name.strip(), maxsplit=1)[0].lower()
    return head if head in LANGUAGES else None


@functools.cache
def catalogue(language: str) -> GNUTranslations | None:
    """A language's translations; None for English, and where there is no sound catalogue: English is said then."""
    if language == ENGLISH:
        return None
    import gettext  # when a message is wanted

    try:
        return gettext.translation(DOMAIN, FOLDER, [language])
    # a damaged file makes the parser raise whatever it ran into
    except Exception:
        return None


def mark(message: str) -> str:
    """The message as it is: the catalogue has it, and `tr` translates it where it is said.

    >>> mark("a table's words")
    "a table's words"
    """
    return message


def tr(message: str, /, **values: object) -> str:
    """A message in the language of messages. With values, `{name}` stands for one, in any order; without, braces are
    themselves.

    >>> tr("{name} has {count:,} weights", name="dense", count=1000)
    'dense has 1,000 weights'
    """
    spoken = language()
    known = catalogue(spoken)
    said = message if known is None or not message else known.gettext(message)
    return _filled(said, message, values)


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """A message that counts: `one` for 1, `many` for others; `{count}` is the number.

    >>> trn("{count} step", "{count:,} steps", 1), trn("{count} step", "{count:,} steps", 1200)
    ('1 step', '1,200 steps')
    """
    english = one if count == 1 else many
    known = catalogue(language())
    said = english if known is None else known.ngettext(one, many, count)
    return _filled(said, english, {"count": count, **values})


def _filled(said: str, english: str, values: dict[str, object]) -> str:
    if said == english:
        return english.format(**values) if values else english
    try:
        return _with_particles(said, values)
    except (KeyError, IndexError, ValueError):  # a translation that names what is not there
        return english.format(**values) if values else english


# -- Korean particles: a translation writes 을(를), and what stands before decides -----------------------------

_PARTICLES = {
    "을(를)": ("을", "를"),
    "이(가)": ("이", "가"),
    "은(는)": ("은", "는"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)라": ("이라", "라"),
    "(이)고": ("이고", "고"),
    "(이)나": ("이나", "나"),
    "(이)면": ("이면", "면"),
    "(이)며": ("이며", "며"),
    "(이)지": ("이지", "지"),
    "(이)므로": ("이므로", "므로"),
}
_PARTICLE = re.compile("(" + "|".join(map(re.escape, _PARTICLES)) + ")")
# How digits and letters end when they are read: consonant (True), vowel (False); ㄹ counts as a vowel before 으로.
_DIGITS = dict(zip("0123456789", (True, True, False, True, False, False, True, True, True, False)))
_LIQUID = set("178")


def _with_particles(said: str, values: dict[str, object]) -> str:
    """The template filled, each particle by what comes before it; markers within values stay."""
    done = ""
    for part in _PARTICLE.split(said):
        if part in _PARTICLES:
            done += particle(done, part)
        else:
            done += part.format(**values) if values else part
    return done


def particle(before: str, marker: str) -> str:
    """The form of a particle after a text: by the last syllable, or as the last digit or letter is read.

    >>> [f"{word}{particle(word, '을(를)')}" for word in ("모델", "배치", "'adam'", "relu", "10", "2")]
    ['모델을', '배치를', "'adam'을", 'relu를', '10을', '2를']
    >>> [f"{word}{particle(word, '(으)로')}" for word in ("모델", "값", "파일 3", "float16")]
    ['모델로', '값으로', '파일 3으로', 'float16으로']
    """
    closed, open_ = _PARTICLES[marker]
    words = before.rstrip("'\"`)]}»”’ ") or before
    ends, liquid = _ending(words)
    return closed if ends and not (liquid and marker == "(으)로") else open_


def _ending(word: str) -> tuple[bool, bool]:
    """Whether a word ends in a consonant when it is read in Korean, and whether that is ㄹ."""
    last = word[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return final != 0, final == 8
    if last.isdigit():
        return _DIGITS.get(last, False), last in _LIQUID
    found = re.search(r"[A-Za-z]+$", word)
    latin = found[0].lower() if found else ""
    if len(latin) == 1:  # by the letter's name: 엘, 엠, 엔, 알
        return latin in "lmnr", latin in "lr"
    # 모델, 아담, 플래튼; 핏, 스텝, 믹; in other words the last consonant becomes a syllable with 으
    ends = latin.endswith(("l", "m", "n", "ng")) or bool(
        re.search(r"[^aeiou][aeiou][pktcb]$", latin)
    )
    return ends, latin.endswith("l")
