#!/usr/bin/env bash
# Does what the Dockerfile does, without Docker: its RUN lines in a copy of the tree, then its entry point with its environment, as its user, on a file system that can
# only be written to in the data directory, and its health check. Needs root, for the user and the mounts.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "this needs root, for the user and the mounts"; exit 2; }
file=deploy/docker/Dockerfile
root=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill -9 $node 2>/dev/null || true; rm -rf "$root"' EXIT

echo "copying what .dockerignore leaves"
mkdir "$root/src" "$root/data"
git ls-files -z | xargs -0 cp --parents -t "$root/src"
run=$(sed -n 's/^RUN \(\.\/publish.*\)/\1/p' $file)
echo "running: $run"
(cd "$root/src" && ${run//\/out/$root/app})
chown 1654:1654 "$root/data"

setting() { sed -n "s/.*[ ]$1=\([^ ]*\).*/\1/p" $file | head -1; }
entry=$(sed -n 's/^ENTRYPOINT \["\(.*\)"\]/\1/p' $file)
user=$(sed -n 's/^USER //p' $file)
port=$(setting LOIRE_URLS | sed 's/.*://')
echo "starting $entry as $user on a file system that is read-only but for its data"
chmod 755 "$root"
unshare --mount bash -c '
  set -e
  mount --make-rprivate /
  mount --bind "$1/data" "$1/data"
  mount -o remount,bind,ro /
  ! touch "$1/app/written" 2>/dev/null || { echo "the file system can be written to"; exit 1; }
  cd "$1/app"
  exec setpriv --reuid "$2" --regid "$2" --clear-groups env -i PATH="$PATH" \
    LOIRE_DATA="$1/data/store" LOIRE_URLS="$3" LOIRE_KAFKA="$4" LOIRE_INSECURE=true DOTNET_EnableDiagnostics=0 "$5"
' _ "$root" "$user" "$(setting LOIRE_URLS | sed 's/0\.0\.0\.0/127.0.0.1/')" "$(setting LOIRE_KAFKA | sed 's/0\.0\.0\.0/127.0.0.1/')" "$root$entry" >"$root/log" 2>&1 &
node=$!
health=$(sed -n 's/^HEALTHCHECK.* CMD \[\(.*\)\]$/\1/p' $file | python3 -c 'import json, sys; print(json.loads("[" + sys.stdin.read() + "]")[2])')
for _ in $(seq 300); do
  if bash -c "$health" 2>/dev/null; then healthy=yes; break; fi
  kill -0 $node 2>/dev/null || break
  sleep 0.1
done
[ "${healthy:-no}" = yes ] || { echo "the health check does not succeed:"; cat "$root/log"; exit 1; }
[ "$(stat -c %u "$root/data/store")" = "$user" ] || { echo "the data belongs to somebody else"; exit 1; }
curl -sf "http://127.0.0.1:$port/readyz" >/dev/null
kill -TERM $node
code=0
wait $node || code=$?
[ $code = 0 ] || { echo "the node ended with $code:"; cat "$root/log"; exit 1; }
if bash -c "$health" 2>/dev/null; then echo "the health check succeeds without a node"; exit 1; fi
echo "built, started as $user, healthy, stopped with code 0"
