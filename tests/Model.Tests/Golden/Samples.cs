using System.Text;

namespace Loire.Model.Tests.Golden;

/// <summary>The records that every client was asked to send: what samples.py says, said again here.</summary>
public static class Samples
{
    public const long Start = 1_700_000_000_000;

    public static IReadOnlyList<SampleRecord> Few { get; } =
    [
        new(Start, "key", "value"),
        new(Start + 1, null, "no key", ("one", Bytes("1"))),
        new(Start - 1000, "no value", null, ("repeated", Bytes("first")), ("repeated", Bytes("second")), ("repeated", Bytes("first"))),
        new(Start + 86_400_000, "", "", ("", []), ("unicode-\u00fc\u4e16", [.. Enumerable.Range(0, 256).Select(i => (byte)i)])),
        new(Start + 2, (byte[]?)null, null),
        new(Start + 3, new byte[300], [.. Enumerable.Repeat((byte)255, 20_000)]),
    ];

    public static IReadOnlyList<SampleRecord> Run { get; } =
        [.. Enumerable.Range(0, 400).Select(i => new SampleRecord(Start + (10 * i), $"key-{i % 7}", Text(i)))];

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(int i) =>
        $"{i}: " + string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog; ", 1 + (i % 9))) + (i * i);
}

/// <summary>A record to be sent or found again.</summary>
public sealed record SampleRecord(long Timestamp, byte[]? Key, byte[]? Value, params (string Key, byte[]? Value)[] Headers)
{
    public SampleRecord(long timestamp, string? key, string? value, params (string Key, byte[]? Value)[] headers)
        : this(timestamp, key is null ? null : Samples.Bytes(key), value is null ? null : Samples.Bytes(value), headers)
    {
    }

    /// <summary>A line like those that kafka_python.py prints.</summary>
    public string Line(long offset, long? timestamp = null) =>
        $"{offset}|{timestamp ?? Timestamp}|{Show(Key)}|{Show(Value)}|"
        + string.Join(',', Headers.Select(h => $"{Convert.ToHexStringLower(Samples.Bytes(h.Key))}={Show(h.Value)}"));

    private static string Show(byte[]? bytes) => bytes is null ? "null" : Convert.ToHexStringLower(bytes);
}
