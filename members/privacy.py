"""Phone numbers and mail addresses: masked for everybody but those who may see them, and each unmasked look logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .models import ContactView, Member

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PERMISSION = "members.view_contact"


def masked_phone(number: str) -> str:
    """``138****5678``; of a short number only the last two digits. Empty stays empty."""
    if len(number) >= 9:
        return f"{number[:3]}****{number[-4:]}"
    return f"****{number[-2:]}" if number else ""


def masked_mail(address: str) -> str:
    """``l***@example.org``. What has no ``@`` is masked whole."""
    name, at, host = address.partition("@")
    if not at:
        return "***" if address else ""
    return f"{name[:1]}***@{host}"


def may_see_contacts(user: User | AnonymousUser) -> bool:
    return bool(user.is_active and user.has_perm(PERMISSION))


def log_look(user: User | AnonymousUser, place: str, *, member: Member | None = None, count: int = 1) -> None:
    """Note that ``user`` saw contact data unmasked. Call it before the page is answered."""
    ContactView.objects.create(user_id=user.pk, member=member, place=place, count=count)
