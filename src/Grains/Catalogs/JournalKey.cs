namespace Loire.Grains.Catalogs;

/// <summary>An id as a segment of a journal's name.</summary>
internal static class JournalKey
{
    // '/' separates the segments of a log's name, and none may be empty. Ids never contain this character; keys escape it.
    private const char Slash = '\u001f';

    /// <summary>Returns the segment of an id; different ids have different ones.</summary>
    public static string Of(string id) => id.Replace('/', Slash);

    /// <summary>Returns the id of a segment.</summary>
    public static string Id(string segment) => segment.Replace(Slash, '/');
}
