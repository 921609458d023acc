"""What ``manage.py demo`` and the tests stand on: an embedded Valkey, and a supervisor of processes. Not production."""
