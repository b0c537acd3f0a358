using System.Collections.Concurrent;
using Loire.Edge.Producing;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// The part of a producer after serialization: adds records to the accumulators of their partitions as memory permits. A call returns
/// immediately if the topic is known and there is room; otherwise it waits for the topic's <see cref="AsyncFifoLock"/>.
/// </summary>
internal sealed class ProducerBuffer
{
    private readonly ConcurrentDictionary<string, ProducerTopic> _topics = new(StringComparer.Ordinal);
    private readonly TopicCache _directory;
    private readonly EnqueuedFailures _enqueuedFailures = new();
    private readonly ILogger _logger;
    private volatile bool _isDisposed;

    public ProducerBuffer(
        TopicCache directory, ProducerSettings settings, TimeProvider time, ClientMetrics metrics, BackgroundWork background, Random random,
        ILogger logger)
    {
        (_directory, Settings, Time, Metrics, Background, _logger) = (directory, settings, time, metrics, background, logger);
        Memory = new BufferMemory(settings.Options.BufferMemory, time);

        // As many builders as a full buffer of full batches needs.
        var maxSpareBuilders = (int)Math.Clamp(settings.Options.BufferMemory / settings.Policy.BatchBytes, 1, 256);
        Delivery = new BatchDelivery(directory, settings.Policy, time, random, logger, background, maxSpareBuilders);
    }

    public ProducerSettings Settings { get; }

    public TimeProvider Time { get; }

    public ClientMetrics Metrics { get; }

    public BackgroundWork Background { get; }

    public BufferMemory Memory { get; }

    public BatchDelivery Delivery { get; }

    /// <summary>Whether the producer was disposed and refuses records.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>The topic, if records for it can be accepted without taking its lock; otherwise null.</summary>
    public ProducerTopic? TryFind(string name) =>
        _topics.TryGetValue(name, out var topic) && topic.IsReady && !topic.Line.IsTaken ? topic : null;

