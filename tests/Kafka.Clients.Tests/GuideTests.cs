using System.Net.Http.Json;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Loire.Model.Tests.Clients;
using Loire.WebApi.Operations;

namespace Loire.Kafka.Clients.Tests;

/// <summary>docs/kafka.md: its snippets run as they stand there, but for the port, and its table of APIs is the one that a node serves.</summary>
public sealed partial class GuideTests(KafkaNode node) : IClassFixture<KafkaNode>, IDisposable
{
    private const string Server = "127.0.0.1:9092";

    private static readonly string Page = Path.GetFullPath(Path.Combine(Folder(), "../../docs/kafka.md"));

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("loire-guide-");

    [NeedsFact(Needed.Kcat)]
    public void The_snippet_for_kcat_reads_what_it_wrote() => Assert.Equal("0 1\n1 2\n2 3\n", Installed.Output("bash", "-ec", Snippet("kcat", "bash")));

    [Fact]
    public void The_snippet_for_Confluent_Kafka_reads_what_it_wrote()
    {
        var program = Path.Combine(_directory.FullName, "Snippet.dll");
        Compile(Snippet("Confluent.Kafka (C#)", "csharp"), program);

        // It runs with the packages of this test.
        var own = Path.Combine(AppContext.BaseDirectory, typeof(GuideTests).Assembly.GetName().Name!);
        Assert.Equal("ann ordered tea\n", Installed.Output("dotnet", "exec", "--runtimeconfig", $"{own}.runtimeconfig.json", "--depsfile", $"{own}.deps.json", program));
    }

    [NeedsFact(Needed.KafkaPython)]
    public void The_snippet_for_kafka_python_reads_what_it_wrote() => Assert.Equal(
        "ann ordered tea\n", Installed.Output(Installed.Python, "-c", Snippet("kafka-python", "python")));

    [NeedsFact(Needed.ConfluentPython)]
    public void The_snippet_for_confluent_kafka_python_reads_what_it_wrote() => Assert.Equal(
        "ann ordered tea\n", Installed.Output(Installed.Python, "-c", Snippet("confluent-kafka-python", "python")));

    [NeedsTheory(Needed.KafkaJs)]
    [InlineData("kafkajs", "cjs")]
    [InlineData("@platformatic/kafka", "mjs")]
    public void The_snippets_for_Node_read_what_they_wrote(string client, string extension)
    {
        // Packages are looked up beside the script.
        Directory.CreateSymbolicLink(Path.Combine(_directory.FullName, "node_modules"), Path.Combine(Installed.KafkaJsFolder!, "node_modules"));
        var script = Path.Combine(_directory.FullName, $"snippet.{extension}");
        File.WriteAllText(script, Snippet(client, "js"));
        Assert.Contains("ann ordered tea\n", Installed.Output("node", script), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_table_of_APIs_is_that_of_the_handlers()
    {
        using var http = new HttpClient { BaseAddress = node.Http };
        var served = (await http.GetFromJsonAsync<KafkaApiJson[]>("v1/kafka/apis", new System.Text.Json.JsonSerializerOptions
        {
            PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower,
        }))!;
        Assert.Equal(node.Apis.Select(api => ((short)api.Api.Key, api.Api.Name, api.MinVersion, api.MaxVersion)), served.Select(api => (api.ApiKey, api.Name, api.MinVersion, api.MaxVersion)));

        const string Head = "| key | API | versions |\n|---|---|---|\n";
        var page = await File.ReadAllTextAsync(Page);
        var expected = new StringBuilder(page[..(page.IndexOf(Head, StringComparison.Ordinal) + Head.Length)]);
        foreach (var api in served)
        {
            expected.Append($"| {api.ApiKey} | {api.Name} | {(api.MinVersion == api.MaxVersion ? $"{api.MinVersion}" : $"{api.MinVersion}–{api.MaxVersion}")} |\n");
        }

        if (Environment.GetEnvironmentVariable("LOIRE_GOLDEN") == "write")
        {
            await File.WriteAllTextAsync(Page, expected.ToString());
        }

        Assert.Equal(expected.ToString(), await File.ReadAllTextAsync(Page));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>The first block of code behind a heading, with the address of the node.</summary>
    private string Snippet(string heading, string language)
    {
        var page = File.ReadAllText(Page);
        var begin = page.IndexOf($"### {heading}\n", StringComparison.Ordinal);
        Assert.True(begin > 0, $"The page has no heading '{heading}'.");
        var code = Code().Match(page, begin);
        Assert.Equal(language, code.Groups["language"].Value);
        Assert.Contains(Server, code.Groups["code"].Value, StringComparison.Ordinal);
        return code.Groups["code"].Value.Replace(Server, node.Bootstrap, StringComparison.Ordinal);
    }

    /// <summary>Compiles a program of one file, as a project with implicit usings would, against what this process is made of.</summary>
    private void Compile(string code, string program)
    {
        var source = Path.Combine(_directory.FullName, "Program.cs");
        File.WriteAllText(source, "global using System;\nglobal using System.Threading.Tasks;\n" + code);
        var response = Path.Combine(_directory.FullName, "compile.rsp");
        File.WriteAllLines(response, ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(assembly => $"-r:\"{assembly}\""));
        var compiler = typeof(GuideTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Compiler").Value!;
        Installed.Output("dotnet", compiler, "-nologo", "-nullable", "-langversion:14", $"-out:{program}", $"@{response}", source);
    }

    private static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<code>.*?\n)```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();
}
