#!/bin/sh
# Installs Chromium for the tests of the page, where that is possible without asking; else they are skipped.
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No Chromium: the tests of the page will be skipped." >&2
    exit 0
fi
(apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium) >/dev/null 2>&1 ||
    echo "Chromium could not be installed: the tests of the page will be skipped." >&2
