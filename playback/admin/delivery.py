"""Deliveries: the flight recorder of the vendor's callbacks, and the address they are sent to.

A page shows what was stored; asking the vendor (about the address) and applying a delivery again are POSTs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import conf, display
from playback.callbacks import address, handlers
from playback.models import Delivery, RefusedCallbacks
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from . import search
from .base import ReadOnlyAdmin
from .delivery_display import changes, kind_badge, sign_of_life, state_badge, verdict_badge
from .facts import Fact, Group, id_fact
from .filters import BeijingDaysFilter, ChoicesDropdownFilter

DAY = timedelta(days=1)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["received", "kind_label", "about", "told", "state_label", "verdict_label", "effect", "delay"]
    list_display_links = ["received"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("received_at", BeijingDaysFilter),
    ]
    list_select_related = ["recording", "recording__room"]
    search_fields = ["qid"]
    search_help_text = _("Delivery ids or any ids of recordings")
    list_before_template = "playback/deliveries_top.html"
    detail_template = "playback/delivery.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("recording", "recording__room", "replayed_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset.filter(search.deliveries(search_term)) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("address/", view(self.address_page), name="playback_delivery_address"),
            path("address/look/", view(self.look), name="playback_delivery_look"),
            path("address/register/", view(self.register), name="playback_delivery_register"),
            path("<int:pk>/replay/", view(self.replay), name="playback_delivery_replay"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        since = timezone.now() - DAY
        refused = RefusedCallbacks.objects.filter(hour__gte=since).aggregate(sum=Sum("count"))["sum"]
        extra = {"refused": refused and display.number(refused), "differs": address.differs(address.known())}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    # ------------------------------------------------------------ acting

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have it applied once more; a worker does it."""
        _check_post(request, "playback.replay_delivery")
        delivery = get_object_or_404(Delivery, pk=pk)
        if handlers.replay(delivery, request.user.pk or 0):
            messages.success(request, gettext("It is being applied again. Load this page again in a moment."))
        else:
            messages.warning(
                request, gettext("This delivery cannot be applied: it was refused, or is in hand just now.")
            )
        return HttpResponseRedirect(reverse("admin:playback_delivery_change", args=[pk]))

    def address_page(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = address.known()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Callback address"),
            "ours": conf.callback_url(),
            "path": reverse("callbacks"),
            "known": known,
            "looked": display.beijing(known.looked_at) if known else "",
            "differs": address.differs(known),
            "may_register": request.user.has_perm("playback.register_callback_address"),
            "last": sign_of_life(Delivery.objects.filter(verdict=Delivery.Verdict.GOOD).first()),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "playback/callback_address.html", context)

    def look(self, request: HttpRequest) -> HttpResponse:
        _check_post(request, "playback.register_callback_address")
        if address.look(Lane.PERSON).error:
            messages.error(request, gettext("The vendor could not be asked. Try again in a moment."))
        return HttpResponseRedirect(reverse("admin:playback_delivery_address"))

    def register(self, request: HttpRequest) -> HttpResponse:
        """Tell the vendor our address. The one it had, of whatever system, is replaced."""
        _check_post(request, "playback.register_callback_address")
        if not conf.callback_url():
            messages.error(request, gettext("Set SITE_URL first: without it we do not know our own address."))
        else:
            try:
                known = address.register(Lane.PERSON)
            except VendorError as error:
                words = error.vendor_message or str(error)
                messages.error(request, gettext("The vendor did not take it: %(words)s") % {"words": words})
            else:
                self.log_address(request, known.url)
                if address.differs(known):
                    messages.error(request, gettext("The vendor took it, but does not show it as its address."))
                else:
                    messages.success(request, gettext("The vendor sends callbacks here from now on."))
        return HttpResponseRedirect(reverse("admin:playback_delivery_address"))

    def log_address(self, request: HttpRequest, url: str) -> None:
        """Who changed where the account's callbacks go must be found later."""
        LogEntry.objects.create(
            user_id=request.user.pk or 0,
            content_type=ContentType.objects.get_for_model(Delivery),
            object_id="",
            object_repr=url[:200],
            action_flag=CHANGE,
            change_message=gettext("registered as the callback address"),
        )

    # ------------------------------------------------------------ the list

    @column(description=_("received (Beijing)"), ordering="received_at")
    def received(self, delivery: Delivery) -> Any:
        return display.moment(delivery.received_at)

    @column(description=_("kind"), ordering="kind")
    def kind_label(self, delivery: Delivery) -> Any:
        return kind_badge(delivery)

    @column(description=_("recording"))
    def about(self, delivery: Delivery) -> Any:
        if delivery.recording is None:
            return delivery.room_id or display.EMPTY
        url = reverse("admin:playback_recording_change", args=[delivery.recording_id])
        parts: list[Any] = [display.link(url, delivery.recording)]
        if delivery.version:
            parts.append(gettext("version %(number)d") % {"number": delivery.version})
        return display.lines(parts)

    @column(description=_("status told"), ordering="status")
    def told(self, delivery: Delivery) -> Any:
        return display.EMPTY if delivery.status is None else display.status_badge(delivery)  # type: ignore[arg-type]

    @column(description=_("outcome"), ordering="state")
    def state_label(self, delivery: Delivery) -> Any:
        return state_badge(delivery)

    @column(description=_("verdict"), ordering="verdict")
    def verdict_label(self, delivery: Delivery) -> Any:
        return verdict_badge(delivery)

    @column(description=_("what it changed"))
    def effect(self, delivery: Delivery) -> Any:
        found = [f"{label} → {new}" for label, _old, new in changes(delivery)]
        return format_html("<div>{}</div>", display.lines(found[:3])) if found else display.EMPTY

    @column(description=_("after class"), ordering="seconds_after_class")
    def delay(self, delivery: Delivery) -> str:
        return display.length(delivery.seconds_after_class)

    # ------------------------------------------------------------ one

    def title_of(self, obj: Delivery) -> str:
        return str(obj.get_kind_display())

    def groups(self, request: HttpRequest, obj: Delivery) -> list[Group]:
        tried = display.number(obj.attempts)
        if obj.state == Delivery.State.FAILED and obj.due_at:
            tried = gettext("%(count)s, next %(time)s") % {"count": tried, "time": display.beijing(obj.due_at)}
        what_came = [
            Fact(_("kind"), obj.get_kind_display()),
            Fact(_("verdict"), verdict_badge(obj)),
            Fact(_("received"), display.beijing(obj.received_at)),
            Fact(_("sent by the vendor"), display.beijing(obj.sent_at)),
            Fact(_("after class"), display.length(obj.seconds_after_class)),
            Fact(_("delivery id"), obj.qid, copy=obj.qid) if obj.qid else Fact(_("delivery id"), display.EMPTY),
        ]
        about = [
            Fact(_("recording"), self.about(obj)),
            id_fact(_("room id"), obj.room_id),
            id_fact(_("session id"), obj.session_id),
            Fact(_("version"), display.EMPTY if obj.version is None else str(obj.version)),
            id_fact(_("video id"), obj.video_id),
            Fact(_("status told"), self.told(obj)),
        ]
        became = [
            Fact(_("outcome"), state_badge(obj)),
            Fact(_("attempts"), tried),
            Fact(_("applied"), display.beijing(obj.applied_at)),
        ]
        if obj.replayed_at:
            who = obj.replayed_by.get_username() if obj.replayed_by else display.EMPTY
            became.append(Fact(_("replayed"), f"{display.beijing(obj.replayed_at)} · {who}"))
        return [Group(_("What came"), what_came), Group(_("About"), about), Group(_("What became of it"), became)]

    def sections(self, request: HttpRequest, obj: Delivery) -> dict[str, Any]:
        good = obj.verdict == Delivery.Verdict.GOOD
        return {
            "heading": self.title_of(obj),
            "state": state_badge(obj),
            "may_replay": good and request.user.has_perm("playback.replay_delivery"),
            "changes": changes(obj, whole=True),
            "received_fields": sorted(obj.fields.items()),
        }


def _check_post(request: HttpRequest, permission: str) -> None:
    if request.method != "POST" or not request.user.has_perm(permission):
        raise PermissionDenied
