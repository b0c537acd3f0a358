using Loire.Grains.Catalogs;
using Loire.Model.Transactions;

namespace Loire.Grains.Transactions;

/// <summary>The name of the journal of a transactional id.</summary>
internal static class TransactionJournalName
{
    /// <summary>The kind of the journals of transactional ids.</summary>
    public const string Kind = "transaction";

    /// <summary>Returns the name for a legal id; different ids have different names.</summary>
    public static string Of(TransactionalId id) => $"{Kind}/{JournalKey.Of(id.Value)}";
}
