using Loire.Edge.Topics;
using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>The handlers of topics and their settings.</summary>
internal static class TopicHandlers
{
    public static void AddTopicHandlers(this IServiceCollection services) => services
        .AddSingleton<TopicNames>(provider => new TopicNames(provider.GetRequiredService<TopicCache>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<TopicDirectory>()
        .AddSingleton<IKafkaHandler, MetadataHandler>()
        .AddSingleton<IKafkaHandler, DescribeTopicPartitionsHandler>()
        .AddSingleton<IKafkaHandler, CreateTopicsHandler>()
        .AddSingleton<IKafkaHandler, DeleteTopicsHandler>()
        .AddSingleton<IKafkaHandler, CreatePartitionsHandler>()
        .AddSingleton<ConfigChanges>()
        .AddSingleton<IKafkaHandler, DescribeConfigsHandler>()
        .AddSingleton<IKafkaHandler, AlterConfigsHandler>()
        .AddSingleton<IKafkaHandler, IncrementalAlterConfigsHandler>()
        .AddSingleton<IKafkaHandler, ListConfigResourcesHandler>()
        .AddSingleton<IKafkaHandler, ElectLeadersHandler>()
        .AddSingleton<IKafkaHandler, AlterPartitionReassignmentsHandler>()
        .AddSingleton<IKafkaHandler, ListPartitionReassignmentsHandler>()
        .AddSingleton<IKafkaHandler, DescribeLogDirsHandler>();
}
