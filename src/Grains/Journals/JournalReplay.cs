using Loire.Log.Journals;

namespace Loire.Grains.Journals;

/// <summary>Builds a state from the records of a journal.</summary>
internal static class JournalReplay
{
    /// <summary>Opens a journal and applies its records.</summary>
    /// <param name="journal">An instance that is not open yet.</param>
    /// <param name="codec">How records change the state, and their encoding.</param>
    /// <returns>The state, and whether it has any record; or the error of opening, and an empty state.</returns>
    public static async Task<(ErrorCode Error, TState State, bool HasRecords)> ReadAsync<TState, TRecord>(
        Journal journal, IJournalCodec<TState, TRecord> codec)
        where TRecord : class
    {
        var (state, hasRecords, isUnreadable) = (codec.New(), false, false);

        void Replay(ReadOnlySpan<byte> bytes)
        {
            if (!isUnreadable && codec.TryRead(bytes, out var record))
            {
                (state, hasRecords) = (codec.Apply(state, record), true);
            }
            else
            {
                isUnreadable = true;
            }
        }

        var error = await journal.OpenAsync(Replay, Replay);
        error = error == ErrorCode.None && isUnreadable ? ErrorCode.CorruptMessage : error;
        return error == ErrorCode.None ? (error, state, hasRecords) : (error, codec.New(), false);
    }
}
