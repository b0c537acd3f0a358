#!/usr/bin/env bash
# Makes a node one folder that needs nothing else on the machine: the runtime is in it, and all code is compiled for the machine already.
#   ./publish.sh [RID] [FOLDER]     linux-x64 by default, to artifacts/node-RID; --no-check behind them starts nothing
set -euo pipefail
cd "$(dirname "$0")"
rid=${1:-linux-x64} folder=${2:-artifacts/node-${1:-linux-x64}} check=${3:-}

# Half as much again as it has today: whoever adds that much should know.
bound_mb=300

rm -rf "$folder"
dotnet publish src/Silo -c Release -r "$rid" --self-contained -p:PublishReadyToRun=true -p:DebugType=none -o "$folder" --nologo -v quiet
rm -f "$folder"/*.xml
size_mb=$(du -sm "$folder" | cut -f1)
echo "$folder: $size_mb MB, $(find "$folder" -type f | wc -l) files; start it with $folder/Loire.Silo --data DIR"
[ "$size_mb" -le $bound_mb ] || { echo "the folder has more than $bound_mb MB"; exit 1; }
[ "$check" != --no-check ] || exit 0

# Does it start, serve and stop?
data=$(mktemp -d)
log=$data/log
begun=$(date +%s%N)
"$folder/Loire.Silo" --data "$data/store" --urls http://127.0.0.1:0 --kafka none >"$log" 2>&1 &
node=$!
trap 'kill -9 $node 2>/dev/null || true; rm -rf "$data"' EXIT
url=
for _ in $(seq 600); do
  url=$(grep -o 'listens on http://[0-9.:]*' "$log" | head -1 | sed 's/listens on //') || true
  [ -z "$url" ] && kill -0 $node 2>/dev/null && sleep 0.05 || break
done
[ -n "$url" ] || { echo "the node did not start:"; cat "$log"; exit 1; }
ready_ms=$((($(date +%s%N) - begun) / 1000000))
curl -sf "$url/readyz" >/dev/null
curl -sf "$url/v1/topics" -H 'Content-Type: application/json' -d '{"topic_name":"published","partitions_count":1}' >/dev/null
echo hello | curl -sf "$url/v1/topics/published/records" -H 'Content-Type: text/plain' --data-binary @- >/dev/null
back=$(curl -sf "$url/v1/topics/published/partitions/0/records?offset=earliest" -H 'Accept: text/plain')
memory_mb=$(($(awk '/VmRSS/ { print $2 }' /proc/$node/status) / 1024))
kill -TERM $node
code=0
wait $node || code=$?
[ "$back" = hello ] && [ $code = 0 ] || { echo "it returned '$back' and ended with $code:"; cat "$log"; exit 1; }
echo "ready after $ready_ms ms, $memory_mb MB resident with a topic, stopped with code 0"
