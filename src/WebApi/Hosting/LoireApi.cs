using System.Text.Encodings.Web;
using System.Text.Json;
using Loire.Edge.Calls;
using Loire.Edge.Offsets;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.WebApi.Coding;
using Loire.WebApi.Errors;
using Loire.WebApi.Groups;
using Loire.WebApi.Groups.Members;
using Loire.WebApi.Operations;
using Loire.WebApi.Records.Fetch;
using Loire.WebApi.Records.Produce;
using Loire.WebApi.Requests;
using Loire.WebApi.Topics;
using Loire.WebApi.Transactions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Hosting;

/// <summary>The native HTTP API under <c>/v1</c>, with <c>/openapi/v1.json</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
public static class LoireApi
{
    /// <summary>
    /// Registers what the endpoints need, bounds Kestrel, and answers every failure with a problem document. An <c>IGrainFactory</c> must
    /// be registered too; a silo's host has one. <c>/readyz</c> runs the host's health checks.
    /// </summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Changes the bounds; see <see cref="LoireApiOptions"/>.</param>
    public static IServiceCollection AddLoireApi(this IServiceCollection services, Action<LoireApiOptions>? configure = null)
    {
        services.AddOptions<LoireApiOptions>().Configure(options => configure?.Invoke(options));
        services.AddSingleton<IValidateOptions<LoireApiOptions>, Validator>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelBounds>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddHealthChecks();
        services.AddMetrics();
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            // Stricter than ASP.NET's own for JSON: what clients store, such as the metadata of a commit, may end up in a page.
            options.SerializerOptions.Encoder = JavaScriptEncoder.Default;
        });
        services.AddOpenApi(OpenApiDocumentation.DocumentName, OpenApiDocumentation.Configure);
        services.AddSingleton<ApiMetrics>();
        services.AddSingleton<RequestMemory>();
        services.AddSingleton<CodingLimit>();
        services.AddSingleton(services => new TopicCache(
            services.GetRequiredService<IGrainFactory>(),
            services.GetRequiredService<TimeProvider>(),
            retries: services.GetRequiredService<IOptions<LoireApiOptions>>().Value.CallPatience is var patience && patience > TimeSpan.Zero
                ? new CallRetries(services.GetRequiredService<TimeProvider>(), patience)
                : null,
            transfers: services.GetService<TransferWindows>()));
        services.AddSingleton<OffsetLookup>();
        services.AddSingleton(ProduceSession.Delivery);
        services.AddSingleton<ClusterLevel>();
        services.AddSingleton<TransactionPool>();
        services.AddSingleton(services => new DirectAppends(
            services.GetRequiredService<TopicCache>(), services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IOptions<LoireApiOptions>>().Value.CallPatience));
        services.AddSingleton<LiveTails>();
        services.AddTransient<IStartupFilter, ProblemMiddleware.First>();
        return services;
    }

    /// <summary>Maps every endpoint, those of registered dialects included.</summary>
    public static IEndpointRouteBuilder MapLoireApi(this IEndpointRouteBuilder routes)
    {
        var compression = ActivatorUtilities.CreateInstance<AnswerCompression>(routes.ServiceProvider);
        var api = routes.MapGroup("").RefuseIllFormedEscapes().CompressAnswers(compression).RepeatWhileGrainsMove();
        var v1 = api.MapGroup("/v1").CheckParameters();
        Make<TopicEndpoints>(routes).Map(v1);
        Make<TopicConfigEndpoints>(routes).Map(v1);
        Make<PartitionEndpoints>(routes).Map(v1);
        Make<RecordsDeletionEndpoint>(routes).Map(v1);
        Make<GroupEndpoints>(routes).Map(v1);
        Make<GroupOffsetsEndpoints>(routes).Map(v1);
        Make<OffsetsResetEndpoint>(routes).Map(v1);
        Make<MemberEndpoints>(routes).Map(v1);
        Make<SubscriptionEndpoints>(routes).Map(v1);
        Make<MemberPositionEndpoints>(routes).Map(v1);
        Make<MemberRecordsEndpoint>(routes).Map(v1);
        Make<TransactionEndpoints>(routes).Map(v1);
        Make<RunTransactionEndpoint>(routes).Map(v1);
        Make<HangingEndpoint>(routes).Map(v1);
        Make<HangingAbortEndpoint>(routes).Map(v1);
        Make<ProducerEndpoints>(routes).Map(v1);
        Make<BrokerEndpoints>(routes).Map(v1);
        Make<KafkaEndpoints>(routes).Map(v1);
        Make<ProduceEndpoint>(routes).Map(v1);
        Make<FetchEndpoint>(routes).Map(v1);
        Make<LatestEndpoint>(routes).Map(v1);
        routes.ServiceProvider.GetRequiredService<LiveTails>().Map(v1);
        Make<HealthEndpoints>(routes).Map(api);
        foreach (var dialect in routes.ServiceProvider.GetServices<IApiDialect>())
        {
            dialect.Map(api);
        }

        routes.MapOpenApi().WithMetadata(AnswerCompression.IsLarge).CompressAnswers(compression);
        return routes;
    }

    private static T Make<T>(IEndpointRouteBuilder routes) => ActivatorUtilities.CreateInstance<T>(routes.ServiceProvider);

    private sealed class Validator : IValidateOptions<LoireApiOptions>
    {
        public ValidateOptionsResult Validate(string? name, LoireApiOptions options) =>
            options.FindProblem() is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;
    }
}
