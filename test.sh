#!/usr/bin/env bash
# Builds Loire, installs what its tests need, runs every suite, and ends with the line "N passed, N failed, N skipped".
#   ./test.sh                   everything
#   ./test.sh Log.Tests ...     only these suites
# ORLEANS_RUNTIME=Local|Packages and ORLEANS_VERSION override the choice of the Orleans runtime.
set -euo pipefail
cd "$(dirname "$0")"
source build/choose-orleans.sh
started=$SECONDS

# Debian packages that some tests drive: strace injects failing system calls, the others are Kafka's own clients.
wanted=(strace kcat python3-kafka python3-lz4 python3-snappy python3-zstandard)
missing=()
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
  (cd tests/avro && npm ci --no-audit --no-fund >../../artifacts/npm-avro.log 2>&1) || { tail -5 artifacts/npm-avro.log; echo "could not install avsc: its tests will be skipped"; }
else
  echo "npm is not installed: the tests on Azurite and with avsc will be skipped"
fi

echo "building (OrleansRuntime=$ORLEANS_RUNTIME)"
if ! dotnet build Orleans.sln -c Release "${ORLEANS_PROPERTIES[@]}" --nologo -v quiet; then
  echo "the build failed"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
echo "built in $((SECONDS - started)) s"

suites=("$@")
if [ ${#suites[@]} -eq 0 ]; then
  mapfile -t suites < <(find tests -name '*.Tests.csproj' -printf '%f\n' | sed 's/\.csproj$//' | sort)
fi
passed=0 failed=0 skipped=0 broken=()
for suite in "${suites[@]}"; do
  begun=$SECONDS
  printf '%-26s ' "$suite"
  log=artifacts/$suite.log
  dotnet test "tests/$suite/$suite.csproj" -c Release --no-build "${ORLEANS_PROPERTIES[@]}" --nologo >"$log" 2>&1 && ok=1 || ok=0
  # The runner's own summary: "Passed!  - Failed:     0, Passed:    12, Skipped:     0, Total:    12, ..."
  if read -r f p s < <(sed -nE 's/.*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+),.*/\1 \2 \3/p' "$log" | tail -1) && [ -n "${p:-}" ]; then
    failed=$((failed + f)) passed=$((passed + p)) skipped=$((skipped + s))
    printf '%5d passed %3d failed %3d skipped %4ds\n' "$p" "$f" "$s" $((SECONDS - begun))
    [ "$ok" = 1 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
  else
    failed=$((failed + 1)) ok=0
    printf 'did not finish\n'
  fi
  [ "$ok" = 1 ] || { broken+=("$suite"); grep -vE '^\s*$' "$log" | tail -60; }
  unset f p s
done

[ ${#broken[@]} -eq 0 ] || echo "failing: ${broken[*]}"
echo "took $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
