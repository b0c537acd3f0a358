using Loire.WebApi.Dialects.V2.Consumers;
using Loire.WebApi.Dialects.V2.Produce;
using Loire.WebApi.Dialects.V2.Read;
using Loire.WebApi.Dialects.V2.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.Dialects.V2;

/// <summary>
/// The API that Confluent's REST Proxy calls v2 and that Redpanda, Strimzi and Karapace share, at the root of the server: a translation
/// into the same grains and the same produce that the native API uses. Where its servers differ, it is Confluent's, and the spellings of
/// the others are understood.
/// </summary>
internal static class V2Dialect
{
    private static readonly PathString[] Roots = ["/topics", "/consumers", "/brokers", "/admin/topics"];

    /// <summary>Whether a path is the dialect's, so that whatever goes wrong there is said in its words.</summary>
    public static bool Owns(PathString path) => path == "/" || Array.Exists(Roots, root => path.StartsWithSegments(root));

    public static void Map(IEndpointRouteBuilder routes)
    {
        var root = routes.MapGroup("").WithTags(V2Description.Tag);
        Make<V2TopicEndpoints>(routes).Map(root);
        Make<V2ProduceEndpoint>(routes).Map(root);
        Make<V2PartitionRecords>(routes).Map(root);
        Make<InstanceEndpoints>(routes).Map(root);
        Make<SubscriptionEndpoints>(routes).Map(root);
        Make<InstanceRecords>(routes).Map(root);
        Make<OffsetsEndpoints>(routes).Map(root);
        Make<PositionsEndpoints>(routes).Map(root);
    }

    private static T Make<T>(IEndpointRouteBuilder routes) => ActivatorUtilities.CreateInstance<T>(routes.ServiceProvider);
}
