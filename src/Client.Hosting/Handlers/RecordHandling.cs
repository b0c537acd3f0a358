using Microsoft.Extensions.DependencyInjection;

namespace Loire.Client.Hosting;

/// <summary>
/// Handles one record: deserializes it, calls the handler, and passes the record to <see cref="RetryRouter"/> if all calls have failed. Bytes that cannot be
/// deserialized are not retried, since they do not change.
/// </summary>
internal sealed class RecordHandling<THandler, TKey, TValue>(HandlerOptions<TKey, TValue> options, HandlerCalls calls, RetryRouter router)
    where THandler : class, IMessageHandler<TKey, TValue>
{
    private readonly RecordDeserializer<TKey, TValue> _deserializer = new(options.KeyDeserializer, options.ValueDeserializer);

    /// <summary>Handles a record; on cancellation it throws and the record stays unfinished.</summary>
    public async ValueTask<HandlingResult> HandleAsync(ConsumeResult<byte[], byte[]> raw, int stage, CancellationToken cancellation)
    {
        var earlier = FailureHeaders.AttemptsOf(raw);
        ConsumeResult<TKey, TValue> record;
        try
        {
            record = _deserializer.Deserialize(raw);
        }
        catch (SerializationException error)
        {
            return await router.RouteAsync(raw, stage, earlier, error, isHopeless: true, cancellation);
        }

        var (attempts, failure) = await calls.CallAsync(
            raw, earlier,
            (services, attempt, token) => services.GetRequiredService<THandler>().HandleAsync(new ConsumeContext<TKey, TValue>(record, attempt), token),
            cancellation);
        return failure is null
            ? HandlingResult.Finished
            : await router.RouteAsync(raw, stage, attempts, failure, isHopeless: false, cancellation);
    }
}
