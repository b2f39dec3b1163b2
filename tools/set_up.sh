#!/bin/sh
# Builds the virtual environment from a lock file. Usage: set_up.sh run|dev [PYTHON] VENV; an empty PYTHON is chosen here.
# Hashes are required, so what is installed is what was locked, whatever index it comes from.
set -eu
kind=$1 python=$2 venv=$3

# Compiled without profiles, as version managers do unless told, Python takes up to a third more CPU a request than the
# distribution's own. That one is taken instead where it is new enough and can make environments.
is_profiled() {
    "$1" -c 'import sys, sysconfig; sys.exit("--enable-optimizations" not in str(sysconfig.get_config_var("CONFIG_ARGS")))'
}
is_fit() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}
if [ -z "$python" ]; then
    python=python3
    if [ ! -x "$venv/bin/python" ] && ! is_profiled python3 && is_fit /usr/bin/python3; then
        python=/usr/bin/python3
    fi
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "AiDial needs Python 3.11 or newer; $python is $("$python" --version 2>&1)." >&2
    echo "Name another with: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
}
lock=requirements.lock
[ "$kind" = dev ] && lock=requirements-dev.lock
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
    echo "A virtual environment could not be made. On Debian: apt-get install python3-venv" >&2
    exit 1
}
echo "Installing $lock into $venv (about a minute the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch "$venv/.$kind"
[ "$kind" = dev ] && touch "$venv/.run"
exit 0
