#!/bin/sh
# Makes .venv with the pinned requirements. Each thing that may be missing on a new machine is one clear sentence.
set -eu
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || say "$python is missing: install Python 3.11 or newer (Debian: apt-get install python3)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  say "$($python --version) is too old: Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11 …)."

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
  rm -rf .venv
  echo "Making .venv …"
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    # Some Debians ship Python without ensurepip; a pip of the machine's own can fill the environment instead.
    "$python" -m pip --version >/dev/null 2>&1 ||
      say "Python here has neither venv's ensurepip nor pip: install one (Debian: apt-get install python3-venv)."
    "$python" -m venv --without-pip .venv
  else
    "$python" -m venv .venv
  fi
fi

echo "Installing the pinned requirements …"
if .venv/bin/python -m pip --version >/dev/null 2>&1; then
  set -- .venv/bin/python -m pip
else
  set -- "$python" -m pip --python .venv/bin/python
fi
"$@" install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt ||
  say "The requirements could not be downloaded: check the network, or the package index that pip is set up for."
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements-dev.txt ||
  "$@" install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt ||
  say "The requirements could not be installed: the lines above say which."
touch .venv/installed
