"""The sandbox's player, opened as a viewer's browser would."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import requests
from django.contrib.auth.models import User

from playback.models import PlayLink
from playback.play_links.making import Result
from playback.play_links.terms import Terms
from tests.factories import person

A_DAY = Terms(PlayLink.Kind.TIMED, round(timedelta(days=1).total_seconds()))
FOR_EVER = Terms(PlayLink.Kind.TIMED)
ONCE = Terms(PlayLink.Kind.ONE_TIME)


def maker() -> User:
    return person("course staff", username="maker")


def opened(url: str) -> requests.Response:
    return requests.get(url, timeout=5)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def token_of(result: Result) -> str:
    return query_of(result.url)["token"]


__all__ = ["A_DAY", "FOR_EVER", "ONCE", "maker", "opened", "query_of", "token_of"]
