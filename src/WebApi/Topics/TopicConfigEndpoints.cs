using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/topics/{topic}/configs</c>: the settings of a topic, with Kafka's names and notation.</summary>
internal sealed class TopicConfigEndpoints(IGrainFactory grains, TopicCache topics, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics/{topic}/configs", ListAsync).Describe("Lists the settings of a topic").Answers<TopicConfigJson[]>().Fails(400, 404);
        routes.MapGet("/topics/{topic}/configs/{name}", GetAsync).Describe("Shows one setting").Answers<TopicConfigJson>().Fails(400, 404);
        routes.MapPut("/topics/{topic}/configs/{name}", SetAsync)
            .Describe("Sets one setting").Takes<ConfigValueJson>().AnswersNothing().Fails(400, 404, 413, 415);
        routes.MapDelete("/topics/{topic}/configs/{name}", ResetAsync).Describe("Resets one setting to its default").AnswersNothing().Fails(400, 404);
        routes.MapPost("/topics/{topic}/configs:alter", AlterAsync)
            .Describe("Changes several settings", "All of them or none.").Takes<AlterConfigsJson>().AnswersNothing().Fails(400, 404, 413, 415);
    }

    private async Task ListAsync(HttpContext context)
    {
        if (await DescribeAsync(context) is { } topic)
        {
            await Answer.JsonAsync(context, Array.ConvertAll(topic.Configs, ToJson), DocumentJson.Default.TopicConfigJsonArray);
        }
    }

    private async Task GetAsync(HttpContext context)
    {
        if (await DescribeAsync(context) is not { } topic)
        {
            return;
        }

        var name = ConfigName(context);
        var config = Array.Find(topic.Configs, config => config.Name == name);
        await (config is null
            ? new ApiProblem(ErrorCode.ResourceNotFound, "A topic has no setting of this name.").WriteAsync(context)
            : Answer.JsonAsync(context, ToJson(config), DocumentJson.Default.TopicConfigJson));
    }

    private async Task SetAsync(HttpContext context)
    {
        var (body, problem) = await JsonBody.ReadAsync(context, DocumentJson.Default.ConfigValueJson, options.Value.MaxDocumentBytes);
        await (body is null ? problem!.WriteAsync(context) : AlterAsync(context, [KeyValuePair.Create(ConfigName(context), (string?)body.Value)], false));
    }

    private Task ResetAsync(HttpContext context) => AlterAsync(context, [KeyValuePair.Create(ConfigName(context), (string?)null)], false);

    private async Task AlterAsync(HttpContext context)
    {
        var (body, problem) = await JsonBody.ReadAsync(context, DocumentJson.Default.AlterConfigsJson, options.Value.MaxDocumentBytes);
        if (body is not null && Array.Exists(body.Data, change => change is null))
        {
            problem = ApiProblem.BadRequest("An entry of data is null.");
        }
        else if (body is not null && Array.Find(body.Data, change => (change.Value is null) == (change.Operation == ConfigOperation.SET)) is { } odd)
        {
            problem = ApiProblem.BadRequest(odd.Operation == ConfigOperation.SET ? "SET needs a value." : "DELETE takes no value.");
        }

        await (problem is not null
            ? problem.WriteAsync(context)
            : AlterAsync(context, Array.ConvertAll(body!.Data, change => KeyValuePair.Create(change.Name, change.Value)), body.ValidateOnly));
    }

    private async Task AlterAsync(HttpContext context, KeyValuePair<string, string?>[] changes, bool validateOnly)
    {
        var problem = RouteReader.TryReadTopic(context, out var name) ?? new QueryReader(context).Problem;
        if (problem is null)
        {
            problem = (await grains.GetGrain<ITopicGrain>(name.Value).AlterConfigs(new AlterConfigsRequest(changes, validateOnly))).Problem();
            topics.Forget(name);
        }

        await (problem is null ? Answer.NoContent(context) : problem.WriteAsync(context));
    }

    private async Task<TopicDescription?> DescribeAsync(HttpContext context)
    {
        TopicResult? result = null;
        var problem = RouteReader.TryReadTopic(context, out var name) ?? new QueryReader(context).Problem;
        if (problem is null)
        {
            result = await grains.GetGrain<ITopicGrain>(name.Value).Describe();
            problem = result.Problem();
        }

        if (problem is not null)
        {
            await problem.WriteAsync(context);
        }

        return problem is null ? result!.Topic : null;
    }

    private static string ConfigName(HttpContext context) => (string)context.GetRouteValue("name")!;

    private static TopicConfigJson ToJson(TopicConfig config) => new(config.Name, config.Value, config.IsDefault);
}
