"""Settings are read when called, and what is wrong with them is said before a call fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks

from playback.checks import check_vendor_settings
from playback.conf import player_origin, vendor_client
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorMisconfigured

GOOD = {
    "BAIJIAYUN_PARTNER_ID": "12345678",
    "BAIJIAYUN_PARTNER_KEY": "k" * 88,
    "BAIJIAYUN_PRIVATE_DOMAIN": "school",
    "BAIJIAYUN_BASE_URL": "",
    "BAIJIAYUN_PATHS": {},
    "BAIJIAYUN_PRODUCT_TYPES": [1, 2],
    "BAIJIAYUN_CALLS_PER_WINDOW": 200,
    "BAIJIAYUN_TIMEOUT": 15.0,
    "PRODUCTION": True,
}


@pytest.fixture
def configure(settings) -> Callable[..., None]:
    def set_to(**values: Any) -> None:
        for name, value in (GOOD | values).items():
            setattr(settings, name, value)

    set_to()
    return set_to


def test_a_good_account_has_nothing_to_say(configure) -> None:
    assert check_vendor_settings() == []
    assert vendor_client(Lane.PERSON)._transport.base_url == "https://school.at.baijiayun.com"
    assert player_origin() == "https://school.at.baijiayun.com"


def test_the_checks_are_registered(configure) -> None:
    configure(BAIJIAYUN_PARTNER_ID="")
    assert "playback.W001" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"BAIJIAYUN_PARTNER_ID": " "}, ["playback.W001"]),
        ({"BAIJIAYUN_PARTNER_ID": "school"}, ["playback.E001"]),
        ({"BAIJIAYUN_PARTNER_ID": "١٢٣"}, ["playback.E001"]),
        ({"BAIJIAYUN_PARTNER_KEY": ""}, ["playback.W002"]),
        ({"BAIJIAYUN_PARTNER_KEY": "abc def"}, ["playback.E002"]),
        ({"BAIJIAYUN_PARTNER_KEY": "abc"}, ["playback.W003"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": ""}, ["playback.W004"]),
        ({"BAIJIAYUN_BASE_URL": "https://proxy.example.org"}, ["playback.W005"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "https://school.at.baijiayun.com"}, ["playback.E003"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "", "BAIJIAYUN_BASE_URL": "proxy:80"}, ["playback.E003"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "", "BAIJIAYUN_BASE_URL": "https://a:b@proxy"}, ["playback.E003"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "", "BAIJIAYUN_BASE_URL": "http://proxy"}, ["playback.E004"]),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "", "BAIJIAYUN_BASE_URL": "http://127.0.0.1:9100"}, []),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "", "BAIJIAYUN_BASE_URL": "http://proxy", "PRODUCTION": False}, []),
        ({"BAIJIAYUN_PATHS": {"nothing": "a/b"}}, ["playback.E005"]),
        ({"BAIJIAYUN_PATHS": {"expiry": "https://elsewhere/"}}, ["playback.E005"]),
        ({"BAIJIAYUN_PATHS": {"expiry": 7}}, ["playback.E005"]),
        ({"BAIJIAYUN_PATHS": ["expiry"]}, ["playback.E005"]),
        ({"BAIJIAYUN_PATHS": {"expiry": "playback/expire"}}, []),
        ({"BAIJIAYUN_PRODUCT_TYPES": []}, ["playback.E006"]),
        ({"BAIJIAYUN_PRODUCT_TYPES": [0]}, ["playback.E006"]),
        ({"BAIJIAYUN_PRODUCT_TYPES": [1, 9]}, ["playback.E006"]),
        ({"BAIJIAYUN_CALLS_PER_WINDOW": 0}, ["playback.E007"]),
        ({"BAIJIAYUN_CALLS_PER_WINDOW": 201}, ["playback.W006"]),
        ({"BAIJIAYUN_TIMEOUT": 0.0}, ["playback.E008"]),
        ({"BAIJIAYUN_TIMEOUT": 90.0}, ["playback.W007"]),
        ({"TRASH_DAYS": 0}, ["playback.E009"]),
        ({"TRASH_DAYS": 91}, ["playback.E009"]),
    ],
)
def test_what_is_wrong_is_named(configure, values: dict[str, Any], ids: list[str]) -> None:
    configure(**values)
    assert [message.id for message in check_vendor_settings()] == ids


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"BAIJIAYUN_PARTNER_ID": ""}, "BAIJIAYUN_PARTNER_ID is not set"),
        ({"BAIJIAYUN_PARTNER_KEY": ""}, "BAIJIAYUN_PARTNER_KEY is not set"),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": ""}, "neither BAIJIAYUN_PRIVATE_DOMAIN nor BAIJIAYUN_BASE_URL is set"),
        ({"BAIJIAYUN_PRIVATE_DOMAIN": "a/b"}, "BAIJIAYUN_PRIVATE_DOMAIN is the account's own part"),
        ({"BAIJIAYUN_BASE_URL": "ftp://x"}, "BAIJIAYUN_BASE_URL is not an http or https address"),
        ({"BAIJIAYUN_PATHS": {"x": "y"}}, "BAIJIAYUN_PATHS: unknown call 'x'"),
    ],
)
def test_a_client_is_not_built_on_bad_settings(configure, values: dict[str, Any], sentence: str) -> None:
    configure(**values)
    with pytest.raises(VendorMisconfigured, match=sentence) as caught:
        vendor_client(Lane.SYNC)
    assert "k" * 88 not in str(caught.value)


def test_a_changed_setting_counts_at_once(configure) -> None:
    configure(BAIJIAYUN_BASE_URL="http://127.0.0.1:9100/")
    assert player_origin() == "http://127.0.0.1:9100"
    configure(BAIJIAYUN_BASE_URL="http://127.0.0.1:9101")
    assert player_origin() == "http://127.0.0.1:9101"
    configure(BAIJIAYUN_PATHS={"expiry": "/playback/expire/"})
    assert vendor_client(Lane.SYNC)._endpoints["expiry"].path == "playback/expire"
