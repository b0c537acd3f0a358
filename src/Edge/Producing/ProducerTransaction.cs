using Loire.Model.Transactions;

namespace Loire.Edge.Producing;

/// <summary>
/// The transaction to which the batches of one producer belong: who stamps them, and the first failure, after which nothing more of the transaction is sent,
/// because it can only be aborted. Thread-safe.
/// </summary>
/// <param name="id">The transactional id.</param>
public sealed class ProducerTransaction(TransactionalId id)
{
    private readonly Lock _lock = new();
    private volatile AppendFailure? _failure;
    private volatile bool _hasWritten;
    private ProducerIdentity _producer = ProducerIdentity.None;

    /// <summary>The transactional id.</summary>
    public TransactionalId Id => id;

    /// <summary>The producer in the epoch of the transaction.</summary>
    public ProducerIdentity Producer
    {
        get
        {
            lock (_lock)
            {
                return _producer;
            }
        }
    }

    /// <summary>Why the transaction can only be aborted; null if it can be committed.</summary>
    public AppendFailure? Failure => _failure;

    /// <summary>Whether anything of the transaction was sent, so that it has to be ended.</summary>
    public bool HasWritten => _hasWritten;

    /// <summary>Begins the next transaction. Every batch of the one before has ended.</summary>
    /// <param name="producer">The producer in an epoch in which it has written nothing yet.</param>
    public void Begin(ProducerIdentity producer)
    {
        lock (_lock)
        {
            (_producer, _failure, _hasWritten) = (producer, null, false);
        }
    }

    /// <summary>Something of the transaction is about to be sent.</summary>
    public void Write() => _hasWritten = true;

    /// <summary>The transaction can only be aborted.</summary>
    public void Fail(AppendFailure failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
        }
    }
}
