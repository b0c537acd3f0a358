namespace Loire.Client.Avro;

/// <summary>Compares names of schemas and of .NET: exactly first, then up to case and underscores.</summary>
internal static class LooseName
{
    /// <summary>
    /// Finds the item of a name; null if there is none. A similar name for which <paramref name="isTaken"/> is true is the exact name of
    /// another item and does not match.
    /// </summary>
    public static TItem? Find<TItem>(IReadOnlyCollection<TItem> items, Func<TItem, string> nameOf, string name, Func<string, bool> isTaken)
        where TItem : class =>
        items.FirstOrDefault(item => nameOf(item) == name)
        ?? items.FirstOrDefault(item => AreSimilar(nameOf(item), name) && !isTaken(nameOf(item)));

    private static bool AreSimilar(string one, string other) =>
        string.Equals(Stripped(one), Stripped(other), StringComparison.OrdinalIgnoreCase);

    private static string Stripped(string name) => name.Replace("_", "", StringComparison.Ordinal);
}
