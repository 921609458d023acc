"""A quick vendor for the sync tests: small pages, no pacing, and a clock that the recordings are dated by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from playback.models import SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import passes

LONG_AGO = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def vendor(sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox without its rate limit, and a client that does not pace itself."""
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 1_000_000
    settings.BAIJIAYUN_PRODUCT_TYPES = [1]
    settings.SYNC_PAGE_SIZE = 5
    sandbox.window.limit = 0
    return sandbox


@pytest.fixture
def school(vendor: Sandbox) -> Callable[..., int]:
    """``school(12)`` adds a room with that many sessions, the first the newest; answers the room's id."""

    def add(count: int, *, product_type: int = 1, first: int = 0) -> int:
        room_id = vendor.state.add_room("高一数学", is_long_term=True, product_type=product_type, created_at=LONG_AGO)
        for n in range(first, first + count):
            vendor.state.add_recording(
                room_id, 202403010 + n, name=f"第{n}节", created_at=LONG_AGO - timedelta(hours=n), length=600 + n
            )
        return room_id

    return add


def sync(kind: str = "recordings", *, full: bool = False, **options: Any) -> SyncRun:
    return passes.run_pass(SyncRun.Kind(kind), full=full, **options)
