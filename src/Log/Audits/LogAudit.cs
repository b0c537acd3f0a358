using Orleans.Storage;

namespace Loire.Log.Audits;

/// <summary>Compares the objects of a store with what the heads of its logs list.</summary>
public static class LogAudit
{
    /// <summary>
    /// Finds the objects that belong to no living log, and what living logs lack. Reads every head and index page, and no records. Meant for a
    /// store without writers; if there are writers, only the findings that two passes agree on are reported.
    /// </summary>
    /// <param name="listing">Lists the objects.</param>
    /// <param name="storage">Reads them; the storage of the same store.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="cancellation">Ends the audit.</param>
    /// <returns>The findings, ordered by log and key; empty if there are none.</returns>
    public static async Task<IReadOnlyList<LogFinding>> FindAsync(
        IObjectListing listing, IGrainStorage storage, TimeProvider time, CancellationToken cancellation = default)
    {
        var first = await PassAsync(listing, storage, time, cancellation);
        if (first.Count == 0)
        {
            return [];
        }

        first.IntersectWith(await PassAsync(listing, storage, time, cancellation));
        return [.. first.OrderBy(found => found.Log, StringComparer.Ordinal).ThenBy(found => found.Key, StringComparer.Ordinal)];
    }

    private static async Task<HashSet<LogFinding>> PassAsync(
        IObjectListing listing, IGrainStorage storage, TimeProvider time, CancellationToken cancellation)
    {
        var findings = new HashSet<LogFinding>();
        foreach (var log in await ListedLogs.ReadAsync(listing, static _ => true, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            findings.UnionWith(await new LogInspection(log, storage, time).FindAsync());
        }

        return findings;
    }
}
