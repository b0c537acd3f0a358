using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Topics;

/// <summary><c>/topics</c> and what lies below it, but for records; <c>/brokers</c>; Strimzi's <c>/admin/topics</c>.</summary>
internal sealed class V2TopicEndpoints(
    IGrainFactory grains, TopicCache topics, OffsetLookup lookup, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", V2Requests.Handle(NothingAsync))
            .Describe("v2GetRoot", "v2: answers with an empty object", "Clients ask it whether the server is there.").AnswersV2<V2NothingJson>();
        routes.MapGet("/brokers", V2Requests.Handle(BrokersAsync))
            .Describe("v2ListBrokers", "v2: lists the ids of the brokers").AnswersV2<V2BrokersJson>();
        routes.MapGet("/topics", V2Requests.Handle(ListAsync))
            .Describe("v2ListTopics", "v2: lists the names of all topics").AnswersV2<string[]>();
        routes.MapPost("/admin/topics", V2Requests.Handle(CreateAsync))
            .Describe("v2CreateTopic", "v2: creates a topic", "As in Strimzi's bridge.")
            .TakesV2<V2CreateTopicJson>().AnswersV2<V2NothingJson>(StatusCodes.Status201Created).FailsV2(400, 415, 422);
        routes.MapGet("/topics/{topic}", V2Requests.Handle(GetAsync))
            .Describe("v2GetTopic", "v2: describes a topic with its settings and partitions").AnswersV2<V2TopicJson>().FailsV2(404);
        routes.MapGet("/topics/{topic}/partitions", V2Requests.Handle(PartitionsAsync))
            .Describe("v2ListPartitions", "v2: lists the partitions of a topic").AnswersV2<V2PartitionJson[]>().FailsV2(404);
        routes.MapGet("/topics/{topic}/partitions/{partition}", V2Requests.Handle(PartitionAsync))
            .Describe("v2GetPartition", "v2: describes a partition").AnswersV2<V2PartitionJson>().FailsV2(404);
        routes.MapGet("/topics/{topic}/partitions/{partition}/offsets", V2Requests.Handle(OffsetsAsync))
            .Describe("v2GetPartitionOffsets", "v2: shows the offsets that bound a partition").AnswersV2<V2BoundsJson>().FailsV2(404);
    }

    private static Task<V2Error?> NothingAsync(HttpContext context) =>
        V2Requests.AnswerAsync(context, new V2NothingJson());

    private async Task<V2Error?> BrokersAsync(HttpContext context)
    {
        var cluster = await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
        var serving = cluster.Brokers.Where(broker => broker.State == BrokerState.Running).Select(broker => broker.Id);
        return await V2Requests.AnswerAsync(context, new V2BrokersJson([.. serving]));
    }

    private async Task<V2Error?> ListAsync(HttpContext context)
    {
        var names = new List<string>();
        var catalog = grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        TopicList page;
        do
        {
            page = await catalog.List(names.Count == 0 ? "" : names[^1], Limits.TopicsPerPage);
            if (page.Error != ErrorCode.None)
            {
                return V2Error.From(page.Error, null);
            }

            names.AddRange(page.Names.Select(name => name.Value));
        }
        while (page.HasMore && page.Names.Length > 0);
        return await V2Requests.AnswerAsync<string[]>(context, [.. names]);
    }

    private async Task<V2Error?> CreateAsync(HttpContext context)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2CreateTopicJson>(context, options.Value.MaxDocumentBytes);
        if (error is not null || wanted?.TopicName is null)
        {
            return error ?? V2Error.Invalid("The member topic_name is missing.");
        }

        if (!TopicName.TryParse(wanted.TopicName, out var name, out var illegal))
        {
            return V2Error.Invalid(illegal);
        }

        var result = await grains.GetGrain<ITopicGrain>(name.Value)
            .Create(new CreateTopicRequest(wanted.PartitionsCount ?? -1, wanted.ReplicationFactor ?? -1, [], ValidateOnly: false));
        topics.Forget(name);
        return result.Error != ErrorCode.None
            ? V2Error.From(result.Error, result.Detail)
            : await V2Requests.AnswerAsync(context, new V2NothingJson(), StatusCodes.Status201Created);
    }

    private async Task<V2Error?> GetAsync(HttpContext context)
    {
        var (topic, error) = await V2Topic.FindAsync(context, grains);
        return topic is null ? error : await V2Requests.AnswerAsync(context, V2TopicJson.From(topic));
    }

    private async Task<V2Error?> PartitionsAsync(HttpContext context)
    {
        var (topic, error) = await V2Topic.FindAsync(context, grains);
        return topic is null
            ? error
            : await V2Requests.AnswerAsync(context, V2PartitionJson.AllOf(topic));
    }

    private async Task<V2Error?> PartitionAsync(HttpContext context)
    {
        var (topic, partition, error) = await V2Topic.FindPartitionAsync(context, topics);
        return topic is null ? error : await V2Requests.AnswerAsync(context, V2PartitionJson.Of(partition, topic.LeaderOf(partition)));
    }

    private async Task<V2Error?> OffsetsAsync(HttpContext context)
    {
        var (topic, partition, error) = await V2Topic.FindPartitionAsync(context, topics);
        if (topic is null)
        {
            return error;
        }

        var offsets = await lookup.BoundsAsync(topic, partition, context.RequestAborted);
        return offsets.Error != ErrorCode.None
            ? V2Error.From(offsets.Error, null)
            : await V2Requests.AnswerAsync(
                context, new V2BoundsJson(offsets.LogStart.Value, offsets.HighWatermark.Value));
    }
}
