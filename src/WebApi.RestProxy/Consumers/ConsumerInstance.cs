using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>The consumer instance that a path names, wherever in the cluster it lives. Whether there is one, its first call says.</summary>
internal sealed record ConsumerInstance(GroupId Group, MemberId Name, IConsumerGrain Grain)
{
    public const string Path = "/consumers/{group}/instances/{instance}";

    /// <summary>Finds it; an id that no instance can have is one that does not exist.</summary>
    public static ConsumerInstance? Find(HttpContext context, IGrainFactory grains)
    {
        var name = (string)context.GetRouteValue("instance")!;
        var isWrong = GroupRoute.TryRead(context, out var group) is not null || ConsumerKey.FindProblem(name) is not null;
        return isWrong ? null : Of(grains, group, name);
    }

    public static ConsumerInstance Of(IGrainFactory grains, GroupId group, MemberId name) =>
        new(group, name, grains.GetGrain<IConsumerGrain>(new ConsumerKey(group, name).ToString()));

    /// <summary>Wraps a handler that needs an instance.</summary>
    public static RequestDelegate Handle(IGrainFactory grains, Func<HttpContext, ConsumerInstance, Task<V2Error?>> handle) =>
        V2Requests.Handle(context =>
            Find(context, grains) is { } instance ? handle(context, instance) : Task.FromResult<V2Error?>(V2Error.InstanceNotFound));

    /// <summary>Asks the instance for itself.</summary>
    public async ValueTask<(ConsumerDescription? Consumer, V2Error? Error)> DescribeAsync() => Read(await Grain.Describe());

    public static (ConsumerDescription? Consumer, V2Error? Error) Read(ConsumerResult result) =>
        result.Error == ErrorCode.None ? (result.Consumer, null) : (null, V2Error.FromConsumer(result.Error, result.Detail));
}
