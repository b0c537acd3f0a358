using System.Runtime.ExceptionServices;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Requests;

/// <summary>
/// The partition that a path names. It is found in the topic cache, which is asked again only for a partition that it does not know,
/// because the topic may have grown.
/// </summary>
internal sealed record PartitionTarget(TopicRoutes Topic, int Partition)
{
    /// <summary>How long a topic is routed to without asking it again.</summary>
    public static readonly TimeSpan RoutesMaxAge = TimeSpan.FromSeconds(30);

    public static async ValueTask<(PartitionTarget? Target, ApiProblem? Problem)> FindAsync(HttpContext context, TopicCache topics)
    {
        var partition = 0;
        var problem = RouteReader.TryReadTopic(context, out var name) ?? RouteReader.TryReadPartition(context, out partition);
        return problem is null ? await FindPartitionAsync(topics, name, partition, context.RequestAborted) : (null, problem);
    }

    /// <summary>Finds a partition that a request asks about.</summary>
    public static async ValueTask<(PartitionTarget? Target, ApiProblem? Problem)> FindPartitionAsync(
        TopicCache topics, TopicName name, int partition, CancellationToken cancellation)
    {
        var lookup = await FindAsync(topics, name, partition, cancellation);
        return lookup.Topic is not { } topic ? (null, Problem(name, lookup))
            : partition >= topic.PartitionsCount ? (null, Unknown(topic, partition))
            : (new PartitionTarget(topic, partition), null);
    }

    /// <summary>Finds a topic that a request uses.</summary>
    /// <param name="topics">The cache.</param>
    /// <param name="name">The topic.</param>
    /// <param name="partition">The highest partition that the request names, or −1. The caller checks that the answer has it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static ValueTask<TopicLookup> FindAsync(TopicCache topics, TopicName name, int partition, CancellationToken cancellation)
    {
        var known = topics.TryFind(name, RoutesMaxAge);
        return known is not null && partition < known.PartitionsCount
            ? new(new TopicLookup(known))
            : topics.FindAsync(name, known is null ? RoutesMaxAge : TopicCache.Fresh, Timeout.InfiniteTimeSpan, cancellation);
    }

    /// <summary>The problem of a lookup that found no topic.</summary>
    /// <exception cref="Exception">The call failed in a way that no grain call is expected to: a bug, reported as such.</exception>
    public static ApiProblem Problem(TopicName name, TopicLookup lookup)
    {
        if (lookup.Cause is not { } cause)
        {
            return ApiProblem.OfTopic(name, lookup.Error, lookup.Detail)!;
        }

        var problem = ApiProblem.FromGrainCall(cause);
        if (problem is null)
        {
            ExceptionDispatchInfo.Throw(cause);
        }

        return problem;
    }

    public static ApiProblem Unknown(TopicRoutes topic, long partition) => new(
        ErrorCode.UnknownTopicOrPartition,
        topic.PartitionsCount == 1
            ? $"Topic {topic.Name} has no partition {partition}, only partition 0."
            : $"Topic {topic.Name} has no partition {partition}, only 0 to {topic.PartitionsCount - 1}.");
}
