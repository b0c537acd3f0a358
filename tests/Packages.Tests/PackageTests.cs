using System.IO.Compression;
using System.Xml.Linq;
using Loire.Architecture.Tests;

namespace Loire.Packages.Tests;

/// <summary>What users get from a registry of packages.</summary>
public sealed class PackageTests(PackedPackages packed) : IClassFixture<PackedPackages>
{
    [Fact]
    public void Each_project_is_a_package_that_says_what_it_is_and_has_its_documentation_and_symbols()
    {
        var ids = Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src")).Select(project => $"Loire.{Path.GetFileName(project)}").Order().ToArray();
        Assert.Equal(ids.Select(id => $"{id}.{packed.Version}.nupkg"), Directory.EnumerateFiles(packed.Packages, "*.nupkg").Select(Path.GetFileName).Order());
        foreach (var id in ids)
        {
            using var package = Open(id, "nupkg");
            var files = package.Entries.Select(entry => entry.FullName).ToArray();
            Assert.Contains("README.md", files);
            Assert.Contains("icon.png", files);
            Assert.Contains(files, file => file.EndsWith(".xml", StringComparison.Ordinal) && file.StartsWith("lib/net10.0/", StringComparison.Ordinal) == (id != "Loire.Cli"));
            Assert.DoesNotContain(files, file => file.StartsWith("content", StringComparison.Ordinal));
            var metadata = Metadata(package);
            Assert.Equal(("MIT", "README.md", "icon.png"), (Value(metadata, "license"), Value(metadata, "readme"), Value(metadata, "icon")));
            Assert.DoesNotContain("Package Description", Value(metadata, "description"), StringComparison.Ordinal);
            using var symbols = Open(id, "snupkg");
            Assert.Contains(symbols.Entries, entry => entry.Name.EndsWith(".pdb", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_a_package_needs_of_Loire_is_packed_with_the_same_version()
    {
        foreach (var file in Directory.EnumerateFiles(packed.Packages, "*.nupkg"))
        {
            using var package = ZipFile.OpenRead(file);
            foreach (var dependency in Metadata(package).Descendants().Where(element => element.Name.LocalName == "dependency"))
            {
                var (id, version) = (dependency.Attribute("id")!.Value, dependency.Attribute("version")!.Value);
                Assert.True(
                    !id.StartsWith("Loire.", StringComparison.Ordinal) || (version == packed.Version && File.Exists(Path.Combine(packed.Packages, $"{id}.{version}.nupkg"))),
                    $"{Path.GetFileName(file)} needs {id} {version}");
            }
        }
    }

    [Fact]
    public async Task A_blank_program_that_has_the_package_for_tests_writes_and_reads_a_record()
    {
        var directory = await packed.ProjectAsync(
            "blank",
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestoreAdditionalProjectSources>{packed.Packages}</RestoreAdditionalProjectSources>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Loire.Client.Testing" Version="{packed.Version}" />
                <PackageReference Include="Microsoft.Orleans.Server" Version="{OrleansVersion}" />
              </ItemGroup>
            </Project>
            """,
            """
            using Loire.Client;
            using Loire.Client.Testing;

            await using var cluster = await LoireTestCluster.StartAsync();
            await cluster.Client.Admin.CreateTopicAsync(new NewTopic("orders", 1));
            await using var producer = cluster.Client.CreateProducer<string, string>();
            var written = await producer.ProduceAsync("orders", new Message<string, string> { Key = "ann", Value = "tea" });
            Console.WriteLine($"written at {written.Offset}");
            """);
        Assert.Contains("written at 0", await DotNet.RunAsync(directory, "run", "-c", "Release"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_is_installed_as_a_tool()
    {
        var tools = Path.Combine(packed.Directory, "tools");
        await DotNet.RunAsync(
            packed.Directory, "tool", "install", "Loire.Cli", "--tool-path", tools, "--add-source", packed.Packages, "--version", packed.Version);
        Assert.Contains("loire topic", await DotNet.RunAsync(packed.Directory, Path.Combine(tools, "loire"), ["topic", "--help"]), StringComparison.Ordinal);
    }

    private static string OrleansVersion => XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
        .Single(package => package.Attribute("Include")!.Value == "Microsoft.Orleans.Server").Attribute("Version")!.Value;

    private ZipArchive Open(string id, string extension) => ZipFile.OpenRead(Path.Combine(packed.Packages, $"{id}.{packed.Version}.{extension}"));

    private static XElement Metadata(ZipArchive package)
    {
        using var stream = package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    private static string Value(XElement metadata, string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}
