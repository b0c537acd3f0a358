namespace Loire.Client.Hosting;

/// <summary>
/// Handles the records of a topic. Each call has its own service scope. A call that throws is retried according to
/// <see cref="RetryOptions"/>. Handlers must be idempotent: retries and crashes deliver a record more than once.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IMessageHandler<TKey, TValue>
{
    /// <summary>Handles one record.</summary>
    /// <param name="context">The record and where it comes from.</param>
    /// <param name="cancellation">Cancelled when <see cref="RecordHandlingOptions.HandlerTimeout"/> has passed, or when the host has
    /// waited for <see cref="HandlerOptions.DrainOnShutdown"/>.</param>
    ValueTask HandleAsync(ConsumeContext<TKey, TValue> context, CancellationToken cancellation);
}

/// <summary>A record passed to a handler.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
/// <param name="Record">The record.</param>
/// <param name="Attempt">1 for the first call; counts every retry, those through retry topics included.</param>
public sealed record ConsumeContext<TKey, TValue>(ConsumeResult<TKey, TValue> Record, int Attempt)
{
    /// <summary>The key.</summary>
    public TKey? Key => Record.Key;

    /// <summary>The value.</summary>
    public TValue? Value => Record.Value;
}
