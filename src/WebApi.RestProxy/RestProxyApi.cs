using Loire.WebApi.Errors;
using Loire.WebApi.RestProxy.Consumers;
using Loire.WebApi.RestProxy.Produce;
using Loire.WebApi.RestProxy.Read;
using Loire.WebApi.RestProxy.Requests;
using Loire.WebApi.RestProxy.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.RestProxy;

/// <summary>
/// The API that Confluent's REST Proxy calls v2 and that Redpanda, Strimzi and Karapace share, at the root of the server: a translation to
/// the same grains and the same produce that the native API uses. Where its servers differ, it follows Confluent's, and accepts the
/// spellings of the others.
/// </summary>
public static class RestProxyApi
{
    /// <summary>Adds the dialect to the native API, whose <c>AddLoireApi</c> is needed too; <c>MapLoireApi</c> then maps both.</summary>
    public static IServiceCollection AddRestProxy(this IServiceCollection services, Action<RestProxyOptions>? configure = null)
    {
        services.AddOptions<RestProxyOptions>().Configure(options => configure?.Invoke(options))
            .Validate(
                options => Enum.IsDefined(options.Commits),
                $"{nameof(RestProxyOptions.Commits)} is not a value of {nameof(CommitMeaning)}.")
            .ValidateOnStart();
        return services.AddSingleton<IApiDialect, Dialect>();
    }

    private sealed class Dialect : IApiDialect
    {
        private static readonly PathString[] Roots = ["/topics", "/consumers", "/brokers", "/admin/topics"];

        public bool Owns(PathString path) => path == "/" || Array.Exists(Roots, root => path.StartsWithSegments(root));

        public Task WriteAsync(HttpContext context, ApiProblem problem) => V2Error.From(problem).WriteAsync(context);

        public void Map(IEndpointRouteBuilder routes)
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
}
