namespace Loire.Model.Tests.Golden;

/// <summary>The files of this folder.</summary>
public static class Fixture
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Golden");

    /// <summary>Every batch that a client made, as client/records-codec.bin.</summary>
    public static IReadOnlyList<string> Batches { get; } =
        [.. new[] { "kafka-python-2.0.2", "librdkafka-2.0.2", "kafkajs-2.2.4" }.SelectMany(List)];

    /// <summary>Every LZ4 frame of the reference tool.</summary>
    public static IReadOnlyList<string> Lz4Frames { get; } = [.. List("lz4-1.9.4")];

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

    public static string ReadText(string name) => File.ReadAllText(Path.Combine(Folder, name));

    public static CompressionType CodecOf(string name) =>
        Enum.Parse<CompressionType>(Path.GetFileNameWithoutExtension(name).Split('-')[1], ignoreCase: true);

    private static IEnumerable<string> List(string client) =>
        Directory.GetFiles(Path.Combine(Folder, client), "*.bin")
            .Order(StringComparer.Ordinal)
            .Select(path => $"{client}/{Path.GetFileName(path)}");
}
