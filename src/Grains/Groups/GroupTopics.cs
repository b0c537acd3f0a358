using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Coordination.Groups.Membership;

namespace Loire.Grains.Groups;

/// <summary>
/// What a group knows of its topics: asks those that members name, and the catalog where a member has a pattern. One question is under way
/// at a time; one that comes meanwhile is asked afterwards, once. As long as a topic's answer is missing that was never heard before, the
/// group is told nothing: a topic that cannot be reached is no topic that does not exist.
/// </summary>
/// <param name="peers">Asked.</param>
/// <param name="state">The members, who say which topics matter.</param>
/// <param name="now">The date.</param>
/// <param name="know">Told what was heard.</param>
internal sealed class GroupTopics(
    IGroupPeers peers, Func<GroupState> state, Func<Timestamp> now, Func<TopicMetadataUpdate, Task> know)
{
    private const int CallsAtOnce = 16;

    private IReadOnlyDictionary<TopicName, int> _known = new Dictionary<TopicName, int>();
    private bool _isAsking;
    private bool _askAgain;

    /// <summary>Whether everything that matters has been heard of.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether some member's topics have not been asked for.</summary>
    public bool Lacks(MemberProfile member) =>
        !IsComplete || member.Subscription.Pattern is not null || member.Subscription.Topics.Any(topic => !_known.ContainsKey(topic));

    /// <summary>Asks, or has the question under way be followed by another.</summary>
    public async Task AskAsync()
    {
        if (_isAsking)
        {
            _askAgain = true;
            return;
        }

        _isAsking = true;
        try
        {
            do
            {
                _askAgain = false;
                var heard = await HearAsync();
                IsComplete = heard is not null;
                if (heard is not null)
                {
                    _known = heard.Counts;
                    await know(heard);
                }
            }
            while (_askAgain);
        }
        finally
        {
            _isAsking = false;
        }
    }

    private async Task<TopicMetadataUpdate?> HearAsync()
    {
        var askedAt = now();
        var members = state().Members.Values;
        var names = members.SelectMany(member => member.Profile.Subscription.Topics).ToHashSet();
        if (members.Any(member => member.Profile.Subscription.Pattern is not null) && !await AddMatchingAsync(names))
        {
            return null;
        }

        var (found, ids) = (new Dictionary<TopicName, int>(names.Count), new Dictionary<TopicName, TopicId?>(names.Count));
        var (failed, _) = await BoundedCalls.ForEach(names, CallsAtOnce, async topic =>
        {
            var answer = await peers.Describe(topic);
            switch (answer.Error)
            {
                case ErrorCode.None:
                    (found[topic], ids[topic]) = (answer.Topic!.PartitionsCount, answer.Topic.Id);
                    return ErrorCode.None;
                case ErrorCode.UnknownTopicOrPartition:
                    ids[topic] = null;
                    return ErrorCode.None;
                default:
                    if (_known.TryGetValue(topic, out var count))
                    {
                        found[topic] = count;
                        return ErrorCode.None;
                    }

                    return answer.Error;
            }
        });
        return failed == 0 ? new TopicMetadataUpdate(found, ids, askedAt) : null;
    }

    private async Task<bool> AddMatchingAsync(HashSet<TopicName> names)
    {
        TopicList page;
        for (var after = ""; ; after = page.Names[^1].Value)
        {
            page = await peers.ListTopics(after, Limits.TopicsPerPage);
            if (page.Error != ErrorCode.None)
            {
                return false;
            }

            names.UnionWith(page.Names.Where(state().IsInteresting));
            if (!page.HasMore)
            {
                return true;
            }
        }
    }
}

/// <summary>What a group heard of its topics.</summary>
/// <param name="Counts">How many partitions each topic has that exists.</param>
/// <param name="Ids">Which creation each topic is that has answered now; null for one that does not exist.</param>
/// <param name="AskedAt">When the first was asked.</param>
internal sealed record TopicMetadataUpdate(
    IReadOnlyDictionary<TopicName, int> Counts, IReadOnlyDictionary<TopicName, TopicId?> Ids, Timestamp AskedAt);
