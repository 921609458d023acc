"""What is missing for mails is said by ``manage.py check``."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from playback.checks import check_mail_settings

GOOD = {
    "SITE_URL": "https://backoffice.example.org",
    "EMAIL_URL": "smtp+tls://mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "backoffice@example.org",
    "EXPIRY_DIGEST_DAYS": 14,
    "PRODUCTION": True,
}


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({}, []),
        ({"SITE_URL": " "}, ["playback.W030"]),
        ({"SITE_URL": "backoffice.example.org"}, ["playback.E030"]),
        ({"SITE_URL": "https://backoffice.example.org/?next=1"}, ["playback.E030"]),
        ({"SITE_URL": "http://127.0.0.1:8000/"}, []),
        ({"EMAIL_URL": ""}, ["playback.W031"]),
        ({"DEFAULT_FROM_EMAIL": "backoffice@localhost"}, ["playback.W032"]),
        ({"DEFAULT_FROM_EMAIL": "backoffice@localhost", "PRODUCTION": False}, []),
        ({"EXPIRY_DIGEST_DAYS": 0}, ["playback.E031"]),
    ],
)
def test_what_is_missing_is_named(settings: Any, values: dict[str, Any], ids: list[str]) -> None:
    for name, value in (GOOD | values).items():
        setattr(settings, name, value)
    assert [message.id for message in check_mail_settings()] == ids


def test_the_checks_are_registered(settings: Any) -> None:
    settings.SITE_URL = ""
    assert "playback.W030" in {message.id for message in run_checks()}
