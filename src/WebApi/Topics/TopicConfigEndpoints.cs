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

/// <summary><c>/v1/topics/{topic}/configs</c>: the settings of a topic, with Kafka's names and notation.</summary>
internal sealed class TopicConfigEndpoints(IGrainFactory grains, TopicCache topics)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics/{topic}/configs", ListAsync)
            .Describe(
                "listTopicConfigs", "Lists the settings of a topic",
                "All that Kafka 4.4 has; effective is false where this version does not act on it.")
            .Fails(400, 404);
        routes.MapGet("/topics/{topic}/configs/{name}", GetAsync).Describe("getTopicConfig", "Shows one setting").Fails(400, 404);
        routes.MapPut("/topics/{topic}/configs/{name}", SetAsync).Describe("setTopicConfig", "Sets one setting").Fails(400, 404, 413, 415);
        routes.MapDelete("/topics/{topic}/configs/{name}", ResetAsync)
            .Describe("resetTopicConfig", "Resets one setting to its default").Fails(400, 404);
        routes.MapPost("/topics/{topic}/configs:alter", AlterAsync)
            .Describe("alterTopicConfigs", "Changes several settings", "All of them or none.").Fails(400, 404, 413, 415);
    }

    private async Task<Results<Ok<TopicConfigJson[]>, ApiProblem>> ListAsync(TopicName topic)
    {
        var result = await grains.GetGrain<ITopicGrain>(topic.Value).DescribeConfigs();
        return ApiProblem.OfTopic(topic, result.Error, result.Detail) is { } problem
            ? problem
            : TypedResults.Ok(Array.ConvertAll(result.Configs, TopicConfigJson.From));
    }

    private async Task<Results<Ok<TopicConfigJson>, ApiProblem>> GetAsync(TopicName topic, string name)
    {
        var result = await grains.GetGrain<ITopicGrain>(topic.Value).DescribeConfigs();
        return ApiProblem.OfTopic(topic, result.Error, result.Detail) is { } problem ? problem
            : Array.Find(result.Configs, config => config.Name == name) is { } config ? TypedResults.Ok(TopicConfigJson.From(config))
            : new ApiProblem(ErrorCode.ResourceNotFound, "A topic has no setting of this name.");
    }

    private Task<Results<NoContent, ApiProblem>> SetAsync(TopicName topic, string name, Body<ConfigValueJson> body) =>
        ChangeAsync(topic, [KeyValuePair.Create(name, (string?)body.Value.Value)], validateOnly: false);

    private Task<Results<NoContent, ApiProblem>> ResetAsync(TopicName topic, string name) =>
        ChangeAsync(topic, [KeyValuePair.Create(name, (string?)null)], validateOnly: false);

    private async Task<Results<NoContent, ApiProblem>> AlterAsync(TopicName topic, Body<AlterConfigsJson> body)
    {
        var changes = body.Value.Data;
        var problem = Array.Exists(changes, change => change is null) ? "An entry of data is null."
            : Array.Exists(changes, change => change.Operation == ConfigOperation.SET && change.Value is null) ? "SET needs a value."
            : Array.Exists(changes, change => change.Operation != ConfigOperation.SET && change.Value is not null)
                ? "DELETE takes no value."
            : null;
        if (problem is not null)
        {
            return ApiProblem.BadRequest(problem);
        }

        var pairs = Array.ConvertAll(changes, change => KeyValuePair.Create(change.Name, change.Value));
        return await ChangeAsync(topic, pairs, body.Value.ValidateOnly);
    }

    private async Task<Results<NoContent, ApiProblem>> ChangeAsync(
        TopicName topic, KeyValuePair<string, string?>[] changes, bool validateOnly)
    {
        var result = await grains.GetGrain<ITopicGrain>(topic.Value).AlterConfigs(new AlterConfigsRequest(changes, validateOnly));
        topics.Forget(topic);
        return ApiProblem.OfTopic(topic, result.Error, result.Detail) is { } problem ? problem : TypedResults.NoContent();
    }
}
