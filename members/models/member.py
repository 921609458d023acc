"""Members (白名单用户): the people who may watch, and the two lists that say what: a room's and a recording's."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from playback.models import Mirror, Recording, Room


class Member(Mirror):
    """One user of the vendor (calls 25 and 27). The vendor has no list of all users: a member is known from the lists
    that name them. ``gone_at`` is set when no list does any more.

    Phone number and mail are shown masked (``members.privacy``) unless the reader may see them.
    """

    user_id = models.BigIntegerField(_("user id"), primary_key=True)
    user_sn = models.CharField(_("number"), max_length=64, blank=True, help_text=_("the school's own number"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.CharField(_("mail"), max_length=200, blank=True)
    phone_number = models.CharField(_("phone"), max_length=40, blank=True)
    remark = models.CharField(_("remark"), max_length=255, blank=True)
    role = models.IntegerField(_("role"), null=True)
    created_at = models.DateTimeField(_("created"), null=True)
    # Set when the person's name, phone and mail were made anonymous here: a sync does not bring them back.
    anonymised_at = models.DateTimeField(_("made anonymous"), null=True, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["name", "user_id"]
        default_permissions = ("view",)
        permissions = [
            ("view_contact", _("Can see phone numbers and mail addresses")),
            ("edit_lists", _("Can add members to rooms and recordings, and remove them")),
            ("import_roster", _("Can import rosters")),
            ("trace_access", _("Can ask why somebody cannot watch")),
            ("remove_person", _("Can remove a person from everything")),
        ]
        indexes = [
            models.Index(fields=["user_sn"], name="member_by_number"),
            models.Index(fields=["phone_number"], name="member_by_phone"),
            models.Index(fields=["name", "user_id"], name="member_by_name"),
            models.Index(fields=["email"], name="member_by_mail"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.user_id)


class Membership(Mirror):
    """One person on one list."""

    class Meta:
        abstract = True


class RoomMembership(Membership):
    """Who may watch all recordings of a room (calls 26 to 28)."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("room"))
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="room_memberships", verbose_name=_("member")
    )

    class Meta:
        verbose_name = _("room membership")
        verbose_name_plural = _("room memberships")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="room_membership_natural_key")]

    def __str__(self) -> str:
        return f"{self.room_id} · {self.member_id}"


class RecordingMembership(Membership):
    """Who may watch one recording (calls 23 to 25)."""

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("recording")
    )
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="recording_memberships", verbose_name=_("member")
    )

    class Meta:
        verbose_name = _("recording membership")
        verbose_name_plural = _("recording memberships")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["recording", "member"], name="recording_membership_natural_key")]

    def __str__(self) -> str:
        return f"{self.recording_id} · {self.member_id}"


class MemberList(models.Model):
    """When the list of one room or one recording was last read to its end: how old what we know of it is."""

    room = models.OneToOneField(Room, null=True, on_delete=models.CASCADE, related_name="member_list")
    recording = models.OneToOneField(Recording, null=True, on_delete=models.CASCADE, related_name="member_list")
    read_at = models.DateTimeField(_("read"), null=True)
    total = models.IntegerField(_("members"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)
    # A list that cannot be read does not hold up the others: the order goes by this, not by ``read_at``.
    tried_at = models.DateTimeField(_("last tried"), null=True, editable=False)
    # Somebody changed it or waits for it: it is read before all others.
    wanted_at = models.DateTimeField(_("to be read soon, since"), null=True, editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(room__isnull=True) ^ Q(recording__isnull=True), name="member_list_of_one_thing"
            ),
        ]
        indexes = [
            models.Index(fields=["read_at"], name="member_list_oldest"),
            models.Index(fields=["wanted_at"], name="member_list_wanted"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id or self.recording_id}"
