#!/usr/bin/env bash
# Runs the same work on Loire and on what is installed of its peers, and prints the ratios. benchmarks/peers.sh --help lists the options.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dotnet build "$here/Peers/Peers.Benchmarks.csproj" -c Release --nologo -v quiet >&2
# exec: a signal sent to this script's process stops the servers, too.
exec dotnet "$here/Peers/bin/Release/net10.0/Loire.Peers.Benchmarks.dll" "$@"
