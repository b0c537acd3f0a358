using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>
/// What an instance reads: topics, a pattern of their names, or partitions assigned by hand, of which it can have one only.
/// </summary>
internal sealed class SubscriptionEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Subscription = ConsumerInstance.Path + "/subscription";
        const string Assignments = ConsumerInstance.Path + "/assignments";
        routes.MapPost(Subscription, ConsumerInstance.Handle(grains, SubscribeAsync))
            .Describe(
                "v2Subscribe",
                "v2: subscribes",
                "topics, or topic_pattern for whole names; replaces an earlier subscription of the same kind. No topics at all end the "
                    + "subscription, as in Kafka.")
            .TakesV2<V2SubscriptionJson>().AnswersNothing().FailsV2(400, 404, 409, 415, 422);
        routes.MapGet(Subscription, ConsumerInstance.Handle(grains, SubscribedAsync))
            .Describe("v2GetSubscription", "v2: shows the subscription", "With a pattern: the topics of the partitions that the instance has.")
            .AnswersV2<V2SubscribedJson>().FailsV2(404);
        routes.MapDelete(Subscription, ConsumerInstance.Handle(grains, UnsubscribeAsync))
            .Describe("v2Unsubscribe", "v2: ends the subscription or the assignment").AnswersNothing().FailsV2(404);
        routes.MapPost(Assignments, ConsumerInstance.Handle(grains, AssignAsync))
            .Describe(
                "v2Assign",
                "v2: assigns partitions by hand",
                "No partitions at all end the assignment, as in Kafka.")
            .TakesV2<V2PartitionsJson>().AnswersNothing().FailsV2(400, 404, 409, 415, 422);
        routes.MapGet(Assignments, ConsumerInstance.Handle(grains, AssignedAsync))
            .Describe("v2GetAssignment", "v2: lists the partitions that the instance has").AnswersV2<V2PartitionsJson>().FailsV2(404);
    }

    private async Task<V2Error?> SubscribeAsync(HttpContext context, ConsumerInstance instance)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2SubscriptionJson>(context, options.Value.MaxDocumentBytes);
        if (error is not null || wanted is null || (wanted.Topics is null) == (wanted.TopicPattern is null))
        {
            return error ?? V2Error.Invalid("The body must have either topics or topic_pattern.");
        }

        var topics = new List<TopicName>();
        foreach (var text in wanted.Topics ?? [])
        {
            if (!TopicName.TryParse(text, out var topic, out var problem))
            {
                return V2Error.Invalid(problem);
            }

            topics.Add(topic);
        }

        if (topics.Count > Limits.SubscriptionLength || wanted.TopicPattern?.Length is 0 or > Limits.SubscriptionLength)
        {
            return V2Error.Invalid($"A subscription has at most {Limits.SubscriptionLength} topics, a pattern 1 to as many characters.");
        }

        (var consumer, error) = await instance.DescribeAsync();
        if (consumer is null)
        {
            return error;
        }

        if (wanted.TopicPattern is null ? consumer.Pattern is not null : consumer.Topics.Length > 0)
        {
            return V2Error.IllegalState("Topics and a pattern exclude each other; delete the subscription first.");
        }

        var result = wanted.Topics is { Length: 0 }
            ? await instance.Grain.Unsubscribe(hasFinished: true)
            : await instance.Grain.Subscribe([.. topics.Distinct()], wanted.TopicPattern);
        return Done(context, result);
    }

    private static async Task<V2Error?> SubscribedAsync(HttpContext context, ConsumerInstance instance)
    {
        var (consumer, error) = await instance.DescribeAsync();
        if (consumer is null)
        {
            return error;
        }

        var topics = consumer.Pattern is null ? consumer.Topics : consumer.Assignment.Select(partition => partition.Topic).Distinct();
        var answer = new V2SubscribedJson([.. topics.Select(topic => topic.Value)]);
        return await V2Requests.AnswerAsync(context, answer);
    }

    private static async Task<V2Error?> UnsubscribeAsync(HttpContext context, ConsumerInstance instance) =>
        Done(context, await instance.Grain.Unsubscribe(hasFinished: true));

    private async Task<V2Error?> AssignAsync(HttpContext context, ConsumerInstance instance)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2PartitionsJson>(context, options.Value.MaxDocumentBytes);
        TopicPartition[] partitions = [];
        error ??= InstanceDocument.TryRead(wanted ?? new V2PartitionsJson(), out partitions);
        return error
            ?? Done(context, await (partitions.Length == 0
                ? instance.Grain.Unsubscribe(hasFinished: true)
                : instance.Grain.Assign(partitions, hasFinished: true)));
    }

    private static async Task<V2Error?> AssignedAsync(HttpContext context, ConsumerInstance instance)
    {
        var (consumer, error) = await instance.DescribeAsync();
        if (consumer is null)
        {
            return error;
        }

        var partitions = consumer.Assignment.Select(partition => new V2PartitionOfTopicJson(partition.Topic.Value, partition.Partition));
        return await V2Requests.AnswerAsync(context, new V2PartitionsJson([.. partitions]));
    }

    private static V2Error? Done(HttpContext context, ConsumerResult result) =>
        ConsumerInstance.Read(result).Error ?? V2Requests.NoContent(context);
}
