using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.Operations;

/// <summary><c>/v1/kafka</c>: what the node that is asked serves to clients of Kafka's protocol.</summary>
internal sealed class KafkaEndpoints(IServiceProvider services)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/kafka/apis", List).Describe(
        "listKafkaApis",
        "Lists the APIs of Kafka's protocol that the node serves, with their versions",
        "Sorted by key, as its ApiVersions answers. Empty if the node has no endpoint for Kafka's clients.");

    private Ok<KafkaApiJson[]> List() => TypedResults.Ok<KafkaApiJson[]>([.. services.GetService<KafkaApiList>()?.Apis ?? []]);
}

/// <summary>The APIs of Kafka's protocol that a node serves. Registered by a host that has an endpoint for Kafka's clients.</summary>
/// <param name="Apis">Sorted by key.</param>
public sealed record KafkaApiList(IReadOnlyList<KafkaApiJson> Apis);

/// <summary>An API of Kafka's protocol, and the versions of it that are served.</summary>
/// <param name="ApiKey">Kafka's number of the API.</param>
/// <param name="Name">Kafka's name of the API.</param>
/// <param name="MinVersion">The lowest version that is served.</param>
/// <param name="MaxVersion">The highest version that is served.</param>
public sealed record KafkaApiJson(short ApiKey, string Name, short MinVersion, short MaxVersion);
