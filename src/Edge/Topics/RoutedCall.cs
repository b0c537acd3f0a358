using Loire.Grains.Interfaces.Partitions;

namespace Loire.Edge.Topics;

/// <summary>
/// Calls of partitions that follow the topic: when the answer shows that the routes are outdated, the cache is refreshed before the answer is
/// returned, and the call is made once more if the name belongs to another creation of the topic now.
/// </summary>
public static class RoutedCall
{
    /// <summary>Makes one call that changes nothing.</summary>
    /// <param name="topics">Where the topic comes from.</param>
    /// <param name="topic">The topic as it is known.</param>
    /// <param name="partition">From 0 to <see cref="TopicRoutes.PartitionsCount"/> exclusive.</param>
    /// <param name="mayMove">Whether another creation of the topic may answer. A reader in the middle of a log must not allow it.</param>
    /// <param name="state">Passed to <paramref name="call"/>.</param>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellation">Ends the wait for a refresh.</param>
    /// <returns>
    /// The answer, and the topic as it is known now. An answer that says that the partition does not exist is true of this topic.
    /// </returns>
    /// <exception cref="Exception">The call itself failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public static async ValueTask<(T Answer, TopicRoutes Topic)> AskAsync<T, TState>(
        this TopicCache topics,
        TopicRoutes topic,
        int partition,
        bool mayMove,
        TState state,
        Func<IPartitionGrain, TState, ValueTask<T>> call,
        CancellationToken cancellation)
        where T : IPartitionAnswer
    {
        var answer = await call(topic.Partition(partition), state);
        if (!topic.IsOutdatedBy(answer))
        {
            return (answer, topic);
        }

        var lookup = await topics.RefreshAsync(topic, answer.TopicVersion, Timeout.InfiniteTimeSpan, cancellation);
        var now = lookup.Topic ?? topic;
        return mayMove && now.Id != topic.Id && partition < now.PartitionsCount && TopicRoutes.IsUnknown(answer.Error)
            ? (await call(now.Partition(partition), state), now)
            : (answer, now);
    }
}
