using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>The APIs that write records, and describe who does.</summary>
internal static class ProducingHandlers
{
    /// <summary>Registers the handlers. A <see cref="Edge.Topics.TopicCache"/> must be registered too.</summary>
    public static void AddProducingHandlers(this IServiceCollection services) => services
        .AddSingleton<IKafkaHandler, ProduceHandler>()
        .AddSingleton<IKafkaHandler, DescribeProducersHandler>();
}
