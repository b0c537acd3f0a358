using Loire.Client.Tests.Nodes;
using Loire.Edge.Scheduling;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client.Tests.Groups;

/// <summary>A group "g" and a topic "t" of three partitions with ten records each, that do what a test says, in time that is not real.</summary>
internal sealed class GroupBench
{
    private GroupBench(ManualTime time)
    {
        Time = time;
        Topic = Cluster.AddTopic("t", 3);
        for (var i = 0; i < 3; i++)
        {
            Cluster.Partition("t", i).Time = time;
            Cluster.Partition("t", i).Plant(ClientNode.Numbers(0, 10));
        }

        Group = new ScriptedGroup(Cluster.Group("g")) { Time = time };
        Client = new LoireClient(
            Cluster.Factory, time, NullLoggerFactory.Instance, new Random(1), new BackgroundWork(SynchronizationContext.Current));
    }

    public ManualTime Time { get; }

    public FakeCluster Cluster { get; } = new();

    public FakeTopic Topic { get; }

    public ScriptedGroup Group { get; }

    public LoireClient Client { get; }

    /// <summary>The newest member.</summary>
    public MemberId Member => Group.Joined[^1];

    public static void Run(Func<GroupBench, Task> test) => VirtualTime.Run(time => test(new GroupBench(time)));

    public static TopicPartition Of(int partition) => new(TopicName.Parse("t"), partition);

    public IConsumer<Ignore, string> Consumer(Action<ConsumerOptions<Ignore, string>>? configure = null)
    {
        var options = new ConsumerOptions<Ignore, string> { GroupId = "g", AutoOffsetReset = OffsetSpec.Earliest };
        configure?.Invoke(options);
        return Client.CreateConsumer(options);
    }

    public Task Pause(double seconds) => BackgroundWork.PauseAsync(TimeSpan.FromSeconds(seconds), Time, default);

    /// <summary>Waits for something that happens by itself.</summary>
    public async Task Until(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 100_000, "It never happened.");
            await Pause(0.01);
        }
    }

    /// <summary>Reads in the background until a record for which <paramref name="stopBefore"/> holds: that one is in hand until the gate
    /// opens.</summary>
    public Reader Read(IConsumer<Ignore, string> consumer, Func<ConsumeResult<Ignore, string>, bool>? stopBefore = null)
    {
        var reader = new Reader(consumer, stopBefore ?? (_ => false));
        reader.Start();
        return reader;
    }

    /// <summary>An application.</summary>
    public sealed class Reader(IConsumer<Ignore, string> consumer, Func<ConsumeResult<Ignore, string>, bool> stopBefore)
    {
        private readonly CancellationTokenSource _stop = new();
        private Task _task = Task.CompletedTask;

        public List<(int Partition, Offset Offset)> Records { get; } = [];

        public Gate Gate { get; } = new();

        public bool IsInHand { get; private set; }

        public Exception? Failure { get; private set; }

        public void Start() => _task = RunAsync();

        public async Task StopAsync()
        {
            _stop.Cancel();
            await _task;
        }

        private async Task RunAsync()
        {
            try
            {
                await foreach (var record in consumer.ConsumeAsync(_stop.Token))
                {
                    Records.Add((record.Partition, record.Offset));
                    if (stopBefore(record))
                    {
                        IsInHand = true;
                        await Gate.Opened;
                        IsInHand = false;
                    }
                }
            }
            catch (Exception failure)
            {
                Failure = failure;
            }
        }
    }

    /// <summary>Writes down what it is told.</summary>
    public sealed class Listener(Action<string>? on = null) : IRebalanceListener
    {
        public List<string> Events { get; } = [];

        public ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("revoked", partitions);

        public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("assigned", partitions);

        public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("lost", partitions);

        private ValueTask Note(string what, IReadOnlyList<TopicPartition> partitions)
        {
            var text = $"{what} {string.Join(" ", partitions.Select(partition => partition.Partition))}";
            Events.Add(text);
            on?.Invoke(text);
            return ValueTask.CompletedTask;
        }
    }
}
