using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Coordination.Groups.Membership;

namespace Loire.Grains.Groups;

/// <summary>
/// The topic metadata of a group: queries the topics that members name, and the catalog if a member subscribes by pattern. One query is in
/// flight at a time; requests made meanwhile share the next one. The group gets no update while a topic without known metadata is
/// unreachable: an unreachable topic is not an absent one.
/// </summary>
/// <param name="peers">The topics and the catalog.</param>
/// <param name="state">The members, whose subscriptions select the topics.</param>
/// <param name="now">The wall clock.</param>
/// <param name="know">Receives the metadata of all topics.</param>
internal sealed class GroupTopics(
    IGroupPeers peers, Func<GroupState> state, Func<Timestamp> now, Func<TopicMetadataUpdate, Task> know)
{
    private const int CallsAtOnce = 16;

    private IReadOnlyDictionary<TopicName, int> _known = new Dictionary<TopicName, int>();
    private bool _isAsking;
    private bool _askAgain;

    /// <summary>Whether the metadata of every subscribed topic is known.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether a subscription has changed since the last query.</summary>
    public bool Lacks(MemberProfile member) =>
        !IsComplete || member.Subscription.Pattern is not null || member.Subscription.Topics.Any(topic => !_known.ContainsKey(topic));

    /// <summary>Starts a query, or another one after the query in flight.</summary>
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

/// <summary>Metadata of the topics of a group.</summary>
/// <param name="Counts">The number of partitions of each existing topic.</param>
/// <param name="Ids">The id of each topic that answered this query; null for one that does not exist.</param>
/// <param name="AskedAt">When the query started.</param>
internal sealed record TopicMetadataUpdate(
    IReadOnlyDictionary<TopicName, int> Counts, IReadOnlyDictionary<TopicName, TopicId?> Ids, Timestamp AskedAt);
