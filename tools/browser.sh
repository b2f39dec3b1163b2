#!/bin/sh
# Installs the headless shell of Debian's Chromium for the browser tests when this is root and apt is there; else
# makes do with a Chromium, or says loudly that they will be skipped.
set -eu
command -v chromium-headless-shell >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian's Chromium (headless shell) for the browser tests"
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell) >/tmp/aidial-chromium.log 2>&1 && exit 0
    tail -5 /tmp/aidial-chromium.log >&2
fi
command -v chromium >/dev/null 2>&1 && exit 0
echo "################################################################" >&2
echo "# No Chromium: the browser tests will be SKIPPED.              #" >&2
echo "################################################################" >&2
