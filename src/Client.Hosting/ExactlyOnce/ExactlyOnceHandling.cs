using Microsoft.Extensions.DependencyInjection;

namespace Loire.Client.Hosting;

/// <summary>What has become of a record.</summary>
/// <param name="Output">What the handler has written; empty after a failure.</param>
/// <param name="Attempts">Handler calls so far.</param>
/// <param name="Failure">The last failure; null if the handler has succeeded.</param>
internal sealed record HandledRecord(IReadOnlyList<OutputRecord> Output, int Attempts, Exception? Failure);

/// <summary>Handles one record after earlier calls with it; throws only on cancellation.</summary>
internal delegate ValueTask<HandledRecord> TransformRecord(ConsumeResult<byte[], byte[]> record, int attempts, CancellationToken cancellation);

/// <summary>Deserializes a record and calls the handler with an output, a new one for each call.</summary>
internal sealed class ExactlyOnceHandling<THandler, TKey, TValue, TNewKey, TNewValue>(
    ExactlyOnceOptions<TKey, TValue, TNewKey, TNewValue> options, HandlerCalls calls)
    where THandler : class, IExactlyOnceHandler<TKey, TValue, TNewKey, TNewValue>
{
    private readonly RecordDeserializer<TKey, TValue> _deserializer = new(options.KeyDeserializer, options.ValueDeserializer);
    private readonly OutputSerializer<TNewKey, TNewValue> _serializer = new(options.Producer);

    /// <inheritdoc cref="TransformRecord"/>
    public async ValueTask<HandledRecord> HandleAsync(ConsumeResult<byte[], byte[]> raw, int earlier, CancellationToken cancellation)
    {
        ConsumeResult<TKey, TValue> record;
        try
        {
            record = _deserializer.Deserialize(raw);
        }
        catch (SerializationException error)
        {
            return new HandledRecord([], earlier, error);
        }

        IReadOnlyList<OutputRecord> written = [];
        var (attempts, failure) = await calls.CallAsync(
            raw, earlier,
            async (services, attempt, token) =>
            {
                var output = new HandlerOutput<TNewKey, TNewValue>(_serializer);
                try
                {
                    await services.GetRequiredService<THandler>().HandleAsync(new ConsumeContext<TKey, TValue>(record, attempt), output, token);
                }
                finally
                {
                    written = output.End();
                }
            },
            cancellation);
        return new HandledRecord(failure is null ? written : [], attempts, failure);
    }
}
