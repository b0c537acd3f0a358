using Loire.Grains.Interfaces.Transactions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>DescribeTransactions 0 (KIP-664): the producers of transactional ids, and what their transactions still have to tell of their ends.</summary>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class DescribeTransactionsHandler(Coordinators coordinators)
    : KafkaHandler<DescribeTransactionsRequest>(ApiKey.DescribeTransactions, 0, 0)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeTransactionsRequest request)
    {
        List<DescribeTransactionsResponse.Transaction> described = new(request.TransactionalIds.Length);
        foreach (var some in request.TransactionalIds.Chunk(TransactionListing.AtATime))
        {
            described.AddRange(await Task.WhenAll(some.Select(DescribeAsync)));
        }

        return new DescribeTransactionsResponse { TransactionStates = [.. described] };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeTransactionsRequest request, ErrorCode error) => new DescribeTransactionsResponse
    {
        TransactionStates = [.. request.TransactionalIds.Select(id => new DescribeTransactionsResponse.Transaction { TransactionalId = id, ErrorCode = error })],
    };

    private async Task<DescribeTransactionsResponse.Transaction> DescribeAsync(string id)
    {
        var (error, transaction) = await coordinators.AskAsync(id, static grain => grain.Describe(), static error => new TransactionResult(error, null));
        return transaction is null
            ? new DescribeTransactionsResponse.Transaction { TransactionalId = id, ErrorCode = Coordinators.Told(error, 0, 0) }
            : new DescribeTransactionsResponse.Transaction
            {
                TransactionalId = id,
                TransactionState = transaction.Status.ToString(),
                TransactionTimeoutMs = (int)transaction.Timeout.TotalMilliseconds,
                TransactionStartTimeMs = transaction.StartedAt.Milliseconds,
                ProducerId = transaction.Producer.Id,
                ProducerEpoch = transaction.Producer.Epoch,
                Topics = [.. transaction.Partitions.GroupBy(static partition => partition.Topic).Select(Describe)],
            };
    }

    private static DescribeTransactionsResponse.TransactionTopic Describe(IGrouping<TopicName, TopicPartition> topic) => new()
    {
        Topic = topic.Key.Value,
        Partitions = [.. topic.Select(static partition => partition.Partition)],
    };
}
