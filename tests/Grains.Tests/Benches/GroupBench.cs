using System.Collections.Immutable;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Grains.Groups;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Log.Journals;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Groups;
using Loire.Model.Transactions;
using Loire.TestKit;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// A group's driver on storage in memory, time that the test moves, and peers that answer what the test says. A driver that asks to be
/// dropped stays; <see cref="Restart"/> is the next activation.
/// </summary>
internal sealed class GroupBench : IGroupPeers
{
    private static int _writers;
    private readonly List<GroupId> _listed = [];
    private readonly AssignorRegistry _assignors;
    private ITimer? _timer;
    private int _ids;

    public GroupBench(
        LossyGrainStorage? storage = null, Action<GroupOptions>? configure = null, DriverThread? thread = null, ManualTime? time = null,
        params IAssignor[] assignors)
    {
        (Storage, Thread, Time) = (storage ?? new LossyGrainStorage(), thread ?? new DriverThread(), time ?? new ManualTime());
        _assignors = new AssignorRegistry(assignors);
        configure?.Invoke(Options);
        Driver = NewDriver();
    }

    public GroupOptions Options { get; } = new();

    public LossyGrainStorage Storage { get; }

    public MortalStorage Silo { get; private set; } = null!;

    public DriverThread Thread { get; }

    public ManualTime Time { get; }

    public GroupDriver Driver { get; private set; }

    public int Drops { get; private set; }

    /// <summary>Whether the catalog knows the group.</summary>
    public bool IsListed => _listed.Count > 0;

    /// <summary>Partitions of the topics that exist.</summary>
    public Dictionary<string, int> Topics { get; } = [];

    /// <summary>Which creation of a topic it is.</summary>
    public Dictionary<string, TopicId> TopicIds { get; } = [];

    /// <summary>What a neighbour answers instead of what it would.</summary>
    public Func<string, ErrorCode> Fault { get; set; } = _ => ErrorCode.None;

    /// <summary>The coordinators of transactions.</summary>
    public FakeCoordinator Transactions { get; private init; } = new();

    /// <summary>Whether all brokers read the records of transactions.</summary>
    public bool AreTransactionsAllowed { get; set; } = true;

    /// <summary>Whether all brokers read the records of classic members.</summary>
    public bool AreClassicGroupsAllowed { get; set; } = true;

    /// <summary>What an operator reads as an error.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The topics as the silo, which watches them, knows them.</summary>
    public Dictionary<TopicName, TopicDescription> WatchedTopics { get; } = [];

    /// <summary>The topics that the silo was to watch.</summary>
    public List<TopicDescription> WatchCalls { get; } = [];

    /// <summary>How often topics were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>What is in <c>__consumer_offsets</c> after compaction, and how many appends it took.</summary>
    public SortedDictionary<string, CommittedOffset> Mirror { get; } = new(StringComparer.Ordinal);

    public int MirrorAppends { get; private set; }

    public List<int> MirrorPartitions { get; } = [];

    /// <summary>The next append takes effect after this task; later ones may overtake it.</summary>
    public Task? HoldNextAppend { get; set; }

    /// <summary>The next change of the catalog takes effect after this task; later ones may overtake it.</summary>
    public Task? HoldNextRecord { get; set; }

    public void Restart(bool kill = true)
    {
        Silo.IsDead = kill;
        _timer?.Dispose();
        var old = Driver;
        if (!kill)
        {
            Thread.Finish(async () =>
            {
                await old.DisposeAsync();
                return true;
            });
        }

        Driver = NewDriver();
    }

    /// <summary>A second activation beside the first, whose storage is the same.</summary>
    public GroupBench Rival() => new(Storage, null, Thread, Time) { Transactions = Transactions };

    public CommitResult Commit(params (string Topic, int Partition, long Offset)[] offsets) => CommitAs(null, -1, offsets);

    public CommitResult CommitAs(MemberId? member, int epoch, params (string Topic, int Partition, long Offset)[] offsets) =>
        Thread.Finish(() => Driver.CommitAsync(Request(member, epoch, offsets)));

    public static CommitRequest Request(MemberId? member, int epoch, params (string Topic, int Partition, long Offset)[] offsets) => new(
        member, epoch,
        [.. offsets.Select(offset => new CommittedOffset(
            Partition(offset.Topic, offset.Partition), new Offset(offset.Offset), LeaderEpoch.None, "", Timestamp.None))]);

    public static TopicPartition Partition(string topic, int partition) => new(TopicName.Parse(topic), partition);

    public string Offsets() => Text(Thread.Finish(() => Driver.OffsetsAsync(null)));

    public static string Text(OffsetsResult result) => result.Error != ErrorCode.None
        ? result.Error.ToString()
        : string.Join(' ', result.Offsets.Select(offset => $"{offset.Partition}:{offset.Offset}"));

    public GroupResult Describe() => Thread.Finish(() => Driver.DescribeAsync());

    public ErrorCode Delete() => Thread.Finish(() => Driver.DeleteAsync());

    public ErrorCode Sweep() => Thread.Finish(() => Driver.SweepAsync());

