namespace Loire.Client.Hosting;

/// <summary>
/// Handles the records of a topic. Each call has a service scope of its own. A call that throws is repeated as <see cref="RetryOptions"/>
/// says, so handling a record twice must do no harm; a crash, too, leads to that.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IMessageHandler<TKey, TValue>
{
    /// <summary>Handles one record.</summary>
    /// <param name="context">The record and where it comes from.</param>
    /// <param name="cancellation">Ends when the host has waited long enough for the handler, or when
    /// <see cref="HandlerOptions.HandlerTimeout"/> has passed.</param>
    ValueTask HandleAsync(ConsumeContext<TKey, TValue> context, CancellationToken cancellation);
}

/// <summary>One record on its way to a handler.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
/// <param name="Record">The record.</param>
/// <param name="Attempt">1 for the first time; grows with each repetition, those by way of retry topics included.</param>
public sealed record ConsumeContext<TKey, TValue>(ConsumeResult<TKey, TValue> Record, int Attempt)
{
    /// <summary>The key.</summary>
    public TKey? Key => Record.Key;

    /// <summary>The value.</summary>
    public TValue? Value => Record.Value;
}
