"""Render a plain video out of a recording (call 16), and watch the vendor do it (call 31).

Call 31 is also how a lost answer is settled, for call 16 is never sent twice. It tells of the rendering begun last and
keeps saying so; hence it is asked while the plan is made too: what it says then is no sign of this call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import ConvertStatus, RecordingStatus

from ..base import (
    Answer,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Skipped,
    Target,
    Working,
)
from ..reasons import reason
from ..registry import register
from . import given, looking

STATES: Mapping[int, Any] = {
    ConvertStatus.NOT_STARTED: _("not rendered"),
    ConvertStatus.QUEUED: _("queued"),
    ConvertStatus.RUNNING: _("being rendered"),
    ConvertStatus.DONE: _("rendered"),
    ConvertStatus.FAILED: _("failed"),
}
UNDER_WAY = (ConvertStatus.QUEUED, ConvertStatus.RUNNING)
LONGEST_TEMPLATE = 100


@register
class RenderVideo(OperationKind):
    """Parameters: ``version`` (none: the main one), ``record_template`` (the vendor's name of a layout), ``again``
    (also where a plain video was rendered already)."""

    kind = "render_video"
    title = _("Render plain videos")
    verb = _("Render a plain video")
    will = _("will be rendered to a plain video")
    permission = "playback.render_recording"
    call = "convert_to_video"
    group = "video"
    rank = 70
    icon = "movie_creation"
    takes_trashed = False
    needs_versions = True
    reads = True
    in_background = True
    poll_seconds = 15.0
    refreshes = False  # the recording itself does not change
    calls = 2
    fields: ClassVar[Mapping[str, Any]] = {"plain_video": _("plain video")}
    sentences: ClassVar[Mapping[str, Any]] = {
        "not_ready": _("It is not ready: there is no video yet."),
        "rendered_already": _("A plain video was rendered already. Choose to render it again if you want another one."),
        "rendering_now": _("A plain video is being rendered at this moment."),
        "rendered_meanwhile": _("It was rendered since the plan was made. Nothing was sent: plan it again."),
        "wanted_version_missing": _("It has no such version."),
        "rendered_before": _("A plain video was rendered before; a new one is made."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        template = str(parameters.get("record_template") or "").strip()
        if len(template) > LONGEST_TEMPLATE or not template.isprintable():
            raise OperationInvalid(
                {"record_template": _now("At most %(limit)s characters on one line.") % {"limit": LONGEST_TEMPLATE}}
            )
        version = given.number(parameters, "version")
        return {"version": version, "record_template": template, "again": given.switch(parameters, "again")}, None

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        return {facts.id: {"status": client.convert_status(**facts.key).status} for facts in targets}

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        version = parameters["version"]
        if version is not None and version not in facts.versions:
            return Skipped(reason("wanted_version_missing"))
        status = facts.status if version is None else facts.versions[version].status
        if status != RecordingStatus.READY:
            return Skipped(reason("not_ready"))
        present = facts.known.get("status")
        if present in UNDER_WAY:
            return Skipped(reason("rendering_now"))
        if present == ConvertStatus.DONE and not parameters["again"]:
            return Skipped(reason("rendered_already"))
        note = reason("rendered_before") if present == ConvertStatus.DONE else None
        return Planned({"plain_video": [present, ConvertStatus.DONE.value]}, {}, note)

    def apply(self, client: VendorClient, target: Target) -> Answer:
        with looking.before_the_call():
            present = client.convert_status(**target.key).status
        if present in UNDER_WAY:
            return Refusal(reason("rendering_now"))
        if present != target.change["plain_video"][0]:
            return Refusal(reason("rendered_meanwhile"))
        client.convert_to_video(
            **target.key,
            version=target.parameters["version"],
            record_template=target.parameters["record_template"] or None,
        )
        return Working()

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Under way is proof; an end is one only where there was none before."""
        status = client.convert_status(**target.key).status
        return status in UNDER_WAY or status not in (target.change["plain_video"][0], ConvertStatus.NOT_STARTED)

    def finished(self, client: VendorClient, target: Target) -> bool | Refusal:
        state = client.convert_status(**target.key)
        if state.status == ConvertStatus.FAILED:
            return Refusal(reason("vendor_failed", vendor={"code": None, "message": state.status_msg[:300]}))
        return state.status == ConvertStatus.DONE

    def offered(self, recording: Recording) -> bool:
        return recording.is_ready

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        told = []
        if parameters.get("version") is not None:
            told.append((_now("Version"), str(parameters["version"])))
        if parameters.get("record_template"):
            told.append((_now("Template"), parameters["record_template"]))
        return told

    def show(self, name: str, value: Any) -> str:
        return str(STATES.get(value, "–" if value is None else value))
