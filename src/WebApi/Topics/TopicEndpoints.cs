using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/topics</c>: list, create, describe, add partitions, delete.</summary>
internal sealed class TopicEndpoints(IGrainFactory grains, TopicCache topics)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics", ListAsync)
            .Describe("listTopics", "Lists topics", "In ordinal order of the names. A further page is linked in the header Link with rel=\"next\".");
        routes.MapPost("/topics", CreateAsync)
            .Describe("createTopic", "Creates a topic", "With validate_only nothing is created and the answer is 200.").Fails(400, 409, 413, 415);
        routes.MapGet("/topics/{topic}", DescribeAsync)
            .Describe("getTopic", "Describes a topic", "What its partitions have reported of their logs comes from the topic: no partition is called.")
            .Fails(400, 404);
        routes.MapPatch("/topics/{topic}", AddPartitionsAsync)
            .Describe("addPartitions", "Adds partitions", "The partition of a key may change. Partitions are never removed.")
            .Fails(400, 404, 413, 415);
        routes.MapDelete("/topics/{topic}", DeleteAsync)
            .Describe("deleteTopic", "Deletes a topic and its data", "Answers when the data is gone.").Fails(400, 404);
    }

    private async Task<Results<Ok<TopicNameJson[]>, ApiProblem>> ListAsync(
        HttpContext context,
        [Description("Only names after this one, in ordinal order; what the Link header of a page continues with.")]
        [MaxLength(Limits.TopicNameLength)]
        string after = "",
        [Description("Topics in one page at most."), Range(1, Limits.TopicsPerPage)] int limit = 1_000)
    {
        var page = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).List(after, limit);
        if (page.HasMore && page.Names.Length > 0)
        {
            // Names consist of characters that need no escaping in a URL.
            var next = $"{context.Request.PathBase}{context.Request.Path}?after={page.Names[^1]}&limit={limit}";
            context.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        return ApiProblem.Of(page.Error) is { } problem
            ? problem
            : TypedResults.Ok(Array.ConvertAll(page.Names, name => new TopicNameJson(name.Value)));
    }

    private async Task<Results<Created<TopicJson>, Ok<TopicJson>, ApiProblem>> CreateAsync(HttpRequest request, Body<CreateTopicJson> body)
    {
        var wanted = body.Value;
        if (!TopicName.TryParse(wanted.TopicName, out var name, out var illegal))
        {
            return new ApiProblem(ErrorCode.InvalidTopicException, illegal);
        }

        if (Array.Exists(wanted.Configs ?? [], config => config is null))
        {
            return ApiProblem.BadRequest("An entry of configs is null.");
        }

        var configs = Array.ConvertAll(wanted.Configs ?? [], config => KeyValuePair.Create(config.Name, config.Value));
        var result = await grains.GetGrain<ITopicGrain>(name.Value)
            .Create(new CreateTopicRequest(wanted.PartitionsCount, wanted.ReplicationFactor, configs, wanted.ValidateOnly));
        topics.Forget(name);
        return ApiProblem.OfTopic(name, result.Error, result.Detail) is { } problem ? problem
            : wanted.ValidateOnly ? TypedResults.Ok(TopicJson.From(result.Topic!))
            : TypedResults.Created($"{request.PathBase}/v1/topics/{name}", TopicJson.From(result.Topic!));
    }

    private async Task<Results<Ok<TopicJson>, ApiProblem>> DescribeAsync(TopicName topic)
    {
        var (described, logs) = await TopicLogs.DescribeAsync(grains, topic);
        return ApiProblem.OfTopic(topic, described.Error, described.Detail) is { } problem
            ? problem
            : TypedResults.Ok(TopicJson.From(described.Topic!, logs));
    }

    private async Task<Results<Ok<TopicJson>, ApiProblem>> AddPartitionsAsync(TopicName topic, Body<AddPartitionsJson> body)
    {
        var result = await grains.GetGrain<ITopicGrain>(topic.Value).AddPartitions(body.Value.PartitionsCount, body.Value.ValidateOnly);
        topics.Forget(topic);
        return Answer(topic, result);
    }

    private async Task<Results<NoContent, ApiProblem>> DeleteAsync(TopicName topic)
    {
        var result = await grains.GetGrain<ITopicGrain>(topic.Value).Delete();
        topics.Forget(topic);
        return ApiProblem.OfTopic(topic, result.Error, result.Detail) is { } problem ? problem : TypedResults.NoContent();
    }

    private static Results<Ok<TopicJson>, ApiProblem> Answer(TopicName topic, TopicResult result) =>
        ApiProblem.OfTopic(topic, result.Error, result.Detail) is { } problem ? problem : TypedResults.Ok(TopicJson.From(result.Topic!));
}
