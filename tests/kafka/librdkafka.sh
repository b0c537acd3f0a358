#!/usr/bin/env bash
# Runs librdkafka's own tests, as Debian's source package has them, against nodes of their own. For nights: it takes half an hour or more.
#   tests/kafka/librdkafka.sh              what librdkafka.txt says that passes
#   tests/kafka/librdkafka.sh all          every test, to see whether the list can grow
#   tests/kafka/librdkafka.sh NAME ...     these tests
# It needs a C compiler, make, zlib and Debian's package sources; what it downloads and builds stays in artifacts/librdkafka.
# Ends with the line "N passed, N failed, N skipped"; the log of each test is in artifacts/librdkafka/logs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
work=$root/artifacts/librdkafka
list=$here/librdkafka.txt
longest=${LOIRE_LIBRDKAFKA_TIMEOUT:-300}
mkdir -p "$work/logs"
work=$(cd "$work" && pwd)

fetch() {
  local apt="$work/apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  # The sources of the packages that this machine installs from, without a change to its own lists.
  {
    grep -hE '^deb ' /etc/apt/sources.list 2>/dev/null | sed 's/^deb /deb-src /' || true
  } >"$apt/own.list"
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types: deb$/Types: deb-src/' "$file" >"$apt/$(basename "$file")"
  done
  local options=(-o "Dir::Etc::sourcelist=$apt/own.list" -o "Dir::Etc::sourceparts=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache")
  apt-get "${options[@]}" update >"$work/apt.log" 2>&1
  (cd "$work" && apt-get "${options[@]}" source --download-only librdkafka >>apt.log 2>&1 && tar xf librdkafka_*.orig.tar.gz)
}

suite() { echo "$work"/librdkafka-*/tests; }
if [ ! -d "$(suite)" ]; then
  echo "downloading the source"
  fetch
fi
tests=$(suite)
if [ ! -x "$tests/test-runner" ]; then
  echo "building it, which takes some minutes"
  (cd "$tests/.." && ./configure --disable-gssapi --disable-ssl --disable-curl --disable-lz4-ext && make -j2 libs && make -j2 -C tests build) >"$work/build.log" 2>&1 \
    || { tail -20 "$work/build.log"; exit 1; }
fi
dotnet build "$root/src/Silo/Silo.csproj" -c Release --nologo -v quiet

data=$(mktemp -d) pids=()
stop() {
  [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$data"
}
trap stop EXIT

# Starts a node; leaves its address for clients in $address.
begin() {
  local name=$1
  shift
  dotnet "$root/src/Silo/bin/Release/net10.0/Loire.Silo.dll" --data "$data/$name" --urls http://127.0.0.1:0 --kafka 127.0.0.1:0 \
    --num-partitions 4 "$@" >"$work/logs/node-$name.log" 2>&1 &
  pids+=($!)
  until address=$(grep -oE '127\.0\.0\.1:[1-9][0-9]* for Kafka' "$work/logs/node-$name.log" | cut -d' ' -f1) && [ -n "$address" ]; do
    kill -0 "${pids[-1]}" 2>/dev/null || { cat "$work/logs/node-$name.log"; exit 1; }
    sleep 0.1
  done
}
begin default
default=$address
begin noautocreate --auto-create-topics false
noautocreate=$address

# The names and scenarios of the tests, as the runner's table has them.
declare -A scenarios=()
names=()
while read -r name scenario; do
  names+=("$name")
  scenarios[$name]=$scenario
done < <(sed -n '/struct test tests\[\]/,/^};/p' "$tests/test.c" | tr '\n' ' ' | sed 's/_TEST(/\n_TEST(/g' \
  | sed -nE 's/^_TEST\(([0-9]{4}_[A-Za-z0-9_]+)(.*scenario = "([a-z]+)")?.*/\1 \3/p')

passing() { sed -nE 's/^([0-9]{4}_[A-Za-z0-9_]+)$/\1/p' "$list"; }
case ${1:-} in
  '') mapfile -t wanted < <(passing) ;;
  all) wanted=("${names[@]}") ;;
  *) wanted=("$@") ;;
esac

passed=0 skipped=0 failed=()
for name in "${wanted[@]}"; do
  scenario=${scenarios[$name]:-}
  where=$default
  [ "$scenario" != noautocreate ] || where=$noautocreate
  printf 'metadata.broker.list=%s\ntest.topic.random=true\ntest.timeout.multiplier=3\n' "$where" >"$work/test.conf"
  begun=$SECONDS
  if (cd "$tests" && RDKAFKA_TEST_CONF="$work/test.conf" TESTS=$name TEST_SCENARIO=${scenario:-default} TEST_KAFKA_VERSION=3.4.0 \
    LD_LIBRARY_PATH=../src:../src-cpp timeout "$longest" ./test-runner -p1) >"$work/logs/$name.log" 2>&1; then
    # The runner's table says what it left out, such as what needs a tool that is not here.
    if grep -qE "\\| *$name +\\|.*PASSED" <(sed 's/\x1b\[[0-9;]*m//g' "$work/logs/$name.log"); then
      passed=$((passed + 1)) outcome=passed
    else
      skipped=$((skipped + 1)) outcome=skipped
    fi
    printf '%-50s %s %4ds\n' "$name" "$outcome" $((SECONDS - begun))
  else
    failed+=("$name")
    printf '%-50s FAILED %4ds\n' "$name" $((SECONDS - begun))
  fi
done
[ ${#failed[@]} = 0 ] || printf 'failing: %s\n' "${failed[*]}"
echo "$passed passed, ${#failed[@]} failed, $skipped skipped"
[ ${#failed[@]} = 0 ]
