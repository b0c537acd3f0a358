namespace Loire.Model.Transactions;

/// <summary>How far the transaction of a transactional id is, by Kafka's names.</summary>
[GenerateSerializer, Alias("loire.TransactionStatus")]
public enum TransactionStatus : byte
{
    /// <summary>The id has had no transaction since its producer was initialized.</summary>
    Empty = 0,

    /// <summary>A transaction is open.</summary>
    Ongoing = 1,

    /// <summary>It is decided that the transaction commits; not all of its partitions and groups know yet.</summary>
    PrepareCommit = 2,

    /// <summary>It is decided that the transaction aborts; not all of its partitions and groups know yet.</summary>
    PrepareAbort = 3,

    /// <summary>The last transaction committed.</summary>
    CompleteCommit = 4,

    /// <summary>The last transaction aborted.</summary>
    CompleteAbort = 5,
}
