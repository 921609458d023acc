"""The sort of trouble is read back from the sentences that the vendor package really makes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from playback.models import SyncRun
from playback.sandbox.server import Sandbox
from playback.staleness import Trouble, trouble_of
from playback.vendor.codes import ErrorCode
from playback.vendor.errors import (
    VendorError,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRefused,
    VendorUnreachable,
    error_of,
)
from tests.sync.conftest import sync

from .conftest import ran, why


@pytest.mark.parametrize(
    ("error", "sort"),
    [
        (VendorUnreachable(), Trouble.UNREACHABLE),
        (VendorUnreachable(why="the vendor could not be reached (Timeout); nothing was sent"), Trouble.UNREACHABLE),
        (VendorUnreachable(why="no room in the account's call budget within 3 s (lane sync)"), Trouble.BUDGET),
        (VendorRateLimited(), Trouble.BUDGET),
        (VendorOutcomeUnknown(), Trouble.UNREADABLE),
        (error_of(502, None), Trouble.UNREADABLE),
        (error_of(200, None), Trouble.UNREADABLE),
        (error_of(200, {"msg": "?"}), Trouble.UNREADABLE),
        (error_of(301, None), Trouble.ACCOUNT),
        (error_of(404, None), Trouble.ACCOUNT),
        (error_of(403, None), Trouble.REFUSED),
        (error_of(200, {"code": ErrorCode.BAD_SIGNATURE, "msg": "签名错误"}), Trouble.ACCOUNT),
        (error_of(200, {"code": ErrorCode.NO_SUCH_ACCOUNT}), Trouble.ACCOUNT),
        (error_of(200, {"code": ErrorCode.NOT_PERMITTED}), Trouble.ACCOUNT),
        (error_of(200, {"code": ErrorCode.SERVICE_STOPPED}), Trouble.ACCOUNT),
        (error_of(200, {"code": ErrorCode.BAD_PARAMETER, "ts": 1}, now=2000.0), Trouble.ACCOUNT),
        (VendorMisconfigured(), Trouble.ACCOUNT),
        (VendorMisconfigured(why="BAIJIAYUN_PARTNER_ID is not set: no vendor call can be made"), Trouble.ACCOUNT),
        (VendorRefused(7, "不行"), Trouble.REFUSED),
    ],
)  # fmt: skip
def test_the_vendor_s_errors(error: VendorError, sort: Trouble) -> None:
    assert trouble_of(str(error.of("list_recordings"))) is sort


@pytest.mark.parametrize(
    "error",
    ["", "Stopped by KeyError; the log says more.", "12 rooms would be marked as gone: a person has to look first"],
)
def test_other_words_stand_for_themselves(error: str) -> None:
    assert trouble_of(error) is Trouble.OTHER


@pytest.mark.portable
@pytest.mark.django_db
def test_a_run_that_a_broken_vendor_ended(in_order: None, sandbox: Sandbox) -> None:
    """From the wire to the reason."""
    ran(ago=timedelta(hours=3))
    sandbox.faults.add("list_recordings", "status", status=502)
    run = sync()
    assert run.state == SyncRun.State.FAILED, run.error
    assert run.started_at <= timezone.now()
    assert (why().rule, why().run) == ("failed", run.pk)
    assert trouble_of(why().error) is Trouble.UNREADABLE
