using System.Collections.Concurrent;
using Loire.Edge.Calls;
using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Transactions;

/// <summary>
/// One search for hanging transactions: what is open in partitions, less what coordinators have open there. A partition enlists with the coordinator before
/// it takes the first record of a transaction, and is told of its end before the coordinator forgets it. So what a partition has open both before and after
/// its coordinator did not know of it will never be ended; what was only open before was ended meanwhile.
/// </summary>
internal sealed class HangingSearch(TransactionLookup lookup, TopicCache topics, CancellationToken cancellation)
{
    private readonly List<(TopicRoutes Topic, int Partition)> _partitions = [];
    private readonly ConcurrentDictionary<(TopicPartition Partition, long Producer), (TopicRoutes Topic, ProducerDescription Producer)> _candidates = new();
    private readonly ConcurrentDictionary<TopicPartition, ErrorCode> _failed = new();

    /// <summary>Finds the partitions of topics; the problem of one that could not be asked.</summary>
    /// <param name="names">The topics.</param>
    /// <param name="partition">The only partition of each that matters; null for all.</param>
    /// <param name="isNamed">Whether the client named the topic; otherwise one that does not exist any more is left out.</param>
    public async Task<ApiProblem?> FindPartitionsAsync(TopicName[] names, int? partition, bool isNamed)
    {
        var found = new TopicLookup[names.Length];
        await EachAsync(names.Length, async index =>
            found[index] = await topics.FindAsync(names[index], TopicCache.Fresh, Timeout.InfiniteTimeSpan, cancellation));
        for (var index = 0; index < names.Length; index++)
        {
            if (found[index].Topic is not { } routes)
            {
                if (isNamed || found[index].Error != ErrorCode.UnknownTopicOrPartition)
                {
                    return PartitionTarget.Problem(names[index], found[index]);
                }
            }
            else if (partition >= routes.PartitionsCount)
            {
                return PartitionTarget.Unknown(routes, partition.Value);
            }
            else
            {
                _partitions.AddRange((partition is { } one ? [one] : Enumerable.Range(0, routes.PartitionsCount)).Select(number => (routes, number)));
            }
        }

        return null;
    }

    /// <summary>Finds what is open in the partitions and was not added to after a time.</summary>
    public Task AskPartitionsAsync(Timestamp before) => EachAsync(_partitions.Count, async index =>
    {
        var (topic, partition) = _partitions[index];
        foreach (var producer in await ProducersAsync(topic, partition))
        {
            if (producer.TransactionStart != Offset.None && producer.LastAppend <= before)
            {
                _candidates[(new TopicPartition(topic.Name, partition), producer.Producer.Id)] = (topic, producer);
            }
        }
    });

    /// <summary>Leaves out what a coordinator has open, or will tell of its end; the problem if one of them could not be asked.</summary>
    public async Task<ApiProblem?> LeaveOutKnownAsync()
    {
        var after = "";
        for (var hasMore = true; hasMore && !_candidates.IsEmpty;)
        {
            var page = await lookup.ListAsync(after, TransactionLookup.IdsPerPage, cancellation);
            if (page.Error != ErrorCode.None)
            {
                return new ApiProblem(page.Error);
            }

            foreach (var result in await lookup.DescribeAsync(page.Ids, cancellation))
            {
                if (result.Error is not (ErrorCode.None or ErrorCode.TransactionalIdNotFound))
                {
                    return new ApiProblem(result.Error, "A coordinator of transactions could not be asked, so it is unknown which of them hang.");
                }

                LeaveOut(result.Transaction);
            }

            (hasMore, after) = (page.HasMore, page.Ids is [.., var last] ? last.Value : after);
        }

        return null;
    }

    /// <summary>Leaves out what has ended since its partition was asked.</summary>
    public async Task ConfirmAsync()
    {
        var suspects = _candidates.GroupBy(candidate => candidate.Key.Partition).ToArray();
        await EachAsync(suspects.Length, async index =>
        {
            var partition = suspects[index].Key;
            var now = await ProducersAsync(suspects[index].First().Value.Topic, partition.Partition);
            foreach (var (key, (_, producer)) in suspects[index])
            {
                if (!now.Any(one => one.Producer.Id == key.Producer && one.TransactionStart == producer.TransactionStart))
                {
                    _candidates.TryRemove(key, out _);
                }
            }
        });
    }

    /// <summary>The transaction that begins at an offset, among what was found so far, as its partition described it first; null if there is none.</summary>
    public (TopicRoutes Topic, ProducerDescription Producer)? Find(Offset start)
    {
        foreach (var candidate in _candidates.Values)
        {
            if (candidate.Producer.TransactionStart == start)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The error of a partition that could not be asked; null if all could.</summary>
    public ErrorCode? Failure => _failed.IsEmpty ? null : _failed.First().Value;

    /// <summary>What was found.</summary>
    public HangingTransactionJson[] Rows() =>
    [
        .. _candidates.Select(candidate => new HangingTransactionJson(
                candidate.Key.Partition.Topic.Value, candidate.Key.Partition.Partition, candidate.Key.Producer, candidate.Value.Producer.Producer.Epoch,
                candidate.Value.Producer.TransactionStart.Value, candidate.Value.Producer.LastAppend.Milliseconds, null))
            .Concat(_failed.Select(failure => new HangingTransactionJson(
                failure.Key.Topic.Value, failure.Key.Partition, null, null, null, null, ErrorCodes.Describe(failure.Value).Name)))
            .OrderBy(row => row.TopicName, StringComparer.Ordinal).ThenBy(row => row.Partition).ThenBy(row => row.ProducerId),
    ];

    private void LeaveOut(TransactionDescription? transaction)
    {
        if (transaction is null || !OpenTransaction.IsOpen(transaction))
        {
            return;
        }

        // A producer whose epochs are used up gets another id with the end of its transaction.
        var mayHaveAnotherId = OpenTransaction.IsEnding(transaction) && transaction.Producer.Epoch == 0;
        foreach (var partition in transaction.Partitions)
        {
            _candidates.TryRemove((partition, transaction.Producer.Id), out _);
            foreach (var key in mayHaveAnotherId ? _candidates.Keys.Where(key => key.Partition == partition) : [])
            {
                _candidates.TryRemove(key, out _);
            }
        }
    }

    private async Task<ProducerDescription[]> ProducersAsync(TopicRoutes topic, int partition)
    {
        ErrorCode error;
        try
        {
            var grain = topic.Partition(partition);
            var result = topics.Retries is { } retries
                ? await retries.CallAsync(grain, static one => one.Producers(), static answer => answer.Error, TimeSpan.Zero, cancellation)
                : await grain.Producers();
            (error, var producers) = (result.Error, result.Producers);
            if (error == ErrorCode.None || TopicRoutes.IsUnknown(error))
            {
                // What is open in a topic that was deleted meanwhile holds nobody back.
                return error == ErrorCode.None ? producers : [];
            }
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } failed)
        {
            error = failed;
        }

        _failed[new TopicPartition(topic.Name, partition)] = error;
        return [];
    }

    private Task EachAsync(int count, Func<int, Task> ask) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = OffsetLookup.AtOnce, CancellationToken = cancellation },
        async (index, _) => await ask(index));
}
