using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>The APIs of producers' identities and transactions.</summary>
internal static class TransactionsHandlers
{
    /// <summary>Registers the handlers. A <see cref="Edge.Topics.TopicCache"/> must be registered too.</summary>
    public static void AddTransactionsHandlers(this IServiceCollection services) => services
        .AddSingleton<Coordinators>()
        .AddSingleton<TransactionListing>()
        .AddSingleton<IKafkaHandler, InitProducerIdHandler>()
        .AddSingleton<IKafkaHandler, AddPartitionsToTxnHandler>()
        .AddSingleton<IKafkaHandler, AddOffsetsToTxnHandler>()
        .AddSingleton<IKafkaHandler, EndTxnHandler>()
        .AddSingleton<IKafkaHandler, DescribeTransactionsHandler>()
        .AddSingleton<IKafkaHandler, ListTransactionsHandler>();
}
