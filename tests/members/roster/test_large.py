"""A roster of 50,000 rows has a preview of a page's size, among as many people."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from members.models import Member
from playback.admin import spreadsheet
from tests.factories import RoomFactory
from tests.members.roster.test_pages import upload

pytestmark = [pytest.mark.django_db]
ROWS = 50_000


def test_fifty_thousand_rows(staff: Client) -> None:
    now = timezone.now()
    Member.objects.bulk_create(
        [
            Member(
                pk=n, user_sn=f"{n:07}", name=f"学生{n}", phone_number=f"138{n:08}", first_seen_at=now, synced_at=now
            )
            for n in range(1, ROWS + 1)
        ],
        batch_size=500,
    )
    rows = [[f"{n:07}" if n % 3 else None, f"学生{n}", 13800000000 + n] for n in range(500, ROWS + 500)]
    book = spreadsheet.workbook("名单", ["学号", "姓名", "手机"], rows)
    room = RoomFactory()
    answer = upload(staff, room, book, name="名单.xlsx")
    page = staff.get(answer.url)
    assert len(page.context["change"].add) == ROWS - 499
    assert page.context["undecided"] == 499
    assert len(page.content) < 300_000  # the first rows to look at, not all
