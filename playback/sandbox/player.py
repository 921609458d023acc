"""The vendor's web player, ``/web/playback/index``, and what its page needs.

The page is drawn, not filmed (see ``assets/player.js``): it plays in every browser and differs from second to second.
It is made to be framed by another site: no ``X-Frame-Options``, no cookie, nothing kept in the browser. All names
reach it as escaped text or JSON, and its Content-Security-Policy allows no inline script: a name can't become code.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from werkzeug.wrappers import Request, Response

from .media_subjects import subject_of
from .player_access import Refused, Visit, admit, read_address
from .player_report import make_ticket, read_ticket, save
from .player_slides import chapters_of, slides_of
from .state import State

Row = dict[str, Any]
PREFIX = "/web/playback/"
ASSETS = Path(__file__).parent / "assets"
_SERVED = {"player.js": "text/javascript", "player-board.js": "text/javascript", "player.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cache-Control": "no-store",
}
_ASSET_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_TEACHER = re.compile(r"（([^（）]{1,8}老师)）")


def respond(state: State, request: Request) -> Response | None:
    """The answer to a path below ``/web/playback/``; None for any other path."""
    if not request.path.startswith(PREFIX):
        return None
    name = request.path.removeprefix(PREFIX)
    if name == "index":
        return render(state, request)
    if name == "report":
        return report(state, request)
    if name.startswith("assets/") and (kind := _SERVED.get(name.removeprefix("assets/"))):
        return Response((ASSETS / name.removeprefix("assets/")).read_bytes(), mimetype=kind, headers=_ASSET_HEADERS)
    return Response("", status=404)


def render(state: State, request: Request) -> Response:
    """The player, or a page that says why not (with a fitting HTTP status)."""
    try:
        visit = read_address(request.args)
        version = admit(state, visit, spend=request.method != "HEAD")
    except Refused as refused:
        refusal = refused.refusal
        page = _template("player-refusal.html").substitute(
            title=refusal.title, sentence=refusal.sentence, reason=refusal.reason
        )
        return Response(page, status=refusal.status, mimetype="text/html", headers=_HEADERS)
    return Response(_page(state, version, visit), mimetype="text/html", headers=_HEADERS)


def report(state: State, request: Request) -> Response:
    """Progress of a page that plays: makes or lengthens its watch record. 204, or 400 and 403 without one."""
    if request.method != "POST":
        return Response("", status=405, headers={"Allow": "POST"})
    length = request.form.get("play_length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 7):
        return Response("", status=400)
    facts = read_ticket(state, request.form.get("ticket", ""))
    if facts is None:
        return Response("", status=403)
    save(state, facts, int(length), user_agent=request.user_agent.string, user_ip=request.remote_addr or "")
    return Response("", status=204, headers={"Cache-Control": "no-store"})


def _page(state: State, version: Row, visit: Visit) -> str:
    room = state.room(version["room_id"]) or {"title": ""}
    subject = subject_of(room["title"], version["name"])
    chapters = chapters_of(state.mark_points(version["playback_id"], version["version"]), version["length"])
    teacher = _TEACHER.search(room["title"])
    data = {
        "name": version["name"],
        "length": max(version["length"], 1),
        "subject": subject.key,
        "colours": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in (subject.start, subject.end)],
        "teacher": teacher[1] if teacher else "",
        "chapters": chapters,
        "slides": slides_of(chapters, subject.key, version["length"], version["video_id"]),
        "ticket": make_ticket(state, version, visit),
        "report": PREFIX + "report",
    }
    # Inside a script element only "<" can end the element or start a comment.
    embedded = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    number = str(visit.user_number) if visit.user_number else ""
    words = {
        "name": version["name"] or "未命名回放",
        "room": room["title"],
        "version": "原始版本" if version["version"] == 0 else f"版本 {version['version']}",
        "viewer": visit.user_name,
        "watermark": " ".join(part for part in (visit.user_name, number) if part),
        "cover": version["cover"] or f"/media/cover/{version['video_id']}.jpg",
        "length": str(data["length"]),
    }
    return _template("player.html").substitute({name: html.escape(word) for name, word in words.items()}, data=embedded)


@cache
def _template(name: str) -> Template:
    return Template((ASSETS / name).read_text(encoding="utf-8"))
