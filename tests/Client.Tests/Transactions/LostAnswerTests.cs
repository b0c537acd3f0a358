using System.Reflection;
using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Client.Tests.Transactions;

/// <summary>Ends of transactions whose answers are lost.</summary>
public sealed class LostAnswerTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_commit_that_is_repeated_after_another_producer_has_begun_may_have_happened(bool takesEffect)
    {
        var topic = await node.CreateTopicAsync();
        var losing = LosingGrains.Over(node.Grains, async (coordinator, request) =>
        {
            if (takesEffect)
            {
                await coordinator.End(request);
            }

            await coordinator.Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None));
            throw new TimeoutException("The answer is lost.");
        });
        await using var producer = Producer(losing, topic);
        await using var transaction = await producer.BeginTransactionAsync();
        await transaction.ProduceAsync(topic, new Message<string?, string> { Value = "a" });
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failure = await Assert.ThrowsAsync<TransactionException>(async () => await transaction.CommitAsync());
            Assert.True(failure is { IsFatal: true, IsOutcomeUnknown: true, IsAbortable: false }, failure.ToString());
        }

        await transaction.DisposeAsync();
        var next = await Assert.ThrowsAsync<TransactionException>(async () => await producer.BeginTransactionAsync());
        Assert.True(next is { IsFatal: true, IsOutcomeUnknown: false }, next.ToString());
        Assert.Equal(takesEffect ? "a" : "", await CommittedLog.ReadAsync(node, topic, 0, IsolationLevel.ReadCommitted));
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_confirmed_when_it_is_repeated()
    {
        var topic = await node.CreateTopicAsync();
        var losing = LosingGrains.Over(node.Grains, async (coordinator, request) =>
        {
            await coordinator.End(request);
            throw new TimeoutException("The answer is lost.");
        });
        await using var producer = Producer(losing, topic);
        for (var i = 0; i < 2; i++)
        {
            await using var transaction = await producer.BeginTransactionAsync();
            await transaction.ProduceAsync(topic, new Message<string?, string> { Value = $"{i}" });
            await transaction.CommitAsync();
        }

        // Another producer begins once all partitions have heard of the end.
        await using var next = Producer(node.Grains, topic);
        await using var nothing = await next.BeginTransactionAsync();
        Assert.Equal("0 1", await CommittedLog.ReadAsync(node, topic, 0, IsolationLevel.ReadCommitted));
    }

    private static IProducer<string?, string> Producer(IGrainFactory grains, string id) => new LoireClient(grains).CreateProducer(
        new ProducerOptions<string?, string> { TransactionalId = id, RetryBackoff = TimeSpan.FromMilliseconds(5) });
}

/// <summary>A way to the cluster on which something happens to the first end of a transaction.</summary>
/// <remarks>A proxy, because the two Orleans runtimes give the interface different members, of which the client uses one.</remarks>
public class LosingGrains : DispatchProxy
{
    private IGrainFactory _grains = null!;
    private Func<ITransactionGrain, EndTransactionRequest, ValueTask<EndTransactionResult>>? _first;

    /// <summary>A factory whose coordinators do <paramref name="first"/> at the first end.</summary>
    public static IGrainFactory Over(IGrainFactory grains, Func<ITransactionGrain, EndTransactionRequest, ValueTask<EndTransactionResult>> first)
    {
        var factory = Create<IGrainFactory, LosingGrains>();
        ((LosingGrains)(object)factory)._grains = grains;
        ((LosingGrains)(object)factory)._first = first;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var grain = targetMethod!.Invoke(_grains, args);
        return grain is ITransactionGrain coordinator ? new Coordinator(coordinator, this) : grain;
    }

    private sealed class Coordinator(ITransactionGrain coordinator, LosingGrains owner) : ITransactionGrain
    {
        public ValueTask<EndTransactionResult> End(EndTransactionRequest request) =>
            Interlocked.Exchange(ref owner._first, null) is { } first ? first(coordinator, request) : coordinator.End(request);

        public ValueTask<InitProducerResult> Init(InitProducerRequest request) => coordinator.Init(request);

        public ValueTask<EnlistResult> Enlist(EnlistRequest request) => coordinator.Enlist(request);

        public ValueTask<TransactionResult> Describe() => coordinator.Describe();

        public ValueTask<ErrorCode> Abort() => coordinator.Abort();

        public ValueTask<ErrorCode> Expire() => coordinator.Expire();
    }
}
