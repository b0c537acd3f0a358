using System.Buffers;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Client.Hosting;

/// <summary>
/// Handles one record: deserializes it, calls the handler in its own service scope, retries after pauses if it throws, and finally passes
/// the record to <see cref="RetryRouter"/>. Bytes that cannot be deserialized are not retried, since they do not change.
/// </summary>
internal sealed class RecordHandling<THandler, TKey, TValue>(
    IServiceScopeFactory scopes, HandlerOptions<TKey, TValue> options, RetryRouter router, ClientMetrics metrics,
    TimeProvider time)
    where THandler : class, IMessageHandler<TKey, TValue>
{
    private readonly IDeserializer<TKey> _keys = options.KeyDeserializer ?? Deserializers.For<TKey>();
    private readonly IDeserializer<TValue> _values = options.ValueDeserializer ?? Deserializers.For<TValue>();

    /// <summary>Handles a record; on cancellation it throws and the record stays unfinished.</summary>
    public async ValueTask<HandlingResult> HandleAsync(ConsumeResult<byte[], byte[]> raw, int stage, CancellationToken cancellation)
    {
        var attempts = FailureHeaders.AttemptsOf(raw);
        ConsumeResult<TKey, TValue> record;
        try
        {
            record = Deserialize(raw);
        }
        catch (SerializationException error)
        {
            return await router.RouteAsync(raw, stage, attempts, error, isHopeless: true, cancellation);
        }

        var pause = options.Retry.Backoff;
        for (var left = options.Retry.Attempts; ; left--)
        {
            attempts++;
            var error = await TryHandleAsync(new ConsumeContext<TKey, TValue>(record, attempts), cancellation);
            if (error is null)
            {
                return HandlingResult.Finished;
            }

            cancellation.ThrowIfCancellationRequested();
            if (left == 1)
            {
                return await router.RouteAsync(raw, stage, attempts, error, isHopeless: false, cancellation);
            }

            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < options.Retry.BackoffMax ? pause * 2 : options.Retry.BackoffMax;
        }
    }

    private async ValueTask<Exception?> TryHandleAsync(ConsumeContext<TKey, TValue> context, CancellationToken cancellation)
    {
        var position = new TopicPartitionOffset(context.Record.Topic, context.Record.Partition, context.Record.Offset);
        using var activity = HandlerTelemetry.Start(position, context.Record.Headers, options.Name);
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(options.HandlerTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        Exception? failure = null;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var handler = scope.ServiceProvider.GetRequiredService<THandler>();
            await handler.HandleAsync(context, both.Token);
        }
        catch (Exception error)
        {
            // Any exception of a handler is a failure of the record; the caller decides whether to retry.
            failure = timeout.IsCancellationRequested && error is OperationCanceledException && !cancellation.IsCancellationRequested
                ? new TimeoutException($"The handler did not complete within {options.HandlerTimeout}.", error)
                : error;
        }

        HandlerTelemetry.End(metrics, activity, position, time.GetElapsedTime(started), failure);
        return failure;
    }

    private ConsumeResult<TKey, TValue> Deserialize(ConsumeResult<byte[], byte[]> raw) => new()
    {
        Topic = raw.Topic,
        Partition = raw.Partition,
        Offset = raw.Offset,
        Key = Deserialize(_keys, MessageComponent.Key, raw.Key, raw),
        Value = Deserialize(_values, MessageComponent.Value, raw.Value, raw),
        IsTombstone = raw.IsTombstone,
        Headers = raw.Headers,
        Timestamp = raw.Timestamp,
    };

    private static T? Deserialize<T>(IDeserializer<T> deserializer, MessageComponent component, byte[]? bytes, ConsumeResult<byte[], byte[]> raw)
    {
        if (bytes is null)
        {
            return default;
        }

        var context = new SerializationContext(component, raw.Topic, raw.Headers);
        try
        {
            return deserializer.Deserialize(new ReadOnlySequence<byte>(bytes), context);
        }
        catch (Exception error)
        {
            throw new SerializationException(
                context, error, new TopicPartitionOffset(raw.Topic, raw.Partition, raw.Offset), raw);
        }
    }
}
