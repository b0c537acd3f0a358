using Loire.Log.Objects;

namespace Loire.Log.Audits;

/// <summary>The names of the logs in a store.</summary>
public static class LogNames
{
    /// <summary>Lists the logs of one kind that have a head, those included that are being deleted.</summary>
    /// <param name="listing">Lists the objects.</param>
    /// <param name="kind">The first segment of their names.</param>
    /// <param name="cancellation">Ends the listing.</param>
    /// <returns>What follows the first segment of each name, in no order.</returns>
    public static async Task<IReadOnlyList<string>> OfKindAsync(IObjectListing listing, string kind, CancellationToken cancellation = default)
    {
        var prefix = new LogName(kind).KeyPrefix;
        const string head = "/head";
        var names = new List<string>();
        await foreach (var id in listing.ListAsync(LogStorage.StateName, prefix, cancellation))
        {
            if (id.EndsWith(head, StringComparison.Ordinal) && id.Length > prefix.Length + head.Length)
            {
                names.Add(LogName.Unescape(id[prefix.Length..^head.Length]));
            }
        }

        return names;
    }
}
