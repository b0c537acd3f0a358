using System.Reflection;

namespace Loire.Architecture.Tests;

public class LayeringTests
{
    /// <summary>Who may know whom. A reference that is missing here is a decision to be made, not a line to be added.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Model"] = [],
        ["Log"] = ["Model"],
        ["Coordination"] = ["Model"],
        ["Grains.Interfaces"] = ["Model"],
        ["Grains"] = ["Grains.Interfaces", "Log", "Model", "Coordination"],
        ["Storage"] = ["Log", "Model"],
        ["Edge"] = ["Grains.Interfaces", "Model"],
        ["Client"] = ["Edge", "Grains.Interfaces", "Model"],
        ["Client.Avro"] = ["Client"],
        ["Client.Protobuf"] = ["Client"],
        ["Client.Hosting"] = ["Client", "Grains.Interfaces", "Model"],
        ["Client.Testing"] = ["Client", "Silo"],
        ["Cli"] = ["Model"],
        ["ConsumerProxy"] = ["Client", "Grains.Interfaces", "Model"],
        ["Kafka"] = ["Edge", "Grains.Interfaces", "Model"],
        ["WebApi"] = ["Edge", "Grains.Interfaces", "Model"],
        ["WebApi.RestProxy"] = ["Edge", "Grains.Interfaces", "Model", "WebApi"],
        ["Silo"] = ["ConsumerProxy", "Grains", "Grains.Interfaces", "Kafka", "Log", "Model", "Coordination", "Storage", "WebApi", "WebApi.RestProxy"],
    };

    [Fact]
    public void Every_project_references_only_the_layers_below_it()
    {
        foreach (var project in Repository.Projects("src"))
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} has no place in the map of layers.");
            Assert.All(Repository.References(project), reference => Assert.True(allowed.Contains(reference), $"{name} must not know {reference}."));
        }
    }

    [Theory]
    [InlineData("Loire.Coordination", "rules do no I/O and know no runtime")]
    public void Rules_are_compiled_without_Orleans_or_input_and_output(string assembly, string reason)
    {
        var references = Assembly.Load(assembly).GetReferencedAssemblies().Select(reference => reference.Name!);
        // The serializer's code generator works on every project that can see Model, whether or not it has something to do there.
        references = references.Where(reference => !reference.StartsWith("Orleans.Serialization", StringComparison.Ordinal));
        string[] forbidden = ["Orleans", "Microsoft.Orleans", "System.Net", "System.IO", "Microsoft.AspNetCore", "Loire.Log", "Loire.Grains"];
        Assert.All(references, reference => Assert.False(forbidden.Any(prefix => reference.StartsWith(prefix, StringComparison.Ordinal)), $"{assembly} uses {reference}, but {reason}."));
    }

    [Theory]
    [InlineData("Log")]
    [InlineData("Coordination")]
    [InlineData("Grains")]
    [InlineData("ConsumerProxy")]
    public void Time_randomness_and_threads_come_from_outside(string project)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "src", project, project + ".csproj"));
        Assert.Contains("<BanAmbientState>true</BanAmbientState>", text, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", project), "*.cs", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("#pragma warning disable RS0030", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_grain_with_a_place_migrates_because_Orleans_then_rejects_calls_that_have_run()
    {
        var grains = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*Grain.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .Where(text => text.Contains("[GrainType(", StringComparison.Ordinal) && !text.Contains("[StatelessWorker", StringComparison.Ordinal))
            .ToArray();
        Assert.InRange(grains.Length, 7, 100);
        Assert.All(grains, text => Assert.Contains("[Immovable]\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_project_explains_itself_on_one_page()
    {
        foreach (var project in Repository.Projects("src"))
        {
            var page = Path.Combine(Path.GetDirectoryName(project)!, "README.md");
            Assert.True(File.Exists(page), $"{page} is missing.");
            Assert.InRange(File.ReadLines(page).Count(), 5, 120);
        }
    }

    [Fact]
    public void No_folder_is_a_drawer()
    {
        string[] drawers = ["Common", "Core", "Utils", "Helpers", "Shared", "Manager", "Managers", "Misc"];
        var folders = Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src"), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(path)!);
        Assert.Empty(folders.Intersect(drawers, StringComparer.OrdinalIgnoreCase));
    }
}
