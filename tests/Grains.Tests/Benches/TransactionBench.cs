using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Journals;
using Loire.Grains.Transactions;
using Loire.Grains.Turns;
using Loire.Log.Journals;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// A coordinator's driver on storage in memory, time that the test moves, and partitions and groups that remember what they are told. A driver that asks to
/// be dropped stays; <see cref="Restart"/> is the next activation.
/// </summary>
internal sealed class TransactionBench : ITransactionPeers
{
    private static int _writers;
    private readonly World _world;
    private ITimer? _timer;

    public TransactionBench(LossyGrainStorage? storage = null, Action<TransactionOptions>? configure = null)
        : this(new World(storage ?? new LossyGrainStorage()), configure)
    {
    }

    private TransactionBench(World world, Action<TransactionOptions>? configure)
    {
        _world = world;
        configure?.Invoke(Options);
        Driver = NewDriver();
    }

    public TransactionOptions Options { get; } = new() { CompletionWait = TimeSpan.Zero };

    public LossyGrainStorage Storage => _world.Storage;

    public MortalStorage Silo { get; private set; } = null!;

    public DriverThread Thread => _world.Thread;

    public ManualTime Time => _world.Time;

    public TransactionDriver Driver { get; private set; }

    public int Drops { get; private set; }

    /// <summary>Whether the present driver has asked to be dropped.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>Whether the feature level has transactions.</summary>
    public bool AreAllowed { get; set; } = true;

    /// <summary>What the catalog says of the id.</summary>
    public TransactionalIdUse Use => _world.Use;

    /// <summary>The calls of the catalog.</summary>
    public List<TransactionalIdUse> Records => _world.Records;

    /// <summary>What partitions and groups were told, in order: by whom, and the marker.</summary>
    public List<(string Peer, TransactionMarker Marker)> Told => _world.Told;

    /// <summary>What a peer answers, whether or not it has heard.</summary>
    public Func<string, ErrorCode> Fault { get; set; } = _ => ErrorCode.None;

    /// <summary>A peer hears, and answers after this task.</summary>
    public Func<string, Task>? Hold { get; set; }

    public static PartitionKey Partition(int number) => new("t", new TopicId(new Guid(1, 2, 3, new byte[8])), number);

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

    /// <summary>A second activation beside the first.</summary>
    public TransactionBench Rival()
    {
        var rival = new TransactionBench(_world, null) { Fault = Fault, Hold = Hold };
        (rival.Options.CompletionWait, rival.Options.CompletionDelay) = (Options.CompletionWait, Options.CompletionDelay);
        return rival;
    }

    public InitProducerResult Init(ProducerIdentity? current = null, TimeSpan? timeout = null) => Thread.Finish(() => InitAsync(current, timeout));

    public Task<InitProducerResult> InitAsync(ProducerIdentity? current = null, TimeSpan? timeout = null) =>
        Driver.InitAsync(new InitProducerRequest(timeout ?? TimeSpan.FromMinutes(1), current ?? ProducerIdentity.None));

    public EnlistResult Add(ProducerIdentity producer, params int[] partitions) => Thread.Finish(() => EnlistAsync(producer, EnlistMode.Add, partitions));

    public EnlistResult Verify(ProducerIdentity producer, params int[] partitions) => Thread.Finish(() => EnlistAsync(producer, EnlistMode.Verify, partitions));

    public Task<EnlistResult> EnlistAsync(ProducerIdentity producer, EnlistMode mode, params int[] partitions) =>
        Driver.EnlistAsync(new EnlistRequest(producer, mode, [.. partitions.Select(Partition)], []));

    public EnlistResult AddGroup(ProducerIdentity producer, string group) =>
        Thread.Finish(() => Driver.EnlistAsync(new EnlistRequest(producer, EnlistMode.Add, [], [group])));

    public EndTransactionResult End(ProducerIdentity producer, bool commits, TransactionVersion version = TransactionVersion.V2) =>
        Thread.Finish(() => EndAsync(producer, commits, version));

    public Task<EndTransactionResult> EndAsync(ProducerIdentity producer, bool commits, TransactionVersion version = TransactionVersion.V2) =>
        Driver.EndAsync(new EndTransactionRequest(producer, commits, version));

    public TransactionDescription Describe() => Thread.Finish(Driver.DescribeAsync).Transaction!;

    public ErrorCode Expire() => Thread.Finish(Driver.ExpireAsync);

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

    public ValueTask<ErrorCode> EndPartition(PartitionKey partition, TransactionMarker marker) =>
        Tell($"{partition.Topic}-{partition.Partition}", marker);

    public ValueTask<ErrorCode> EndGroup(GroupId group, TransactionMarker marker) => Tell(group.Value, marker);

    public async ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use)
    {
        var silo = Silo;
        var error = Fault("record");
        if (error == ErrorCode.None && !silo.IsDead)
        {
            _world.Use = use;
            _world.Records.Add(use);
        }

        return await Alive(silo, error);
    }

    private async ValueTask<ErrorCode> Tell(string peer, TransactionMarker marker)
    {
        var silo = Silo;
        if (silo.IsDead)
        {
            return await Alive(silo, ErrorCode.None);
        }

        Told.Add((peer, marker));
        await (Hold?.Invoke(peer) ?? Task.CompletedTask);
        return await Alive(silo, Fault(peer));
    }

    private static async Task<ErrorCode> Alive(MortalStorage silo, ErrorCode answer)
    {
        await (silo.IsDead ? new TaskCompletionSource().Task : Task.CompletedTask);
        return answer;
    }

    private TransactionDriver NewDriver()
    {
        Silo = new MortalStorage(Storage);
        IsDropped = false;
        var silo = Silo;
        return new TransactionDriver(
            "x",
            new JournalSource(TransactionJournalName.Of("x"), id => new Journal(
                silo, id, new Guid(Interlocked.Increment(ref _writers), 4, 4, new byte[8]), new JournalOptions { SnapshotAfterBytes = 1_000 }, Time)),
            this, NextProducerId, () => new(AreAllowed), new SchedulerTurnQueue(Thread), Options, Time, NullLogger.Instance, WakeAfter,
            new TestActivation(() =>
            {
                Drops++;
                IsDropped = silo == Silo;
            }));
    }

    private ValueTask<(ErrorCode Error, long Id)> NextProducerId()
    {
        var error = Fault("producer id");
        return new(error == ErrorCode.None ? (error, _world.NextId++) : (error, -1));
    }

    private void WakeAfter(TimeSpan wait)
    {
        var (driver, silo) = (Driver, Silo);
        _timer?.Dispose();
        _timer = Time.CreateTimer(
            _ => Thread.Post(async () =>
            {
                await (silo.IsDead ? Task.CompletedTask : driver.WakeAsync());
                return true;
            }),
            null, wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What all activations share.</summary>
    private sealed class World(LossyGrainStorage storage)
    {
        public LossyGrainStorage Storage => storage;

        public DriverThread Thread { get; } = new();

        public ManualTime Time { get; } = new();

        public TransactionalIdUse Use { get; set; }

        public List<TransactionalIdUse> Records { get; } = [];

        public List<(string Peer, TransactionMarker Marker)> Told { get; } = [];

        public long NextId { get; set; } = 7;
    }
}
