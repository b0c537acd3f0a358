using Loire.Log;
using Loire.Model;
using Loire.Coordination.Topics;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Topics;

/// <summary>
/// A topic's state and the journal that it is made of. When the journal fails, the state is read again before it is used next, and the owner
/// is asked to drop this. Changes are not made at the same time; reads see the state that the last durable change left.
/// </summary>
/// <param name="name">The topic's name.</param>
/// <param name="newJournal">Makes the journal, not opened: a journal that has failed or was deleted is not used again.</param>
/// <param name="logger">Told of failures.</param>
/// <param name="drop">Asked when the journal has failed.</param>
internal sealed partial class TopicJournal(TopicName name, Func<Journal> newJournal, ILogger logger, Action drop) : IAsyncDisposable
{
    private Journal? _journal;
    private Task<ErrorCode>? _opening;

    /// <summary>The topic; absent before the journal is open.</summary>
    public TopicState State { get; private set; } = TopicState.Absent;

    /// <summary>Reads the journal unless it is open.</summary>
    public Task<ErrorCode> OpenAsync() => _opening ??= OpenOnceAsync();

    /// <summary>Makes records durable, all or none, and applies them.</summary>
    public async Task<ErrorCode> AppendAsync(IReadOnlyList<TopicRecord> records)
    {
        if (records.Count == 0)
        {
            return ErrorCode.None;
        }

        var journal = _journal!;
        var error = await journal.AppendAsync([.. records.Select(TopicRecordCodec.Write)]);
        if (error != ErrorCode.None)
        {
            JournalFailed(name, error);
            Reopen();
            drop();
            return error == ErrorCode.NotLeaderOrFollower ? ErrorCode.NotController : error;
        }

        State = records.Aggregate(State, (state, record) => state.Apply(record));
        if (journal.WantsSnapshot)
        {
            error = await journal.SnapshotAsync(TopicRecordCodec.Write(new TopicRecord.Snapshot(State)));
            if (error != ErrorCode.None)
            {
                // The records are durable without it; what is read next is read from storage.
                JournalFailed(name, error);
                Reopen();
            }
        }

        return ErrorCode.None;
    }

    /// <summary>Deletes the journal; the topic is absent then.</summary>
    public async Task<ErrorCode> DeleteAsync()
    {
        var error = await _journal!.DeleteAsync();
        Reopen();
        State = error == ErrorCode.None ? TopicState.Absent : State;
        return error;
    }

    /// <summary>Waits for the write under way.</summary>
    public ValueTask DisposeAsync() => _journal?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<ErrorCode> OpenOnceAsync()
    {
        var (error, journal, state) = await ReplayAsync();
        if (error == ErrorCode.UnknownTopicOrPartition)
        {
            // Its deletion was interrupted, and that is the last step of the topic's: nothing else is left.
            error = await journal.DeleteAsync();
            (error, journal, state) = error == ErrorCode.None ? await ReplayAsync() : (error, journal, state);
        }

        if (error != ErrorCode.None)
        {
            CouldNotOpen(name, error);
            Reopen();
            drop();
            return ErrorCode.KafkaStorageError;
        }

        (_journal, State) = (journal, state);
        return ErrorCode.None;
    }

    private async Task<(ErrorCode Error, Journal Journal, TopicState State)> ReplayAsync()
    {
        var (journal, state, unreadable) = (newJournal(), TopicState.Absent, false);

        void Replay(ReadOnlySpan<byte> bytes)
        {
            unreadable |= !TopicRecordCodec.TryRead(bytes, out var record);
            state = record is null || unreadable ? state : state.Apply(record);
        }

        var error = await journal.OpenAsync(Replay, Replay);
        return (error == ErrorCode.None && unreadable ? ErrorCode.CorruptMessage : error, journal, state);
    }

    private void Reopen() => _opening = null;

    [LoggerMessage(1, LogLevel.Warning, "The journal of topic {Topic} could not be read: {Error}.")]
    private partial void CouldNotOpen(TopicName topic, ErrorCode error);

    [LoggerMessage(2, LogLevel.Warning, "The journal of topic {Topic} failed: {Error}.")]
    private partial void JournalFailed(TopicName topic, ErrorCode error);
}
