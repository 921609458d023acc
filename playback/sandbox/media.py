"""What the vendor's media hosts serve: covers, uploaded covers, courseware and video files, all below ``/media/``.

Covers, slides and films are made here (``media_cover``, ``media_courseware``, ``media_video``); this file finds the row
behind an address and answers it as a good static host would: ETag, a day in the caches, ranges.
"""

from __future__ import annotations

import hashlib
import re

from werkzeug.wrappers import Request, Response

from . import media_courseware, media_cover, media_video
from .state import State

PREFIX = "/media/"
_COVER = re.compile(r"cover/(\d{1,18})\.jpg")
_IMAGE = re.compile(r"image/([0-9a-f]{32})")
_COURSEWARE = re.compile(r"courseware/(\d{1,18})\.pdf")
_VIDEO = re.compile(r"video/([0-9A-Za-z_-]{1,80})\.mp4")
_DAY = 86_400


def respond(state: State, request: Request) -> Response | None:
    """The answer to a path below ``/media/``; None for any other path."""
    if not request.path.startswith(PREFIX):
        return None
    name = request.path.removeprefix(PREFIX)
    if found := _COVER.fullmatch(name):
        return _cover(state, request, int(found[1]))
    if found := _IMAGE.fullmatch(name):
        image = state.image(found[1])
        return _stored(request, image["content"], image["content_type"]) if image else _missing()
    if found := _COURSEWARE.fullmatch(name):
        return _courseware(state, request, int(found[1]))
    if found := _VIDEO.fullmatch(name):
        return _video(state, request, found[1])
    return _missing()


def video_url(state: State, base_url: str, file_id: str) -> str:
    """A signed address of a video file, good for two hours; ``file_id`` is of letters, digits, ``_`` and ``-``."""
    path = media_video.signed_path(file_id, state.account()["partner_key"], state.clock())
    return base_url.rstrip("/") + path


def _cover(state: State, request: Request, video_id: int) -> Response:
    """Painted from the version's name and its room's title; ``w`` asks for a smaller one (160, 320)."""
    row = state.row(
        "SELECT v.name, r.title FROM versions v JOIN rooms r ON r.room_id = v.room_id WHERE v.video_id = ?", (video_id,)
    ) or state.row("SELECT name, '' AS title FROM videos WHERE video_id = ?", (video_id,))
    if row is None:
        return _missing()
    width = media_cover.nearest_width(request.args.get("w", 0, type=int))
    return _stored(request, media_cover.cover(video_id, row["name"], row["title"], width), "image/jpeg")


def _courseware(state: State, request: Request, document_id: int) -> Response:
    row = state.row(
        "SELECT d.name, d.total_pages, r.title FROM documents d JOIN rooms r ON r.room_id = d.room_id WHERE d.id = ?",
        (document_id,),
    )
    if row is None:
        return _missing()
    title = row["name"].rsplit(".", 1)[0]
    return _stored(
        request, media_courseware.pdf(document_id, title, row["title"], row["total_pages"]), "application/pdf"
    )


def _video(state: State, request: Request, file_id: str) -> Response:
    why = media_video.refusal(
        file_id,
        request.args.get("t", ""),
        request.args.get("sign", ""),
        state.account()["partner_key"],
        state.clock(),
    )
    if why:
        return Response(why, status=403, mimetype="text/plain")
    return _stored(request, media_video.film(), "video/mp4", seconds=0)


def _stored(request: Request, content: bytes, content_type: str, seconds: int = _DAY) -> Response:
    answer = Response(content, mimetype=content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
    answer.cache_control.public = True
    answer.cache_control.max_age = seconds
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(content))


def _missing() -> Response:
    return Response("", status=404)
