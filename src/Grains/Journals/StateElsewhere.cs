namespace Loire.Grains.Journals;

/// <summary>A second source of a journal's state, for the day on which the journal cannot be read or is lost.</summary>
/// <param name="ReadAsync">Reads the whole state as one record, null if it is empty; or returns the error of storage.</param>
/// <param name="Rebuilt">Invoked with the journal's name when it has been rebuilt.</param>
internal sealed record StateElsewhere<TRecord>(Func<Task<(ErrorCode Error, TRecord? Snapshot)>> ReadAsync, Action<string> Rebuilt)
    where TRecord : class;
