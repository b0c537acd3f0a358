using System.Diagnostics.CodeAnalysis;

namespace Loire.Grains.Journals;

/// <summary>How records change the state of a <see cref="JournaledState{TState,TRecord}"/>, and their encoding.</summary>
/// <typeparam name="TState">The state; immutable, or changed in place by <see cref="Apply"/>.</typeparam>
/// <typeparam name="TRecord">A record of the journal. A snapshot is a record too: the first one of a state.</typeparam>
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

    /// <summary>Reads what <see cref="Write"/> writes; false if the bytes are not a record.</summary>
    bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TRecord? record);
}
