using System.Net;
using System.Security.Cryptography;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
                "Makes a member of a group that lives in the cluster",
                "Any node serves it. It joins when it subscribes, with topics or topic_pattern here or later, and ends when it is deleted "
                + "or nobody has read through it for max_poll_interval_ms. The assignment comes later than the answer; reading waits for it.")
            .Takes<CreateMemberJson>().Answers<ConsumerJson>(StatusCodes.Status201Created).Fails(400, 409, 413, 415);
        routes.MapGet("/groups/{group}/members", ListAsync)
            .Describe("Lists the members of a group", "All of them, also those that do not live in the cluster.")
            .Answers<MemberJson[]>().Fails(400, 404);
        routes.MapGet("/groups/{group}/members/{member}", DescribeAsync)
            .Describe("Describes a member that lives in the cluster").Answers<ConsumerJson>().Fails(400, 404);
        routes.MapDelete("/groups/{group}/members/{member}", LeaveAsync)
            .Describe("Leaves the group", "What is finished is committed first, if the member commits by itself.")
            .AnswersNothing().Fails(400, 404);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var problem = GroupRoute.TryRead(context, out var group) ?? new QueryReader(context).Problem;
        (var body, problem) = problem is null
            ? await JsonBody.ReadAsync(context, DocumentJson.Default.CreateMemberJson, options.Value.MaxDocumentBytes)
            : (null, problem);
        (var settings, problem) = body is null
            ? (null, problem)
            : MemberSettings.Read(body, HostOf(context.Connection.RemoteIpAddress), options.Value.MaxFetchBytes);
        (var wanted, problem) = settings is null ? (null, problem) : Subscription.Read(body!.Topics, body.TopicPattern);
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        // It is all that a request needs to read as this member, so it cannot be guessed.
        var key = new ConsumerKey(group, RandomNumberGenerator.GetHexString(32, lowercase: true));
        var consumer = grains.GetGrain<IConsumerGrain>(key.ToString());
        var result = await consumer.Create(settings!);
        if (result.Error == ErrorCode.None && wanted is not null)
        {
            result = await SubscribeOrCloseAsync(consumer, wanted);
        }

        if (result.Problem() is { } refused)
        {
            await refused.WriteAsync(context);
            return;
        }

        context.Response.Headers.Location = $"{context.Request.PathBase}/v1/groups/{Uri.EscapeDataString(group.Value)}/members/{key.ConsumerId}";
        await Answer.JsonAsync(
            context, ConsumerJson.From(key, result.Consumer!), DocumentJson.Default.ConsumerJson, StatusCodes.Status201Created);
    }

    // Nobody would learn the id of a consumer that could not subscribe.
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

    private async Task ListAsync(HttpContext context)
    {
        var problem = GroupRoute.TryRead(context, out var group) ?? new QueryReader(context).Problem;
        var result = problem is null ? await grains.GetGrain<IGroupGrain>(group.Value).Describe() : null;
        problem ??= result!.Error == ErrorCode.None ? null : new ApiProblem(result.Error);
        await (problem is not null
            ? problem.WriteAsync(context)
            : Answer.JsonAsync(
                context, Array.ConvertAll(result!.Group!.Members, MemberJson.From), DocumentJson.Default.MemberJsonArray));
    }

    private async Task DescribeAsync(HttpContext context)
    {
        var problem = MemberRoute.TryRead(context, out var key);
        var result = problem is null ? await grains.GetGrain<IConsumerGrain>(key.ToString()).Describe() : null;
        problem ??= result!.Problem();
        await (problem is not null
            ? problem.WriteAsync(context)
            : Answer.JsonAsync(context, ConsumerJson.From(key, result!.Consumer!), DocumentJson.Default.ConsumerJson));
    }

    private async Task LeaveAsync(HttpContext context)
    {
        var problem = MemberRoute.TryRead(context, out var key);
        problem ??= MemberRoute.Problem(await grains.GetGrain<IConsumerGrain>(key.ToString()).Close());
        await (problem is not null ? problem.WriteAsync(context) : Answer.NoContent(context));
    }

    private static string HostOf(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
