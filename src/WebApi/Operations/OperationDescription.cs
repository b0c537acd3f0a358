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
    /// <summary>Describes an endpoint; without this the document does not list it.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="id">The name of the operation for generated clients; unique. ASP.NET's name of an endpoint is shared with a host.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="description">What else to know; null for nothing.</param>
    /// <param name="parameters">Parameters of the query that the handler reads itself.</param>
    public static IEndpointConventionBuilder Describe(
        this IEndpointConventionBuilder endpoint, string id, string summary, string? description = null, params QueryParameter[] parameters)
    {
        endpoint.WithMetadata(new OperationId(id), new EndpointSummaryAttribute(summary), new QueryParameters(parameters));
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

    /// <summary>A body of any of these types, which has this shape if it is a JSON document.</summary>
    public static IEndpointConventionBuilder TakesAny<T>(this IEndpointConventionBuilder endpoint, params string[] mediaTypes) =>
        endpoint.WithMetadata(new BodyTypes(mediaTypes, typeof(T)));

    /// <summary>A JSON answer of this shape.</summary>
    public static IEndpointConventionBuilder Answers<T>(this IEndpointConventionBuilder endpoint, int status = StatusCodes.Status200OK) =>
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(T), [MediaTypes.Json]));

    /// <summary>An answer in any of these types, which has this shape if it is a JSON document.</summary>
    public static IEndpointConventionBuilder AnswersAny<T>(this IEndpointConventionBuilder endpoint, params string[] mediaTypes) =>
        endpoint.WithMetadata(new AnswerTypes(mediaTypes, typeof(T)));

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
/// <param name="MediaTypes">The types.</param>
/// <param name="Shape">The shape of those that are JSON documents.</param>
/// <param name="Meaning">Explains them; null for the explanation of each type.</param>
internal sealed record AnswerTypes(string[] MediaTypes, Type Shape, string? Meaning = null);

/// <summary>The name of an operation in the OpenAPI document.</summary>
internal sealed record OperationId(string Value);
