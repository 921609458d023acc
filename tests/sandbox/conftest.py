"""Fixtures of the sandbox's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from playback.sandbox.server import Sandbox
from tests.conftest import PARTNER_ID, PARTNER_KEY

from .sloppy import SloppyClient


@pytest.fixture
def vendor(sandbox: Sandbox) -> Iterator[SloppyClient]:
    """A client of the vendor that knows nothing of the project."""
    client = SloppyClient(sandbox.base_url, PARTNER_ID, PARTNER_KEY)
    yield client
    client.connection.close()
