using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>Changes of topics through this process.</summary>
public static class TopicChange
{
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
