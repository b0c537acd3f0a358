using Loire.Log.Chains;

namespace Loire.Log.Journals;

/// <summary>The options of a <see cref="Journal"/>.</summary>
public sealed class JournalOptions : ChainOptions
{
    /// <summary>
    /// Bytes of records since the last snapshot at which <see cref="Journal.WantsSnapshot"/> becomes true. It becomes true earlier if a
    /// snapshot of the last one's size is cheaper than merging the records.
    /// </summary>
    public long SnapshotAfterBytes { get; init; } = 1024 * 1024;
}
