"""Loaded as a pytest plugin before Django reads its settings: what the suite runs on.

Every test process (each xdist worker) gets a folder and an embedded Valkey server of its own, so tests run in
parallel and need no service. ``BACKOFFICE_TEST_DATABASE`` and ``BACKOFFICE_TEST_REDIS`` win: that is how the service
tests run on a real PostgreSQL and Redis (see ``tests/run.py``).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from playback.demo.embedded import EmbeddedValkey

folder = Path(tempfile.mkdtemp(prefix="backoffice-test-"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["ENVIRONMENT"] = "test"
os.environ["VAR_DIR"] = str(folder)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # pytest-playwright keeps an event loop in the test's thread
os.environ.setdefault("LOG_LEVEL", "WARNING")
for name in [name for name in os.environ if name.startswith("BAIJIAYUN_")]:
    del os.environ[name]  # a developer's real account never meets the tests
if os.environ.get("BACKOFFICE_TEST_REDIS", ""):
    # A database number of its own for each test process, from the last of the usual sixteen down.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = f"{os.environ['BACKOFFICE_TEST_REDIS']}/{15 - worker}"
else:
    valkey = EmbeddedValkey(folder / "valkey").start()
    atexit.register(valkey.stop)
    os.environ["REDIS_URL"] = valkey.url
if os.environ.get("BACKOFFICE_TEST_DATABASE", ""):
    os.environ["DATABASE_URL"] = os.environ["BACKOFFICE_TEST_DATABASE"]
else:
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
