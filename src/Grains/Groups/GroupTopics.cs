using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Coordination.Groups.Membership;

namespace Loire.Grains.Groups;

/// <summary>
/// The topic metadata of a group: queries the topics that members name, and the catalog if a member subscribes by pattern. One query is in
/// flight at a time; requests made meanwhile share the next one. The group gets no update while a topic without known metadata is
/// unreachable: an unreachable topic is not an absent one. A topic that the silo watches is called only if the watch shows a change, and once
/// a minute.
/// </summary>
/// <param name="peers">The topics and the catalog.</param>
/// <param name="state">The members, whose subscriptions select the topics.</param>
/// <param name="now">The wall clock.</param>
/// <param name="know">Receives the metadata of all topics.</param>
internal sealed class GroupTopics(
    IGroupPeers peers, Func<GroupState> state, Func<Timestamp> now, Func<TopicMetadataUpdate, Task> know)
{
    private const int CallsAtOnce = 16;

    private static readonly TimeSpan _describeInterval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<TopicName, Described> _described = [];
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
            if (_described.TryGetValue(topic, out var last) && last.At.Milliseconds + _describeInterval.TotalMilliseconds > askedAt.Milliseconds
                && peers.Watched(topic) is { } watched && (watched.Id, watched.PartitionsCount) == (last.Id, last.PartitionsCount))
            {
                found[topic] = last.PartitionsCount;
                return ErrorCode.None;
            }

            var answer = await peers.Describe(topic);
            switch (answer.Error)
            {
                case ErrorCode.None:
                    (found[topic], ids[topic]) = (answer.Topic!.PartitionsCount, answer.Topic.Id);
                    _described[topic] = new Described(answer.Topic.Id, answer.Topic.PartitionsCount, askedAt);
                    peers.Watch(answer.Topic);
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
        foreach (var gone in _described.Keys.Where(topic => !found.ContainsKey(topic)).ToArray())
        {
            _described.Remove(gone);
        }

        return failed == 0 ? new TopicMetadataUpdate(found, ids, askedAt) : null;
    }

    /// <summary>The last answer of a topic, and when it was asked for.</summary>
    private readonly record struct Described(TopicId Id, int PartitionsCount, Timestamp At);

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
/// <param name="Ids">The id of each topic that answered this query; null for one that does not exist. None of a topic that was not
/// called.</param>
/// <param name="AskedAt">When the query started.</param>
internal sealed record TopicMetadataUpdate(
    IReadOnlyDictionary<TopicName, int> Counts, IReadOnlyDictionary<TopicName, TopicId?> Ids, Timestamp AskedAt);
