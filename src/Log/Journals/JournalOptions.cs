using Loire.Log.Chains;

namespace Loire.Log.Journals;

/// <summary>The options of a <see cref="Journal"/>.</summary>
public sealed class JournalOptions : ChainOptions
{
    /// <summary>
    /// Bytes of records since the last snapshot after which <see cref="Journal.WantsSnapshot"/> asks for one; one that takes less than the
    /// records is asked for earlier, before they are merged.
    /// </summary>
    public long SnapshotAfterBytes { get; init; } = 1024 * 1024;
}
