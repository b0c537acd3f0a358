using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// Copies the durable commits of one group to the topic <c>__consumer_offsets</c>, for tools that read it. The group never waits for this
/// copy. Only the newest value of each partition is pending, so the mirror takes no more memory than the offsets themselves. One append is
/// in flight at a time, because two calls to one grain may overtake each other. A failed append is retried; values that are pending when
/// the group's silo dies are mirrored with the next commit to the same partition.
/// </summary>
internal sealed partial class OffsetsMirror(
    GroupId groupId, IGroupPeers peers, GroupOptions options, TimeProvider time, ILogger logger, Action<Exception> failed)
{
    private const int BatchBytes = 512 * 1024;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _closed = new();
    private Dictionary<TopicPartition, CommittedOffset?> _waiting = [];
    private Task _run = Task.CompletedTask;

    /// <summary>Partitions whose newest value is not mirrored yet.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Queues offsets that were committed durably.</summary>
    public void Committed(IReadOnlyList<CommittedOffset> offsets)
    {
        if (options.MirrorOffsets)
        {
            foreach (var offset in offsets)
            {
                _waiting[offset.Partition] = offset;
            }

            Start();
        }
    }

    /// <summary>Queues tombstones for offsets that were removed durably.</summary>
    public void Removed(IEnumerable<TopicPartition> partitions)
    {
        if (options.MirrorOffsets)
        {
            foreach (var partition in partitions)
            {
                _waiting[partition] = null;
            }

            Start();
        }
    }

    /// <summary>Tries once to mirror what is pending, and stops.</summary>
    public async Task FinishAsync()
    {
        var waiting = _waiting;
        Close();

        // Two calls to one grain may overtake each other: an older value that arrives last would stay in the topic.
        await _run;
        if (waiting.Count > 0)
        {
            await AppendAsync(waiting);
        }
    }

    /// <summary>Stops without mirroring what is pending.</summary>
    public void Close()
    {
        _waiting = [];
        _closed.Cancel();
    }

    private void Start()
    {
        if (_run.IsCompleted && _waiting.Count > 0 && !_closed.IsCancellationRequested)
        {
            _run = RunAsync();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (_waiting.Count > 0)
            {
                var taken = _waiting;
                _waiting = [];
                var error = await AppendAsync(taken);
                if (error != ErrorCode.None && !_closed.IsCancellationRequested)
                {
                    NotMirrored(groupId, error);
                    foreach (var (partition, offset) in taken)
                    {
                        _waiting.TryAdd(partition, offset);
                    }
                }

                await Task.Delay(error == ErrorCode.None ? options.MirrorInterval : RetryDelay, time, _closed.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Closed.
        }
        catch (Exception bug)
        {
            failed(bug);
        }
    }

    private async Task<ErrorCode> AppendAsync(Dictionary<TopicPartition, CommittedOffset?> offsets)
    {
        var topic = await peers.OffsetsTopic();
        if (topic.Error != ErrorCode.None)
        {
            return topic.Error;
        }

        var partition = new PartitionKey(
            topic.Topic!.Name, topic.Topic.Id, groupId.Place(topic.Topic.PartitionsCount));
        using var builder = new RecordBatchBuilder(BatchBytes);
        var now = Timestamp.From(time.GetUtcNow());
        foreach (var (of, offset) in offsets)
        {
            if (!TryAdd(builder, of, offset, now))
            {
                var error = await peers.Append(partition, new AppendRequest(builder.Build(), Acks.Leader, AppendOrigin.Cluster));
                if (error != ErrorCode.None)
                {
                    return error;
                }

                Invariant.Check(TryAdd(builder, of, offset, now), "one offset fits an empty batch");
            }
        }

        return await peers.Append(partition, new AppendRequest(builder.Build(), Acks.Leader, AppendOrigin.Cluster));
    }

    private bool TryAdd(RecordBatchBuilder builder, TopicPartition partition, CommittedOffset? offset, Timestamp now)
    {
        var key = OffsetsTopic.WriteKey(groupId, partition);
        return offset is { } value
            ? builder.Append(value.CommittedAt, key.Span, false, OffsetsTopic.WriteValue(value).Span, false)
            : builder.Append(now, key.Span, false, default, true);
    }

    [LoggerMessage(1, LogLevel.Warning, "Offsets of group {Group} are not mirrored yet: {Error}.")]
    private partial void NotMirrored(GroupId group, ErrorCode error);
}
