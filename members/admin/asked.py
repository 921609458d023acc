"""What people type to name a room or a recording: its id, its address, or words of its name."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _

from playback.admin import search
from playback.models import Recording, Room

from ..lists import RECORDING, ListOf, list_of

SHOWN = 8


def recordings(text: str) -> list[Recording]:
    """Those that the text may mean, newest first; one more than are shown."""
    plain = text.strip()
    if not plain:
        return []
    found = Recording.objects.filter(search.recordings(plain)).select_related("room")
    return list(found.order_by("-created_at", "-pk")[: SHOWN + 1])


def one_recording(text: str) -> Recording:
    """Raises ``ValidationError`` where it is none or several."""
    found = recordings(text)
    ids = search.parse(text.strip())
    if ids is not None and len(found) > 1:
        # A room id alone means the room's only recording where it has one: session 0 is not written.
        exact = [row for row in found if row.vendor_key in text.split() or (row.room_id, row.session_id) in ids.pairs]
        found = exact or found
    if not found:
        raise forms.ValidationError(_("No recording here matches this."))
    if len(found) > 1:
        raise forms.ValidationError(_("Several recordings match: give its id (room id-session id) or its address."))
    return found[0]


def one_room(text: str) -> Room:
    """Raises ``ValidationError`` where it is none or several."""
    plain = text.strip()
    found = list(Room.objects.filter(search.rooms(plain)).order_by("-created_at", "-pk")[:2]) if plain else []
    if not found:
        raise forms.ValidationError(_("No room here matches this."))
    if len(found) > 1:
        raise forms.ValidationError(_("Several rooms match: give the room id."))
    return found[0]


def one_list(of: str, text: str) -> ListOf:
    """The list of a room or of a recording. Raises ``ValidationError``, also for what the vendor no longer has."""
    owner = one_recording(text) if of == RECORDING else one_room(text)
    if owner.gone_at is not None:
        raise forms.ValidationError(_("The vendor no longer has it."))
    return list_of(owner)
