using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.TestKit;

/// <summary>Transactions by calls of the grains, for tests of what shows them.</summary>
public static class TestTransactions
{
    /// <summary>Begins a producer and its transaction with one record in a partition.</summary>
    public static async Task<ProducerIdentity> BeginAsync(IGrainFactory grains, string id, string topic, int partition)
    {
        var coordinator = grains.GetGrain<ITransactionGrain>(id);
        var begun = await coordinator.Init(new InitProducerRequest(TimeSpan.FromMinutes(10), ProducerIdentity.None));
        Invariant.Check(begun.Error == ErrorCode.None, $"a producer begins: {begun.Error}");
        using var builder = new RecordBatchBuilder
        {
            ProducerId = begun.Producer.Id,
            ProducerEpoch = begun.Producer.Epoch,
            BaseSequence = 0,
            IsTransactional = true,
        };
        builder.Append(new Timestamp(1_000), default, true, Encoding.UTF8.GetBytes("v"), false, []);
        var described = await grains.GetGrain<ITopicGrain>(topic).Describe();
        var key = new PartitionKey(TopicName.Parse(topic), described.Topic!.Id, partition);
        var appended = await grains.GetGrain<IPartitionGrain>(key.ToString())
            .Append(new AppendRequest(builder.Build(), Acks.All, Transaction: TransactionalId.Parse(id)));
        Invariant.Check(appended.Error == ErrorCode.None, $"the record is appended: {appended.Error} {appended.Detail}");
        return begun.Producer;
    }
}

/// <summary>Loses the ends of transactions on their way to partitions, as a defect would: the coordinators take them for told. Then transactions hang.</summary>
public sealed class LostMarkers : IIncomingGrainCallFilter
{
    /// <summary>Whether they are lost.</summary>
    public bool AreLost { get; set; }

    /// <inheritdoc/>
    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (!AreLost || context.MethodName != nameof(IPartitionGrain.EndTransaction))
        {
            return context.Invoke();
        }

        context.Result = ErrorCode.None;
        return Task.CompletedTask;
    }
}
