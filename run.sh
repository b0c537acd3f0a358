#!/usr/bin/env bash
# Builds Loire and starts one node. Every argument goes to the node: ./run.sh --data DIR --urls URL, ./run.sh --help, ./run.sh store repair
set -euo pipefail
loire_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
loire_node=$loire_here/src/Silo/bin/Release/net10.0/Loire.Silo.dll
if [ ! -e "$loire_node" ]; then
  # The first build restores packages and compiles everything, which takes a minute or two: it says what it has built.
  echo "building for the first time" >&2
  dotnet build "$loire_here/src/Silo/Silo.csproj" -c Release --nologo -v minimal >&2
else
  dotnet build "$loire_here/src/Silo/Silo.csproj" -c Release --nologo -v quiet >&2
fi
# exec: a signal sent to this script's process reaches the node itself.
exec dotnet "$loire_node" "$@"
