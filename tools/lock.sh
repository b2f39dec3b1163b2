#!/bin/sh
# Resolves both lock files anew for Python 3.11 and newer, with hashes and without any index line.
set -eu
compile="uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet"
$compile --extra setup -o requirements.lock
$compile --extra setup --extra dev -c requirements.lock -o requirements-dev.lock
