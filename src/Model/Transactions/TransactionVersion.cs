namespace Loire.Model.Transactions;

/// <summary>
/// Which of Kafka's two dialects a transactional producer speaks (<c>transaction.version</c>). The dialect of its end is that of the request that ends it.
/// </summary>
[GenerateSerializer, Alias("loire.TransactionVersion")]
public enum TransactionVersion : byte
{
    /// <summary>The producer names partitions and groups before it writes to them, and its epoch stays from one transaction to the next (KIP-98).</summary>
    V1 = 1,

    /// <summary>The first write to a partition or group adds it, and every end of a transaction raises the producer's epoch (KIP-890).</summary>
    V2 = 2,
}
