"""The mirror of the vendor's users and of their two whitelists, and who teaches in which room."""

from .access import ContactView, RoomTeacher
from .member import Member, MemberList, RecordingMembership, RoomMembership
from .roster import RosterImport

__all__ = [
    "ContactView",
    "Member",
    "MemberList",
    "RecordingMembership",
    "RoomMembership",
    "RoomTeacher",
    "RosterImport",
]
