#!/usr/bin/env bash
# Install what the system tests need, with apt and as root; say clearly what could not be had.
set -u
needed=(softhsm2 haproxy systemd postfix dovecot-imapd dovecot-lmtpd)
missing=()
for package in "${needed[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "make test-system: no apt-get here; install these by other means: ${missing[*]}" >&2
    exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
echo "make test-system: installing ${missing[*]}" >&2
if ! { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; } \
        >/tmp/rempart-apt.log 2>&1; then
    tail -n 5 /tmp/rempart-apt.log >&2
    echo "make test-system: could not install ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
    exit 1
fi
