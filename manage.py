#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("ENVIRONMENT", "demo")  # needs no secrets: it makes its own
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        # A setting that is missing or wrong is for whoever sets this up: one sentence, and not where it was read.
        raise SystemExit(f"Settings: {wrong} (see .env.example and README, Settings)") from None


if __name__ == "__main__":
    main()
