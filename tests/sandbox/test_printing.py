"""What is written by hand for speed prints what the plain way prints."""

from __future__ import annotations

import hmac
import random
import time

import pytest

from playback.sandbox.rows import beijing
from playback.sandbox.state.standing import StandingKey


@pytest.mark.parametrize("key", [b"", b"k", b"k" * 64, b"k" * 65])
def test_a_standing_token_is_an_hmac(key: bytes):
    standing = StandingKey(key)
    for number in (0, 100_000_007, 1 << 62):  # one after the other: none leaves a trace in the next
        assert standing.token(number) == f"{number:x}-{hmac.digest(key, b'%d' % number, 'sha256').hex()[:32]}"


def test_moments_are_printed_as_strftime_does():
    dice = random.Random(5)
    edges = [day * 86_400 - 8 * 3600 + second for day in (0, 1, 19_782, 19_783) for second in (-1, 0, 59, 60, 86_399)]
    for moment in edges + [dice.randrange(4_000_000_000) for _ in range(500)]:
        assert beijing(moment) == time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment + 8 * 3600))
