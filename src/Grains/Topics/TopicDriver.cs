using System.Collections.Concurrent;
using Loire.Coordination;
using Loire.Coordination.Placement;
using Loire.Coordination.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Topics;

/// <summary>
/// The controller of one topic: changes its <see cref="JournaledState{TState,TRecord}"/>, then calls the peers. Runs without a silo. Not
/// thread-safe: calls and continuations run on one scheduler. Changes run one at a time; reads return the durable state at any time.
/// <para>
/// A creation is announced to the catalog, made durable here, and recorded in the catalog. A deletion is announced, made durable here (from
/// then on the topic no longer exists), carried out in every partition, removed here, and recorded. A crash in between leaves the name
/// announced, and <see cref="SettleAsync"/> completes the change from the durable state. When the journal fails, the state is read again
/// before the next request, and the grain is deactivated.
/// </para>
/// </summary>
public sealed partial class TopicDriver(
    TopicName name, JournalSource journal, ITopicPeers peers, Func<TopicId> newId, TopicDriverOptions options, TimeProvider time, ILogger logger,
    IActivation activation)
    : IMoving, IAsyncDisposable
{
    // How long a change by another owner may be unknown to those who watch.
    private static readonly TimeSpan _lookInterval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turns = new(1, 1);
    private readonly JournaledState<TopicState, TopicRecord> _topic =
        new(journal, TopicJournalCodec.Instance, ErrorCode.NotController, logger, _ => activation.Deactivate());

    private readonly ConcurrentDictionary<TaskCompletionSource, bool> _watches = new();
    private readonly CancellationTokenSource _retired = new();

    private TopicState State => _topic.State;

    private TopicReports Reports => field ??= new TopicReports(name, _topic, _turns, peers, time, _retired.Token);

    /// <summary>Creates the topic.</summary>
    public Task<TopicResult> CreateAsync(CreateTopicRequest request) => InTurn(async () =>
    {
        if (State.Phase == TopicPhase.Deleting)
        {
            var finished = await FinishDeletion();
            var reopened = finished.Error == ErrorCode.None ? await _topic.OpenAsync() : finished.Error;
            if (reopened != ErrorCode.None)
            {
                return Refused(reopened, finished.Detail);
            }
        }

        var decision = TopicRules.Create(
            State, newId(), request.PartitionsCount, request.ReplicationFactor, request.Configs, options.DefaultPartitions, await peers.Brokers());
        if (decision.Error != ErrorCode.None)
        {
            return Refused(decision.Error, decision.Detail);
        }

        var announced = await peers.Announce(name, request.ValidateOnly);
        if (announced.Error != ErrorCode.None)
        {
            return Refused(announced.Error, announced.Detail);
        }

        if (request.ValidateOnly)
        {
            return Described(decision.Records.Aggregate(State, (state, record) => state.Apply(record)));
        }

        var error = await CommitAsync([.. decision.Records, .. await Reports.OfNewPartitionsAsync(decision.Records)]);
        if (error != ErrorCode.None)
        {
            return Refused(error, "The creation could not be made durable.");
        }

        await RecordInCatalog();
        return Described(State);
    });

    /// <summary>
    /// Raises the number of partitions. New partitions read their settings at their first use. The existing ones get the topic's new
    /// version, so that their replies make callers refresh their metadata; a partition that misses it replies with the older version until
    /// it is opened again.
    /// </summary>
    public Task<TopicResult> AddPartitionsAsync(int partitionsCount, bool validateOnly) => InTurn(async () =>
    {
        var existing = Partitions();
        var decision = TopicRules.AddPartitions(State, partitionsCount, await peers.Brokers());
        var result = await Change(
            decision with { Records = [.. decision.Records, .. await Reports.OfNewPartitionsAsync(decision.Records)] }, validateOnly);
        if (result.Error == ErrorCode.None && !validateOnly)
        {
            await peers.LeadersChanged(State.Id);
            await ConfigureAsync(existing);
        }

        return result;
    });

    /// <summary>
    /// Spreads the preferred leaders evenly over the brokers that serve. Partitions whose leader changes move when they have been told.
    /// </summary>
    public Task<TopicResult> RebalanceAsync(bool validateOnly) => InTurn(async () =>
    {
        var before = State;
        var result = await Change(TopicRules.Rebalance(State, await peers.Brokers()), validateOnly);
        if (result.Error == ErrorCode.None && !validateOnly)
        {
            // Before any partition moves: a broker that still goes by the old leaders would place it where it was. One that is not reached
            // looks by itself within a minute.
            await peers.LeadersChanged(State.Id);
            var after = State;
            await ConfigureAsync(Partitions().Where(key => before.PreferredLeaderOf(key.Partition) != after.PreferredLeaderOf(key.Partition)));
        }

        return result;
    });

    /// <summary>Changes settings and distributes them to the partitions.</summary>
    public Task<TopicResult> AlterConfigsAsync(AlterConfigsRequest request) => InTurn(async () =>
    {
        var result = await Change(TopicRules.AlterConfigs(State, request.Changes, request.Version), request.ValidateOnly);
        if (result.Error != ErrorCode.None || request.ValidateOnly
            || !request.Changes.Any(change => PartitionSettingsOf.Concerns(change.Key)))
        {
            return result;
        }

        await Reports.TellCatalogAsync();
        return await PassOnSettings(result);
    });

    /// <summary>Deletes the topic and its data, or completes a deletion.</summary>
    public Task<TopicResult> DeleteAsync(TopicId? creation = null) => InTurn(async () =>
    {
        var decision = TopicRules.Delete(State, creation);
        if (decision.Error != ErrorCode.None)
        {
            return Refused(decision.Error, decision.Detail);
        }

        var announced = await peers.Announce(name, validateOnly: false);
        if (announced.Error != ErrorCode.None)
        {
            return Refused(announced.Error, announced.Detail);
        }

        var error = await CommitAsync(decision.Records);
        return error != ErrorCode.None ? Refused(error, "The deletion could not be made durable.") : await FinishDeletion();
    });

    /// <summary>Completes an interrupted deletion, and records in the catalog whether the topic exists.</summary>
    public Task<TopicResult> SettleAsync() => InTurn(async () =>
    {
        if (State.Phase == TopicPhase.Deleting)
        {
            return await FinishDeletion();
        }

        var recorded = await RecordInCatalog();
        return recorded.Error != ErrorCode.None ? Refused(recorded.Error, recorded.Detail)
            : State.Phase == TopicPhase.Live ? Described(State)
            : new TopicResult(ErrorCode.None, null, null);
    });

    /// <summary>Describes the durable state of the topic, at most as old as the options allow.</summary>
    public async Task<TopicResult> DescribeAsync()
    {
        var error = await ReadAsync();
        return error == ErrorCode.None ? Described(_topic.DurableState) : Refused(error, null);
    }

    /// <summary>Describes the durable settings of the topic, at most as old as the options allow.</summary>
    public async Task<TopicConfigsResult> DescribeConfigsAsync()
    {
        var error = await ReadAsync();
        var topic = _topic.DurableState;
        var configs = topic.Configs;
        return new TopicConfigsResult(
            error,
            error != ErrorCode.None ? [] : [.. TopicConfigs.All.Select(config => new TopicConfigDescription(
                config.Name, config.Type, configs.GetValueOrDefault(config.Name, config.DefaultText), config.DefaultText,
                !configs.ContainsKey(config.Name), config.Documentation, config.NoEffect))],
            null,
            error != ErrorCode.None ? 0 : topic.Version);
    }

    /// <summary>
    /// Describes the topic as soon as it is not the one that the caller knows, at the latest after a wait. A change by another owner of the
    /// topic is noticed after some seconds.
    /// </summary>
    public async Task<TopicResult> WatchAsync(TopicId id, long version, TimeSpan wait, CancellationToken cancellation)
    {
        var (start, longest) = (time.GetTimestamp(), wait < Limits.FetchWait ? wait : Limits.FetchWait);
        while (true)
        {
            // Before the topic is read: a change meanwhile counts.
            var news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watches[news] = true;
            try
            {
                var answer = await DescribeAsync();
                var left = longest - time.GetElapsedTime(start);
                if (_retired.IsCancellationRequested || left <= TimeSpan.Zero || answer.Topic is not { } topic || topic.Id != id || topic.Version != version)
                {
                    return answer;
                }

                using var cancelled = cancellation.UnsafeRegister(static (news, by) => ((TaskCompletionSource)news!).TrySetCanceled(by), news);
                await using var timer = time.CreateTimer(
                    static news => ((TaskCompletionSource)news!).TrySetResult(), news, left < _lookInterval ? left : _lookInterval, Timeout.InfiniteTimeSpan);
                await news.Task;
            }
            finally
            {
                _watches.TryRemove(news, out _);
            }
        }
    }

    /// <summary>Keeps what partitions report of their logs.</summary>
    public async Task<ErrorCode> ReportAsync(TopicId id, IReadOnlyList<PartitionReport> reports)
    {
        var error = await Reports.RecordAsync(id, reports);
        ForgetIfAbsent();
        return error;
    }

    /// <summary>Describes the logs of the partitions as they were last reported, at most as old as the options allow.</summary>
    public async Task<TopicLogsResult> DescribeLogsAsync()
    {
        var error = await ReadAsync();
        return new TopicLogsResult(error, error == ErrorCode.None ? Reports.Describe() : []);
    }

    /// <summary>Opens closed partitions that are due for retention or compaction.</summary>
    /// <param name="max">The number of partitions that may be opened.</param>
    public async Task<TopicRetainResult> RetainAsync(int max)
    {
        var error = await ReadAsync();
        return error == ErrorCode.None ? await Reports.RetainAsync(max) : new TopicRetainResult(error, 0, null);
    }

    /// <summary>
    /// Ends all waits, and those that come, with the topic as it is, and the waits for partitions with a retriable error: what was decided is durable,
    /// and the same request to the next activation completes it. Thread-safe.
    /// </summary>
    public void Retire()
    {
        _retired.Cancel();
        Signal();
    }

    /// <inheritdoc/>
    public void EndWaits() => Retire();

    /// <inheritdoc/>
    bool IMoving.IsAskedByOthers => true;

    /// <summary>Returns the settings of a partition, or the error that keeps it from serving.</summary>
    public async Task<PartitionSettingsResult> SettingsAsync(TopicId id, int partition)
    {
        // A partition that is told that its topic exists takes records, so an owner that missed the deletion must not answer.
        var error = await _topic.RefreshAsync();
        var topic = _topic.DurableState;
        error = error != ErrorCode.None ? error : TopicRules.CheckPartition(topic, id, partition);
        ForgetIfAbsent();
        return error == ErrorCode.None
            ? new PartitionSettingsResult(error, PartitionSettingsOf.Topic(topic), topic.Reports.GetValueOrDefault(partition)?.Compaction)
            : new PartitionSettingsResult(error, null);
    }

    /// <summary>Waits for the write in flight.</summary>
    public ValueTask DisposeAsync() => _topic.DisposeAsync();

    private static TopicResult Refused(ErrorCode error, string? detail) => new(error, null, detail);

    private TopicResult Described(TopicState state) => new(
        ErrorCode.None,
        new TopicDescription(
            name, state.Id, state.PartitionsCount, state.ReplicationFactor,
            [.. TopicConfigs.All.Select(config => new TopicConfig(
                config.Name, state.Configs.GetValueOrDefault(config.Name, config.DefaultText), !state.Configs.ContainsKey(config.Name),
                config.IsEffective))],
            state.Version, [.. state.PreferredLeaders], Leaders(state)),
        null);

    private int[]? Leaders(TopicState state) => peers.Serving is { Count: > 0 } serving
        ? [.. Enumerable.Range(0, state.PartitionsCount).Select(partition => PlacementRules.Leader(
            new PartitionKey(name, state.Id, partition), state.PreferredLeaderOf(partition), serving))]
        : null;

    /// <summary>Reads the topic for a description; an error unless it exists.</summary>
    private async Task<ErrorCode> ReadAsync()
    {
        var error = await _topic.RefreshAsync(options.MaxAge);
        ForgetIfAbsent();
        return error == ErrorCode.None && _topic.DurableState.Phase != TopicPhase.Live ? ErrorCode.UnknownTopicOrPartition : error;
    }

    private async Task<TopicResult> InTurn(Func<Task<TopicResult>> step)
    {
        await _turns.WaitAsync();
        try
        {
            // A refusal is an answer from the state too, and no write confirms it.
            var error = await _topic.RefreshAsync();
            return error != ErrorCode.None ? Refused(error, "The topic's journal could not be read.") : await step();
        }
        finally
        {
            _turns.Release();
            ForgetIfAbsent();
        }
    }

    private async Task<TopicResult> Change(Decision<TopicRecord> decision, bool validateOnly)
    {
        if (decision.Error != ErrorCode.None)
        {
            return Refused(decision.Error, decision.Detail);
        }

        if (validateOnly)
        {
            return Described(decision.Records.Aggregate(State, (state, record) => state.Apply(record)));
        }

        var error = await CommitAsync(decision.Records);
        return error != ErrorCode.None ? Refused(error, "The change could not be made durable.") : Described(State);
    }

    private async Task<ErrorCode> CommitAsync(IReadOnlyList<TopicRecord> records)
    {
        var error = await _topic.CommitAsync(records);
        Signal();
        return error;
    }

    private void Signal()
    {
        foreach (var (news, _) in _watches)
        {
            news.TrySetResult();
        }
    }

    private async Task<TopicResult> PassOnSettings(TopicResult result)
    {
        var (failed, error) = await ConfigureAsync(Partitions());
        return failed == 0
            ? result
            : Refused(
                error,
                $"The change is durable, but {failed} of {State.PartitionsCount} partitions have not confirmed it: make it again.");
    }

    private Task<(int Failed, ErrorCode Error)> ConfigureAsync(IEnumerable<PartitionKey> partitions)
    {
        var settings = PartitionSettingsOf.Topic(State);
        return BoundedCalls.ForEach(partitions, options.Parallelism, key => peers.Configure(key, settings), _retired.Token);
    }

    private async Task<TopicResult> FinishDeletion()
    {
        var (failed, error) = await BoundedCalls.ForEach(Partitions(), options.Parallelism, peers.Delete, _retired.Token);
        if (failed > 0)
        {
            return Refused(error,
                $"The topic is deleted, but the data of {failed} of {State.PartitionsCount} partitions is still there: delete it again.");
        }

        error = await _topic.DeleteAsync();
        if (error != ErrorCode.None)
        {
            return Refused(error, "The topic is deleted, but its journal is still there: delete it again.");
        }

        await RecordInCatalog();
        return new TopicResult(ErrorCode.None, null, null);
    }

    // If this call fails, the name stays announced, and the catalog settles it later.
    private async Task<CatalogResult> RecordInCatalog()
    {
        var recorded = await peers.Record(name, exists: State.Phase == TopicPhase.Live);
        if (recorded.Error != ErrorCode.None)
        {
            NotRecorded(name, recorded.Error);
        }

        return recorded;
    }

    private IEnumerable<PartitionKey> Partitions()
    {
        var (id, count) = (State.Id, State.PartitionsCount);
        return Enumerable.Range(0, count).Select(partition => new PartitionKey(name, id, partition));
    }

    // A topic that does not exist must not occupy memory.
    private void ForgetIfAbsent()
    {
        if (IsUnused())
        {
            activation.DeactivateSoon(IsUnused);
        }
    }

    private bool IsUnused() => State.Phase == TopicPhase.Absent && _turns.CurrentCount > 0;

    [LoggerMessage(1, LogLevel.Warning, "Topic {Topic} could not be recorded in the catalog: {Error}. The catalog will settle it.")]
    private partial void NotRecorded(TopicName topic, ErrorCode error);
}
