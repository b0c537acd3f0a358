using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/topics</c>: list, create, describe, add partitions, delete.</summary>
internal sealed class TopicEndpoints(IGrainFactory grains, TopicCache topics, IOptions<LoireApiOptions> options)
{
    private static readonly QueryParameter<string?> After =
        QueryParameter.Text("after", Limits.TopicNameLength, "Only names after this one, in ordinal order; what the Link header of a page continues with.");

    private static readonly QueryParameter<long> Limit =
        QueryParameter.Number("limit", 1, Limits.TopicsPerPage, 1_000, "Topics in one page at most.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics", ListAsync)
            .Describe("Lists topics", "In ordinal order of the names. A further page is linked in the header Link with rel=\"next\".", After, Limit)
            .Answers<TopicNameJson[]>();
        routes.MapPost("/topics", CreateAsync)
            .Describe("Creates a topic", "With validate_only nothing is created and the answer is 200.")
            .Takes<CreateTopicJson>().Answers<TopicJson>(StatusCodes.Status201Created).Answers<TopicJson>().Fails(400, 409, 413, 415);
        routes.MapGet("/topics/{topic}", DescribeAsync).Describe("Describes a topic").Answers<TopicJson>().Fails(400, 404);
        routes.MapPatch("/topics/{topic}", AddPartitionsAsync)
            .Describe("Adds partitions", "The partition of a key may change. Partitions are never removed.")
            .Takes<AddPartitionsJson>().Answers<TopicJson>().Fails(400, 404, 413, 415);
        routes.MapDelete("/topics/{topic}", DeleteAsync)
            .Describe("Deletes a topic and its data", "Answers when the data is gone.").AnswersNothing().Fails(400, 404);
    }

    private async Task ListAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var after = query.Get(After) ?? "";
        var limit = (int)query.Get(Limit);
        if (query.Problem is { } problem)
        {
            await problem.WriteAsync(context);
            return;
        }

        var page = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).List(after, limit);
        if (page.Error != ErrorCode.None)
        {
            await new ApiProblem(page.Error).WriteAsync(context);
            return;
        }

        if (page.HasMore && page.Names.Length > 0)
        {
            // Names consist of characters that need no escaping in a URL.
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}?after={page.Names[^1]}&limit={limit}>; rel=\"next\"";
        }

        await Answer.JsonAsync(context, Array.ConvertAll(page.Names, name => new TopicNameJson(name.Value)), DocumentJson.Default.TopicNameJsonArray);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var problem = new QueryReader(context).Problem;
        (var wanted, problem) = problem is null
            ? await JsonBody.ReadAsync(context, DocumentJson.Default.CreateTopicJson, options.Value.MaxDocumentBytes)
            : (null, problem);
        if (wanted is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        if (!TopicName.TryParse(wanted.TopicName, out var name, out var illegal))
        {
            await new ApiProblem(ErrorCode.InvalidTopicException, illegal).WriteAsync(context);
            return;
        }

        if (Array.Exists(wanted.Configs ?? [], config => config is null))
        {
            await ApiProblem.BadRequest("An entry of configs is null.").WriteAsync(context);
            return;
        }

        var configs = Array.ConvertAll(wanted.Configs ?? [], config => KeyValuePair.Create(config.Name, config.Value));
        var result = await grains.GetGrain<ITopicGrain>(name.Value)
            .Create(new CreateTopicRequest(wanted.PartitionsCount, wanted.ReplicationFactor, configs, wanted.ValidateOnly));
        topics.Forget(name);
        if (result.Problem() is { } refused)
        {
            await refused.WriteAsync(context);
            return;
        }

        if (!wanted.ValidateOnly)
        {
            context.Response.Headers.Location = $"{context.Request.PathBase}/v1/topics/{name}";
        }

        await Answer.JsonAsync(
            context,
            TopicJson.From(result.Topic!),
            DocumentJson.Default.TopicJson,
            wanted.ValidateOnly ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private Task DescribeAsync(HttpContext context) => WithTopicAsync(context, topic => topic.Describe(), changesTopic: false);

    private async Task AddPartitionsAsync(HttpContext context)
    {
        var (wanted, problem) = await JsonBody.ReadAsync(context, DocumentJson.Default.AddPartitionsJson, options.Value.MaxDocumentBytes);
        await (wanted is null
            ? problem!.WriteAsync(context)
            : WithTopicAsync(context, topic => topic.AddPartitions(wanted.PartitionsCount, wanted.ValidateOnly)));
    }

    private Task DeleteAsync(HttpContext context) => WithTopicAsync(context, topic => topic.Delete(), answersTopic: false);

    private async Task WithTopicAsync(
        HttpContext context, Func<ITopicGrain, ValueTask<TopicResult>> call, bool answersTopic = true, bool changesTopic = true)
    {
        var problem = RouteReader.TryReadTopic(context, out var name) ?? new QueryReader(context).Problem;
        var result = problem is null ? await call(grains.GetGrain<ITopicGrain>(name.Value)) : null;
        if (result is not null && changesTopic)
        {
            topics.Forget(name);
        }

        problem ??= result!.Problem();
        await (problem is not null ? problem.WriteAsync(context)
            : answersTopic ? Answer.JsonAsync(context, TopicJson.From(result!.Topic!), DocumentJson.Default.TopicJson)
            : Answer.NoContent(context));
    }
}
