"""Who is on the list of a room or a recording: a part of their pages, to look through, read anew and remove from.

Looking costs no vendor call; "Read now" asks the vendor while the person waits, up to a few pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.admin import actions, panels, room_parts
from playback.conf import vendor_client
from playback.models import Recording, Room
from playback.operations import execute
from playback.operations.base import OperationInvalid
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .. import lists, privacy
from ..lists import ListOf
from ..models import MemberList
from ..sync import reading
from . import contacts, search

VIEW = "members.view_member"
EDIT = "members.edit_lists"
PER_PAGE = 25
PAGES_AT_ONCE = 5  # of a list that somebody waits for
TEMPLATE = "members/panel.html"


def url(which: ListOf, name: str = "") -> str:
    return reverse(f"admin:members_list{name}", args=[which.of, which.pk])


def page_of(which: ListOf) -> str:
    """The page of the room or recording."""
    return reverse(f"admin:playback_{which.of}_change", args=[which.pk])


def wanted(request: HttpRequest, of: str, pk: int, permission: str) -> ListOf:
    """The list that an address names, for who may see it and holds ``permission``."""
    if of not in (lists.ROOM, lists.RECORDING):
        raise Http404
    if not request.user.has_perm(permission) or not request.user.has_perm(f"playback.view_{of}"):
        raise PermissionDenied
    try:
        return lists.find(of, pk)
    except ObjectDoesNotExist:
        raise Http404 from None


def panel(request: HttpRequest, of: str, pk: int) -> HttpResponse:
    which = wanted(request, of, pk, VIEW)
    told = read_now(which) if request.method == "POST" and request.POST.get("do") == "read" else ("", "")
    response = TemplateResponse(request, TEMPLATE, {**context(request, which), "told": told[0], "words": told[1]})
    response["Cache-Control"] = "no-store"
    return response


def read_now(which: ListOf) -> tuple[str, str]:
    """Ask the vendor. Answers what went wrong, if anything, and the vendor's own words."""
    try:
        client = vendor_client(Lane.PERSON, max_wait=panels.WAITS)
    except VendorError as error:
        return panels.sentence(error), panels.words(error)
    read = reading.read_list(client, which, most_pages=PAGES_AT_ONCE)
    if read.failure is not None:
        return panels.sentence(read.failure), panels.words(read.failure)
    if read.too_long:
        return gettext("The list is long: it is being read in the background, within a few minutes."), ""
    if not read.complete:
        return gettext("The list changed while it was read, so nobody was taken off it here. Read it again."), ""
    return "", ""


def context(request: HttpRequest, which: ListOf) -> dict[str, Any]:
    kept = MemberList.objects.filter(**{which.of: which.owner}).first()
    # By POST: a phone number that is looked for does not stand in an address.
    words = request.POST.get("find", "").strip()
    members = which.members().order_by("name", "user_id")
    total = members.count()
    if words:
        may_see = privacy.may_see_contacts(request.user)
        members = members.filter(search.condition(words, may_see_contacts=may_see))
    page = Paginator(members, PER_PAGE).get_page(request.POST.get("p"))
    rows: list[Any] = list(page.object_list)
    contacts.show(request, rows, f"list of a {which.of}")
    may_edit = request.user.has_perm(EDIT) and which.owner.gone_at is None
    return {
        "which": which,
        "rows": rows,
        "page": page,
        "total": total,
        "find": words,
        "read_at": display.beijing(kept.read_at) if kept and kept.read_at else "",
        "error": bool(kept and kept.error),
        "waits": bool(kept and kept.wanted_at),
        "list_url": url(which),
        "add_url": url(which, "_add") if may_edit else "",
        "remove_url": url(which, "_remove") if may_edit else "",
        "may_read": which.owner.gone_at is None,
    }


def remove(request: HttpRequest, of: str, pk: int) -> HttpResponse:
    """Plan to remove the ticked people."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    which = wanted(request, of, pk, EDIT)
    return begin(request, which, "remove", request.POST.getlist("member"))


def begin(request: HttpRequest, which: ListOf, verb: str, ids: Any) -> HttpResponse:
    """To the stored plan; back to the room or recording where there is nothing to plan."""
    try:
        operation = plan(request, which, verb, ids)
    except OperationInvalid as invalid:
        for sentence in actions.sentences(invalid):
            messages.error(request, sentence)
        return HttpResponseRedirect(page_of(which))
    return to_plan(operation, which)


def plan(request: HttpRequest, which: ListOf, verb: str, ids: Any) -> Any:
    """Raises :class:`OperationInvalid`."""
    parameters = {f"{which.of}_id": which.pk, "user_ids": ids}
    return execute.plan(f"{verb}_{which.of}_members", request.user, Recording.objects.none(), parameters)


def to_plan(operation: Any, which: ListOf) -> HttpResponseRedirect:
    address = reverse("admin:playback_operation_plan", args=[operation.uuid])
    return HttpResponseRedirect(f"{address}?{actions.back_query(page_of(which))}")


@panels.register
class Members(panels.Panel):
    """The same part on a recording's page."""

    name = "members"
    title = _("Members")
    template = TEMPLATE
    permission = VIEW
    rank = 60

    def offered(self, recording: Recording) -> bool:
        return True  # who could watch what is gone is a question too

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        return context(request, lists.list_of(recording))

    def url(self, recording: Recording) -> str:
        return url(lists.list_of(recording))


def _of_room(room: Room) -> str:
    return url(lists.list_of(room))


room_parts.register(room_parts.RoomPart("members", _("Members"), VIEW, _of_room, rank=60))
