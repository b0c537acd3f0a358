using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions;

/// <summary>The outcome of a rule of transactions.</summary>
/// <param name="Error">The answer, once the records are durable. A refusal may have records: a producer that begins has to wait until what was open is aborted.</param>
/// <param name="Detail">Human-readable reason for the refusal; null if accepted.</param>
/// <param name="Records">In order; empty if nothing changes.</param>
/// <param name="Producer">The identity to answer with; <see cref="ProducerIdentity.None"/> with an error.</param>
public readonly record struct TransactionStep(ErrorCode Error, string? Detail, IReadOnlyList<TransactionRecord> Records, ProducerIdentity Producer)
{
    /// <summary>Whether the request has to be judged again, with a producer id that no producer has had.</summary>
    public bool NeedsProducerId { get; private init; }

    /// <summary>Asks for a producer id.</summary>
    internal static TransactionStep WithProducerId => new(ErrorCode.None, null, [], ProducerIdentity.None) { NeedsProducerId = true };

    /// <summary>Accepts the request.</summary>
    internal static TransactionStep Accept(ProducerIdentity producer, params TransactionRecord[] records) => new(ErrorCode.None, null, records, producer);

    /// <summary>Refuses the request.</summary>
    internal static TransactionStep Refuse(ErrorCode error, string detail, params TransactionRecord[] records) =>
        new(error, detail, records, ProducerIdentity.None);
}
