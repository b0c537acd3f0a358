#!/usr/bin/env bash
# Builds Loire and starts one node. Every argument goes to the node: ./run.sh --data DIR --urls URL, ./run.sh --help, ./run.sh store repair
set -euo pipefail
loire_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dotnet build "$loire_here/src/Silo/Silo.csproj" -c Release --nologo -v quiet >&2
# exec: a signal sent to this script's process reaches the node itself.
exec dotnet "$loire_here/src/Silo/bin/Release/net10.0/Loire.Silo.dll" "$@"
