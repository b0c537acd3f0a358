using System.Net;
using System.Security.Cryptography;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups.Members;

/// <summary><c>/v1/groups/{group}/members</c>: join, list, describe, leave.</summary>
internal sealed class MemberEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/groups/{group}/members", CreateAsync)
            .Describe(
                "createMember",
                "Creates a member of a group that lives in the cluster",
                "Any node serves it. It joins when it subscribes, with topics or topic_pattern here or later, and ends when it is deleted "
                + "or is not read for max_poll_interval_ms. The answer does not wait for the assignment; reading does.")
            .Fails(400, 409, 413, 415);
        routes.MapGet("/groups/{group}/members", ListAsync)
            .Describe("listMembers", "Lists the members of a group", "All of them, including those that do not live in the cluster.").Fails(400, 404);
        routes.MapGet("/groups/{group}/members/{member}", DescribeAsync)
            .Describe("getMember", "Describes a member that lives in the cluster").Fails(400, 404);
        routes.MapDelete("/groups/{group}/members/{member}", LeaveAsync)
            .Describe("deleteMember", "Leaves the group", "What is finished is committed first if the member commits automatically.").Fails(400, 404);
    }

    private async Task<Results<Created<ConsumerJson>, ApiProblem>> CreateAsync(
        HttpContext context, GroupId group, Body<CreateMemberJson> body)
    {
        var (settings, problem) = MemberSettings.Read(body.Value, HostOf(context.Connection.RemoteIpAddress), options.Value.MaxFetchBytes);
        (var wanted, problem) = settings is null ? (null, problem) : Subscription.Read(body.Value.Topics, body.Value.TopicPattern);
        if (problem is not null)
        {
            return problem;
        }

        // The id is all that a request needs to read as this member, so it must be unguessable.
        var key = new ConsumerKey(group.Value, RandomNumberGenerator.GetHexString(32, lowercase: true));
        var consumer = grains.GetGrain<IConsumerGrain>(key.ToString());
        var result = await consumer.Create(settings!);
        if (result.Error == ErrorCode.None && wanted is not null)
        {
            result = await SubscribeOrCloseAsync(consumer, wanted);
        }

        var location = $"{context.Request.PathBase}/v1/groups/{Uri.EscapeDataString(group.Value)}/members/{key.ConsumerId}";
        return result.Problem() is { } refused
            ? refused
            : TypedResults.Created(location, ConsumerJson.From(key, result.Consumer!));
    }

    // A consumer that cannot subscribe is closed, because no client learns its id.
    private static async Task<ConsumerResult> SubscribeOrCloseAsync(IConsumerGrain consumer, Subscription wanted)
    {
        var isDone = false;
        try
        {
            var result = await consumer.Subscribe(wanted.Topics, wanted.Pattern);
            isDone = result.Error == ErrorCode.None;
            return result;
        }
        finally
        {
            if (!isDone)
            {
                await consumer.Close();
            }
        }
    }

    private async Task<Results<Ok<MemberJson[]>, ApiProblem>> ListAsync(GroupId group)
    {
        var result = await grains.GetGrain<IGroupGrain>(group.Value).Describe();
        return ApiProblem.Of(result.Error) is { } problem
            ? problem
            : TypedResults.Ok(Array.ConvertAll(result.Group!.Members, MemberJson.From));
    }

    private async Task<Results<Ok<ConsumerJson>, ApiProblem>> DescribeAsync(GroupId group, string member)
    {
        var key = new ConsumerKey(group.Value, member);
        var result = await grains.GetGrain<IConsumerGrain>(key.ToString()).Describe();
        return result.Problem() is { } problem ? problem : TypedResults.Ok(ConsumerJson.From(key, result.Consumer!));
    }

    private async Task<Results<NoContent, ApiProblem>> LeaveAsync(GroupId group, string member)
    {
        var error = await grains.GetGrain<IConsumerGrain>(new ConsumerKey(group.Value, member).ToString()).Close();
        return MemberRoute.Problem(error) is { } problem ? problem : TypedResults.NoContent();
    }

    private static string HostOf(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
