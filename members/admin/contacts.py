"""Phone and mail on a page: masked, or for those who may see them plain, and then noted once a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from .. import privacy


def show(request: HttpRequest, members: Sequence[Any], place: str) -> None:
    """Set ``phone_shown`` and ``mail_shown`` of each; a look at what is there is logged."""
    plain = privacy.may_see_contacts(request.user)
    for member in members:
        member.phone_shown = member.phone_number if plain else privacy.masked_phone(member.phone_number)
        member.mail_shown = member.email if plain else privacy.masked_mail(member.email)
    seen = [member for member in members if member.phone_number or member.email]
    if plain and seen:
        only = seen[0] if len(members) == 1 else None
        privacy.log_look(request.user, place, member=only, count=len(seen))
