using System.Runtime.CompilerServices;
using Loire.Model;

namespace Loire.Client;

/// <content>The consumer as a member of a group.</content>
internal sealed partial class Consumer<TKey, TValue>
{
    private readonly Subscriber? _subscriber;

    private bool CommitsFirst => _subscriber is { IsSubscribed: true } && _options.Guarantee == ConsumeGuarantee.AtMostOnce;

    public ValueTask SubscribeAsync(IEnumerable<TopicName> topics, IRebalanceListener? listener, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(topics);
        TopicName[] names = [.. topics.Distinct().Order()];
        return names.Length > 0 && !names.Contains(default)
            ? Group().SubscribeAsync(names, null, listener, cancellation)
            : throw new ArgumentException("There is no topic to subscribe to.");
    }

    public ValueTask SubscribeAsync(string pattern, IRebalanceListener? listener, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        return Group().SubscribeAsync([], pattern, listener, cancellation);
    }

    public ValueTask UnsubscribeAsync(CancellationToken cancellation) =>
        _subscriber is { } subscriber ? subscriber.UnsubscribeAsync(GroupMembershipOperation.Default, cancellation) : ValueTask.CompletedTask;

    public ValueTask CommitAsync(CancellationToken cancellation) => Group().Commits.CommitAsync(null, areFinished: false, cancellation);

    public ValueTask CommitAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(positions);
        TopicPartitionOffset[] wanted = [.. positions];
        return wanted.DistinctBy(one => one.TopicPartition).Count() < wanted.Length || wanted.Any(one => one.Offset < 0)
            ? throw new ArgumentException("Each partition is named once, with an offset of at least 0.")
            : Group().Commits.CommitAsync(wanted, cancellation);
    }

    public ValueTask CommitAsync(IEnumerable<ConsumeResult<TKey, TValue>> records, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(records);
        var positions = records.GroupBy(record => record.TopicPartition)
            .Select(some => new TopicPartitionOffset(some.Key, some.Max(record => record.Offset) + 1));
        return Group().Commits.CommitBehindAsync([.. positions], cancellation);
    }

    public async ValueTask<IReadOnlyList<TopicPartitionOffset>> CommittedAsync(
        IEnumerable<TopicPartition> partitions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var found = await Group().Commits.FindAsync(partitions, cancellation);
        return [.. found.Where(one => _set.Find(one.Partition) is not { } read || one.IsOf(read.Topic.Id)).Select(one => one.Offset)];
    }

    private MemberId NewMemberId() => _options.MemberId ?? MemberId.Parse(Guid.NewGuid().ToString("N"));

    private Subscriber Group() => _subscriber ?? throw new InvalidOperationException("There is no group: set GroupId.");

    private void CheckNotSubscribed()
    {
        if (_subscriber is { IsSubscribed: true })
        {
            throw new InvalidOperationException("The consumer has subscribed; the group decides what it reads.");
        }
    }

    // Of what is committed before it is handed out, records come one by one from lists: a commit for each would be slow.
    private async IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeListsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var list in ConsumeBatchesAsync(cancellation))
        {
            var partition = list[0].TopicPartition;
            var epoch = _set.Find(partition)?.Epoch;
            foreach (var record in list)
            {
                if (cancellation.IsCancellationRequested)
                {
                    yield break;
                }

                if (_set.Find(partition) is { } there && there.Epoch != epoch)
                {
                    // The application has sought elsewhere.
                    break;
                }

                yield return record;
            }
        }
    }

    /// <summary>
    /// Whether what was taken may be handed out: at most once means that its position is committed before. What may not goes back.
    /// </summary>
    private async ValueTask<bool> MayHandOutAsync(TopicPartition partition, CancellationToken cancellation)
    {
        if (!CommitsFirst)
        {
            return true;
        }

        try
        {
            var position = new TopicPartitionOffset(partition, _stream.Reached);
            await _subscriber!.Commits.CommitAheadAsync(position, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _stream.Abandon();
            return false;
        }
        catch (GroupException lost) when (
            lost.Code is ErrorCode.UnknownMemberId or ErrorCode.StaleMemberEpoch or ErrorCode.FencedMemberEpoch)
        {
            // The member hears of it soon; until then there is nothing to hand out.
            _stream.Abandon();
            _set.Hold([partition], isHeld: true);
            return false;
        }
        catch (GroupException)
        {
            _stream.Abandon();
            throw;
        }
    }
}
