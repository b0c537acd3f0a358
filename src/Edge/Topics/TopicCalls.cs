using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>Calls of topics through this process.</summary>
public static class TopicCalls
{
    /// <summary>Asks a topic something that changes nothing; again, while it moves, if the cache does so.</summary>
    /// <param name="topics">Reaches the topic.</param>
    /// <param name="name">The topic's name.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="errorOf">The error of an answer.</param>
    /// <exception cref="Exception">The call failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public static ValueTask<T> AskAsync<T>(this TopicCache topics, TopicName name, Func<ITopicGrain, ValueTask<T>> ask, Func<T, ErrorCode> errorOf)
    {
        var grain = topics.Grains.GetGrain<ITopicGrain>(name.Value);
        return topics.Retries is { } retries
            ? retries.CallAsync((grain, ask), static call => call.ask(call.grain), errorOf, TimeSpan.Zero, CancellationToken.None)
            : ask(grain);
    }

    /// <summary>Makes a change, after which the next caller of this process looks the topic up again, whatever came of the change.</summary>
    /// <param name="topics">Forgets the topic.</param>
    /// <param name="name">The topic's name.</param>
    /// <param name="change">Makes the change.</param>
    /// <exception cref="Exception">The call failed, and may have had its effect; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public static async Task<TopicResult> ChangeAsync(this TopicCache topics, TopicName name, Func<ITopicGrain, ValueTask<TopicResult>> change)
    {
        try
        {
            return await change(topics.Grains.GetGrain<ITopicGrain>(name.Value));
        }
        finally
        {
            topics.Forget(name);
        }
    }
}
