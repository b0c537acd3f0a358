# Sourced by run.sh and test.sh: decides which Orleans the sources are compiled against (see build/Orleans.props).
#   ORLEANS_RUNTIME=Packages|Local   decides; otherwise the feed is asked once and the answer is kept in artifacts/orleans-runtime
#   ORLEANS_VERSION=10.x.y           the version of the official packages
# Sets ORLEANS_RUNTIME and ORLEANS_PROPERTIES, the properties for every dotnet command, and says what was chosen.

loire_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$loire_root/artifacts"

# The packages that the projects ask for, restored by an empty project that knows nothing of this source tree.
orleans_packages_restore() {
  local probe="$loire_root/artifacts/orleans-probe" version=$1 package
  rm -rf "$probe" && mkdir -p "$probe"
  echo '<Project />' | tee "$probe/Directory.Build.props" "$probe/Directory.Build.targets" >"$probe/Directory.Packages.props"
  {
    echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup><ItemGroup>'
    for package in Sdk Server Client Persistence.AzureStorage TestingHost; do
      echo "<PackageReference Include=\"Microsoft.Orleans.$package\" Version=\"[$version]\" />"
    done
    echo '</ItemGroup></Project>'
  } >"$probe/Probe.csproj"
  timeout 120 dotnet restore "$probe/Probe.csproj" --nologo >"$probe/restore.log" 2>&1
}

orleans_version=${ORLEANS_VERSION:-$(sed -nE "s/.*<OrleansVersion [^>]*>([^<]+)<.*/\1/p" "$loire_root/build/Orleans.props")}
orleans_reason="by ORLEANS_RUNTIME"
if [ -z "${ORLEANS_RUNTIME:-}" ]; then
  orleans_answer="$loire_root/artifacts/orleans-runtime"
  if [ ! -f "$orleans_answer" ] || [ "$(cut -d' ' -f2 "$orleans_answer")" != "$orleans_version" ]; then
    if orleans_packages_restore "$orleans_version"; then echo "Packages $orleans_version"; else echo "Local $orleans_version"; fi >"$orleans_answer"
  fi
  ORLEANS_RUNTIME=$(cut -d' ' -f1 "$orleans_answer")
  orleans_reason="the package feed has no Microsoft.Orleans $orleans_version; delete artifacts/orleans-runtime to ask again"
  [ "$ORLEANS_RUNTIME" = Local ] || orleans_reason="the package feed has it"
fi
case "$ORLEANS_RUNTIME" in
  Packages) echo "Orleans: the official packages, $orleans_version ($orleans_reason)" ;;
  Local) echo "Orleans: src/Orleans.Local, one process only ($orleans_reason)" ;;
  *) echo "ORLEANS_RUNTIME is '$ORLEANS_RUNTIME'; it must be Packages or Local." >&2; exit 2 ;;
esac
export ORLEANS_RUNTIME
ORLEANS_PROPERTIES=("-p:OrleansRuntime=$ORLEANS_RUNTIME" "-p:OrleansVersion=$orleans_version")
