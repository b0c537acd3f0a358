using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

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
        services.AddSingleton(provider =>
        {
            var readers = provider.GetRequiredService<ReaderServices>();
            var sessions = new IncrementalSessions(readers.Time, () => new StandingReads(isInSession: true, readers));

            // Their reads wait at partitions that are about to go.
            provider.GetService<IHostApplicationLifetime>()?.ApplicationStopping.Register(sessions.Close);
            return sessions;
        });
        services.AddSingleton<IKafkaHandler, FetchHandler>();
        services.AddSingleton<IKafkaHandler, ListOffsetsHandler>();
        services.AddSingleton<IKafkaHandler, OffsetForLeaderEpochHandler>();
        services.AddSingleton<IKafkaHandler, DeleteRecordsHandler>();
    }
}
