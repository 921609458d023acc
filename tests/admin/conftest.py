"""Signed-in people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import person


@pytest.fixture
def signed_in(db: None) -> Callable[[str], Client]:
    """A client signed in as a new member of the named group (a superuser for "superuser")."""

    def sign_in(group: str) -> Client:
        client = Client()
        user = User.objects.create_superuser("chief") if group == "superuser" else person(group)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def staff(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("course staff")


@pytest.fixture
def teacher(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("teacher")


@pytest.fixture
def administrator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("administrator")
