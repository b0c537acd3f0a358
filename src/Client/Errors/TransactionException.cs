namespace Loire.Client;

/// <summary>A transaction could not be begun, committed or aborted.</summary>
public sealed class TransactionException : LoireException
{
    private readonly bool _isFatal;

    /// <param name="code">Kafka's error.</param>
    /// <param name="isFatal">Whether the producer can have no further transaction.</param>
    /// <param name="isOutcomeUnknown">Whether the transaction may have been committed nevertheless.</param>
    /// <param name="message">Human-readable detail; null for the error table's text.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    public TransactionException(ErrorCode code, bool isFatal, bool isOutcomeUnknown, string? message = null, Exception? inner = null)
        : base(code, message, inner) => (_isFatal, IsOutcomeUnknown) = (isFatal, isOutcomeUnknown);

    /// <summary>Whether the transaction can only be aborted, after which the producer can begin another one: dispose of it, and do its work again.</summary>
    public bool IsAbortable => !IsFatal && !IsOutcomeUnknown;

    /// <summary>Whether the producer can have no further transaction: another one with the same transactional id has taken over, or the transaction has
    /// exceeded its timeout. Dispose of the producer.</summary>
    public override bool IsFatal => _isFatal;

    /// <summary>
    /// Whether the transaction may have been committed nevertheless, because its coordinator did not answer. Committing it again tells; if it is disposed of
    /// instead, the next one begins only once the outcome is decided.
    /// </summary>
    public bool IsOutcomeUnknown { get; }
}
