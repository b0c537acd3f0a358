namespace Loire.Client.Avro;

/// <summary>Compares names of schemas and of .NET: exactly first, then up to case and underscores.</summary>
internal static class LooseName
{
    /// <summary>
    /// The item of a name; null if there is none. A similar name that <paramref name="isTaken"/> belongs to something else exactly.
    /// </summary>
    public static TItem? Find<TItem>(IReadOnlyCollection<TItem> items, Func<TItem, string> nameOf, string name, Func<string, bool> isTaken)
        where TItem : class =>
        items.FirstOrDefault(item => nameOf(item) == name)
        ?? items.FirstOrDefault(item => AreSimilar(nameOf(item), name) && !isTaken(nameOf(item)));

    private static bool AreSimilar(string one, string other) =>
        string.Equals(Stripped(one), Stripped(other), StringComparison.OrdinalIgnoreCase);

    private static string Stripped(string name) => name.Replace("_", "", StringComparison.Ordinal);
}
