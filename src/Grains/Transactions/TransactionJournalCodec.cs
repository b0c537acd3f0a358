using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Transactions;
using Loire.Grains.Journals;

namespace Loire.Grains.Transactions;

/// <summary>The journal of a transactional id.</summary>
internal sealed class TransactionJournalCodec : IJournalCodec<TransactionState, TransactionRecord>
{
    /// <summary>The only instance.</summary>
    public static readonly TransactionJournalCodec Instance = new();

    public TransactionState New() => new();

    public TransactionState Apply(TransactionState state, TransactionRecord record)
    {
        state.Apply(record);
        return state;
    }

    public TransactionRecord Snapshot(TransactionState state) => state.Snapshot();

    public ReadOnlyMemory<byte> Write(TransactionRecord record) => TransactionRecordCodec.Write(record);

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TransactionRecord? record) => TransactionRecordCodec.TryRead(bytes, out record);
}
