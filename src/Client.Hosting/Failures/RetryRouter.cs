using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>What becomes of a record after its handler has failed for the last time on the spot.</summary>
internal enum HandlingResult
{
    /// <summary>It is done with here: passed over, or it has gone to another topic.</summary>
    Finished,

    /// <summary>Its partition stands still.</summary>
    StandStill,

    /// <summary>The host stops.</summary>
    StopHost,
}

/// <summary>
/// Takes a record to its next stage: the next retry topic, then the dead letter topic, then what the policy says. A record that cannot be
/// moved stays where it is and is tried again, so nothing is lost between two stages; it may arrive twice.
/// </summary>
internal sealed partial class RetryRouter(
    HandlerOptions options, IProducer<byte[], byte[]> producer, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan _pauseMax = TimeSpan.FromSeconds(30);

    /// <summary>Takes a record on.</summary>
    /// <param name="record">As it was read.</param>
    /// <param name="stage">0 in the topic itself, then the number of the retry topic that it was read from, from 1 on.</param>
    /// <param name="attempts">Calls of the handler so far.</param>
    /// <param name="error">The last failure.</param>
    /// <param name="isHopeless">Whether trying again cannot help.</param>
    /// <param name="cancellation">Ends the attempts to move it.</param>
    public async ValueTask<HandlingResult> TakeOnAsync(
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
            PoisonPolicy.Pause => HandlingResult.StandStill,
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

    [LoggerMessage(1, LogLevel.Warning, "{Consumer} could not handle {Position}; it is tried again by way of {Topic} after {Delay}.")]
    private partial void WillBeRetried(Exception error, string consumer, TopicPartitionOffset position, TopicName topic, TimeSpan delay);

    [LoggerMessage(2, LogLevel.Error, "{Consumer} could not handle {Position}; it goes to the dead letter topic {Topic}.")]
    private partial void IsDead(Exception error, string consumer, TopicPartitionOffset position, TopicName topic);

    [LoggerMessage(3, LogLevel.Error, "{Consumer} could not handle {Position}. Policy: {Policy}.")]
    private partial void IsPoison(Exception error, string consumer, TopicPartitionOffset position, PoisonPolicy policy);

    [LoggerMessage(4, LogLevel.Error, "{Consumer} could not move {Topic}-{Partition}@{Offset} to {Target}; it is tried again after {Pause}.")]
    private partial void CannotMove(
        Exception error, string consumer, TopicName topic, int partition, Offset offset, TopicName target, TimeSpan pause);
}
