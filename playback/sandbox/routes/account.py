"""The account's own settings: the callback URL, and its key."""

from __future__ import annotations

import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

from ..call import Call, route
from ..refusal import bad_parameter


@route("set_callback_url")
def set_callback_url(call: Call) -> dict[str, Any]:
    url = call.parameters.text("url", longest=1000)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_parameter("url", "必须以http://或https://开头")
    call.state.set_setting("callback_url", url)
    return {"url": url}


@route("callback_url")
def callback_url(call: Call) -> dict[str, Any]:
    return {"url": call.state.setting("callback_url", "")}


@route("create_key")
def create_key(call: Call) -> dict[str, Any]:
    """The account's key for its secret; ``regenerate=1`` makes a new one, which all later calls must be signed with."""
    account = call.state.account()
    if not hmac.compare_digest(call.parameters["secret_key"].encode(), account["secret_key"].encode()):
        raise bad_parameter("secret_key", "不正确")
    if not call.parameters.flag("regenerate"):
        return {"partner_key": account["partner_key"]}
    fresh = secrets.token_urlsafe(48)
    call.state.set_account(account["partner_id"], fresh, account["secret_key"])
    return {"partner_key": fresh}
