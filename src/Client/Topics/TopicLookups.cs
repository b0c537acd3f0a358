using Loire.Edge.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>Asks a <see cref="TopicCache"/> for topics that must exist, with failures as exceptions of the client.</summary>
internal static class TopicLookups
{
    /// <inheritdoc cref="TopicCache.FindAsync"/>
    /// <exception cref="LoireException">The topic does not exist, its name is not legal, or its grain does not answer.</exception>
    public static ValueTask<TopicRoutes> RequireAsync(
        this TopicCache topics, string name, TimeSpan maxAge, TimeSpan timeout, CancellationToken cancellation = default) =>
        TopicName.TryParse(name, out var topic, out var problem)
            ? Require(name, topics.FindAsync(topic, maxAge, timeout, cancellation))
            : ValueTask.FromException<TopicRoutes>(new LoireException(ErrorCode.InvalidTopicException, problem));

    /// <inheritdoc cref="TopicCache.RefreshAsync"/>
    /// <exception cref="LoireException">The topic does not exist any more, or its grain does not answer.</exception>
    public static ValueTask<TopicRoutes> RequireNewerAsync(
        this TopicCache topics, TopicRoutes outdated, long version, TimeSpan timeout, CancellationToken cancellation = default) =>
        Require(outdated.Name.Value, topics.RefreshAsync(outdated, version, timeout, cancellation));

    private static ValueTask<TopicRoutes> Require(string name, ValueTask<TopicLookup> lookup) =>
        lookup is { IsCompletedSuccessfully: true, Result.Topic: { } topic } ? new(topic) : new(AwaitAsync(name, lookup));

    private static async Task<TopicRoutes> AwaitAsync(string name, ValueTask<TopicLookup> pending)
    {
        var lookup = await pending;
        return lookup.Topic ?? throw new LoireException(
            lookup.Error,
            lookup.Detail ?? (lookup.Error == ErrorCode.UnknownTopicOrPartition ? $"The topic '{name}' does not exist." : null),
            lookup.Cause);
    }
}
