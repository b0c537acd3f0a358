#!/usr/bin/env bash
# Installs the peers from Debian's packages, where this user may; otherwise says what is missing. The services that the packages bring are not left running.
set -euo pipefail
missing=()
for package in redis-server nats-server; do
  command -v "$package" >/dev/null || [ -x "/usr/sbin/$package" ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "redis-server and nats-server are installed"
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed: ${missing[*]}. As root on Debian or Ubuntu: apt-get install ${missing[*]}" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
if [ -d /run/systemd/system ]; then
  systemctl disable --now "${missing[@]}"
fi
echo "installed: ${missing[*]}"
