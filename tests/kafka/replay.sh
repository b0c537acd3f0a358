#!/usr/bin/env bash
# Plays recorded scenarios of a Kafka broker to Loire: tests/kafka/replay.sh FOLDER OUT
# FOLDER has files of scenarios (AREA.json, see README.md), OUT gets files of the same names with what Loire answered. The node is this script's own: on a free port,
# in a directory that is removed at the end.
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "usage: $0 FOLDER OUT" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
echo "building" >&2
dotnet build "$here/Kafka.Replay/Kafka.Replay.csproj" -c Release --nologo -v quiet >&2
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/loire-replay-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
dotnet "$here/Kafka.Replay/bin/Release/net10.0/Loire.Kafka.Replay.dll" "$1" "$2"