    /// <summary>Returns the entry of a topic, known or not; <see cref="PrepareAsync"/> looks it up.</summary>
    public ProducerTopic Topic(string name)
    {
        if (!TopicName.TryParse(name, out _, out var problem))
        {
            throw new ProduceException(ErrorCode.InvalidTopicException, new TopicPartition(default, -1), false, problem);
        }

        return _topics.GetOrAdd(name, static (key, buffer) => new ProducerTopic(key, buffer), this);
    }

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, typeof(IProducer<,>));

    /// <summary>Looks up a topic if it is unknown, or if the partition is not known to exist.</summary>
    /// <exception cref="ProduceException">It does not exist, or does not answer.</exception>
    public async ValueTask PrepareAsync(ProducerTopic topic, int partition, long blockedSince, CancellationToken cancellation)
    {
        try
        {
            if (!topic.IsReady)
            {
                var known = topic.Known is { } outdated
                    ? await RetryAsync(left => _directory.RequireNewerAsync(outdated, 0, left, cancellation), blockedSince, cancellation)
                    : await RetryAsync(
                        left => _directory.RequireAsync(topic.Topic, Settings.Options.MetadataMaxAge, left, cancellation), blockedSince, cancellation);
                topic.Learn(known);
            }

            if (partition >= topic.PartitionsCount)
            {
                // Partitions may have been added.
                var outdated = topic.Known!;
                topic.Learn(await RetryAsync(left => _directory.RequireNewerAsync(outdated, 0, left, cancellation), blockedSince, cancellation));
            }
        }
        catch (LoireException exception) when (exception is not ProduceException)
        {
            throw new ProduceException(
                exception.Code, new TopicPartition(topic.Topic, partition), isOutcomeUnknown: false,
                exception.Code == ErrorCode.UnknownTopicOrPartition ? $"The topic '{topic.Topic}' does not exist." : exception.Detail,
                exception);
        }

        if ((uint)partition >= (uint)topic.PartitionsCount)
        {
            throw new ProduceException(
                ErrorCode.UnknownTopicOrPartition, new TopicPartition(topic.Topic, partition), isOutcomeUnknown: false,
                $"The topic '{topic.Topic}' has the partitions 0 to {topic.PartitionsCount - 1}.");
        }
    }

    /// <summary>Accepts a record if there is room for it.</summary>
    public bool TryAdd(ProducerTopic topic, int partition, RecordScratch record, bool isAwaited, out Ticket ticket)
    {
        if (!Memory.TryTake(record.ReservedBytes))
        {
            ticket = default;
            return false;
        }

        ticket = AddReserved(topic, partition, record, isAwaited);
        return true;
    }

    /// <summary>Accepts a record when there is room for it.</summary>
    /// <exception cref="ProduceException">There was no room within <see cref="ProducerOptions.MaxBlock"/>.</exception>
    public async ValueTask<Ticket> AddAsync(
        ProducerTopic topic, int partition, RecordScratch record, bool isAwaited, long blockedSince, CancellationToken cancellation)
    {
        if (!Memory.TryTake(record.ReservedBytes))
        {
            var room = Memory.TakeAsync(record.ReservedBytes, Left(blockedSince), cancellation);

            // Lingering records must not occupy the memory that others wait for. After the line above, no record is added without waiting.
            if (Settings.Policy.Linger > TimeSpan.Zero)
            {
                HurryAll(null, close: false);
            }

            try
            {
                await room;
            }
            catch (TimeoutException timeout)
            {
                throw new ProduceException(
                    ErrorCode.RequestTimedOut, new TopicPartition(topic.Topic, partition), isOutcomeUnknown: false,
                    "The buffer had no room for the record within MaxBlock: records come faster than they can be stored.", timeout);
            }
        }

        return AddReserved(topic, partition, record, isAwaited);
    }

    public void OnBatchClosed(ProducerTopic topic, int partition)
    {
        try
        {
            Settings.Partitioner.OnBatchClosed(topic, partition);
        }
        catch (Exception exception)
        {
            _logger.PartitionerFailed(exception, topic.Topic);
        }

        if (topic.Known is { } known && Time.GetElapsedTime(known.AskedAt) > Settings.Options.MetadataMaxAge && topic.TryBeginRenewal())
        {
            Background.Start(RenewAsync, topic);
        }
    }

    /// <summary>Called when a batch is about to end: frees its memory and counts failed records.</summary>
    public void Settle(ProducerBatch batch)
    {
        Memory.Release(batch.ReservedBytes);
        var (topic, partition) = (batch.Topic.Topic, batch.Accumulator.Partition);
        if (batch.Failure is { } failure)
        {
            _enqueuedFailures.Add(new TopicPartition(topic, partition), failure, batch.UnawaitedCount);
            _logger.RecordsFailed(
                failure.Exception, topic, partition, batch.RecordsCount, ErrorCodes.Describe(failure.Code).Name, failure.IsOutcomeUnknown);
        }

        Metrics.Sent(topic, partition, batch.RecordsCount, batch.Failure?.Code ?? ErrorCode.None);
    }

    /// <summary>Completes when every accepted record has an outcome.</summary>
    /// <exception cref="ProduceException">Enqueued records failed since the last flush.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        ThrowIfDisposed();
        await DrainAsync(close: false, cancellation);
        _enqueuedFailures.ThrowIfAny();
    }

    /// <summary>Completes when every accepted record has an outcome. What has failed is not reported again.</summary>
    public async ValueTask SettleAsync(CancellationToken cancellation)
    {
        await DrainAsync(close: false, cancellation);
        _enqueuedFailures.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        Memory.Close();
        await DrainAsync(close: true, CancellationToken.None);
        Delivery.Dispose();
    }

    private Ticket AddReserved(ProducerTopic topic, int partition, RecordScratch record, bool isAwaited)
    {
        if (topic.Queue(partition).TryAdd(record.Record, isAwaited, out var place))
        {
            return new Ticket((ProducerBatch)place.Batch, place.Index, record.Timestamp);
        }

        Memory.Release(record.ReservedBytes);
        throw new ObjectDisposedException(typeof(IProducer<,>).FullName);
    }

    private async Task DrainAsync(bool close, CancellationToken cancellation)
    {
        List<PendingBatch> unfinished = [];
        HurryAll(unfinished, close);
        foreach (var batch in unfinished.Cast<ProducerBatch>())
        {
            await BackgroundWork.WaitAsync(batch.Ended, Timeout.InfiniteTimeSpan, Time, cancellation);
        }
    }

    private void HurryAll(List<PendingBatch>? unfinished, bool close)
    {
        foreach (var queue in _topics.Values.SelectMany(topic => topic.Queues))
        {
            queue.Hurry(unfinished, close);
        }
    }

    private TimeSpan Left(long blockedSince)
    {
        var left = Settings.Options.MaxBlock - Time.GetElapsedTime(blockedSince);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // Retries until the grain answers; any answer is final.
    private async ValueTask<TopicRoutes> RetryAsync(
        Func<TimeSpan, ValueTask<TopicRoutes>> ask, long blockedSince, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask(Left(blockedSince));
            }
            catch (LoireException exception) when (
                exception.IsRetriable && exception.Code != ErrorCode.UnknownTopicOrPartition && Left(blockedSince) > TimeSpan.Zero)
            {
                var pause = Delivery.Backoff(attempt);
                await Task.Delay(pause < Left(blockedSince) ? pause : Left(blockedSince), Time, cancellation);
            }
        }
    }

    private async Task RenewAsync(ProducerTopic topic)
    {
        try
        {
            topic.Learn(await _directory.RequireAsync(topic.Topic, TopicCache.Fresh, Settings.Policy.RequestTimeout));
        }
        catch (LoireException exception)
        {
            // The next append will show whether the topic still exists.
            _logger.TopicNotRenewed(exception, topic.Topic);
        }

        topic.EndRenewal();
    }
}
