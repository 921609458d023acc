"""A version's video at the vendor: looked at before a call that overwrites or adds one, and after a lost answer.

A replacement cannot be undone, so what the plan showed must still be there when it runs; and call 14 is never sent
twice, so what it left is found by comparing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorOutcomeUnknown, VendorUnreachable


class Video(NamedTuple):
    """What tells one video of a version from its next one."""

    video_id: int | None
    length: int | None

    def is_other_than(self, stored: Mapping[str, Any]) -> bool:
        """Another one than the mirror had: by its number or, should the vendor keep that, by its length."""
        if self.video_id is not None and self.video_id != stored.get("video_id"):
            return True
        length = stored.get("length")
        return bool(self.length and length and self.length != length)


def videos(client: VendorClient, key: Mapping[str, int]) -> dict[int, Video]:
    """Version → video (call 10). Raises the client's errors; ``VendorOutcomeUnknown`` where a row cannot be read."""
    found: dict[int, Video] = {}
    for page in client.pages(client.list_versions, **key):
        for row in page.rows:
            if row.version is not None:
                found[row.version] = Video(row.video_id or None, row.length or None)
        if page.unreadable or any(row.version is None for row in page.rows):
            raise VendorOutcomeUnknown(call="list_versions", why="a row of the vendor's answer cannot be read")
    return found


def video(client: VendorClient, key: Mapping[str, int], version: int, main: int | None) -> Video | None:
    """One version's; None where the vendor has no such version. Where its list lacks the main one, call 1 tells."""
    found = videos(client, key).get(version)
    if found is None and version == main:
        info = client.recording_info(**key)
        return Video(info.video_id or None, info.length or None)
    return found


@contextmanager
def before_the_call() -> Iterator[None]:
    """Where a look fails, nothing was changed: the item is tried again instead of being settled."""
    try:
        yield
    except VendorOutcomeUnknown as error:
        raise VendorUnreachable(call=error.call, why=error.why) from None
