using System.Text;

namespace Loire.Doors.Tests;

/// <summary>What is written by each door, as far as it can say it.</summary>
internal static class Samples
{
    private const long At = 1_764_547_200_000;

    /// <summary>Records with what is unusual of each part: nothing, no bytes, bytes that are no text, nearly 1 MB, repeated headers and those without a value.</summary>
    public static IReadOnlyList<DoorRecord> All { get; } =
    [
        Make(0, "a", "tea"),
        Make(1, null, "no key"),
        Make(2, "", ""),
        Make(3, "b", null),
        new(4, Bytes([0, 255, 128, 10, 13, 9]), Bytes([0xC3, 0x28, 0, 0xFF]), At + 4, []),
        new(5, Text("h"), Text("headers"), At + 5, [new("x", Text("1")), new("y", Text("")), new("x", Text("2"))]),
        new(6, Text("n"), Text("null header"), At + 6, [new("z", null)]),
        new(7, Text("l"), Bytes([.. Enumerable.Range(0, 900_000).Select(i => (byte)(i * 31 >> 3))]), At + 7, []),
        new(8, Text("late"), Text("{\"json\": [1, 2.50, null]}"), At - 3_600_000, []),
        Make(9, "ключ", "値 ✓"),
    ];

    private static DoorRecord Make(int number, string? key, string? value) => new(number, Text(key), Text(value), At + number, []);

    private static string? Text(string? text) => text is null ? null : Bytes(Encoding.UTF8.GetBytes(text));

    private static string Bytes(byte[] bytes) => Convert.ToBase64String(bytes);
}
