"""``manage.py`` for somebody who is still setting it up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("environment", "named"),
    [({"ENVIRONMENT": "production"}, "SECRET_KEY"), ({"ENVIRONMENT": "staging"}, "ENVIRONMENT")],
)
def test_a_setting_that_is_missing_or_wrong_is_one_sentence(environment: dict[str, str], named: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in {"ENVIRONMENT", "SECRET_KEY"}}
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=inherited | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    [sentence] = answer.stderr.strip().splitlines()
    assert named in sentence
    assert ".env.example" in sentence
