# The commands people type. Everything runs out of .venv; nothing is installed outside of this folder.
PORT ?= 8000
PYTHON ?= python3
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench messages lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## make .venv with the pinned requirements

.venv/installed: requirements-dev.txt requirements-bootstrap.txt
	@PYTHON="$(PYTHON)" sh config/install.sh

demo: .venv/installed  ## start everything on embedded defaults: http://127.0.0.1:8000 (PORT=8123 for another)
	@$(PY) manage.py demo --port "$(PORT)"

test: .venv/installed  ## all tests; those for PostgreSQL and Redis too where they answer
	@$(PY) -m tests.run $(ARGS)

check: .venv/installed  ## format, lint, types, import contracts, templates, deployment checks, missing migrations
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	ENVIRONMENT=test .venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	git ls-files -z 'templates/*.html' | xargs -0 -r .venv/bin/djade --check --target-version 5.2
	git ls-files -z 'templates/*.html' | xargs -0 -r .venv/bin/djlint --lint --quiet
	ENVIRONMENT=test $(PY) manage.py makemigrations --check --dry-run
	env -i PATH="$$PATH" LOG_LEVEL=WARNING ENVIRONMENT=production \
	  SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))') \
	  ALLOWED_HOSTS=backoffice.example.org BAIJIAYUN_PARTNER_ID=12345678 BAIJIAYUN_PARTNER_KEY=check-only \
	  BAIJIAYUN_PRIVATE_DOMAIN=e12345678 DATABASE_URL=postgres://u:p@db.example.org/backoffice \
	  SITE_URL=https://backoffice.example.org EMAIL_URL=smtp+tls://u:p@mail.example.org:587 \
	  DEFAULT_FROM_EMAIL=backoffice@example.org \
	  $(PY) manage.py check --deploy --fail-level WARNING

format: .venv/installed  ## format code and templates
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	git ls-files -z 'templates/*.html' | xargs -0 -r .venv/bin/djade --target-version 5.2

bench: .venv/installed  ## speed as ratios, each against a named base in the same run
	@ENVIRONMENT=test $(PY) -m benchmarks.run $(ARGS)

messages: .venv/installed  ## renew the Chinese catalogue from the code and templates
	@ENVIRONMENT=test $(PY) manage.py messages

lock: .venv/installed  ## renew the pinned requirements with their hashes
	.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --upgrade requirements.in -o requirements.txt
	.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --upgrade requirements-dev.in -c requirements.txt -o requirements-dev.txt
	$(PY) -c "import re, pathlib; t = pathlib.Path('requirements-dev.txt').read_text(); pathlib.Path('requirements-bootstrap.txt').write_text(re.search(r'^uv==.*?(?=^    # via)', t, re.M | re.S)[0])"

clean:  ## remove .venv and everything the demo wrote
	rm -rf .venv var staticfiles
