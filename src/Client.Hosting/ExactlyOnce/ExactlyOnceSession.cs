using System.Collections.Concurrent;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>
/// One run of an exactly-once handler, with a consumer and a transactional producer of its own. Each list of records that the consumer delivers is one transaction,
/// with the output of its records, the dead letters among them, and the position after the last one. A list is cut short where the transaction has taken long, and
/// before a record that stalls its partition or stops the host: what precedes it is committed.
/// <para>
/// A record whose output no partition accepts makes its transaction fail. Which one that was is known once the records of the list are handled again, each in a
/// transaction of its own; after <see cref="RetryOptions.Attempts"/> such failures the record counts as failed.
/// </para>
/// </summary>
internal sealed partial class ExactlyOnceSession(
    IConsumer<byte[], byte[]> consumer, IProducer<byte[], byte[]> producer, TopicName topic, ExactlyOnceOptions options, ConsumerState state,
    TransformRecord handle, TimeProvider time, ILogger logger)
    : IHostedSession, IRebalanceListener
{
    // By partition: where its next record has failed already, and up to where records are handled in transactions of their own.
    private readonly ConcurrentDictionary<TopicPartition, KnownFailure> _failures = new();
    private readonly ConcurrentDictionary<TopicPartition, Offset> _aloneUpTo = new();
    private long _begun;

    /// <inheritdoc/>
    public SessionEnd End { get; private set; }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            _begun = time.GetTimestamp();
            await consumer.SubscribeAsync([topic], this, stop);
            state.Trouble = null;
            await ProcessAsync(stop);
        }
        catch (PoisonRecordException)
        {
            End = SessionEnd.StopHost;
        }
        catch (TransactionException fenced) when (fenced.IsFatal)
        {
            if (time.GetElapsedTime(_begun) >= options.TransactionSpan * 2)
            {
                TookTooLong(fenced, options.Name, options.TransactionSpan * 2);
                return;
            }

            End = options.OnFenced switch
            {
                FencedPolicy.StopHandler => SessionEnd.Stop,
                FencedPolicy.StopHost => SessionEnd.StopHost,
                _ => SessionEnd.Restart,
            };
            state.Trouble = $"Another instance with the transactional id {options.TransactionalId} has taken over.";
            IsFenced(fenced, options.Name, options.TransactionalId.Value, options.OnFenced);
        }
        finally
        {
            try
            {
                // The transaction that was left open is aborted before another member gets the partitions.
                await producer.DisposeAsync();
            }
            finally
            {
                await consumer.DisposeAsync();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            _failures.TryRemove(partition, out _);
            _aloneUpTo.TryRemove(partition, out _);
            state.Stalled.TryRemove(partition, out _);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => OnRevokedAsync(partitions, cancellation);

    private async Task ProcessAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await consumer.ProcessExactlyOnceAsync(producer, TransformAsync, stop);
            }
            catch (RefusedOutputException refused)
            {
                OutputRefused(refused.InnerException!, options.Name, refused.Partition);
                await Task.Delay(options.Retry.Backoff, time, stop);
            }
        }
    }

    private async ValueTask TransformAsync(
        IReadOnlyList<ConsumeResult<byte[], byte[]>> records, ITransaction<byte[], byte[]> transaction, CancellationToken cancellation)
    {
        _begun = time.GetTimestamp();
        var partition = records[0].TopicPartition;
        var sent = new List<Task>();
        var handled = 0;
        for (; handled < records.Count; handled++)
        {
            var record = records[handled];
            if ((handled > 0 && MustEndAfter(records[handled - 1])) || !await TryTransformAsync(record, isFirst: handled == 0, transaction, sent, cancellation))
            {
                Return(partition, record.Offset);
                break;
            }
        }

        try
        {
            await Task.WhenAll(sent);
        }
        catch (Exception first)
        {
            var failures = sent.Select(task => task.Exception?.InnerException).OfType<Exception>().ToArray();
            throw failures.OfType<DeadLetterException>().FirstOrDefault() ?? Refusal(records, handled, failures) ?? first;
        }

        if (handled > 0)
        {
            _failures.TryRemove(partition, out _);
        }
    }

    private bool MustEndAfter(ConsumeResult<byte[], byte[]> record) =>
        time.GetElapsedTime(_begun) > options.TransactionSpan
        || (_aloneUpTo.TryGetValue(record.TopicPartition, out var last) && record.Offset <= last);

    /// <summary>Handles a record and sends what follows from it; false if the transaction must end before it.</summary>
    private async ValueTask<bool> TryTransformAsync(
        ConsumeResult<byte[], byte[]> record, bool isFirst, ITransaction<byte[], byte[]> transaction, List<Task> sent, CancellationToken cancellation)
    {
        var partition = record.TopicPartition;
        var known = _failures.TryGetValue(partition, out var found) && found.Offset == record.Offset ? found : null;
        var result = known is { Refusals: var refusals } && (refusals == 0 || refusals >= options.Retry.Attempts)
            ? new HandledRecord([], known.Attempts, known.Error)
            : await handle(record, known?.Attempts ?? 0, cancellation);
        if (result.Failure is not { } failure)
        {
            foreach (var output in result.Output)
            {
                sent.Add(
                    (output.Partition is { } target
                        ? transaction.ProduceAsync(new TopicPartition(output.Topic, target), output.Message, cancellation)
                        : transaction.ProduceAsync(output.Topic, output.Message, cancellation)).AsTask());
            }

            return true;
        }

        var position = new TopicPartitionOffset(record.Topic, record.Partition, record.Offset);
        if (options.DeadLetterTopic is { } dead)
        {
            IsDead(failure, options.Name, position, dead);
            sent.Add(SendDeadAsync(transaction, dead, record, result.Attempts, failure, cancellation));
            return true;
        }

        if (options.OnPoison != PoisonPolicy.Skip && !isFirst)
        {
            _failures[partition] = new KnownFailure(record.Offset, result.Attempts, 0, failure);
            return false;
        }

        IsPoison(failure, options.Name, position, options.OnPoison);
        switch (options.OnPoison)
        {
            case PoisonPolicy.Skip:
                return true;
            case PoisonPolicy.Pause:
                Stall(position);
                return false;
            default:
                throw new PoisonRecordException(position, failure);
        }
    }

    private async Task SendDeadAsync(
        ITransaction<byte[], byte[]> transaction, TopicName dead, ConsumeResult<byte[], byte[]> record, int attempts, Exception failure,
        CancellationToken cancellation)
    {
        try
        {
            await transaction.ProduceAsync(
                dead,
                new Message<byte[], byte[]>
                {
                    Key = record.Key,
                    Value = record.Value,
                    Timestamp = record.Timestamp,
                    Headers = FailureHeaders.For(record, options.Name, attempts, failure, notBefore: null),
                },
                cancellation);
        }
        catch (ProduceException refused) when (IsRefusal(refused))
        {
            // Not a failure of the record, so the session ends, and the next one tries again.
            throw new DeadLetterException($"The dead letter topic {dead} does not accept a record: {refused.Message}", refused);
        }
    }

    private void Stall(TopicPartitionOffset position)
    {
        try
        {
            consumer.Pause([position.TopicPartition]);
            state.Stalled[position.TopicPartition] = position.Offset;
        }
        catch (InvalidOperationException)
        {
            // It is another member's, which gets the record.
        }
    }

    private void Return(TopicPartition partition, Offset offset) => ((IDeliveredPositions)consumer).Return(partition, offset);

    /// <summary>The refusal of what a record has led to; null if the transaction has failed otherwise.</summary>
    private Exception? Refusal(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, int handled, IEnumerable<Exception> failures)
    {
        var refusal = failures.OfType<ProduceException>().FirstOrDefault(IsRefusal);
        if (refusal is null)
        {
            return null;
        }

        var first = records[0];
        if (handled > 1)
        {
            _aloneUpTo[first.TopicPartition] = records[handled - 1].Offset;
        }
        else
        {
            var known = _failures.TryGetValue(first.TopicPartition, out var found) && found.Offset == first.Offset ? found : null;
            _failures[first.TopicPartition] = new KnownFailure(
                first.Offset, (known?.Attempts ?? 0) + 1, (known?.Refusals ?? 0) + 1, refusal);
        }

        return new RefusedOutputException(first.TopicPartition, refusal);
    }

    /// <summary>Whether a partition refuses a record for what it is, so that sending it again cannot succeed.</summary>
    private static bool IsRefusal(ProduceException failure) => failure.Code is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidRecord
        or ErrorCode.InvalidTimestamp or ErrorCode.UnknownTopicOrPartition or ErrorCode.InvalidTopicException or ErrorCode.PolicyViolation;

    /// <summary>What is known of the next record of a partition.</summary>
    /// <param name="Offset">The record.</param>
    /// <param name="Attempts">Handler calls so far.</param>
    /// <param name="Refusals">How often its output was refused; 0 if the handler has failed.</param>
    /// <param name="Error">The last failure.</param>
    private sealed record KnownFailure(Offset Offset, int Attempts, int Refusals, Exception Error);

    /// <summary>The output of records was refused, so that their transaction must be aborted.</summary>
    private sealed class RefusedOutputException(TopicPartition partition, Exception cause) : Exception(cause.Message, cause)
    {
        public TopicPartition Partition => partition;
    }

    /// <summary>The dead letter topic does not take a record.</summary>
    private sealed class DeadLetterException(string message, Exception cause) : Exception(message, cause);

    /// <summary>A record requires the host to stop.</summary>
    private sealed class PoisonRecordException(TopicPartitionOffset position, Exception cause) : Exception($"The record at {position} cannot be handled.", cause);

    [LoggerMessage(1, LogLevel.Critical, "{Consumer} is fenced: another instance with the transactional id {Id} has taken over. Policy: {Policy}.")]
    private partial void IsFenced(Exception error, string consumer, string id, FencedPolicy policy);

    [LoggerMessage(2, LogLevel.Error, "A transaction of {Consumer} exceeded its timeout of {Timeout} and was aborted; its records are handled again.")]
    private partial void TookTooLong(Exception error, string consumer, TimeSpan timeout);

    [LoggerMessage(3, LogLevel.Error, "{Consumer} failed to handle {Position} and sends it to the dead letter topic {Topic}.")]
    private partial void IsDead(Exception error, string consumer, TopicPartitionOffset position, TopicName topic);

    [LoggerMessage(4, LogLevel.Error, "{Consumer} failed to handle {Position}. Policy: {Policy}.")]
    private partial void IsPoison(Exception error, string consumer, TopicPartitionOffset position, PoisonPolicy policy);

    [LoggerMessage(5, LogLevel.Warning, "What {Consumer} has written for records of {Partition} is refused; the transaction is aborted, and the records are handled again.")]
    private partial void OutputRefused(Exception error, string consumer, TopicPartition partition);
}
