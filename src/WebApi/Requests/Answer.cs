using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Loire.Grains.Interfaces.Topics;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Requests;

/// <summary>The plain answers of the small resources.</summary>
internal static class Answer
{
    public static async Task JsonAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = MediaTypes.Json;
        await JsonSerializer.SerializeAsync(context.Response.BodyWriter, value, type, context.RequestAborted);
    }

    public static Task NoContent(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>The problem that a topic's answer stands for; null if it was done.</summary>
    public static ApiProblem? Problem(this TopicResult result) => result.Error == ErrorCode.None ? null : new ApiProblem(result.Error, result.Detail);
}
