using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Transactions;

/// <summary>
/// Tells the partitions and groups of one transaction how it ended, many at once, and again until each of them has confirmed it. What has been confirmed is
/// remembered in memory only: after a crash all are told again, which they bear. Not thread-safe: used in turns of the driver.
/// </summary>
/// <param name="peers">The partitions and groups.</param>
/// <param name="marker">The outcome; durable.</param>
/// <param name="partitions">The partitions of the transaction.</param>
/// <param name="groups">The groups of the transaction.</param>
/// <param name="atOnce">How many calls are under way at once.</param>
internal sealed class TransactionMarkers(
    ITransactionPeers peers, TransactionMarker marker, IEnumerable<PartitionKey> partitions, IEnumerable<GroupId> groups, int atOnce)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly HashSet<PartitionKey> _partitions = [.. partitions];
    private readonly HashSet<GroupId> _groups = [.. groups];
    private TimeSpan _pause = FirstPause;

    /// <summary>The transaction.</summary>
    public long Number => marker.Number;

    /// <summary>The partitions that have not confirmed it.</summary>
    public IReadOnlyCollection<PartitionKey> Partitions => _partitions;

    /// <summary>The groups that have not confirmed it.</summary>
    public IReadOnlyCollection<GroupId> Groups => _groups;

    /// <summary>Whether all have confirmed it.</summary>
    public bool AreDone => _partitions.Count == 0 && _groups.Count == 0;

    /// <summary>Whether calls are under way.</summary>
    public bool AreUnderWay { get; private set; }

    /// <summary>The pause before the next attempt; longer after each.</summary>
    public TimeSpan NextPause()
    {
        var pause = _pause;
        _pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        return pause;
    }

    /// <summary>Calls each that has not confirmed the outcome once.</summary>
    /// <param name="closed">Ends the waits for the calls.</param>
    /// <returns>How many have not confirmed it, and the error of the first of them.</returns>
    public async Task<(int Failed, ErrorCode First)> SendAsync(CancellationToken closed)
    {
        AreUnderWay = true;
        var calls = _partitions.Select(ToPartition).Concat(_groups.Select(ToGroup)).ToList();
        var result = await BoundedCalls.ForEach(calls, Math.Min(atOnce, calls.Count), static call => call(), closed);
        AreUnderWay = false;
        return result;
    }

    private Func<ValueTask<ErrorCode>> ToPartition(PartitionKey partition) => async () =>
    {
        var error = await peers.EndPartition(partition, marker);

        // A topic that was deleted has nothing open.
        error = error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId ? ErrorCode.None : error;
        if (error == ErrorCode.None)
        {
            _partitions.Remove(partition);
        }

        return error;
    };

    private Func<ValueTask<ErrorCode>> ToGroup(GroupId group) => async () =>
    {
        var error = await peers.EndGroup(group, marker);
        if (error == ErrorCode.None)
        {
            _groups.Remove(group);
        }

        return error;
    };
}
