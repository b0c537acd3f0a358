using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>What the OpenAPI document says of the dialect's endpoints.</summary>
internal static class V2Description
{
    /// <summary>The tag that groups them.</summary>
    public const string Tag = "REST Proxy v2";

    /// <summary>A document of this shape.</summary>
    public static IEndpointConventionBuilder TakesV2<T>(this IEndpointConventionBuilder endpoint, bool isOptional = false) =>
        endpoint.WithMetadata(new BodyTypes([V2MediaTypes.Document, MediaTypes.Json], typeof(T)) { IsOptional = isOptional });

    /// <summary>Records in one of the formats.</summary>
    public static IEndpointConventionBuilder TakesRecordsV2(this IEndpointConventionBuilder endpoint) =>
        endpoint.WithMetadata(new BodyTypes(V2MediaTypes.Embedded, typeof(V2ProduceRecordsJson), "application/json is the json format."));

    /// <summary>Records in one of the formats.</summary>
    public static IEndpointConventionBuilder AnswersRecordsV2(this IEndpointConventionBuilder endpoint) =>
        endpoint.WithMetadata(new AnswerTypes(V2MediaTypes.Embedded, typeof(V2ConsumerRecordJson[])));

    /// <summary>An answer of this shape.</summary>
    public static IEndpointConventionBuilder AnswersV2<T>(this IEndpointConventionBuilder endpoint, int status = StatusCodes.Status200OK) =>
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(T), [V2MediaTypes.Document, MediaTypes.Json]));

    /// <summary>Errors with these statuses; 500 is possible everywhere.</summary>
    public static IEndpointConventionBuilder FailsV2(this IEndpointConventionBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.AnswersV2<V2ErrorJson>(status);
        }

        return endpoint;
    }
}
