using System.Runtime.InteropServices;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>
/// The batches of one connection for one topic, with the same acknowledgement and transactional id, on their way. Those of a partition leave in the order in which they came: one append of a partition is under way, and
/// what comes meanwhile forms the next. While the topic is looked up, what comes after waits behind it. Begun by one flow at a time.
/// </summary>
/// <param name="key">What the batches have in common.</param>
/// <param name="delivery">Appends the batches.</param>
/// <param name="topics">Finds the topic.</param>
/// <param name="names">Finds the name of a topic whose id is given.</param>
/// <param name="logger">Logs bugs.</param>
internal sealed partial class TopicAppends(TopicAppendsKey key, BatchDelivery delivery, TopicCache topics, TopicNames names, ILogger logger) : IAccumulatorOwner
{
    private static readonly TimeSpan RoutesMaxAge = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    private readonly Dictionary<int, PartitionAccumulator> _partitions = [];
    private TopicName? _name = TopicName.TryParse(key.Name, out var name, out string? _) ? name : default(TopicName?);
    private volatile TopicRoutes? _routes;
    private Task _last = Task.CompletedTask;

    TopicRoutes IAccumulatorOwner.Routes => _routes!;

    Acks IAccumulatorOwner.Acks => key.Acks;

    (TransactionalId Id, TransactionVersion Version)? IAccumulatorOwner.Transaction => key.Transaction is { } id ? (id, key.Dialect) : null;

    /// <summary>Whether nothing is on its way.</summary>
    public bool IsIdle => _last.IsCompleted && _partitions.Values.All(static partition => partition.QueuedBytes == 0);

    /// <summary>Sends a batch to each of some partitions, after those that were sent before; each then ends by itself.</summary>
    public void Send(List<ProducedPartition> partitions)
    {
        if (_last.IsCompleted && _name is { } name && topics.TryFind(name, RoutesMaxAge) is { } known && IsOf(known) && Fit(partitions, known))
        {
            Send(partitions, known);
        }
        else
        {
            _last = SendAfterAsync(_last, partitions);
        }
    }

    bool IAccumulatorOwner.TryFollow(TopicRoutes routes)
    {
        // An id is of one creation of the topic, a name of whichever there is.
        if (!IsOf(routes))
        {
            return false;
        }

        _routes = routes;
        return true;
    }

    PendingBatch IAccumulatorOwner.OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder) =>
        throw new NotSupportedException("Clients encode their batches themselves.");

    void IAccumulatorOwner.OnBatchClosed(int partition)
    {
    }

    private bool IsOf(TopicRoutes routes) => key.Id == Guid.Empty || routes.Id.Value == key.Id;

    /// <summary>Whether the topic, as it is known, takes all of the batches.</summary>
    private static bool Fit(List<ProducedPartition> partitions, TopicRoutes routes)
    {
        foreach (var partition in partitions)
        {
            if (partition.Index < 0 || partition.Index >= routes.PartitionsCount || partition.Check.Bytes.Length > routes.MaxMessageBytes)
            {
                return false;
            }
        }

        return true;
    }

    private async Task SendAfterAsync(Task before, List<ProducedPartition> partitions)
    {
        await before;
        partitions = InTime(partitions);
        if (partitions.Count == 0)
        {
            return;
        }

        var (error, text) = (ErrorCode.UnknownTopicId, default(string));
        try
        {
            _name ??= key.Id == Guid.Empty ? null : await names.FindAsync(new TopicId(key.Id));
            if (_name is { } name)
            {
                // What is known may be outdated: before it is the reason of a refusal, the topic is asked.
                var known = topics.TryFind(name, RoutesMaxAge);
                var isOutdated = known is not null && !(IsOf(known) && Fit(partitions, known));
                var lookup = await topics.FindAsync(name, isOutdated ? TopicCache.Fresh : RoutesMaxAge, LookupTimeout);
                if (lookup.Topic is { } routes && IsOf(routes))
                {
                    Send(InTime(partitions), routes);
                    return;
                }

                // A name that is not known any more was found by an id that is none any more, unless the client has named it.
                (error, text) = lookup.Topic is null && !(key.Id != Guid.Empty && TopicRoutes.IsUnknown(lookup.Error))
                    ? (ProduceErrors.OfRefusal(lookup.Error), lookup.Detail) : (error, null);
            }
        }
        catch (Exception bug)
        {
            LogBug(logger, bug, key.Name);
            error = ErrorCode.UnknownServerError;
        }

        foreach (var partition in partitions.Where(static partition => partition.Outcome is null))
        {
            partition.Refuse(error, text);
        }
    }

    /// <summary>Those whose clients still wait. The others were told that they timed out, and send them again; nothing of them was sent.</summary>
    private static List<ProducedPartition> InTime(List<ProducedPartition> partitions)
    {
        foreach (var late in partitions.Where(static partition => partition.IsTooLate && partition.Outcome is null))
        {
            late.Refuse(ErrorCode.RequestTimedOut, "The topic was not found in time: nothing was sent.");
        }

        return partitions.FindAll(static partition => partition.Outcome is null);
    }

    private void Send(List<ProducedPartition> partitions, TopicRoutes routes)
    {
        _routes = routes;
        foreach (var partition in partitions)
        {
            if (partition.Index < 0 || partition.Index >= routes.PartitionsCount)
            {
                partition.Refuse(ErrorCode.UnknownTopicOrPartition, $"The topic has {routes.PartitionsCount} partitions.");
            }
            else if (partition.Check.Bytes.Length > routes.MaxMessageBytes)
            {
                partition.Refuse(ErrorCode.MessageTooLarge, $"The batch is larger than max.message.bytes, {routes.MaxMessageBytes}.");
            }
            else
            {
                ref var accumulator = ref CollectionsMarshal.GetValueRefOrAddDefault(_partitions, partition.Index, out _);
                accumulator ??= new PartitionAccumulator(delivery, this, partition.Index);
                accumulator.TryAdd(new ClientBatch(accumulator, partition));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A bug failed batches for the topic {Topic}.")]
    private static partial void LogBug(ILogger logger, Exception bug, string topic);
}

/// <summary>What the batches have in common that one append may carry.</summary>
/// <param name="Name">The name of the topic; empty if its id is given.</param>
/// <param name="Id">The id of the topic; <see cref="Guid.Empty"/> if its name is given.</param>
/// <param name="Acks">When to answer.</param>
/// <param name="Transaction">The transactional id; null without one.</param>
/// <param name="Dialect">The dialect of the producer's transactions.</param>
internal readonly record struct TopicAppendsKey(string Name, Guid Id, Acks Acks, TransactionalId? Transaction, TransactionVersion Dialect);
