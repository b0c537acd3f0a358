namespace Loire.Client.Avro;

/// <summary>Compares names of schemas and of .NET: exactly first, then up to case and underscores.</summary>
internal static class LooseName
{
    /// <summary>The item of a name; null if there is none.</summary>
    public static TItem? Find<TItem>(IReadOnlyCollection<TItem> items, Func<TItem, string> nameOf, string name)
        where TItem : class =>
        items.FirstOrDefault(item => nameOf(item) == name)
        ?? items.FirstOrDefault(item => string.Equals(Stripped(nameOf(item)), Stripped(name), StringComparison.OrdinalIgnoreCase));

    private static string Stripped(string name) => name.Replace("_", "", StringComparison.Ordinal);
}
