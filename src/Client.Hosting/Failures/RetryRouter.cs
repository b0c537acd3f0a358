using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>The outcome of handling a record, including its routing after the last failed attempt.</summary>
internal enum HandlingResult
{
    /// <summary>Handled, skipped, or moved to another topic.</summary>
    Finished,

    /// <summary>The partition stalls at this record.</summary>
    Stalled,

    /// <summary>The host stops.</summary>
    StopHost,
}

/// <summary>
/// Routes a record whose attempts in its current topic have failed: to the next retry topic, then to the dead letter topic, otherwise by
/// <see cref="RecordHandlingOptions.OnPoison"/>. Producing to the next topic is retried until it succeeds, so a record is never lost between two
/// topics; it may arrive twice.
/// </summary>
internal sealed partial class RetryRouter(
    HandlerOptions options, IProducer<byte[], byte[]> producer, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _pauseMax = TimeSpan.FromSeconds(30);

    /// <summary>Routes a record.</summary>
    /// <param name="record">The record as it was read.</param>
    /// <param name="stage">0 for the topic itself, otherwise the number of the retry topic that it was read from, from 1.</param>
    /// <param name="attempts">Handler calls so far, those before earlier retry topics included.</param>
    /// <param name="error">The last failure.</param>
    /// <param name="isHopeless">True if another attempt cannot succeed; the record then skips the retry topics.</param>
    /// <param name="cancellation">Stops the attempts to produce the record to its next topic.</param>
    public async ValueTask<HandlingResult> RouteAsync(
        ConsumeResult<byte[], byte[]> record, int stage, int attempts, Exception error, bool isHopeless, CancellationToken cancellation)
    {
        var position = new TopicPartitionOffset(record.Topic, record.Partition, record.Offset);
        if (!isHopeless && stage < options.RetryTopics.Count)
        {
            var retry = options.RetryTopics[stage];
            WillBeRetried(error, options.Name, position, retry.Topic, retry.Delay);
            await MoveAsync(record, retry.Topic, attempts, error, time.GetUtcNow() + retry.Delay, cancellation);
            return HandlingResult.Finished;
        }

        if (options.DeadLetterTopic is { } topic)
        {
            IsDead(error, options.Name, position, topic);
            await MoveAsync(record, topic, attempts, error, null, cancellation);
            return HandlingResult.Finished;
        }

        IsPoison(error, options.Name, position, options.OnPoison);
        return options.OnPoison switch
        {
            PoisonPolicy.Skip => HandlingResult.Finished,
            PoisonPolicy.Pause => HandlingResult.Stalled,
            _ => HandlingResult.StopHost,
        };
    }

    private async ValueTask MoveAsync(
        ConsumeResult<byte[], byte[]> record, TopicName topic, int attempts, Exception error, DateTimeOffset? notBefore,
        CancellationToken cancellation)
    {
        var message = new Message<byte[], byte[]>
        {
            Key = record.Key,
            Value = record.Value,
            Timestamp = record.Timestamp,
            Headers = FailureHeaders.For(record, options.Name, attempts, error, notBefore),
        };
        for (var pause = TimeSpan.FromMilliseconds(500); ; pause = pause * 2 < _pauseMax ? pause * 2 : _pauseMax)
        {
            var outcome = await producer.TryProduceAsync(topic, message, cancellation);
            if (outcome.Failure is not { } failure)
            {
                return;
            }

            CannotMove(failure, options.Name, record.Topic, record.Partition, record.Offset, topic, pause);
            await Task.Delay(pause, time, cancellation);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Consumer} failed to handle {Position} and retries it through {Topic} after {Delay}.")]
    private partial void WillBeRetried(Exception error, string consumer, TopicPartitionOffset position, TopicName topic, TimeSpan delay);

    [LoggerMessage(2, LogLevel.Error, "{Consumer} failed to handle {Position} and sends it to the dead letter topic {Topic}.")]
    private partial void IsDead(Exception error, string consumer, TopicPartitionOffset position, TopicName topic);

    [LoggerMessage(3, LogLevel.Error, "{Consumer} failed to handle {Position}. Policy: {Policy}.")]
    private partial void IsPoison(Exception error, string consumer, TopicPartitionOffset position, PoisonPolicy policy);

    [LoggerMessage(4, LogLevel.Error, "{Consumer} failed to move {Topic}-{Partition}@{Offset} to {Target} and retries after {Pause}.")]
    private partial void CannotMove(
        Exception error, string consumer, TopicName topic, int partition, Offset offset, TopicName target, TimeSpan pause);
}