    public Task<HeartbeatResult> Heartbeat(
        MemberId member, int epoch, string[]? topics = null, ImmutableArray<TopicPartition> owned = default, TimeSpan? wait = null, GroupInstanceId? instance = null,
        string? pattern = null, string assignor = "range", CancellationToken cancellation = default) =>
        Thread.Start(() => Driver.HeartbeatAsync(
            new HeartbeatRequest(
                member, instance, epoch, "client", "host",
                topics is null && pattern is null ? null
                    : new MemberSubscription(
                        [.. (topics ?? []).Select(TopicName.Parse)], pattern, [assignor],
                        TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5)),
                owned.IsDefault ? [] : owned, wait ?? TimeSpan.Zero),
            cancellation));

    public void Advance(TimeSpan time)
    {
        // In steps: the driver sets a new timer in each.
        for (var end = Time.GetUtcNow() + time; Time.GetUtcNow() < end;)
        {
            var next = Time.NextDue is { } due && due < end ? due : end;
            Thread.After(() => Time.Advance(next > Time.GetUtcNow() ? next - Time.GetUtcNow() : TimeSpan.Zero));
        }

        Thread.Run();
    }

    public async ValueTask<ErrorCode> Record(GroupId groupId, bool exists)
    {
        if (HoldNextRecord is { } held)
        {
            HoldNextRecord = null;
            await held;
        }

        var error = Fault("record");
        if (error == ErrorCode.None)
        {
            _listed.Remove(groupId);
            _listed.AddRange(exists ? [groupId] : []);
        }

        return error;
    }

    public ValueTask<TopicResult> Describe(TopicName topic)
    {
        Asked++;
        var error = Fault("describe " + topic);
        return new(error != ErrorCode.None ? new TopicResult(error, null, null)
            : Topics.TryGetValue(topic.Value, out var count)
            ? new TopicResult(error, new TopicDescription(topic, TopicIds.GetValueOrDefault(topic.Value), count, 1, []), null)
            : new TopicResult(ErrorCode.UnknownTopicOrPartition, null, null));
    }

    public TopicDescription? Watched(TopicName topic) => WatchedTopics.GetValueOrDefault(topic);

    public void Watch(TopicDescription topic) => WatchCalls.Add(topic);

    public ValueTask<TopicList> ListTopics(string after, int max) =>
        new(new TopicList(Fault("list"), [.. Topics.Keys.Order(StringComparer.Ordinal).Select(TopicName.Parse)], false));

    public ValueTask<TopicResult> OffsetsTopic()
    {
        var error = Fault("offsets topic");
        var topic = new TopicDescription(Coordination.Groups.Offsets.OffsetsTopic.Name, default, 50, 1, []);
        return new(new TopicResult(error, error == ErrorCode.None ? topic : null, null));
    }

    public ValueTask<EnlistResult> Enlist(TransactionalId transaction, EnlistRequest request) =>
        Fault("enlist") is not ErrorCode.None and var error ? new(new EnlistResult(error, 0, null)) : Transactions.Enlist(transaction, request);

    public ValueTask<TransactionResult> DescribeTransaction(TransactionalId transaction) => new(
        Fault("describe transaction") is not ErrorCode.None and var error ? new TransactionResult(error, null) : Transactions.Describe(transaction));

    public async ValueTask<ErrorCode> Append(PartitionKey partition, AppendRequest request)
    {
        if (HoldNextAppend is { } held)
        {
            HoldNextAppend = null;
            await held;
        }

        var error = Fault("append");
        if (error != ErrorCode.None)
        {
            return error;
        }

        MirrorAppends++;
        MirrorPartitions.Add(partition.Partition);
        Read(request.Batches.Join().Span, Mirror);
        return ErrorCode.None;
    }

    /// <summary>Decodes records of <c>__consumer_offsets</c> into what compaction would leave of them.</summary>
    public static void Read(ReadOnlySpan<byte> batches, SortedDictionary<string, CommittedOffset> into)
    {
        while (!batches.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batches, out var batch));
            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext())
            {
                Assert.True(Coordination.Groups.Offsets.OffsetsTopic.TryReadKey(reader.Current.Key, out var group, out var of));
                if (reader.Current.ValueIsNull)
                {
                    into.Remove($"{group}/{of}");
                    continue;
                }

                Assert.True(Coordination.Groups.Offsets.OffsetsTopic.TryReadValue(reader.Current.Value, of, out var offset));
                into[$"{group}/{of}"] = offset;
            }

            Assert.Equal(ErrorCode.None, reader.Error);
            batches = batches[batch.SizeInBytes..];
        }
    }

    private GroupDriver NewDriver()
    {
        Silo = new MortalStorage(Storage);
        var silo = Silo;
        return new GroupDriver(
            "g",
            new JournalSource("group/g", id => new Journal(
                silo, id, new Guid(Interlocked.Increment(ref _writers), 2, 2, new byte[8]),
                new JournalOptions { SnapshotAfterBytes = 2_000 }, Time)),
            () => new StoredGroup(new GroupMachine(_assignors, Options.Members), new ClassicGroupMachine(Options.Members)), this,
            new GroupFeatures(() => new(AreTransactionsAllowed), () => new(AreClassicGroupsAllowed)), () => new Guid(++_ids, 0, 0, new byte[8]),
            new SchedulerTurnQueue(Thread), Options, Time,
            new ErrorLog(Errors), WakeAfter, new TestActivation(() => Drops++));
    }

    private void WakeAfter(TimeSpan wait)
    {
        var driver = Driver;
        _timer?.Dispose();
        _timer = Time.CreateTimer(
            _ => Thread.Post(async () =>
            {
                await driver.WakeAsync();
                return true;
            }),
            null, wait, Timeout.InfiniteTimeSpan);
    }

    private sealed class ErrorLog(List<string> errors) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            errors.Add(formatter(state, exception));
    }
}
