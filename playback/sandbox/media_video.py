"""The addresses of video files (calls 20 and 39) and the one small film behind all of them.

An address carries ``t`` (the unix second it dies at, in hex) and ``sign``, as the vendor's do, and lives two hours.
Whatever the recording, the file is ``assets/lecture.mp4``: six seconds of a chalk board (H.264, no sound) that loop
without a seam. It was drawn with Pillow and encoded once with ffmpeg.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

LIVES_SECONDS = 2 * 3600


@cache
def film() -> bytes:
    return (Path(__file__).parent / "assets" / "lecture.mp4").read_bytes()


def signed_path(file_id: str, key: str, now: float, lives: int = LIVES_SECONDS) -> str:
    """``/media/video/{file_id}.mp4?t=…&sign=…``, good for ``lives`` seconds from ``now`` (unix seconds)."""
    dies = f"{int(now) + lives:x}"
    return f"/media/video/{file_id}.mp4?" + urlencode({"t": dies, "sign": _sign(file_id, dies, key)})


def refusal(file_id: str, dies: str, sign: str, key: str, now: float) -> str | None:
    """Why this address does not open, or None where it does."""
    if not hmac.compare_digest(_sign(file_id, dies, key).encode(), sign.encode()):
        return "bad sign"
    return None if int(dies, 16) > now else "expired"


def _sign(file_id: str, dies: str, key: str) -> str:
    return hmac.new(key.encode(), f"{file_id}.mp4:{dies}".encode(), hashlib.sha256).hexdigest()[:32]
