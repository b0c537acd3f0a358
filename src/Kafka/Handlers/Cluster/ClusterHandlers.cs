using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Cluster;

/// <summary>The handlers of the cluster and its brokers.</summary>
internal static class ClusterHandlers
{
    public static void AddClusterHandlers(this IServiceCollection services) => services
        .AddSingleton<Brokers>()
        .AddSingleton<IKafkaHandler, DescribeClusterHandler>()
        .AddSingleton<IKafkaHandler, SaslHandshakeHandler>()
        .AddSingleton<IKafkaHandler, SaslAuthenticateHandler>();
}
