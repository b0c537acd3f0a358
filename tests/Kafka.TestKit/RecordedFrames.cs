using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Loire.Kafka.TestKit;

/// <summary>
/// What Apache Kafka 4.4 and its clients put on the wire: <c>tests/kafka/frames.zip</c>, or the folder with the same files that <c>LOIRE_KAFKA_FRAMES</c> names.
/// </summary>
public static class RecordedFrames
{
    /// <summary>The file with the vectors of headers.</summary>
    public const string HeaderFile = "messages/headers.ndjson";

    private static readonly SortedDictionary<string, string[]> Files = Load();

    /// <summary>The names of files with a vector a line: every message in every version, as bytes and as JSON.</summary>
    public static IEnumerable<string> MessageFiles => Files.Keys.Where(name => name.StartsWith("messages/", StringComparison.Ordinal));

    /// <summary>The names of files with the traffic of one client, a frame a line.</summary>
    public static IEnumerable<string> CaptureFiles => Files.Keys.Where(name => name.StartsWith("captures/", StringComparison.Ordinal));

    /// <summary>The lines of a file.</summary>
    public static IEnumerable<JsonObject> Lines(string file) => Files[file].Select(line => JsonNode.Parse(line)!.AsObject());

    /// <summary>All vectors but those of headers.</summary>
    public static IEnumerable<Vector> Vectors(string file) => Lines(file).Where(line => line["kind"]!.GetValue<string>() != "header").Select(line => new Vector(
        line["api"]!.GetValue<string>() + line["kind"]!.GetValue<string>() switch
        {
            "request" => "Request",
            "response" => "Response",
            _ => "",
        },
        line["version"]!.GetValue<short>(),
        line["variant"]!.GetValue<string>(),
        line["body"]!.AsObject(),
        Convert.FromHexString(line["hex"]!.GetValue<string>())));

    private static SortedDictionary<string, string[]> Load()
    {
        SortedDictionary<string, string[]> files = new(StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("LOIRE_KAFKA_FRAMES") is { Length: > 0 } folder)
        {
            foreach (var file in new[] { "messages", "captures" }.SelectMany(part => Directory.EnumerateFiles(Path.Combine(folder, part), "*.ndjson")))
            {
                files[Path.GetRelativePath(folder, file)] = File.ReadAllLines(file);
            }

            return files;
        }

        using var archive = ZipFile.OpenRead(Path.Combine(AppContext.BaseDirectory, "kafka", "frames.zip"));
        foreach (var entry in archive.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            files[entry.FullName] = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }

        return files;
    }
}

/// <summary>One message as bytes and as JSON.</summary>
/// <param name="Message">The name of the message, such as <c>MetadataRequest</c>.</param>
/// <param name="Version">Its version.</param>
/// <param name="Variant">What is filled in.</param>
/// <param name="Body">The fields.</param>
/// <param name="Bytes">The body alone.</param>
public sealed record Vector(string Message, short Version, string Variant, JsonObject Body, byte[] Bytes)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Message} {Version} {Variant}";
}
