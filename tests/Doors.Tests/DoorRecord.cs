namespace Loire.Doors.Tests;

/// <summary>A record as every door has it. Bytes are told by their text in base64, so that two records are equal if all of them are.</summary>
/// <param name="Offset">Where it is.</param>
/// <param name="Key">Null for none.</param>
/// <param name="Value">Null for none.</param>
/// <param name="Timestamp">Milliseconds since 1970.</param>
/// <param name="Headers">In their order, repeated names included.</param>
public sealed record DoorRecord(long Offset, string? Key, string? Value, long Timestamp, IReadOnlyList<DoorHeader> Headers)
{
    /// <summary>All of it in one line, with long bytes as their length and hash.</summary>
    public override string ToString() =>
        $"{Offset} {Timestamp} {Brief(Key)} {Brief(Value)} [{string.Join(", ", Headers.Select(header => $"{header.Name}={Brief(header.Value)}"))}]";

    private static string Brief(string? text) => text is null ? "null"
        : text.Length <= 40 ? $"'{text}'"
        : $"{text.Length}:{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Convert.FromBase64String(text)).AsSpan(0, 8))}";
}

/// <summary>A header.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its bytes in base64; null for none.</param>
public sealed record DoorHeader(string Name, string? Value);
