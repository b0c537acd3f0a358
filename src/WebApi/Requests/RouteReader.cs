using System.Globalization;
using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Requests;

/// <summary>Reads values from the path.</summary>
internal static class RouteReader
{
    public static ApiProblem? TryReadTopic(HttpContext context, out TopicName topic) =>
        TopicName.TryParse(context.GetRouteValue("topic") as string, out topic, out var problem)
            ? null
            : new ApiProblem(ErrorCode.InvalidTopicException, problem);

    public static ApiProblem? TryReadPartition(HttpContext context, out int partition) =>
        int.TryParse(context.GetRouteValue("partition") as string, NumberStyles.None, CultureInfo.InvariantCulture, out partition)
            ? null
            : ApiProblem.BadRequest($"A partition is a whole number from 0 to {int.MaxValue}.");
}
