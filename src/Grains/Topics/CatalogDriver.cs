using Loire.Grains.Interfaces.Topics;
using Loire.Log;
using Loire.Model;
using Loire.Coordination;
using Loire.Coordination.Topics;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Topics;

/// <summary>
/// The names of all topics. It needs no silo. Not thread-safe: calls and continuations run on one scheduler.
/// <para>
/// Every creation in the cluster passes here twice, so changes share journal writes: a change is decided and applied at once, and its
/// answer waits until the records are durable. Answers that change nothing wait for the write under way too, so nobody learns what may
/// still be lost. When a write fails, the state is ahead of what is durable: it is thrown away and read again, and everything that had
/// built on it is answered with the failure.
/// </para>
/// </summary>
public sealed partial class CatalogDriver(Func<Journal> newJournal, ICatalogPeers peers, int parallelism, ILogger logger)
    : IAsyncDisposable
{
    private Generation? _current;

    /// <summary>The state as one journal instance has made it, up to the failure of that journal.</summary>
    private sealed class Generation(Journal journal)
    {
        public Journal Journal { get; } = journal;

        public CatalogState State { get; } = new();

        public Task<ErrorCode> Opening { get; set; } = null!;

        /// <summary>The newest append; the older ones end before it.</summary>
        public Task<ErrorCode> LastAppend { get; set; } = Task.FromResult(ErrorCode.None);

        /// <summary>The newest snapshot: changes wait until it is made.</summary>
        public Task Snapshot { get; set; } = Task.CompletedTask;
    }

    /// <summary>Whether a creation or deletion is under way or was interrupted.</summary>
    public bool HasUnsettled => _current?.State.Unsettled.Count > 0;

    /// <summary>Notes that a topic is about to be created or deleted.</summary>
    public Task<CatalogResult> AnnounceAsync(TopicName name, bool validateOnly) =>
        ChangeAsync(state => CatalogRules.Announce(state, name), validateOnly);

    /// <summary>Notes whether a topic exists.</summary>
    public Task<CatalogResult> RecordAsync(TopicName name, bool exists) =>
        ChangeAsync(state => CatalogRules.Record(state, name, exists), false);

    /// <summary>One page of the topics that exist.</summary>
    public async Task<TopicList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.TopicsPerPage)
        {
            return new TopicList(ErrorCode.InvalidRequest, [], false);
        }

        var (generation, error) = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return new TopicList(error, [], false);
        }

        var (names, hasMore) = generation.State.Page(after, max);
        error = await generation.LastAppend;
        return error == ErrorCode.None ? new TopicList(error, names, hasMore) : new TopicList(AsController(error), [], false);
    }

    /// <summary>Has every announced topic finish what was interrupted.</summary>
    public async Task SettleAsync()
    {
        var (generation, error) = await OpenAsync();
        if (error == ErrorCode.None)
        {
            await BoundedCalls.ForEach(generation.State.Unsettled.ToArray(), parallelism, peers.Settle);
        }
    }

    /// <summary>Waits for the write under way.</summary>
    public ValueTask DisposeAsync() => _current?.Journal.DisposeAsync() ?? ValueTask.CompletedTask;

    private static ErrorCode AsController(ErrorCode error) => error == ErrorCode.NotLeaderOrFollower ? ErrorCode.NotController : error;

    private async Task<CatalogResult> ChangeAsync(Func<CatalogState, Decision<CatalogRecord>> decide, bool validateOnly)
    {
        var (generation, error) = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return new CatalogResult(error, "The catalog could not be read.");
        }

        while (!generation.Snapshot.IsCompleted)
        {
            await generation.Snapshot;
        }

        // From the decision to the start of the write there is no await: the next request decides on what this one has changed.
        var decision = decide(generation.State);
        if (decision.Records.Count > 0 && !validateOnly)
        {
            foreach (var record in decision.Records)
            {
                generation.State.Apply(record);
            }

            generation.LastAppend = generation.Journal.AppendAsync([.. decision.Records.Select(CatalogRecordCodec.Write)]);
        }

        error = await generation.LastAppend;
        if (error != ErrorCode.None)
        {
            GiveUp(generation, error);
            return new CatalogResult(AsController(error), "The catalog could not be written.");
        }

        if (generation.Journal.WantsSnapshot && generation.Snapshot.IsCompleted)
        {
            generation.Snapshot = SnapshotAsync(generation);
        }

        return new CatalogResult(decision.Error, decision.Detail);
    }

    private async Task SnapshotAsync(Generation generation)
    {
        var error = await generation.LastAppend;
        if (error == ErrorCode.None)
        {
            error = await generation.Journal.SnapshotAsync(CatalogRecordCodec.Write(generation.State.Snapshot()));
        }

        if (error != ErrorCode.None)
        {
            GiveUp(generation, error);
        }
    }

    private async Task<(Generation Generation, ErrorCode Error)> OpenAsync()
    {
        var generation = _current;
        if (generation is null)
        {
            generation = _current = new Generation(newJournal());
            generation.Opening = ReplayAsync(generation);
        }

        var error = await generation.Opening;
        if (error != ErrorCode.None)
        {
            GiveUp(generation, error);
        }

        return (generation, AsController(error));
    }

    private static async Task<ErrorCode> ReplayAsync(Generation generation)
    {
        var unreadable = false;

        void Replay(ReadOnlySpan<byte> bytes)
        {
            unreadable |= !CatalogRecordCodec.TryRead(bytes, out var record);
            if (record is not null && !unreadable)
            {
                generation.State.Apply(record);
            }
        }

        var error = await generation.Journal.OpenAsync(Replay, Replay);
        return error != ErrorCode.None || unreadable ? ErrorCode.KafkaStorageError : ErrorCode.None;
    }

    private void GiveUp(Generation generation, ErrorCode error)
    {
        if (ReferenceEquals(_current, generation))
        {
            JournalFailed(error);
            _current = null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The catalog's journal failed: {Error}. The catalog is read again.")]
    private partial void JournalFailed(ErrorCode error);
}
