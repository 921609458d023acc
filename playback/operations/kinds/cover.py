"""Cover pictures: what may be uploaded, decided by the content and not by the name or the browser's word."""

from __future__ import annotations

from io import BytesIO

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from ..base import Attachment, OperationInvalid

MAX_BYTES = 2 * 1024 * 1024
MIN_SIDE = 160  # px
MAX_SIDE = 8000  # px; together with MAX_PIXELS it bounds the memory that decoding takes
MAX_PIXELS = 25_000_000
TYPES = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png")}


def check(cover: Attachment) -> tuple[Attachment, dict[str, int | str]]:
    """The picture as it will be sent, and what a report says of it.

    The bytes stay as they came; type and extension follow the content. Raises :class:`OperationInvalid`.
    """
    if len(cover.content) > MAX_BYTES:
        raise _wrong(_("The picture is larger than 2 MB."))
    try:
        # The header says the size: a picture that would unpack into gigabytes is refused before it is decoded.
        with Image.open(BytesIO(cover.content), formats=list(TYPES)) as picture:
            kind, (width, height) = str(picture.format), picture.size
            if min(width, height) < MIN_SIDE:
                raise _wrong(_("The picture is too small: each side needs %(side)s pixels.") % {"side": MIN_SIDE})
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise _wrong(_("The picture has too many pixels: at most %(side)s a side.") % {"side": MAX_SIDE})
            picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise _wrong(_("This is not a whole JPEG or PNG picture.")) from None
    content_type, extension = TYPES[kind]
    checked = Attachment(f"cover.{extension}", cover.content, content_type)
    return checked, {"name": cover.filename[:100], "bytes": len(cover.content), "width": width, "height": height}


def _wrong(sentence: str) -> OperationInvalid:
    return OperationInvalid({"cover": sentence})
