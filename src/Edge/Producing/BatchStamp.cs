using Loire.Model.Transactions;

namespace Loire.Edge.Producing;

/// <summary>What an idempotent producer writes into a batch, so that the partition recognizes a repetition.</summary>
/// <param name="Producer">The producer; <see cref="ProducerIdentity.None"/> without idempotence.</param>
/// <param name="Sequence">The sequence of the batch's first record in its partition; −1 without idempotence.</param>
/// <param name="IsTransactional">Whether the batch belongs to a transaction.</param>
internal readonly record struct BatchStamp(ProducerIdentity Producer, int Sequence, bool IsTransactional = false)
{
    /// <summary>The stamp of a batch that has no producer.</summary>
    public static readonly BatchStamp None = new(ProducerIdentity.None, -1);

    /// <summary>Whether there is no producer.</summary>
    public bool IsNone => Producer.Id < 0;

    /// <summary>The stamp of the batch that follows one with this number of records. Sequences go from 0 to 2³¹−1, and again from 0.</summary>
    public BatchStamp After(int records) => IsNone ? this : this with { Sequence = (int)(((long)Sequence + records) & int.MaxValue) };
}
