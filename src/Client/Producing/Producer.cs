using System.Diagnostics;
using System.Runtime.CompilerServices;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client;

/// <summary>
/// Serializes records, chooses partitions, and passes records to the <see cref="ProducerBuffer"/>. A call for a known topic takes only its
/// partition's lock and allocates nothing until it has to wait. Calls that may have to wait before their record is accepted go through the
/// topic's <see cref="AsyncFifoLock"/>, so records keep the order of the calls even if these are not awaited.
/// </summary>
internal sealed class Producer<TKey, TValue> : IProducer<TKey, TValue>
{
    private readonly ProducerSettings _settings;
    private readonly RecordSerializer<TKey, TValue> _serializer;
    private readonly ProducerBuffer _buffer;
    private readonly TimeProvider _time;
    private readonly TransactionalProducer? _transactions;

    /// <param name="topics">Finds topics; shared with other producers and consumers.</param>
    /// <param name="grains">Finds the coordinator of transactions.</param>
    /// <param name="options">Read once.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">The instruments.</param>
    /// <param name="logger">Gets failures and retries.</param>
    /// <param name="background">Where batches are sent; the thread pool by default.</param>
    /// <param name="random">Spreads retries.</param>
    /// <exception cref="ArgumentException">An option is not legal.</exception>
    public Producer(
        TopicCache topics,
        IGrainFactory grains,
        ProducerOptions<TKey, TValue> options,
        TimeProvider time,
        ClientMetrics metrics,
        ILogger? logger = null,
        BackgroundWork? background = null,
        Random? random = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _settings = new ProducerSettings(options);
        _serializer = new RecordSerializer<TKey, TValue>(options);
        _time = time;
        _buffer = new ProducerBuffer(
            topics, _settings, time, metrics, background ?? new BackgroundWork(), random ?? new Random(), logger ?? NullLogger.Instance);
        _transactions = _settings.Policy.Transaction is { } transaction ? new TransactionalProducer(transaction, grains, _buffer) : null;
        metrics.AddBuffer(this, _settings.Options.ClientId, () => _buffer.Memory.Used);
    }

