#!/usr/bin/env bash
# Builds Loire, installs what its tests need, runs every suite, and ends with the line "N passed, N failed, N skipped".
#   ./test.sh                   everything
#   ./test.sh Log.Tests ...     only these suites
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p artifacts
started=$SECONDS

# No test runs for long enough to get back what the runtime spends on profiles.
export DOTNET_TieredPGO=0

# Suites that bear a slow machine, the longest first, but those of the store after those of clusters, which share a disk with them: they run one after
# the other beside the rest, with what it leaves of the processors. The rest shares disks and timeouts, and runs one by one; once it has ended, its row
# takes what is left of the others.
side=(
  Grains.Tests Log.Tests Cli.Tests Samples.Tests ConsumerProxy.Tests Storage.Tests Kafka.Clients.Tests Doors.Tests Model.Tests Coordination.Tests Kafka.Replay.Tests
  Orleans.Behaviour.Tests Kafka.Ecosystem.Tests Packages.Tests Client.Hosting.Tests Kafka.Tests Architecture.Tests Client.Avro.Tests Client.Protobuf.Tests Edge.Tests
)

# Debian packages that some tests drive: strace injects failing system calls, libfaketime shifts the clock of a process, PostgreSQL and Redis
# keep the membership of a cluster, the others are Kafka's own clients.
wanted=(strace libfaketime postgresql redis-server kcat python3-confluent-kafka python3-kafka python3-lz4 python3-snappy python3-zstandard)

install() {
  local package missing=()
  for package in "${wanted[@]}"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "installing ${missing[*]}"
      { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >artifacts/apt.log 2>&1 \
        || { tail -5 artifacts/apt.log; echo "could not install ${missing[*]}: the tests that need them will be skipped"; }
    else
      echo "not installed: ${missing[*]} (apt-get install them; the tests that need them will be skipped)"
    fi
  fi
  if command -v npm >/dev/null; then
    (cd tests/azurite && npm ci --no-audit --no-fund >../../artifacts/npm.log 2>&1) || { tail -5 artifacts/npm.log; echo "could not install Azurite: its tests will be skipped"; }
    (cd tests/kafka-js && npm ci --no-audit --no-fund >../../artifacts/npm-kafka.log 2>&1) || { tail -5 artifacts/npm-kafka.log; echo "could not install Kafka's clients for Node: their tests will be skipped"; }
    (cd tests/avro && npm ci --no-audit --no-fund >../../artifacts/npm-avro.log 2>&1) || { tail -5 artifacts/npm-avro.log; echo "could not install avsc: its tests will be skipped"; }
  else
    echo "npm is not installed: the tests on Azurite, with avsc and with Kafka's clients for Node will be skipped"
  fi
}

# Downloads wait for the network and the build does not.
install &
installing=$!

# One compiler process for all projects: starting one for each takes about as long as compiling.
echo "building"
built=yes
dotnet build Orleans.sln -c Release --nologo -v quiet -p:UseSharedCompilation=true || built=no
dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1 || true
wait $installing || true
if [ $built = no ]; then
  echo "the build failed"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
echo "built in $((SECONDS - started)) s"

suites=("$@")
if [ ${#suites[@]} -eq 0 ]; then
  mapfile -t suites < <(find tests -name '*.Tests.csproj' -printf '%f\n' | sed 's/\.csproj$//' | sort)
fi

# Each test that failed with the first lines of its message: what follows in a log may be the consequence of what comes first.
failures() {
  awk '/^  Failed / { left = 4 } left > 0 && shown < 80 { print substr($0, 1, 300); left--; shown++ }' "$1"
}

# Runs one suite and prints its line; leaves "passed failed skipped" in artifacts/SUITE.result. What follows the name runs the runner.
run_suite() {
  local suite=$1 begun=$SECONDS log=artifacts/$1.log code=0 f='' p='' s=''
  shift
  "$@" dotnet test "tests/$suite/$suite.csproj" -c Release --no-build --nologo >"$log" 2>&1 || code=$?
  # The runner's own summary: "Passed!  - Failed:     0, Passed:    12, Skipped:     0, Total:    12, ..."
  read -r f p s < <(sed -nE 's/.*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+),.*/\1 \2 \3/p' "$log" | tail -1) || true
  if [ -z "$p" ]; then
    p=0 f=1 s=0
    printf '%-26s did not finish\n' "$suite"
  else
    [ "$code" = 0 ] || [ "$f" -gt 0 ] || f=1
    printf '%-26s %5d passed %3d failed %3d skipped %4ds\n' "$suite" "$p" "$f" "$s" $((SECONDS - begun))
  fi
  echo "$p $f $s" >"artifacts/$suite.result"
  [ "$f" = 0 ] || { failures "$log"; grep -vE '^\s*$' "$log" | tail -40; }
}

is_in() { [[ " ${*:2} " == *" $1 "* ]]; }

# Runs the suites of the side row that nobody has taken yet.
run_side() {
  local suite
  for suite in "${side[@]}"; do
    ! is_in "$suite" "${suites[@]}" || ! mkdir "artifacts/taken/$suite" 2>/dev/null || run_suite "$suite" nice -n 5
  done
}
rm -rf artifacts/taken
mkdir artifacts/taken
run_side &
for suite in "${suites[@]}"; do
  is_in "$suite" "${side[@]}" || run_suite "$suite"
done
run_side
wait

passed=0 failed=0 skipped=0 broken=()
for suite in "${suites[@]}"; do
  read -r p f s <"artifacts/$suite.result"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  [ "$f" = 0 ] || broken+=("$suite")
done
[ ${#broken[@]} -eq 0 ] || echo "failing: ${broken[*]}"
echo "took $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
