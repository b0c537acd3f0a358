using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Loire.Client.Avro.Tests;

/// <summary>A process of node with avsc, another implementation of Avro, that answers questions until it is disposed.</summary>
public sealed class AvscPeer : IDisposable
{
    private readonly Process _process;

    public AvscPeer()
    {
        var start = new ProcessStartInfo("node", Script!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
    }

    /// <summary>Why it cannot be used here; null if it can.</summary>
    public static string? Missing { get; } = Script is null ? "avsc is not installed: run npm ci in tests/avro" : null;

    private static string? Script => FindScript();

    /// <summary>The answer's member of a name.</summary>
    /// <exception cref="InvalidOperationException">avsc refused.</exception>
    public string Ask(string member, JsonObject question)
    {
        _process.StandardInput.WriteLine(question.ToJsonString());
        _process.StandardInput.Flush();
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("node ended.");
        var answer = JsonNode.Parse(line)!.AsObject();
        return answer.ContainsKey(member) ? answer[member]!.GetValue<string>() : throw new InvalidOperationException($"{answer["error"]}");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    public static bool Same(string json, JsonNode? node)
    {
        using var one = JsonDocument.Parse(json);
        using var other = JsonDocument.Parse(node?.ToJsonString() ?? "null");
        return JsonElement.DeepEquals(one.RootElement, other.RootElement);
    }

    private static string? FindScript()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var folder = Path.Combine(directory.FullName, "tests", "avro");
            if (Directory.Exists(Path.Combine(folder, "node_modules", "avsc")))
            {
                return Path.Combine(folder, "peer.js");
            }
        }

        return null;
    }
}

/// <summary>A fact that needs avsc.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AvscFactAttribute : FactAttribute
{
    public AvscFactAttribute() => Skip = AvscPeer.Missing;
}
