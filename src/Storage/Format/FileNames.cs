using System.Globalization;

namespace Loire.Storage.Format;

/// <summary>
/// The names of a store's files: <c>00000001.store</c> holds records, <c>00000001.keys</c> repeats their heads, <c>index.checkpoint</c> the
/// index.
/// </summary>
internal static class FileNames
{
    public const string Checkpoint = "index.checkpoint";
    public const string Temporary = ".tmp";
    private const string StoreSuffix = ".store";
    private const string KeysSuffix = ".keys";

    public static string Store(int number) => Number(number) + StoreSuffix;

    public static string Keys(int number) => Number(number) + KeysSuffix;

    /// <summary>Whether a name is the temporary one of a file that was never renamed.</summary>
    public static bool IsTemporary(string name)
        => name.EndsWith(Temporary, StringComparison.Ordinal)
            && name[..^Temporary.Length] is var target
            && (target == Checkpoint || TryParseStore(target, out _));

    public static bool TryParseStore(string name, out int number) => TryParse(name, StoreSuffix, out number);

    public static bool TryParseKeys(string name, out int number) => TryParse(name, KeysSuffix, out number);

    private static string Number(int number) => number.ToString("D8", CultureInfo.InvariantCulture);

    private static bool TryParse(string name, string suffix, out int number)
    {
        number = 0;
        return name.EndsWith(suffix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(0, name.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number > 0
            && name == Number(number) + suffix;
    }
}