    public ValueTask<DeliveryResult> ProduceAsync(
        TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Plain().ProduceAsync(topic, null, message, cancellation);

    public ValueTask<DeliveryResult> ProduceAsync(
        TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Plain().ProduceAsync(target.Topic, target.Partition, message, cancellation);

    public ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Plain().EnqueueAsync(topic, null, message, cancellation);

    public ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Plain().EnqueueAsync(target.Topic, target.Partition, message, cancellation);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ProduceOutcome> TryProduceAsync(
        TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default)
    {
        Plain();
        using var activity = StartSpan(topic);
        try
        {
            var ticket = await TakeAsync(topic, null, message, isAwaited: true, activity, cancellation);
            var outcome = await EndAsync(ticket, cancellation);
            LoireTelemetry.Fail(activity, outcome.Failure);
            return outcome;
        }
        catch (LoireException failure)
        {
            LoireTelemetry.Fail(activity, failure);
            return new ProduceOutcome(default, failure);
        }
    }

    public async ValueTask<ProduceOutcome[]> ProduceBatchAsync(
        TopicName topic, IReadOnlyList<Message<TKey, TValue>> messages, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        Plain();
        using var activity = StartSpan(topic);
        activity?.SetTag(LoireTelemetry.MessageCount, messages.Count);
        var tickets = new Ticket[messages.Count];
        var outcomes = new ProduceOutcome[messages.Count];
        for (var i = 0; i < tickets.Length; i++)
        {
            try
            {
                tickets[i] = await TakeAsync(topic, null, messages[i], isAwaited: true, activity, cancellation);
            }
            catch (LoireException failure)
            {
                outcomes[i] = new ProduceOutcome(default, failure);
            }
        }

        for (var i = 0; i < tickets.Length; i++)
        {
            if (outcomes[i].Failure is null)
            {
                outcomes[i] = await EndAsync(tickets[i], cancellation);
            }
        }

        LoireTelemetry.Fail(activity, outcomes.FirstOrDefault(outcome => !outcome.IsDelivered).Failure);
        return outcomes;
    }

    public ValueTask FlushAsync(CancellationToken cancellation = default) => _buffer.FlushAsync(cancellation);

    public async ValueTask<ITransaction<TKey, TValue>> BeginTransactionAsync(CancellationToken cancellation = default)
    {
        _buffer.ThrowIfDisposed();
        var transactions = _transactions ?? throw new InvalidOperationException("The producer has no transactions: set ProducerOptions.TransactionalId.");
        await transactions.BeginAsync(cancellation);
        return new Transaction<TKey, TValue>(this, transactions);
    }

    public async ValueTask DisposeAsync()
    {
        if (_transactions is not null)
        {
            await _transactions.DisposeAsync();
        }

        await _buffer.DisposeAsync();
        _buffer.Metrics.RemoveBuffer(this);
    }

    private static ValueTask<ProduceOutcome> EndAsync(Ticket ticket, CancellationToken cancellation)
    {
        return ticket.Batch.IsEnded ? new(ticket.Outcome)
            : cancellation.CanBeCanceled ? WaitAsync(ticket, cancellation)
            : PendingDelivery.EndedAsync(ticket);

        static async ValueTask<ProduceOutcome> WaitAsync(Ticket ticket, CancellationToken cancellation)
        {
            await BackgroundWork.WaitAsync(ticket.Batch.Ended, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return ticket.Outcome;
        }
    }

    /// <summary>Appends a record, in a transaction or outside, and completes when it is acknowledged.</summary>
    internal ValueTask<DeliveryResult> ProduceAsync(
        TopicName topic, int? partition, Message<TKey, TValue> message, CancellationToken cancellation)
    {
        // Usually the record is accepted immediately and no span is open; then the returned task only waits for the delivery.
        if (cancellation.CanBeCanceled || LoireTelemetry.Activities.HasListeners())
        {
            return ProduceWatchedAsync(topic, partition, message, cancellation);
        }

        ValueTask<Ticket> taking;
        try
        {
            taking = TakeAsync(topic, partition, message, isAwaited: true, null, default);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<DeliveryResult>(exception);
        }

        return taking.IsCompletedSuccessfully ? PendingDelivery.DeliveredAsync(taking.Result) : AwaitAsync(taking);

        static async ValueTask<DeliveryResult> AwaitAsync(ValueTask<Ticket> taking) => await PendingDelivery.DeliveredAsync(await taking);
    }

    private async ValueTask<DeliveryResult> ProduceWatchedAsync(
        TopicName topic, int? partition, Message<TKey, TValue> message, CancellationToken cancellation)
    {
        using var activity = StartSpan(topic);
        try
        {
            var ticket = await TakeAsync(topic, partition, message, isAwaited: true, activity, cancellation);
            var outcome = await EndAsync(ticket, cancellation);
            return outcome.Failure is null ? outcome.Result : throw outcome.Failure;
        }
        catch (LoireException failure) when (activity is not null)
        {
            LoireTelemetry.Fail(activity, failure);
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask EnqueueAsync(TopicName topic, int? partition, Message<TKey, TValue> message, CancellationToken cancellation)
    {
        using var activity = StartSpan(topic);
        try
        {
            await TakeAsync(topic, partition, message, isAwaited: false, activity, cancellation);
        }
        catch (LoireException failure) when (activity is not null)
        {
            LoireTelemetry.Fail(activity, failure);
            throw;
        }
    }

    /// <summary>The producer itself, which writes outside of transactions.</summary>
    private Producer<TKey, TValue> Plain() => _transactions is null ? this : throw new InvalidOperationException(
        "A producer with a transactional id writes by its transactions only: call BeginTransactionAsync, and produce by what it returns.");

    private Activity? StartSpan(TopicName topic) => LoireTelemetry.Start(
        LoireTelemetry.SendOperation, LoireTelemetry.SendType, ActivityKind.Producer, topic, _settings.Options.ClientId);

    /// <summary>Accepts a record, immediately or through the lock of its topic.</summary>
    private ValueTask<Ticket> TakeAsync(
        TopicName topic, int? partition, Message<TKey, TValue> message, bool isAwaited, Activity? activity, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        _buffer.ThrowIfDisposed();
        cancellation.ThrowIfCancellationRequested();
        if (_serializer.IsAsync
            || _buffer.TryFind(topic.Value) is not { } known
            || (uint)partition.GetValueOrDefault() >= (uint)known.PartitionsCount)
        {
            return TakeInLineAsync(topic, partition, message, null, isAwaited, activity, cancellation);
        }

        var record = RecordScratch.Rent();
        var isHandedOn = false;
        try
        {
            _serializer.Serialize(topic, message, record, activity);
            Finish(topic, partition, message, record);
            var chosen = partition ?? Choose(known, record);

            // The serializer may itself have produced a record, which is now waiting.
            if (!known.Line.IsTaken && _buffer.TryAdd(known, chosen, record, isAwaited, out var ticket))
            {
                return new(ticket);
            }

            isHandedOn = true;
            return TakeInLineAsync(topic, chosen, message, record, isAwaited, activity, cancellation);
        }
        finally
        {
            if (!isHandedOn)
            {
                record.Return();
            }
        }
    }

    /// <param name="name">The topic.</param>
    /// <param name="partition">The caller's choice, or the partitioner's if <paramref name="record"/> is given.</param>
    /// <param name="message">The message.</param>
    /// <param name="record">The message's bytes if it has been serialized already.</param>
    /// <param name="isAwaited">Whether the caller waits for the record's end.</param>
    /// <param name="activity">The span.</param>
    /// <param name="cancellation">Ends the wait, and then the record is not taken over.</param>
    private async ValueTask<Ticket> TakeInLineAsync(
        TopicName name,
        int? partition,
        Message<TKey, TValue> message,
        RecordScratch? record,
        bool isAwaited,
        Activity? activity,
        CancellationToken cancellation)
    {
        var blockedSince = _time.GetTimestamp();
        var hasWaited = false;
        try
        {
            var topic = _buffer.Topic(name.Value);
            hasWaited = await topic.Line.EnterAsync(cancellation);
            try
            {
                await _buffer.PrepareAsync(topic, partition ?? 0, blockedSince, cancellation);
                if (record is null)
                {
                    record = RecordScratch.Rent();
                    await _serializer.SerializeAsync(name, message, record, activity, cancellation);
                    Finish(name, partition, message, record);
                }

                var chosen = partition ?? Choose(topic, record);
                return await _buffer.AddAsync(topic, chosen, record, isAwaited, blockedSince, cancellation);
            }
            finally
            {
                topic.Line.Leave();
            }
        }
        finally
        {
            record?.Return();
            if (hasWaited)
            {
                // The thread belongs to the call that released the lock and must not run this caller's continuation.
                await Task.Yield();
            }
        }
    }

    /// <summary>Sets the record's timestamp, and refuses records that no partition would accept.</summary>
    private void Finish(TopicName topic, int? partition, Message<TKey, TValue> message, RecordScratch record)
    {
        record.Timestamp = Timestamp.From(message.Timestamp ?? _time.GetUtcNow());
        var target = new TopicPartition(topic, partition ?? -1);
        if (record.Bytes > _settings.Options.MaxRecordBytes || record.ReservedBytes > _settings.Options.BufferMemory)
        {
            throw new ProduceException(
                ErrorCode.MessageTooLarge, target, isOutcomeUnknown: false,
                $"The record has {record.Bytes} bytes; MaxRecordBytes is {_settings.Options.MaxRecordBytes}, "
                    + $"BufferMemory {_settings.Options.BufferMemory}.");
        }

        if (record.HeadersCount > Limits.HeadersPerRecord)
        {
            throw new ProduceException(
                ErrorCode.InvalidRecord, target, isOutcomeUnknown: false,
                $"The record has {record.HeadersCount} headers; at most {Limits.HeadersPerRecord} are allowed.");
        }

        if (record.Timestamp.Milliseconds < 0)
        {
            throw new ProduceException(
                ErrorCode.InvalidTimestamp, target, isOutcomeUnknown: false, "A record's time must not lie before 1970.");
        }
    }

    private int Choose(ProducerTopic topic, RecordScratch record)
    {
        int partition;
        try
        {
            partition = _settings.Partitioner.Partition(topic, record.Key, record.KeyIsNull);
        }
        catch (Exception exception)
        {
            throw new ProduceException(
                ErrorCode.InvalidPartitions, new TopicPartition(topic.Topic, -1), isOutcomeUnknown: false,
                $"The partitioner failed: {exception.Message}", exception);
        }

        return partition >= 0 && partition < topic.PartitionsCount ? partition
            : throw new ProduceException(
                ErrorCode.InvalidPartitions, new TopicPartition(topic.Topic, partition), isOutcomeUnknown: false,
                $"The partitioner chose {partition}, but the topic has the partitions 0 to {topic.PartitionsCount - 1}.");
    }
}
