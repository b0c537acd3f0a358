namespace Loire.Model.Transactions;

/// <summary>
/// Producer ids that stand for a key which a client has chosen (HTTP's <c>Idempotency-Key</c>). Such a producer makes one append in a partition, and every
/// further one is either a repetition of it or refused. Its epoch and its first sequence are a fingerprint of what it appends, so they tell the two apart.
/// No id of this range is ever given to another producer.
/// </summary>
public static class KeyedProducer
{
    /// <summary>The first id of the range, which ends with the greatest number.</summary>
    public const long FirstId = 1L << 62;

    /// <summary>Whether an id stands for a key.</summary>
    public static bool Owns(long producer) => producer >= FirstId;
}
