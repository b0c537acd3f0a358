using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// A member of a group on a cluster that behaves as a client: it releases partitions before it confirms that, and repeats failed calls.
/// </summary>
internal sealed class ClusterMember(IGroupGrain group, string id, GroupHistory history, params string[] topics)
{
    // A call that is on its way to a silo when that dies ends only by its timeout: the session must leave room for another one.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private readonly SortedSet<TopicPartition> _owned = [];
    private readonly Dictionary<TopicPartition, long> _positions = [];
    private bool _isJoined;

    public string Id => id;

    public int Epoch { get; private set; }

    /// <summary>How many partitions it works on.</summary>
    public int OwnedCount => _owned.Count;

    /// <summary>Makes one heartbeat, which may take several attempts.</summary>
    public async Task Beat(TimeSpan wait = default)
    {
        var terms = _isJoined ? null : new MemberSubscription(
            [.. topics.Select(TopicName.Parse)], null, ["cooperative-sticky"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));
        var answer = await Repeat(
            async () => await group.Heartbeat(
                new HeartbeatRequest(id, null, Epoch, "test", "here", terms, [.. _owned], wait), CancellationToken.None),
            static answer => answer.Error);
        Assert.Equal((ErrorCode.None, null), (answer.Error, answer.Detail));
        history.Told(id, answer.MemberEpoch);
        (Epoch, _isJoined) = (answer.MemberEpoch, true);
        foreach (var lost in _owned.Except(answer.Assignment).ToArray())
        {
            _owned.Remove(lost);
            history.Released(id, lost);
        }

        foreach (var gained in answer.Assignment.Except(_owned).ToArray())
        {
            history.Granted(id, gained);
            _owned.Add(gained);
            var read = await Repeat(async () => await group.Offsets([gained]), static read => read.Error);
            Assert.Equal(ErrorCode.None, read.Error);
            _positions[gained] = read.Offsets.Length == 0 ? 0 : read.Offsets[0].Offset.Value;
            history.Read(id, gained, _positions[gained]);
        }
    }

    /// <summary>Commits the next offset of everything it works on, once.</summary>
    public async Task Commit()
    {
        CommittedOffset[] offsets =
            [.. _owned.Select(partition => new CommittedOffset(
                partition, new Offset(++_positions[partition]), LeaderEpoch.None, id, Timestamp.None))];
        try
        {
            var result = await group.Commit(new CommitRequest(id, Epoch, offsets));
            foreach (var offset in result.Error == ErrorCode.None
                ? offsets.ExceptBy(result.Refused.Select(refused => refused.Partition), offset => offset.Partition) : [])
            {
                history.Acknowledged(offset.Partition, offset.Offset.Value);
            }
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException)
        {
            // The silo is gone: the outcome is unknown.
        }
    }

    /// <summary>Heartbeats and commits until stopped.</summary>
    public async Task Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Beat(TimeSpan.FromMilliseconds(20));
            await Commit();
        }
    }

    /// <summary>Leaves for good.</summary>
    public async Task Leave()
    {
        foreach (var partition in _owned)
        {
            history.Released(id, partition);
        }

        _owned.Clear();
        Assert.Equal(ErrorCode.None, await Repeat(async () => await group.Leave(new LeaveRequest(id, null, null)), static error => error));
    }

    private static async Task<T> Repeat<T>(Func<Task<T>> call, Func<T, ErrorCode> errorOf)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var result = await call().WaitAsync(CallTimeout);
                if (errorOf(result) is not (ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.RequestTimedOut)
                    || attempt > 500)
                {
                    return result;
                }
            }
            catch (Exception e) when (attempt <= 500 && e is OrleansException or TimeoutException or OperationCanceledException)
            {
                // The silo has gone: the next one answers.
            }

            await Task.Delay(10);
        }
    }
}
