"""Rows for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count

from django.contrib.auth.models import Permission, User
from PIL import Image

from playback.models import Recording, Room
from playback.operations.base import Attachment
from playback.vendor.codes import PublishStatus, RecordingStatus

_rooms = count(20_000_000_000_001)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Beijing


def make_user(name: str, *permissions: str) -> User:
    """A person with exactly these permissions (code names)."""
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


def make_recordings(number: int, **values: object) -> list[Recording]:
    """Published, ready recordings of rooms of their own, a day apart, oldest first."""
    rooms = Room.objects.bulk_create(
        Room(room_id=next(_rooms), title=f"高一{n}班", first_seen_at=START) for n in range(number)
    )
    facts = {"status": RecordingStatus.READY.value, "publish_status": PublishStatus.PUBLISHED.value, **values}
    return Recording.objects.bulk_create(
        Recording(
            **{"name": f"第{n}课", "created_at": START + timedelta(days=n), **facts}, room=room, first_seen_at=START
        )
        for n, room in enumerate(rooms)
    )


def picture(kind: str = "PNG", size: tuple[int, int] = (320, 180), name: str = "cover.png") -> Attachment:
    """An uploaded picture."""
    content = BytesIO()
    Image.new("RGB", size, "navy").save(content, kind)
    return Attachment(name, content.getvalue(), "image/png")
