using Loire.Grains.Interfaces.Partitions;

namespace Loire.Edge.Topics;

/// <summary>
/// Calls of partitions that follow the topic: if the answer shows that the routes are outdated, the cache is refreshed before the answer is
/// returned, and the call is repeated once if the name now belongs to another creation of the topic.
/// </summary>
public static class RoutedCall
{
    /// <summary>Makes one call that may be repeated: it has no side effects, or the same ones again.</summary>
    /// <param name="topics">Refreshes the topic's routes.</param>
    /// <param name="topic">The topic's known routes.</param>
    /// <param name="partition">From 0 to <see cref="TopicRoutes.PartitionsCount"/> exclusive.</param>
    /// <param name="mayMove">Whether another creation of the topic may answer. A reader in the middle of a log must not allow it; its
    /// answers do not wait for a refresh.</param>
    /// <param name="state">Passed to <paramref name="call"/>.</param>
    /// <param name="call">Makes the call.</param>
    /// <param name="timeout">How long to wait for a refresh.</param>
    /// <param name="cancellation">Ends the wait for a refresh.</param>
    /// <param name="wait">How long the partition may keep the call waiting on purpose.</param>
    /// <returns>
    /// The answer, and the topic's current routes or the reason why a required refresh failed. An answer that the partition does not exist
    /// refers to those routes.
    /// </returns>
    /// <exception cref="Exception">The call itself failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public static async ValueTask<(T Answer, TopicLookup Topic)> AskAsync<T, TState>(
        this TopicCache topics,
        TopicRoutes topic,
        int partition,
        bool mayMove,
        TState state,
        Func<IPartitionGrain, TState, ValueTask<T>> call,
        TimeSpan timeout,
        CancellationToken cancellation,
        TimeSpan wait = default)
        where T : IPartitionAnswer
    {
        var answer = await CallAsync(topic);
        if (!topic.IsOutdatedBy(answer))
        {
            return (answer, new TopicLookup(topic));
        }

        var refresh = topics.RefreshAsync(topic, answer.TopicVersion, timeout, cancellation).AsTask();
        if (answer.Error == ErrorCode.None && !mayMove && !refresh.IsCompleted)
        {
            return (answer, new TopicLookup(topic));
        }

        var lookup = await refresh;
        return mayMove && lookup.Topic is { } now && now.Id != topic.Id && partition < now.PartitionsCount && TopicRoutes.IsUnknown(answer.Error)
            ? (await CallAsync(now), lookup)
            : (answer, lookup);

        ValueTask<T> CallAsync(TopicRoutes routes) => topics.Retries is { } retries
            ? retries.CallAsync(
                (Grain: routes.Partition(partition), State: state, Call: call), static one => one.Call(one.Grain, one.State),
                static answer => answer.Error, wait, cancellation)
            : call(routes.Partition(partition), state);
    }
}
