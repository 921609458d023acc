"""Misconfiguration of the vendor's account and of mail, said by ``manage.py check`` and at every start.

An account that is not set up is a warning: everything but the vendor calls works, and those say what is missing. A
setting that is there and cannot work is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from playback import conf
from playback.vendor.codes import ProductType
from playback.vendor.errors import VendorMisconfigured

VENDOR_LIMIT = 200  # calls in any 10 s
LONGEST_TIMEOUT = 60.0  # s
SHORTEST_KEY = 8  # the vendor's have 88 characters
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def check_vendor_settings(**_: Any) -> list[CheckMessage]:
    return [*_account(), *_address(), *_paths(), *_limits(), *_trash(), *_callbacks()]


def check_mail_settings(**_: Any) -> list[CheckMessage]:
    return [*_site(), *_mail()]


def _account() -> Iterator[CheckMessage]:
    partner_id, partner_key = str(settings.BAIJIAYUN_PARTNER_ID), str(settings.BAIJIAYUN_PARTNER_KEY)
    if not partner_id.strip():
        yield Warning("BAIJIAYUN_PARTNER_ID is not set: no vendor call can be made.", id="playback.W001")
    elif not (partner_id.strip().isascii() and partner_id.strip().isdigit()):
        yield Error("BAIJIAYUN_PARTNER_ID is not a number.", id="playback.E001")
    if not partner_key.strip():
        yield Warning("BAIJIAYUN_PARTNER_KEY is not set: no vendor call can be made.", id="playback.W002")
    elif len(partner_key.split()) != 1 or not partner_key.isascii():
        yield Error("BAIJIAYUN_PARTNER_KEY has spaces or foreign characters inside.", id="playback.E002")
    elif len(partner_key.strip()) < SHORTEST_KEY and settings.PRODUCTION:
        yield Warning("BAIJIAYUN_PARTNER_KEY is shorter than any key of the vendor.", id="playback.W003")


def _address() -> Iterator[CheckMessage]:
    domain, url = str(settings.BAIJIAYUN_PRIVATE_DOMAIN).strip(), str(settings.BAIJIAYUN_BASE_URL).strip()
    if not domain and not url:
        yield Warning(
            "Neither BAIJIAYUN_PRIVATE_DOMAIN nor BAIJIAYUN_BASE_URL is set: no vendor call can be made.",
            id="playback.W004",
        )
        return
    if domain and url and settings.PRODUCTION:
        yield Warning(
            "BAIJIAYUN_PRIVATE_DOMAIN and BAIJIAYUN_BASE_URL are both set: the base URL is used.", id="playback.W005"
        )
    try:
        address = urlsplit(conf.base_url())
    except VendorMisconfigured as error:
        yield Error(f"{error}.", id="playback.E003")
        return
    if settings.PRODUCTION and address.scheme == "http" and address.hostname not in _LOOPBACK:
        yield Error(
            "BAIJIAYUN_BASE_URL is http: tokens and the school's data would go over the network in the clear.",
            hint="Use https, or a proxy on this machine.",
            id="playback.E004",
        )


def _paths() -> Iterator[CheckMessage]:
    if not isinstance(settings.BAIJIAYUN_PATHS, dict):
        yield Error("BAIJIAYUN_PATHS is not a JSON object of name → path.", id="playback.E005")
        return
    try:
        conf.endpoints()
    except VendorMisconfigured as error:
        yield Error(f"{error}.", hint="manage.py vendor_calls lists the names.", id="playback.E005")


def _limits() -> Iterator[CheckMessage]:
    known = {product.value for product in ProductType if product != ProductType.ALL}
    types = set(settings.BAIJIAYUN_PRODUCT_TYPES)
    if not types or types - known:
        yield Error(
            f"BAIJIAYUN_PRODUCT_TYPES must name one or more of {', '.join(map(str, sorted(known)))}.",
            id="playback.E006",
        )
    calls, timeout = settings.BAIJIAYUN_CALLS_PER_WINDOW, settings.BAIJIAYUN_TIMEOUT
    if calls < 1:
        yield Error("BAIJIAYUN_CALLS_PER_WINDOW is less than one call.", id="playback.E007")
    elif calls > VENDOR_LIMIT:
        yield Warning(
            f"BAIJIAYUN_CALLS_PER_WINDOW is over the vendor's limit of {VENDOR_LIMIT} calls in any 10 s: calls past it "
            "fail.",
            id="playback.W006",
        )
    if timeout <= 0:
        yield Error("BAIJIAYUN_TIMEOUT must be more than 0 s.", id="playback.E008")
    elif timeout > LONGEST_TIMEOUT:
        yield Warning(
            f"BAIJIAYUN_TIMEOUT is over {LONGEST_TIMEOUT:g} s: a person would wait that long.", id="playback.W007"
        )


def _site() -> Iterator[CheckMessage]:
    url = str(settings.SITE_URL).strip()
    if not url:
        yield Warning("SITE_URL is not set: the mails about what expires have no links.", id="playback.W030")
        return
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        yield Error("SITE_URL is not the http or https address of this site.", id="playback.E030")


def _mail() -> Iterator[CheckMessage]:
    if not settings.EMAIL_URL:
        yield Warning("EMAIL_URL is not set: nobody is mailed about what expires.", id="playback.W031")
    elif settings.PRODUCTION and str(settings.DEFAULT_FROM_EMAIL).endswith("@localhost"):
        yield Warning(
            "DEFAULT_FROM_EMAIL is not set: mail servers refuse mails from this machine's own name.", id="playback.W032"
        )
    if settings.EXPIRY_DIGEST_DAYS < 1:
        yield Error("EXPIRY_DIGEST_DAYS must be one day or more.", id="playback.E031")


def _trash() -> Iterator[CheckMessage]:
    if not 1 <= settings.TRASH_DAYS <= conf.MOST_TRASH_DAYS:
        yield Error(f"TRASH_DAYS must be between 1 and {conf.MOST_TRASH_DAYS} days.", id="playback.E009")


def _callbacks() -> Iterator[CheckMessage]:
    parts = urlsplit(str(settings.SITE_URL).strip())
    if settings.PRODUCTION and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        yield Warning("SITE_URL is http: callbacks would come over the network in the clear.", id="playback.W040")
    if settings.BAIJIAYUN_CALLBACK_WINDOW < 0 or settings.CALLBACK_OVERDUE_SECONDS <= 0:
        yield Error(
            "BAIJIAYUN_CALLBACK_WINDOW must be 0 or more, CALLBACK_OVERDUE_SECONDS more than 0.", id="playback.E040"
        )
    if any(len(key.split()) != 1 or not key.isascii() for key in settings.BAIJIAYUN_CALLBACK_KEYS):
        yield Error(
            "BAIJIAYUN_CALLBACK_KEYS has an empty key, or one with spaces or foreign characters.", id="playback.E041"
        )
