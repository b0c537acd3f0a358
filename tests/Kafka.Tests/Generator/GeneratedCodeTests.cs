using Loire.Kafka.Protocol.Wire;
using Loire.KafkaGenerator.Code;
using Loire.KafkaGenerator.Schema;

namespace Loire.Kafka.Tests.Generator;

/// <summary>The generated files and the table that they follow from.</summary>
public class GeneratedCodeTests
{
    private static readonly string Folder = Path.Combine(Root(), "src", "Kafka", "Protocol");

    [Fact]
    public void The_generated_files_are_what_the_generator_writes()
    {
        var files = GeneratedFiles.Of(SchemaTable.Load(Path.Combine(Folder, "Schema")));
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), GeneratedFiles.In(Folder).Select(file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(file.Value, File.ReadAllText(Path.Combine(Folder, file.Key)).ReplaceLineEndings("\n")));
    }

    [Fact]
    public void No_struct_contains_itself_so_depth_needs_no_bound()
    {
        foreach (var message in SchemaTable.Load(Path.Combine(Folder, "Schema")).Messages)
        {
            Assert.InRange(Depth(message, message.Root), 1, 7);
        }
    }

    [Fact]
    public void Tags_of_a_struct_differ_and_exist_in_flexible_versions_only()
    {
        foreach (var message in SchemaTable.Load(Path.Combine(Folder, "Schema")).Messages)
        {
            foreach (var fields in message.Structs.Prepend(message.Root).Select(one => one.Fields.Where(field => field.Tag is not null).ToArray()))
            {
                Assert.Equal(fields.Length, fields.Select(field => field.Tag).Distinct().Count());
                Assert.All(fields, field => Assert.True(message.IsFlexible(field.Versions.First), $"{message.Name}.{field.Name}"));
            }
        }
    }

    [Theory]
    [InlineData("versions 0\nflexible none\n", 1, "no head")]
    [InlineData("api 1 A\nversions 3-1\nflexible none\n", 3, "versions that end before they begin")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1\n", 3, "flexible versions without a plus")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nresponse\n", 4, "no request")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\n  a int24\nresponse\n", 5, "a type that does not exist")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\n  a int32 2+\nresponse\n", 5, "a version that the message does not have")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\n  a [B]\nresponse\n", 6, "a struct without fields")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\n  a int32 whatever\nresponse\n", 5, "words that say nothing")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\nresponse\n  struct B\n    b int32\n", 8, "a struct that nothing uses")]
    [InlineData("api 1 A\nversions 0-1\nflexible 1+\nrequest\nresponse\nmore\n", 6, "more than a request and an answer")]
    public void A_mistake_in_the_table_is_refused_with_its_line(string text, int line, string reason)
    {
        var folder = Directory.CreateTempSubdirectory("loire-schema-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "01-A.txt"), text);
            var exception = Record.Exception(() => SchemaTable.Load(folder));
            Assert.True(exception is SchemaException, reason);
            Assert.StartsWith($"01-A.txt:{line}:", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Elements_of_requests_are_value_types_with_defaults_of_their_own()
    {
        var values = typeof(KafkaReader).Assembly.GetTypes().Where(type => type.IsValueType && typeof(IKafkaMessage).IsAssignableFrom(type)).ToArray();
        Assert.InRange(values.Length, 50, 500);
        Assert.All(values, type => Assert.DoesNotContain("Response", type.DeclaringType!.Name, StringComparison.Ordinal));
        Assert.All(values, type => Assert.NotNull(type.GetConstructor([])));
    }

    private static int Depth(Message message, Struct one) => 1 + one.Fields
        .Where(field => field.StructName is not null)
        .Select(field => Depth(message, message.Structs.Single(other => other.Name == field.StructName)))
        .DefaultIfEmpty(0)
        .Max();

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Orleans.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("These tests run from within the source tree.");
        }

        return folder.FullName;
    }
}
