using System.Reflection;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Loire.WebApi.Operations;

/// <summary>
/// Descriptions of endpoints: what the signatures of typed handlers do not say, and everything about handlers that read the request
/// themselves.
/// </summary>
internal static class OperationDescription
{
    public static IEndpointConventionBuilder Describe(
        this IEndpointConventionBuilder endpoint, string summary, string? description = null, params QueryParameter[] parameters)
    {
        endpoint.WithMetadata(new EndpointSummaryAttribute(summary), new QueryParameters(parameters));
        // Only endpoints that show their method are described; typed handlers do.
        endpoint.Add(built =>
        {
            if (!built.Metadata.OfType<MethodInfo>().Any())
            {
                built.Metadata.Add(built.RequestDelegate!.Method);
            }
        });
        return description is null ? endpoint : endpoint.WithMetadata(new EndpointDescriptionAttribute(description));
    }

    /// <summary>A body of any of these types.</summary>
    public static IEndpointConventionBuilder TakesAny(this IEndpointConventionBuilder endpoint, params string[] mediaTypes) =>
        endpoint.WithMetadata(new BodyTypes(mediaTypes));

    /// <summary>A JSON answer of this shape.</summary>
    public static IEndpointConventionBuilder Answers<T>(this IEndpointConventionBuilder endpoint, int status = StatusCodes.Status200OK) =>
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(T), [MediaTypes.Json]));

    /// <summary>An answer in any of these types.</summary>
    public static IEndpointConventionBuilder AnswersAny(this IEndpointConventionBuilder endpoint, params string[] mediaTypes) =>
        endpoint.WithMetadata(new AnswerTypes(mediaTypes));

    /// <summary>Success may be 204.</summary>
    public static IEndpointConventionBuilder AnswersNothing(this IEndpointConventionBuilder endpoint) =>
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status204NoContent, typeof(void)));

    /// <summary>Problem documents with these statuses; 500 and 503 are possible everywhere.</summary>
    public static IEndpointConventionBuilder Fails(this IEndpointConventionBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), [ApiProblem.ContentType]));
        }

        return endpoint;
    }
}

/// <summary>The answers of an endpoint that negotiates, by media type.</summary>
internal sealed record AnswerTypes(string[] MediaTypes, string? Meaning = null);
