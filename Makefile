PY := .venv/bin/python

.PHONY: lock
lock:  ## renew the pinned requirements with their hashes
	.venv/bin/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --upgrade requirements.in -o requirements.txt
	.venv/bin/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --upgrade requirements-dev.in -c requirements.txt -o requirements-dev.txt
