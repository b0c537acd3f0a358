using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups.Members;

/// <summary>What a member reads: a subscription, which the group turns into an assignment, or partitions assigned by hand.</summary>
internal sealed class SubscriptionEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/groups/{group}/members/{member}/subscription", SubscribeAsync)
            .Describe(
                "subscribeMember",
                "Sets the subscription of a member",
                "To topics, or to all whose whole name topic_pattern matches. The answer does not wait for an assignment.")
            .Fails(400, 404, 409, 413, 415);
        routes.MapDelete("/groups/{group}/members/{member}/subscription", UnsubscribeAsync)
            .Describe("unsubscribeMember", "Leaves the group, or drops the partitions assigned by hand; the member remains and may subscribe again")
            .Fails(400, 404);
        routes.MapPut("/groups/{group}/members/{member}/assignment", AssignAsync)
            .Describe(
                "assignMember",
                "Assigns partitions by hand",
                "The member reads these and no others, regardless of the group's assignment; offsets are still committed to the group. "
                + "Refused while the member subscribes.")
            .Fails(400, 404, 409, 413, 415);
    }

    private async Task<Results<Ok<ConsumerJson>, ApiProblem>> SubscribeAsync(GroupId group, string member, Body<SubscribeJson> body)
    {
        var (wanted, problem) = Subscription.Read(body.Value.Topics, body.Value.TopicPattern);
        if (wanted is null)
        {
            return problem ?? ApiProblem.BadRequest("Give topics or topic_pattern.");
        }

        var key = new ConsumerKey(group.Value, member);
        return Answer(key, await grains.GetGrain<IConsumerGrain>(key.ToString()).Subscribe(wanted.Topics, wanted.Pattern));
    }

    private async Task<Results<NoContent, ApiProblem>> UnsubscribeAsync(GroupId group, string member)
    {
        var result = await grains.GetGrain<IConsumerGrain>(new ConsumerKey(group.Value, member).ToString()).Unsubscribe();
        return result.Problem() is { } problem ? problem : TypedResults.NoContent();
    }

    private async Task<Results<Ok<ConsumerJson>, ApiProblem>> AssignAsync(GroupId group, string member, Body<AssignJson> body)
    {
        var (partitions, problem) = PartitionEntries.Read<TopicPartitionJson, TopicPartition>(
            "partitions", body.Value.Partitions, entry => (entry.TopicName, entry.Partition), (_, partition) => (partition, null));
        if (partitions is null)
        {
            return problem!;
        }

        var key = new ConsumerKey(group.Value, member);
        return Answer(key, await grains.GetGrain<IConsumerGrain>(key.ToString()).Assign(partitions));
    }

    private static Results<Ok<ConsumerJson>, ApiProblem> Answer(ConsumerKey key, ConsumerResult result) =>
        result.Problem() is { } problem ? problem : TypedResults.Ok(ConsumerJson.From(key, result.Consumer!));
}
