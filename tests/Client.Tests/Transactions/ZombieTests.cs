using System.Text;
using Loire.Client.Tests.Chaos;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Groups;
using Loire.Model.Transactions;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Transactions;

/// <summary>A producer that goes on after another one with its transactional id has begun, and calls that arrive after their transaction.</summary>
public sealed class ZombieTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly ChaosCluster _cluster = new(output.WriteLine, areBrokers: true);
    private LoireClient _client = null!;
    private TopicDescription _topic = null!;

    public async Task InitializeAsync()
    {
        await _cluster.StartAsync();
        _client = new LoireClient(_cluster.Client);
        _topic = (await _cluster.Client.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(2, -1, [], false))).Topic!;
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task What_a_zombie_appends_and_commits_takes_no_effect()
    {
        var zombie = Producer();
        var open = await zombie.BeginTransactionAsync();
        await open.ProduceAsync(At(0), Value("zombie"));
        await open.SendOffsetsAsync([new TopicPartitionOffset("t", 0, 7)], new ConsumerGroupMetadata("g"));

        // It stands still between its last append and its commit.
        await using var producer = Producer();
        await using var transaction = await producer.BeginTransactionAsync();
        await transaction.ProduceAsync(At(0), Value("first"));
        Assert.False((await Assert.ThrowsAsync<ProduceException>(async () => await open.ProduceAsync(At(1), Value("late")))).IsOutcomeUnknown);
        await Assert.ThrowsAsync<GroupException>(
            async () => await open.SendOffsetsAsync([new TopicPartitionOffset("t", 1, 8)], new ConsumerGroupMetadata("g")));
        var refused = await Assert.ThrowsAsync<TransactionException>(async () => await open.CommitAsync());
        Assert.True(refused is { IsFatal: true, IsOutcomeUnknown: false }, refused.ToString());
        await transaction.ProduceAsync(At(1), Value("second"));
        await transaction.CommitAsync();
        await open.DisposeAsync();
        await zombie.DisposeAsync();
        Assert.Equal("first | second", await ReadAsync());
        Assert.Empty((await Group.Offsets([At(0), At(1)])).Offsets);
    }

    [Fact]
    public async Task A_commit_that_a_zombie_asks_for_aborts_nothing_and_commits_nothing()
    {
        var zombie = Producer();
        var open = await zombie.BeginTransactionAsync();
        await open.ProduceAsync(At(0), Value("zombie"));
        await using var producer = Producer();
        await using var transaction = await producer.BeginTransactionAsync();
        await transaction.ProduceAsync(At(0), Value("first"));
        Assert.True((await Assert.ThrowsAsync<TransactionException>(async () => await open.CommitAsync())).IsFatal);
        await Assert.ThrowsAsync<TransactionException>(async () => await open.AbortAsync());
        await open.DisposeAsync();
        await Assert.ThrowsAsync<TransactionException>(async () => await zombie.BeginTransactionAsync());
        await transaction.ProduceAsync(At(1), Value("second"));
        await transaction.CommitAsync();
        Assert.Equal("first | second", await ReadAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_arrives_late_of_a_transaction_takes_no_effect_on_the_next_one(bool ofOtherProducer)
    {
        var coordinator = _cluster.Client.GetGrain<ITransactionGrain>("id");
        var before = await InitAsync(coordinator);
        Assert.Equal(ErrorCode.None, (await AppendAsync(0, before, 0, "n")).Error);
        var now = ofOtherProducer
            ? await InitAsync(coordinator)
            : (await coordinator.End(new EndTransactionRequest(before, true, TransactionVersion.V2))).Producer;
        Assert.Equal(ErrorCode.None, (await AppendAsync(0, now, 0, "n+1")).Error);
        Assert.Equal(ErrorCode.None, (await CommitOffsetAsync(now, 3)).Error);

        // One that was lost on its way, the same again, and to a partition that the transaction did not have.
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await AppendAsync(0, before, 1, "late")).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await AppendAsync(0, before, 0, "n")).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await AppendAsync(1, before, 0, "late")).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await CommitOffsetAsync(before, 9)).Error);
        foreach (var commits in new[] { true, false })
        {
            Assert.Equal(ErrorCode.ProducerFenced, (await coordinator.End(new EndTransactionRequest(before, commits, TransactionVersion.V2))).Error);
        }

        Assert.Equal(TransactionStatus.Ongoing, (await coordinator.Describe()).Transaction!.Status);
        Assert.Equal(ErrorCode.None, (await coordinator.End(new EndTransactionRequest(now, true, TransactionVersion.V2))).Error);
        await StoredTransactionsTests.UntilAsync(coordinator, TransactionStatus.CompleteCommit);
        Assert.Equal(ofOtherProducer ? "n+1 | " : "n n+1 | ", await ReadAsync());
        Assert.Equal(3, Assert.Single((await Group.Offsets([At(0)])).Offsets).Offset);
    }

    private static Message<string?, string> Value(string value) => new() { Value = value };

    private static TopicPartition At(int partition) => new("t", partition);

    private static async Task<ProducerIdentity> InitAsync(ITransactionGrain coordinator)
    {
        var answer = await coordinator.Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None));
        Assert.Equal(ErrorCode.None, answer.Error);
        return answer.Producer;
    }

    private IGroupGrain Group => _cluster.Client.GetGrain<IGroupGrain>("g");

    private IProducer<string?, string> Producer() => _client.CreateProducer(new ProducerOptions<string?, string>
    {
        TransactionalId = "id",
        RetryBackoff = TimeSpan.FromMilliseconds(5),
    });

    private ValueTask<AppendResult> AppendAsync(int partition, ProducerIdentity producer, int sequence, string value)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            BaseSequence = sequence,
            IsTransactional = true,
        };
        builder.Append(new Timestamp(1_767_225_600_000), default, true, Encoding.UTF8.GetBytes(value), false);
        return SettledLog.PartitionOf(_cluster.Client, _topic, partition).Append(
            new AppendRequest(builder.Build(), Acks.All, Transaction: "id"));
    }

    private ValueTask<CommitResult> CommitOffsetAsync(ProducerIdentity producer, long offset) => Group.CommitInTransaction(
        new TransactionalCommitRequest(
            "id", producer, TransactionVersion.V2,
            new CommitRequest(null, -1, [new CommittedOffset(At(0), new Offset(offset), LeaderEpoch.None, "", Timestamp.None)])));

    private async Task<string> ReadAsync()
    {
        Assert.NotNull(await SettledLog.SettleAsync(_cluster.Client, _topic));
        var problems = new List<string>();
        var logs = await SettledLog.ReadAsync(_cluster.Client, _topic, problems);
        Assert.Empty(problems);
        return string.Join(" | ", logs.Select(log => string.Join(' ', log)));
    }
}
