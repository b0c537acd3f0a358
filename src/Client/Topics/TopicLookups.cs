using Loire.Edge.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>Looks up topics that must exist in a <see cref="TopicCache"/>; failures are the client's exceptions.</summary>
internal static class TopicLookups
{
    /// <inheritdoc cref="TopicCache.FindAsync"/>
    /// <exception cref="LoireException">The topic does not exist, or its grain does not answer.</exception>
    public static ValueTask<TopicRoutes> RequireAsync(
        this TopicCache topics, TopicName name, TimeSpan maxAge, TimeSpan timeout, CancellationToken cancellation = default) =>
        Require(name, topics.FindAsync(name, maxAge, timeout, cancellation));

    /// <inheritdoc cref="TopicCache.RefreshAsync"/>
    /// <exception cref="LoireException">The topic no longer exists, or its grain does not answer.</exception>
    public static ValueTask<TopicRoutes> RequireNewerAsync(
        this TopicCache topics, TopicRoutes outdated, long version, TimeSpan timeout, CancellationToken cancellation = default) =>
        Require(outdated.Name, topics.RefreshAsync(outdated, version, timeout, cancellation));

    private static ValueTask<TopicRoutes> Require(TopicName name, ValueTask<TopicLookup> lookup) =>
        lookup is { IsCompletedSuccessfully: true, Result.Topic: { } topic } ? new(topic) : new(AwaitAsync(name, lookup));

    private static async Task<TopicRoutes> AwaitAsync(TopicName name, ValueTask<TopicLookup> pending)
    {
        var lookup = await pending;
        return lookup.Topic ?? throw new LoireException(
            lookup.Error,
            lookup.Detail ?? (lookup.Error == ErrorCode.UnknownTopicOrPartition ? $"The topic '{name}' does not exist." : null),
            lookup.Cause);
    }
}
