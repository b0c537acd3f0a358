using System.Diagnostics.CodeAnalysis;

namespace Loire.Grains.Journals;

/// <summary>What a <see cref="JournaledState{TState,TRecord}"/> needs to know of its state: how records change it, and their bytes.</summary>
/// <typeparam name="TState">The state; immutable, or changed in place by <see cref="Apply"/>.</typeparam>
/// <typeparam name="TRecord">A record of the journal. A snapshot is a record as well: the first one of a state.</typeparam>
internal interface IJournalCodec<TState, TRecord>
    where TRecord : class
{
    /// <summary>The state without any record.</summary>
    TState New();

    /// <summary>The state after one more record, live or replayed.</summary>
    TState Apply(TState state, TRecord record);

    /// <summary>The whole state as one record.</summary>
    TRecord Snapshot(TState state);

    /// <summary>The bytes of a record.</summary>
    ReadOnlyMemory<byte> Write(TRecord record);

    /// <summary>Reads what <see cref="Write"/> writes; false if the bytes are no record.</summary>
    bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TRecord? record);
}
