#!/usr/bin/env bash
# Builds Loire and starts a cluster on this machine: Azurite for the store and the membership table, and N nodes (three unless told otherwise).
#   ./cluster.sh [N] [--data DIR] [--clustering azure|postgres] [NODE OPTIONS]
# Node 1 serves HTTP on port 8080, Kafka's clients on 9092 and .NET clients on 30001, node 2 on 8081, 9093 and 30002, and so on. Ctrl-C or SIGTERM stops everything.
# Without --data, the data is gone then. With --clustering postgres, the membership table is in a PostgreSQL of its own, which must be installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
count=3 data='' clustering=azure options=()
if [[ ${1:-} =~ ^[1-9]$ ]]; then
  count=$1
  shift
fi
while [ $# -gt 0 ]; do
  case $1 in
    --data) data=${2:?--data needs a directory}; shift 2 ;;
    --clustering) clustering=${2:?--clustering needs azure or postgres}; shift 2 ;;
    --help | -h) sed -n '2,5s/^# \?//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) options+=("$1"); shift ;;
  esac
done

case $clustering in
  azure) ;;
  postgres)
    postgres=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -1)")
    [ -e "$postgres/initdb" ] || { echo "PostgreSQL is not installed: apt-get install postgresql" >&2; exit 1; }
    ;;
  *) echo "--clustering must be azure or postgres." >&2; exit 2 ;;
esac

azurite=$here/tests/azurite/node_modules/.bin/azurite
if [ ! -e "$azurite" ]; then
  command -v npm >/dev/null || { echo "Azurite needs Node 20 with npm." >&2; exit 1; }
  echo "installing Azurite" >&2
  (cd "$here/tests/azurite" && npm ci --no-audit --no-fund --silent) >&2
fi
node=$here/src/Silo/bin/Release/net10.0/Loire.Silo.dll
[ -e "$node" ] || echo "building for the first time" >&2
dotnet build "$here/src/Silo/Silo.csproj" -c Release --nologo -v quiet >&2

work=$(mktemp -d)
chmod 711 "$work"
keeps=${data:+yes}
data=${data:-$work/data}
mkdir -p "$data"
pids=() database=''

# The nodes stop first, each in order, and the store after them.
stop() {
  trap '' INT TERM
  [ ${#pids[@]} -le 1 ] || kill "${pids[@]:1}" 2>/dev/null || true
  [ ${#pids[@]} -le 1 ] || wait "${pids[@]:1}" 2>/dev/null || true
  # Azurite writes its metadata every five seconds, and when it is asked to stop.
  [ ${#pids[@]} = 0 ] || kill "${pids[0]}" 2>/dev/null || true
  [ -z "$database" ] || kill -INT "$database" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
  [ -z "$keeps" ] || echo "the data is in $data"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts a command whose lines get a prefix. A new session, so that Ctrl-C reaches only this script, which stops the nodes before their store.
begin() {
  local prefix=$1
  shift
  setsid "$@" > >(exec setsid sed -u "s/^/$prefix | /") 2>&1 &
  pids+=($!)
}
fail() {
  echo "$1" >&2
  exit 1
}

# Port 0 is any free one; Azurite says which.
setsid "$azurite" --silent --disableTelemetry --skipApiVersionCheck --location "$data" --blobPort 0 --queuePort 0 --tablePort 0 >"$work/azurite.log" 2>&1 &
pids+=($!)
address_of() { sed -n "s/^Azurite $1 service is successfully listening at //p" "$work/azurite.log"; }
until [ -n "$(address_of Blob)" ] && [ -n "$(address_of Table)" ]; do
  kill -0 "${pids[0]}" 2>/dev/null || fail "Azurite did not start: $(cat "$work/azurite.log")"
  sleep 0.1
done

# The account and key that every Azurite has, published in its documentation.
account='AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
LOIRE_AZURE_CONNECTION="DefaultEndpointsProtocol=http;$account;BlobEndpoint=$(address_of Blob)/devstoreaccount1;TableEndpoint=$(address_of Table)/devstoreaccount1;"
export LOIRE_AZURE_CONNECTION
provider=AzureTableStorage invariant='' connection=$LOIRE_AZURE_CONNECTION

# A database of this cluster alone, without a password on the loopback address. It refuses to run as root, which is postgres then.
if [ "$clustering" = postgres ]; then
  as_owner=() folder=$work/postgres
  mkdir "$folder"
  if [ "$(id -u)" = 0 ]; then
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$folder"
  fi
  "${as_owner[@]}" "$postgres/initdb" -D "$folder/data" -U loire --auth=trust --no-sync >"$work/initdb.log" 2>&1 || fail "$(tail -3 "$work/initdb.log")"
  port=$((20000 + RANDOM % 10000))
  setsid "${as_owner[@]}" "$postgres/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$work/postgres.log" 2>&1 &
  database=$!
  provider=AdoNet invariant=Npgsql connection="Host=127.0.0.1;Port=$port;Username=loire;Database=postgres"
  until grep -q 'ready to accept connections' "$work/postgres.log"; do
    kill -0 "$database" 2>/dev/null || fail "PostgreSQL did not start: $(tail -3 "$work/postgres.log")"
    sleep 0.1
  done
  dotnet "$node" cluster init-db --clustering-connection "$connection" >&2
fi
export LOIRE_CLUSTERING=$clustering LOIRE_CLUSTERING_CONNECTION=$connection
for ((id = 1; id <= count; id++)); do
  begin "node $id" dotnet "$node" --storage azure --node-id "$id" \
    --urls "http://127.0.0.1:$((8079 + id))" --kafka "127.0.0.1:$((9091 + id))" --gateway-port "$((30000 + id))" "${options[@]}"
done
for ((id = 1; id <= count; id++)); do
  until curl -sf -o /dev/null "http://127.0.0.1:$((8079 + id))/readyz"; do
    kill -0 "${pids[id]}" 2>/dev/null || fail "node $id did not start"
    sleep 0.1
  done
done

printf '\n%-8s %-24s %-18s %s\n' node HTTP Kafka process
for ((id = 1; id <= count; id++)); do
  printf '%-8s %-24s %-18s %s\n' "$id" "http://127.0.0.1:$((8079 + id))" "127.0.0.1:$((9091 + id))" "${pids[id]}"
done
printf '%-8s %-24s %-18s %s\n\n' azurite "$(address_of Blob)" '' "${pids[0]}"

# How a .NET client finds the cluster (samples/Console).
cat >"$work/client.env" <<VARIABLES
export Orleans__Clustering__ProviderType=$provider Orleans__Clustering__Invariant=$invariant
export Orleans__Clustering__ConnectionString='$connection'
VARIABLES
printf 'variables for .NET clients: . %s\n\n' "$work/client.env"

# A node that ends, or is killed to see what the others do, does not end the cluster.
wait "${pids[@]:1}" || true
