using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>Registers the handlers of what is read, and of the deletion of the oldest records.</summary>
internal static class FetchingHandlers
{
    /// <summary>Adds the handlers. A <see cref="TopicCache"/> and <see cref="TopicNames"/> must be registered, too.</summary>
    public static void AddFetchingHandlers(this IServiceCollection services)
    {
        services.AddSingleton<PartitionLookup>();
        services.AddSingleton(provider => new ReaderServices(
            provider.GetRequiredService<TopicCache>(), provider.GetRequiredService<TopicNames>(), provider.GetRequiredService<PartitionLookup>(),
            new BrokerFetches(provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<TimeProvider>()),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new IncrementalSessions(
            provider.GetRequiredService<TimeProvider>(), () => new StandingReads(isInSession: true, provider.GetRequiredService<ReaderServices>())));
        services.AddSingleton<IKafkaHandler, FetchHandler>();
        services.AddSingleton<IKafkaHandler, ListOffsetsHandler>();
        services.AddSingleton<IKafkaHandler, OffsetForLeaderEpochHandler>();
        services.AddSingleton<IKafkaHandler, DeleteRecordsHandler>();
    }
}
