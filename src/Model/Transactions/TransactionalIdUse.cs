namespace Loire.Model.Transactions;

/// <summary>What the catalog of transactional ids knows of one.</summary>
[GenerateSerializer, Alias("loire.TransactionalIdUse")]
public enum TransactionalIdUse : byte
{
    /// <summary>It is not in use.</summary>
    Gone = 0,

    /// <summary>It is in use, and nothing is open.</summary>
    Idle = 1,

    /// <summary>A transaction may be open, or not be complete.</summary>
    Active = 2,
}
