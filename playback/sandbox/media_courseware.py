"""Courseware: slides of a recording as a small PDF (calls 12 and 13), pictures only, so that it needs no PDF library.

Pages are drawn like covers: the first one is the cover itself, the others are ruled sheets with the topic on top.
"""

from __future__ import annotations

import io
import time
from functools import lru_cache

from PIL import Image, ImageDraw

from playback.sandbox import media_cover
from playback.sandbox.media_subjects import icon, subject_of

_EPOCH = time.gmtime(1_577_836_800)  # one date for all files: the same slides are the same bytes


@lru_cache(maxsize=64)
def pdf(video_id: int, title: str, room_title: str, pages: int) -> bytes:
    """The file; at most 12 pages are drawn, whatever the document's number of pages."""
    first = Image.open(io.BytesIO(media_cover.cover(video_id, title, room_title)))
    rest = [_sheet(title, room_title, number) for number in range(2, min(max(pages, 1), 12) + 1)]
    out = io.BytesIO()
    first.save(
        out,
        "PDF",
        save_all=True,
        append_images=rest,
        resolution=72.0,
        quality=80,
        creationDate=_EPOCH,
        modDate=_EPOCH,
    )
    return out.getvalue()


def _sheet(title: str, room_title: str, number: int) -> Image.Image:
    title, room_title = media_cover.plain(title), media_cover.plain(room_title)
    subject = subject_of(room_title, title)
    page = Image.new("RGB", (media_cover.WIDTH, media_cover.HEIGHT), (252, 252, 250))
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, media_cover.WIDTH, 8), fill=subject.end)
    page.paste(subject.start, (430, 150), icon(subject.key, 180).point([level * 40 // 255 for level in range(256)]))
    for y in range(120, 320, 40):
        pen.line((40, y, 600, y), fill=(226, 232, 240))
    if font := media_cover.title_font(28):
        pen.text((40, 36), title[:22], font=font, fill=subject.start)
    if font := media_cover.title_font(16):
        pen.text((40, 330), f"{room_title[:30]}　{number}", font=font, fill=(100, 116, 139))
    return page
