using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups.Members;

/// <summary>What a member reads: a subscription, which the group turns into an assignment, or partitions assigned by hand.</summary>
internal sealed class SubscriptionEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/groups/{group}/members/{member}/subscription", SubscribeAsync)
            .Describe(
                "Subscribes a member, or changes what it subscribes to",
                "To topics, or to all whose whole name topic_pattern matches. Answers before the group has assigned anything.")
            .Takes<SubscribeJson>().Answers<ConsumerJson>().Fails(400, 404, 409, 413, 415);
        routes.MapDelete("/groups/{group}/members/{member}/subscription", UnsubscribeAsync)
            .Describe("Leaves the group, or drops what was assigned by hand; the member stays and may subscribe again")
            .AnswersNothing().Fails(400, 404);
        routes.MapPut("/groups/{group}/members/{member}/assignment", AssignAsync)
            .Describe(
                "Assigns partitions by hand",
                "The member reads these and no others, past the group's assignment; offsets are still committed to the group. Not while it "
                + "subscribes.")
            .Takes<AssignJson>().Answers<ConsumerJson>().Fails(400, 404, 409, 413, 415);
    }

    private async Task SubscribeAsync(HttpContext context)
    {
        var (key, body, problem) = await MemberRoute.ReadAsync(context, DocumentJson.Default.SubscribeJson, options);
        (var wanted, problem) = body is null ? (null, problem) : Subscription.Read(body.Topics, body.TopicPattern);
        if (wanted is null)
        {
            await (problem ?? ApiProblem.BadRequest("Give topics or topic_pattern.")).WriteAsync(context);
            return;
        }

        await AnswerAsync(context, key, await grains.GetGrain<IConsumerGrain>(key.ToString()).Subscribe(wanted.Topics, wanted.Pattern));
    }

    private async Task UnsubscribeAsync(HttpContext context)
    {
        var problem = MemberRoute.TryRead(context, out var key);
        problem ??= (await grains.GetGrain<IConsumerGrain>(key.ToString()).Unsubscribe()).Problem();
        await (problem is not null ? problem.WriteAsync(context) : Answer.NoContent(context));
    }

    private async Task AssignAsync(HttpContext context)
    {
        var (key, body, problem) = await MemberRoute.ReadAsync(context, DocumentJson.Default.AssignJson, options);
        (var partitions, problem) = body is null
            ? (null, problem)
            : PartitionEntries.Read<TopicPartitionJson, TopicPartition>(
                "partitions", body.Partitions, entry => (entry.TopicName, entry.Partition), (_, partition) => (partition, null));
        if (partitions is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        await AnswerAsync(context, key, await grains.GetGrain<IConsumerGrain>(key.ToString()).Assign(partitions));
    }

    private static Task AnswerAsync(HttpContext context, ConsumerKey key, ConsumerResult result) => result.Problem() is { } problem
        ? problem.WriteAsync(context)
        : Answer.JsonAsync(context, ConsumerJson.From(key, result.Consumer!), DocumentJson.Default.ConsumerJson);
}
