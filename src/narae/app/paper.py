"""Photographs of paper, read for the page: POST /paper with a picture's bytes, JSON with what was seen.

One is read at a time, whoever asks, few wait, and each is bounded in bytes, in pixels and in the time it may take to
arrive.
"""

from __future__ import annotations

import asyncio
from io import BytesIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from narae.app.messages import packed
from narae.app.security import is_own
from narae.base.types import Json
from narae.paper import network
from narae.paper.opening import open_picture
from narae.paper.page import Mark, read_page

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 25_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
_WAITING = 8
_ARRIVAL = 30.0  # seconds in which a picture arrives
CODES = ("busy", "slow", "too_large", "no_picture", "no_digit", "foreign")


class Refused(Exception):
    """A picture that is not read: its code is a row of the page's words."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class PaperReader:
    """Reads pictures, one at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def post(self, request: Request) -> Response:
        """Answer a POST of a picture."""
        try:
            return JSONResponse(await self._answer(request))
        except Refused as refusal:
            return JSONResponse({"error": refusal.code}, refusal.status)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _answer(self, request: Request) -> Json:
        if not is_own(request.headers):
            raise Refused("foreign", 403)
        if self._waiting >= _WAITING:
            raise Refused("busy", 503)
        self._waiting += 1
        try:
            raw = await _body(request)
            async with self._turn:
                return await run_in_threadpool(read_bytes, raw)
        finally:
            self._waiting -= 1


async def _body(request: Request) -> bytes:
    """The bytes of a picture, as long as they are not too many and not too slow."""
    out = bytearray()
    try:
        async with asyncio.timeout(_ARRIVAL):
            async for part in request.stream():
                out += part
                if len(out) > MOST_BYTES:
                    raise Refused("too_large", 413)
    except TimeoutError:
        raise Refused("slow", 408) from None
    return bytes(out)


def read_bytes(raw: bytes) -> Json:
    """What is seen in the bytes of a picture. Raises Refused; that nothing is seen is an answer as well (200)."""
    try:
        opened = open_picture(BytesIO(raw), "it", MOST_PIXELS, FORMATS)
    except ValueError as error:
        code = "too_large" if f"{MOST_PIXELS:,}" in str(error) else "no_picture"
        raise Refused(code, 200) from None
    try:
        page = read_page(opened.colours, network.classify)
    except ValueError:
        raise Refused("no_digit", 200) from None
    height, width = page.picture.shape[:2]
    return {
        "text": page.text,
        "width": width,
        "height": height,
        "rows": [[_mark(mark) for mark in row] for row in page.rows],
    }


def _mark(mark: Mark) -> Json:
    return {
        "digit": mark.digit,
        "confidence": round(mark.confidence, 4),
        "verdict": mark.verdict,
        "box": list(mark.box),
        "image": packed(mark.image),
    }
